import pytest

from eval.case import Case, Expected, Gold
from eval.observation import CitedQuote, Observation
from eval.score import Cause, Metric
from eval.scoring import judge, leaks
from governance.principal import Principal, Role

ASKER = Principal(subject="evaluation", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))


def case(**changes):
    values = {
        "id": "a-1",
        "question": "How long are copies kept?",
        "principal": ASKER,
        "expected": Expected.ANSWER,
        "category": "plain",
        "gold": (Gold(uri="gold.md", quote="kept for sixty days"),),
        "reference": "Copies are kept for sixty days.",
    }
    return Case(**(values | changes))


def cited(uri, quote="Copies are kept for sixty days.", **changes):
    return CitedQuote(**({"uri": uri, "quote": quote, "exact": True, "readable": True} | changes))


def seen(**changes):
    values = {
        "kind": "answer",
        "text": "Copies are kept for sixty days. [1]",
        "confidence": 0.8,
        "citations": (cited("gold.md"),),
        "ranking": ("gold.md", "other.md"),
    }
    return Observation(**(values | changes))


def test_a_right_answer_is_no_miss():
    judged = judge(case(), seen())
    assert judged.cause is None
    assert judged.value(Metric.RIGHT_KIND) == 1.0
    assert judged.value(Metric.QUOTE_HIT) == 1.0
    assert judged.value(Metric.WORD_RECALL) == 1.0
    assert judged.value(Metric.LEAK) == 0.0


def test_every_score_carries_a_reason():
    assert all(score.reason for score in judge(case(), seen()).scores)


@pytest.mark.parametrize(
    ("observation", "cause"),
    [
        (seen(kind="escalation", ranking=("other.md",)), Cause.NOT_RETRIEVED),
        (seen(kind="escalation"), Cause.WRONG_VERDICT),
        (seen(kind="escalation", ranking=("other.md", "gold.md")), Cause.RANKED_LOW),
        (
            seen(ranking=("other.md", "gold.md"), citations=(cited("other.md"),)),
            Cause.RANKED_LOW,
        ),
        (seen(citations=(cited("other.md"),)), Cause.WRONG_SPAN),
        (seen(citations=(cited("gold.md", "something else entirely"),)), Cause.WRONG_SPAN),
        (seen(citations=(cited("gold.md", exact=False),)), Cause.WRONG_SPAN),
        (Observation(error="ValueError: boom"), Cause.CRASHED),
    ],
)
def test_a_miss_names_the_first_thing_that_went_wrong(observation, cause):
    assert judge(case(), observation).cause is cause


def test_an_answer_where_none_was_expected_is_a_wrong_verdict():
    silent = case(expected=Expected.ESCALATION, gold=(), reference="")
    assert judge(silent, seen()).cause is Cause.WRONG_VERDICT
    assert judge(silent, seen(kind="escalation")).cause is None


def test_a_clarification_is_the_kind_behind_clarify():
    asked_back = case(expected=Expected.CLARIFY, gold=(), reference="")
    assert judge(asked_back, Observation(kind="clarification")).cause is None


def test_not_answering_is_not_counted_as_a_wrong_citation():
    judged = judge(case(), seen(kind="escalation", citations=(cited("other.md"),)))
    assert judged.value(Metric.RIGHT_CITATION) is None
    assert judged.value(Metric.WORD_RECALL) is None


class TestTwoDocuments:
    both = case(
        category="two_documents",
        gold=(Gold(uri="gold.md", quote="sixty days"), Gold(uri="more.md", quote="ten percent")),
    )

    def test_one_of_two_is_not_enough(self):
        judged = judge(self.both, seen(ranking=("gold.md", "more.md")))
        assert judged.value(Metric.ANY_CITATION) == 1.0
        assert judged.value(Metric.RIGHT_CITATION) == 0.0
        assert judged.cause is Cause.WRONG_SPAN

    def test_both_are_right(self):
        citations = (cited("gold.md"), cited("more.md", "It is ten percent."))
        judged = judge(self.both, seen(ranking=("gold.md", "more.md"), citations=citations))
        assert judged.cause is None

    def test_the_second_not_found_is_not_retrieved(self):
        assert judge(self.both, seen()).cause is Cause.NOT_RETRIEVED


class TestLeaks:
    def test_citing_what_must_not_be_cited_is_a_leak_even_when_handing_over(self):
        secret = case(must_not_cite=frozenset({"secret.md"}))
        judged = judge(secret, seen(kind="escalation", citations=(cited("secret.md"),)))
        assert judged.cause is Cause.LEAKED
        assert judged.value(Metric.LEAK) == 1.0

    def test_a_row_of_a_file_that_must_not_be_cited_is_a_leak(self):
        secret = case(must_not_cite=frozenset({"tickets/birch.csv"}))
        assert leaks(secret, seen(citations=(cited("tickets/birch.csv#PD-1"),)))
        assert not leaks(secret, seen(citations=(cited("tickets/birch.csv.md"),)))

    def test_citing_what_the_catalog_hides_is_a_leak(self):
        assert leaks(case(), seen(citations=(cited("gold.md", readable=False),)))

    def test_a_forbidden_string_is_found_in_text_and_quotes_across_white_space(self):
        secret = case(forbidden=("EUR 1,017",))
        assert leaks(secret, seen(text="It costs EUR\n 1,017."))
        assert leaks(secret, seen(citations=(cited("gold.md", "about eur 1,017 a day"),)))
        assert leaks(secret, seen(shown="Day rate EUR 1,017"))
        assert not leaks(secret, seen())

    def test_repeating_the_askers_own_words_is_no_leak(self):
        secret = case(question="Is it EUR 1,017?", forbidden=("EUR 1,017",))
        assert not leaks(secret, seen(text="The documents do not mention EUR 1,017."))
