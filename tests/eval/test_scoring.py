import asyncio

import pytest

from eval.case import Case, Expected, Gold
from eval.observation import CitedQuote, Observation, SeenPassage
from eval.ragas_library import ragas_module
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


class TestContext:
    def passages(self, *uris):
        return tuple(
            SeenPassage(
                rank=rank, uri=uri, doc_type="faq", heading_path=(), text="t",
                dense_score=0.1, keyword_score=0.0,
            )
            for rank, uri in enumerate(uris, start=1)
        )  # fmt: skip

    def test_precision_is_the_share_of_documents_that_are_gold_recall_that_of_gold_found(self):
        two = case(gold=(Gold(uri="gold.md"), Gold(uri="more.md")))
        passages = self.passages("gold.md", "other.md", "gold.md", "third.md", "fourth.md")
        judged = judge(two, seen(passages=passages))
        assert judged.value(Metric.CONTEXT_PRECISION) == 0.25
        assert judged.value(Metric.CONTEXT_RECALL) == 0.5

    def test_finding_nothing_is_worth_nothing(self):
        judged = judge(case(), seen(kind="escalation", passages=(), ranking=(), citations=()))
        assert judged.value(Metric.CONTEXT_PRECISION) == 0.0
        assert judged.value(Metric.CONTEXT_RECALL) == 0.0

    @pytest.mark.filterwarnings("ignore:Importing IDBased:DeprecationWarning")
    def test_both_are_what_ragas_computes(self, tmp_path, monkeypatch):
        pytest.importorskip("ragas", reason="the extra `eval` is not installed")
        # Its old metrics keep an id of their user in the home folder, whether it may report or not.
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        samples = ragas_module("ragas.dataset_schema")
        scores = ragas_module("ragas.metrics")
        found, gold = ["a", "b", "c", "d"], ["b", "x"]
        sample = samples.SingleTurnSample(retrieved_context_ids=found, reference_context_ids=gold)
        two = case(gold=tuple(Gold(uri=uri) for uri in gold))
        judged = judge(two, seen(passages=self.passages(*found)))
        for metric, ragas in (
            (Metric.CONTEXT_PRECISION, scores.IDBasedContextPrecision()),
            (Metric.CONTEXT_RECALL, scores.IDBasedContextRecall()),
        ):
            theirs = asyncio.run(ragas.single_turn_ascore(sample))
            assert judged.value(metric) == pytest.approx(theirs)


class TestGoldQuotes:
    def test_each_citation_and_each_gold_quote_counts(self):
        both = case(
            category="two_documents",
            gold=(Gold(uri="gold.md", quote="kept for sixty days"), Gold(uri="more.md")),
        )
        citations = (cited("gold.md"), cited("gold.md", "Something else."), cited("other.md"))
        judged = judge(both, seen(citations=citations))
        assert judged.value(Metric.CITATION_PRECISION) == pytest.approx(1 / 3)
        assert judged.value(Metric.CITATION_RECALL) == 0.5

    def test_of_alternatives_one_is_enough(self):
        either = case(gold=(Gold(uri="gold.md", quote="sixty days"), Gold(uri="more.md")))
        judged = judge(either, seen())
        assert judged.value(Metric.CITATION_RECALL) == 1.0


class TestCrag:
    @pytest.mark.parametrize(
        ("observed", "value"),
        [
            (seen(), 1.0),
            (seen(kind="escalation"), 0.0),
            (seen(kind="clarification", citations=()), 0.0),
            (seen(citations=(cited("other.md"),)), -1.0),
            (seen(citations=(cited("gold.md", "something else entirely"),)), -1.0),
            (Observation(error="ValueError: boom"), 0.0),
        ],
    )
    def test_right_is_one_wrong_is_minus_one_and_silence_is_nothing(self, observed, value):
        assert judge(case(), observed).value(Metric.CRAG) == value

    def test_silence_is_right_where_there_is_nothing_to_say_and_an_answer_is_wrong(self):
        silent = case(expected=Expected.ESCALATION, gold=(), reference="")
        assert judge(silent, seen(kind="escalation")).value(Metric.CRAG) == 1.0
        assert judge(silent, seen()).value(Metric.CRAG) == -1.0


class TestFacts:
    def test_a_wrong_figure_is_told_though_every_other_word_is_right(self):
        numbers = case(reference="Copies are kept for 60 days.")
        judged = judge(numbers, seen(text="Copies are kept for 90 days. [1]"))
        assert judged.value(Metric.HALF_THE_WORDS) == 1.0
        assert judged.value(Metric.EXACT_FACTS) == 0.0
        assert judged.value(Metric.CONTRADICTED_FACTS) == 1.0
        assert judged.score(Metric.CONTRADICTED_FACTS).reason == "gives 90 for 60"

    def test_a_marker_is_no_fact(self):
        judged = judge(case(reference="There are 3 tiers."), seen(text="There are tiers. [3]"))
        assert judged.value(Metric.EXACT_FACTS) == 0.0

    def test_a_reference_without_facts_has_no_such_score(self):
        judged = judge(case(reference="Ask Anneke."), seen())
        assert judged.value(Metric.EXACT_FACTS) is None
