"""Which sentences of a model become the answer, and what becomes of the answer without them."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import pytest

from copilot.answer import Band, Reason
from copilot.evidence import BULLET, SAME_LINE, Claim, Draft, Evidence
from copilot.grounding import Grounded, Grounder, has_substance
from copilot.model_reply import ModelUnavailableError, Trouble
from copilot.question import Question, read_question
from copilot.verdict import Kind, Verdict
from copilot.wording import BROKE_OFF, LEFT_OUT, QUOTED, UNSUPPORTED, Judged, ModelAnswer, Wordings
from governance.chat_policy import ChatModelPolicy, Instead
from tests.copilot.passages import passage

SLA = passage(
    "Gold partners get a first response within two hours.\n\n"
    "Silver partners get a first response within eight hours."
)
REFUNDS = passage("Refunds are paid within ten days.", document="doc_refunds", rank=2)
QUESTION = read_question("How fast is the first response for partners?", {})
GOLD = Claim(text="Gold partners get a first response within two hours.", keys=(1,))
SILVER = Claim(text="Silver partners get a first response within eight hours.", keys=(1,))
FALSE = Claim(text="Gold partners get a first response within nine hours.", keys=(1,))
QUOTE = Evidence(key=1, passage=SLA, start=0, end=len(SLA.chunk.text), sentences=())
DRAFT = Draft(
    claims=(Claim(text=SLA.chunk.text, keys=(1,)),), evidence=(QUOTE,), writer="extractive"
)


@dataclass
class Says:
    """A writer that says what it is told to, and then perhaps fails."""

    claims: Sequence[Claim]
    trouble: Trouble | None = None
    name: str = "chat_model"
    prompt_version: str = "test"
    stopped: bool = False

    def sentences(
        self, question: Question, evidence: Sequence[Evidence], *, tenant: str
    ) -> Generator[Claim]:
        assert question is QUESTION
        assert [one.key for one in evidence] == list(range(1, len(evidence) + 1))
        assert tenant == "acme"
        try:
            yield from self.claims
            if self.trouble:
                raise ModelUnavailableError(self.trouble)
        except GeneratorExit:
            self.stopped = True
            raise


class Breaking:
    def ground(self, claim: Claim, evidence: Sequence[Evidence], question: Question) -> Grounded:
        raise KeyError(claim.text, evidence, question)


def judge(draft: Draft, most: float = 1.0) -> Judged:
    """Less sure the more is said; too unsure of three sentences."""
    confidence = min(most, 0.9 - 0.2 * len(draft.claims))
    kind = Kind.ANSWER if confidence > 0.4 else Kind.ESCALATION
    verdict = Verdict(kind=kind, band=Band.MEDIUM, review_required=False)
    return Judged(verdict=verdict, confidence=confidence)


def begun(writer: Says, **policy: object) -> ModelAnswer:
    limits = ChatModelPolicy.model_validate(policy)
    wordings = Wordings(writer, Grounder(None), has_substance, lambda: limits)
    return wordings.begin(QUESTION, [SLA, REFUNDS], DRAFT, judge(DRAFT), judge, tenant="acme")


def test_what_passes_is_shown_with_the_spans_it_rests_on() -> None:
    answer = begun(Says([GOLD, SILVER]))
    shown = [(one.text, [cited.quote for cited in one.evidence]) for one in answer.sentences()]
    assert shown == [
        (f"{GOLD.text} [1]", [GOLD.text]),
        (f"\n\n{SILVER.text} [2]", [SILVER.text]),
    ]
    assert "".join(text for text, _ in shown) == answer.result().draft.text


def test_the_same_span_keeps_its_key() -> None:
    again = Claim(text=GOLD.text, keys=(1,), before=SAME_LINE)
    answer = begun(Says([GOLD, again]))
    assert [len(one.evidence) for one in answer.sentences()] == [1, 0]


def test_the_lower_confidence_stays() -> None:
    answer = begun(Says([GOLD, SILVER]))
    list(answer.sentences())
    assert answer.result().judged.confidence == pytest.approx(0.5)


def test_a_sentence_that_would_make_the_answer_too_unsure_is_left_out() -> None:
    refund = Claim(text="Refunds are paid within ten days.", keys=(2,))
    answer = begun(Says([GOLD, SILVER, refund]))
    assert len(list(answer.sentences())) == 2
    worded = answer.result()
    assert worded.judged.verdict.kind is Kind.ANSWER
    assert worded.notice == LEFT_OUT


def test_a_sentence_takes_the_place_of_one_that_was_dropped() -> None:
    item = Claim(text=FALSE.text, keys=(1,), before=BULLET)
    rest = Claim(text=SILVER.text, keys=(1,), before=SAME_LINE)
    answer = begun(Says([GOLD, item, rest]))
    assert [one.text for one in answer.sentences()][1] == f"{BULLET}{SILVER.text} [2]"


def test_a_sentence_that_cannot_be_checked_is_not_shown() -> None:
    wordings = Wordings(Says([GOLD]), Breaking(), has_substance, ChatModelPolicy)
    answer = wordings.begin(QUESTION, [SLA], DRAFT, judge(DRAFT), judge, tenant="acme")
    assert list(answer.sentences()) == []
    assert answer.result().draft == DRAFT


def test_nothing_of_substance_leaves_the_quotes_or_a_person_as_policy_says() -> None:
    answer = begun(Says([FALSE]))
    assert list(answer.sentences()) == []
    worded = answer.result()
    assert (worded.draft, worded.notice, worded.reason) == (DRAFT, UNSUPPORTED + QUOTED, None)
    strict = begun(Says([FALSE]), when_unsupported=Instead.ESCALATE)
    list(strict.sentences())
    assert strict.result().reason is Reason.UNGROUNDED_DRAFT


def test_no_model_leaves_the_quotes_or_a_person_as_policy_says() -> None:
    answer = begun(Says([], Trouble.DOWN))
    list(answer.sentences())
    assert (answer.result().draft, answer.result().reason) == (DRAFT, None)
    strict = begun(Says([], Trouble.DOWN), when_unavailable=Instead.ESCALATE)
    list(strict.sentences())
    assert strict.result().reason is Reason.MODEL_UNAVAILABLE
    assert "quoted" not in strict.result().notice


def test_what_breaks_off_goes_on_with_the_quotes_that_it_lacks() -> None:
    answer = begun(Says([GOLD], Trouble.BROKEN_REPLY))
    shown = "".join(one.text for one in answer.sentences())
    worded = answer.result()
    assert worded.draft.text.startswith(shown)
    assert "eight hours" in worded.draft.text
    assert worded.notice == BROKE_OFF


def test_whoever_leaves_stops_the_model() -> None:
    writer = Says([GOLD, SILVER])
    answer = begun(writer)
    sentences = answer.sentences()
    next(sentences)
    sentences.close()
    assert writer.stopped
    assert answer.result().draft.text == f"{GOLD.text} [1]"
    assert answer.result().notice == ""
