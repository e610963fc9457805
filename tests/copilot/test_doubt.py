"""Sources that disagree, and questions that leave open what is meant."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from copilot.answer import Reason
from copilot.doubt import doubt_about
from copilot.extractive import ExtractiveWriter
from copilot.followup import Turn
from copilot.question import read_question
from copilot.values import differ, values_in
from copilot.verdict import Doubt, Kind, decide
from governance.document import DocType, DocumentMetadata, DocumentVersion
from governance.policy import AnswerPolicy, Bands
from governance.visibility import Filters
from retrieval.passage import Passage
from retrieval.retriever import Found
from tests.copilot.passages import passage, statistics_of
from tests.copilot.versions import version_of

POLICY = AnswerPolicy(
    threshold=0.5, thresholds={}, bands=Bands(high=0.8, medium=0.6), review_required=frozenset()
)
ASKED = "How many rows may an import file have?"
CLOSED = "After how many days is a waiting ticket closed?"


def document(text: str, name: str, **facts: object) -> tuple[Passage, DocumentVersion]:
    kind = DocType(str(facts.pop("doc_type", "policy")))
    title = str(facts.pop("title", name))
    one = passage(text, document=name, title=title, doc_type=kind.value)
    metadata = replace(
        DocumentMetadata(title=title, doc_type=kind, audience=frozenset({"partners"})),
        **facts,
    )
    return one, version_of(name, metadata)


def doubt(
    question: str,
    *documents: tuple[Passage, DocumentVersion],
    filters: Filters | None = None,
    attributes: Mapping[str, str] | None = None,
    turns: tuple[Turn, ...] = (),
) -> Doubt:
    passages = tuple(replace(one, rank=at) for at, (one, _) in enumerate(documents, start=1))
    found = Found(
        passages=passages,
        versions={one.chunk.id: version for one, version in documents},
        statistics=statistics_of(*passages),
    )
    read = read_question(question)
    return doubt_about(
        read,
        passages,
        ExtractiveWriter().write(read, passages, found.statistics),
        found,
        filters=filters or Filters(),
        attributes=attributes or {},
        turns=turns,
    )


OLD = document("An import file may have up to 10,000 rows.", "old", releases=("24.1",))
NEW = document("An import file may have up to 80,000 rows.", "new", releases=("25.2",))
CLOSING = document("A waiting ticket is closed after 15 days.", "Support policy")
FAQ = document("A waiting ticket is closed after 20 days.", "Partner FAQ", doc_type="faq")


class TestWhatIsLeftOpen:
    def test_the_release_is_asked_for_with_those_that_the_documents_offer(self) -> None:
        open_point = doubt(ASKED, NEW, OLD).ambiguity
        assert open_point
        assert open_point.text == "For which release: 24.1 or 25.2?"
        assert open_point.options == ("release 24.1", "release 25.2")
        assert [one.quote for one in open_point.evidence] == [
            OLD[0].chunk.text,
            NEW[0].chunk.text,
        ]

    def test_a_release_in_the_question_or_its_filters_settles_it(self) -> None:
        assert not doubt("How many rows may an import file have in 24.1?", NEW, OLD).ambiguity
        assert not doubt(ASKED, NEW, OLD, filters=Filters(release="24.1")).ambiguity

    def test_the_same_value_for_each_release_leaves_nothing_open(self) -> None:
        same = document("An import file may have 80,000 rows.", "same", releases=("25.1",))
        assert doubt(ASKED, NEW, same) == Doubt()

    def test_the_region_is_asked_for_unless_it_is_known_of_the_asker(self) -> None:
        question = "After how many days is a late invoice reminded?"
        emea = document("In EMEA a late invoice is reminded after 10 days.", "a")
        apac = document("In APAC a late invoice is reminded after 45 days.", "b")
        open_point = doubt(question, emea, apac).ambiguity
        assert open_point
        assert open_point.options == ("EMEA", "APAC")
        known = doubt(question, emea, apac, attributes={"region": "emea"})
        assert (known.ambiguity, known.conflict) == (None, None)

    def test_steps_and_reasons_are_never_in_doubt(self) -> None:
        assert doubt("How do I import a file with rows?", NEW, OLD) == Doubt()


class TestSourcesThatDisagree:
    def test_are_quoted_side_by_side_with_what_they_disagree_on(self) -> None:
        found = doubt(CLOSED, CLOSING, FAQ).conflict
        assert found
        assert found.missing == (
            "“Support policy” and “Partner FAQ” disagree: “15 days” against “20 days”."
        )
        assert [one.quote for one in found.evidence] == [
            CLOSING[0].chunk.text,
            FAQ[0].chunk.text,
        ]

    @pytest.mark.parametrize(
        ("text", "facts"),
        [
            ("A waiting ticket is closed after 15 days.", {}),
            ("A waiting ticket is closed after 20 days.", {"doc_type": "release_note"}),
            ("A waiting ticket is closed after 20 days.", {"doc_type": "ticket"}),
            ("A waiting ticket is closed after 20 days.", {"audience": frozenset({"tier:gold"})}),
            ("A waiting ticket of a gold partner is closed after 20 days.", {}),
            ("A ticket is closed 20 days after the last reply of the carrier who waits.", {}),
        ],
    )
    def test_do_not_where_they_speak_of_something_else(
        self, text: str, facts: dict[str, object]
    ) -> None:
        assert doubt(CLOSED, CLOSING, document(text, "Other", **facts)).conflict is None

    def test_in_other_units_of_the_same_length_agree(self) -> None:
        question = read_question("How long is a token valid?")
        hours, day = values_in("24 hours", question), values_in("one day", question)
        assert not differ(hours, day)
        assert differ(hours, values_in("two days", question))


class TestTheVerdict:
    def decided(self, question: str, found: Doubt, *documents: Passage) -> object:
        read = read_question(question)
        statistics = statistics_of(*documents)
        return decide(
            question=read,
            passages=documents,
            draft=ExtractiveWriter().write(read, documents, statistics),
            confidence=0.99,
            policy=POLICY,
            statistics=statistics,
            doubt=found,
        )

    def test_asks_back_however_sure_the_answer_is(self) -> None:
        verdict = self.decided(ASKED, doubt(ASKED, NEW, OLD), NEW[0], OLD[0])
        assert verdict.kind is Kind.CLARIFICATION
        assert verdict.asked == "For which release: 24.1 or 25.2?"

    def test_never_asks_twice_in_a_row(self) -> None:
        turns = (Turn(question=ASKED, kind="clarification", options=("release 24.1",)),)
        again = doubt(ASKED, NEW, OLD, turns=turns)
        assert self.decided(ASKED, again, NEW[0], OLD[0]).kind is Kind.ANSWER
        vague = decide(
            question=read_question("How do I do this?"),
            passages=[NEW[0]],
            draft=ExtractiveWriter().write(
                read_question("How do I do this?"), [NEW[0]], statistics_of(NEW[0])
            ),
            confidence=0.0,
            policy=POLICY,
            statistics=statistics_of(NEW[0]),
            doubt=again,
        )
        assert vague.kind is Kind.ESCALATION

    def test_hands_a_conflict_to_a_person(self) -> None:
        verdict = self.decided(CLOSED, doubt(CLOSED, CLOSING, FAQ), CLOSING[0], FAQ[0])
        assert (verdict.kind, verdict.reason) == (Kind.ESCALATION, Reason.CONFLICTING_SOURCES)
        assert "15 days" in verdict.missing
