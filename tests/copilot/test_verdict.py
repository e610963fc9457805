from copilot.answer import Band, Reason, SourceRecord, cite
from copilot.extractive import ExtractiveWriter
from copilot.question import read_question
from copilot.verdict import Kind, Verdict, decide, missing
from governance.document import DocType
from governance.policy import AnswerPolicy, Bands
from retrieval.passage import Passage
from tests.copilot.passages import passage, statistics_of

POLICY = AnswerPolicy(
    threshold=0.5,
    thresholds={DocType.PRICING: 0.7},
    bands=Bands(high=0.8, medium=0.6),
    review_required=frozenset({DocType.PRICING}),
)
SANDBOX = passage("Tickets about sandboxes are handled as P4 at most.", title="Sandbox policy")
FEES = passage("The onboarding fee is USD 4,800.", title="Fees", doc_type="pricing")


def verdict(question: str, confidence: float, *passages: Passage) -> Verdict:
    read = read_question(question)
    statistics = statistics_of(*passages)
    return decide(
        question=read,
        passages=passages,
        draft=ExtractiveWriter().write(read, passages, statistics),
        confidence=confidence,
        policy=POLICY,
        statistics=statistics,
    )


def said_missing(question: str, *passages: Passage) -> str:
    return missing(read_question(question), passages, statistics_of(*passages))


def test_above_the_threshold_an_answer_goes_out() -> None:
    found = verdict("How are sandbox tickets handled?", 0.85, SANDBOX)
    assert (found.kind, found.band, found.review_required) == (Kind.ANSWER, Band.HIGH, False)


def test_a_kind_of_document_can_ask_for_more_certainty() -> None:
    assert verdict("What is the onboarding fee?", 0.65, FEES).kind is Kind.ESCALATION
    assert verdict("What is the onboarding fee?", 0.75, FEES).review_required


def test_below_the_threshold_a_person_takes_over() -> None:
    found = verdict("How are sandbox tickets handled?", 0.3, SANDBOX)
    assert (found.kind, found.reason) == (Kind.ESCALATION, Reason.LOW_CONFIDENCE)
    assert found.missing


def test_without_passages_there_is_no_evidence() -> None:
    assert verdict("How are sandbox tickets handled?", 0.0).reason is Reason.NO_EVIDENCE


def test_off_topic_questions_have_no_evidence() -> None:
    found = verdict("Who won the football championship in Norway?", 0.02, SANDBOX)
    assert found.reason is Reason.NO_EVIDENCE


def test_a_question_that_says_nothing_is_asked_back_with_what_it_may_mean() -> None:
    found = verdict("How do I do this?", 0.0, SANDBOX)
    assert (found.kind, found.options) == (Kind.CLARIFICATION, ("policy",))


def test_what_is_missing_is_said_in_the_questions_own_words() -> None:
    said = said_missing("How are sandbox tickets handled in Zamora Plaza?", SANDBOX)
    assert said == "No passage you may read mentions “Zamora” or “Plaza”."


def test_tickets_are_no_options() -> None:
    ticket = passage("It broke.", document="doc_ticket", doc_type="ticket")
    assert verdict("How do I do this?", 0.0, ticket, SANDBOX).options == ("policy",)


def test_filters_are_named_where_they_may_be_the_cause() -> None:
    question = read_question("How are sandbox tickets handled in Zamora?")
    said = missing(question, [SANDBOX], statistics_of(SANDBOX), "release 99")
    assert said == "Nothing within your filters (release 99) mentions “Zamora”."


def test_filler_is_not_called_missing() -> None:
    said = said_missing("pls what is the maximum supposed existing sandbox handled", SANDBOX)
    assert said == "No passage I may use states this clearly."


def test_a_head_noun_that_nobody_mentions_is_named() -> None:
    assert said_missing("What salary does a sandbox get?", SANDBOX) == (
        "No passage you may read mentions “salary”."
    )


def test_an_identifier_that_stands_only_elsewhere_is_not_called_unknown() -> None:
    other = passage("P5 is unused.", document="doc_other")
    known = statistics_of(SANDBOX, other)
    said = missing(read_question("How are P5 tickets handled?"), [SANDBOX], known)
    assert said == "None of the nearest passages mentions “P5”."


def test_a_citation_carries_who_approved_the_version() -> None:
    draft = ExtractiveWriter().write(
        read_question("How are sandbox tickets handled?"), [SANDBOX], statistics_of(SANDBOX)
    )
    record = SourceRecord(
        document_id="doc_sla", version=1, approved_by="Rosa Lindgren", approved_at=None
    )
    (citation,) = cite(draft.evidence, {("doc_sla", 1): record})
    assert citation.approved_by == "Rosa Lindgren"
    assert citation.quote == "Tickets about sandboxes are handled as P4 at most."
