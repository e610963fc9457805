"""Follow-ups become questions of their own; ordinary questions stay what they are."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.followup import Relation, Standalone, Turn, adds_nothing, resolve

SUBSCRIPTION = "What does the Basalt subscription cost per month?"
SUPPORT = "How fast is a first response for silver partners in EMEA?"


def after(*questions: str, kind: str = "answer", said: str = "") -> tuple[Turn, ...]:
    return tuple(Turn(question=one, kind=kind, said=said) for one in questions)


def asked_back(question: str, *options: str) -> tuple[Turn, ...]:
    return (Turn(question=question, kind="clarification", options=options),)


class TestAThingIsExchanged:
    @pytest.mark.parametrize(
        ("question", "reply", "standalone"),
        [
            (SUPPORT, "and for gold?", "How fast is a first response for gold partners in EMEA?"),
            (
                SUPPORT,
                "what about the APAC region?",
                "How fast is a first response for silver partners in APAC (region)?",
            ),
            (
                "How many rows may a file have in 24.1?",
                "same for release 24.2",
                "How many rows may a file have in 24.2 (release)?",
            ),
            (
                "Which port does the Basalt relay use on Linux?",
                "And on Windows?",
                "Which port does the Basalt relay use on Windows?",
            ),
            (
                "What is the fee for a small audit?",
                "a big audit then?",
                None,
            ),
            (
                "What is the fee for a small audit?",
                "and a big audit then?",
                "What is the fee for a big audit?",
            ),
            ("Was kostet ein Audit in Gold?", "und Silver?", "Was kostet ein Audit in Silver?"),
        ],
    )
    def test_in_the_place_of_another_of_its_kind(
        self, question: str, reply: str, standalone: str | None
    ) -> None:
        assert resolve(reply, after(question)).text == (standalone or reply)

    def test_in_the_question_that_has_such_a_thing_not_in_the_last_one(self) -> None:
        found = resolve("and for platinum?", after(SUPPORT, SUBSCRIPTION))
        assert found.text == "How fast is a first response for platinum partners in EMEA?"

    def test_in_a_question_that_was_a_follow_up_itself(self) -> None:
        first = resolve("and gold?", after(SUPPORT)).text
        assert "gold partners in APAC" in resolve("and in APAC?", after(SUPPORT, first)).text


class TestATopicIsCarriedOn:
    @pytest.mark.parametrize(
        "reply", ["why?", "How long does that take?", "Who may change it?", "and when is it due?"]
    )
    def test_behind_what_is_asked_now(self, reply: str) -> None:
        found = resolve(reply, after("How do I move a Basalt tenant?"))
        assert found.relation is Relation.FOLLOW_UP
        assert found.text == f"{reply.rstrip('?').removeprefix('and ')} (move a Basalt tenant)?"

    def test_where_only_the_last_answer_knows_what_is_meant(self) -> None:
        turns = after("How do I get a rebate?", said="The form is read, the answer holds a month.")
        assert "rebate" in resolve("How long does the answer hold?", turns).text
        assert resolve("How long does the licence hold?", turns).relation is Relation.NEW

    def test_from_the_turn_that_a_message_comes_back_to(self) -> None:
        turns = after("How long is an access token valid?", SUBSCRIPTION)
        found = resolve("Back to the token: how many can I have at once?", turns)
        assert "access token" in found.text
        assert "Basalt" not in found.text


class TestAQuestionOfItsOwnStays:
    @pytest.mark.parametrize(
        "question",
        [
            "How do I rotate a webhook secret?",
            "ERR-4012",
            "Basalt Plus yearly price",
            "I want more attention for a ticket that nobody works on. Who reacts?",
            "How long does it take to move a tenant?",
            "If a file is refused, how do I send it again?",
            "Is there a way to see which rows were skipped?",
            "And where do I find the list of addresses that webhooks come from?",
            "Why does an integration need a client of its own?",
        ],
    )
    def test_after_any_other_question(self, question: str) -> None:
        turns = after("How is a refund paid?", SUBSCRIPTION, SUPPORT)
        assert resolve(question, turns) == Standalone(text=question, relation=Relation.NEW)

    def test_and_a_change_of_topic_is_noticed(self) -> None:
        found = resolve("Something else: what does it cost?", after(SUPPORT))
        assert found == Standalone(text="what does it cost?", relation=Relation.TOPIC_CHANGE)

    def test_after_nothing_but_thanks(self) -> None:
        assert resolve("why?", after("Thanks!", kind="courtesy")).text == "why?"


class TestAReplyToAClarifyingQuestion:
    @pytest.mark.parametrize(
        ("reply", "option"),
        [
            ("24.2", "release 24.2"),
            ("the second one", "release 24.2"),
            ("2", "release 24.2"),
            ("the first", "release 24.1"),
            ("it is for 24.1, I think", "release 24.1"),
            ("the last one please", "release 24.2"),
            ("25.1", "25.1"),
        ],
    )
    def test_takes_an_option_by_word_place_or_part(self, reply: str, option: str) -> None:
        turns = asked_back("How many rows may a file have?", "release 24.1", "release 24.2")
        found = resolve(reply, turns)
        assert found == Standalone(
            text=f"How many rows may a file have ({option})?", relation=Relation.CHOICE
        )

    def test_may_be_another_question(self) -> None:
        turns = asked_back("How many rows may a file have?", "release 24.1", "release 24.2")
        question = "How do I rotate the secret of a webhook?"
        assert resolve(question, turns).text == question


class TestPersonalDataThatWasTakenOut:
    def test_is_not_searched_for(self) -> None:
        found = resolve("and for gold?", after("May <PERSON> see silver prices at <EMAIL>?"))
        assert found.text == "May see gold prices at ?"


class ScriptedRewriter:
    def __init__(self, offered: str) -> None:
        self.offered = offered
        self.asked = 0

    def rewrite(self, text: str, turns: Sequence[Turn]) -> str:
        assert text
        assert turns
        self.asked += 1
        return self.offered


class TestARewriter:
    def test_words_what_words_alone_leave_unsure(self) -> None:
        offered = "How long does moving a Basalt tenant take?"
        rewriter = ScriptedRewriter(offered)
        turns = after("How do I move a Basalt tenant?")
        assert resolve("How long does that take?", turns, rewriter).text == offered

    @pytest.mark.parametrize(
        "offered",
        [
            "How long does moving 500 Basalt tenants take?",
            "How long does moving a Basalt tenant to Granite take?",
            "How long does moving a Basalt tenant of <PERSON> take?",
            "",
        ],
    )
    def test_may_not_add_a_number_or_a_name(self, offered: str) -> None:
        turns = after("How do I move a Basalt tenant?")
        found = resolve("How long does that take?", turns, ScriptedRewriter(offered))
        assert found.text == "How long does that take (move a Basalt tenant)?"

    def test_is_not_asked_about_a_question_of_its_own(self) -> None:
        rewriter = ScriptedRewriter("Something else entirely?")
        assert resolve(SUBSCRIPTION, after(SUPPORT), rewriter).text == SUBSCRIPTION
        assert rewriter.asked == 0


SAID = """
    and what about for gold silver EMEA why how long does it take that this 24.1 P2 ERR-1 the a
    tenant Basalt price is are their them if when one same again , . ? : ( ) <PERSON> und ¿y ✓
"""
WORDS = st.sampled_from(SAID.split())
TEXTS = st.one_of(st.lists(WORDS, max_size=14).map(" ".join), st.text(max_size=60))
TURNS = st.lists(
    st.builds(
        Turn,
        question=TEXTS,
        kind=st.sampled_from(["answer", "escalation", "clarification", "courtesy"]),
        said=TEXTS,
        options=st.lists(TEXTS, max_size=3).map(tuple),
    ),
    max_size=4,
).map(tuple)


@given(TEXTS)
def test_without_turns_every_message_stays_as_it_is(text: str) -> None:
    assert resolve(text, ()) == Standalone(text=text, relation=Relation.NEW)


@given(TEXTS, TURNS)
def test_no_word_comes_from_anywhere_but_the_message_and_the_turns(
    text: str, turns: tuple[Turn, ...]
) -> None:
    found = resolve(text, turns)
    said = " ".join([text, *(f"{one.question} {' '.join(one.options)}" for one in turns)])
    assert set(re.findall(r"\w+", found.text)) <= set(re.findall(r"\w+", said))
    assert adds_nothing(found.text, text, turns) or "<" in found.text or found.text == text
    assert not text.strip() or found.text.strip()


@given(TEXTS, TURNS)
def test_the_reading_is_the_same_each_time_and_of_bounded_length(
    text: str, turns: tuple[Turn, ...]
) -> None:
    found = resolve(text, turns)
    assert found == resolve(text, turns)
    assert len(found.text) <= max(4000, len(text))
