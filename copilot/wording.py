"""From a quoted draft to an answer in a chat model's words, of which only grounded ones are shown.

What has been shown stays: every sentence is judged before it is, together with those before it,
and an answer that breaks off goes on with quotes. So what was streamed always begins the final
text, whatever happens to the model meanwhile.
"""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from copilot.answer import Reason
from copilot.confidence import Signals
from copilot.evidence import PARAGRAPH, SAME_LINE, Claim, Draft, Evidence
from copilot.model_reply import ModelUnavailableError, Trouble
from copilot.question import Question
from copilot.sentences import sections_of
from copilot.verdict import Kind, Verdict
from copilot.writer import Grounds, HasSubstance, SentenceWriter
from governance.chat_policy import ChatModelPolicy, Instead
from retrieval.passage import Passage

_log = logging.getLogger("copilot.wording")

WHY = {
    Trouble.DOWN: "The language model could not be reached",
    Trouble.SLOW: "The language model took too long",
    Trouble.BUSY: "The language model is busy",
    Trouble.OVER_BUDGET: "The budget for the language model is used up",
    Trouble.BROKEN_REPLY: "The language model's reply could not be read",
}
UNSUPPORTED = "The documents do not support what the language model wrote"
QUOTED = ", so this is quoted from the documents."
BROKE_OFF = "The language model broke off; what follows its words is quoted from the documents."
LEFT = "Whoever asked left before all of the answer was shown."
LEFT_OUT = "Sentences of the language model that the documents do not support were left out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a draft is worth: the verdict on it, how likely it is right, and what that is read off.

    A judge is given the most that the confidence may be.
    """

    verdict: Verdict
    confidence: float
    signals: Signals | None = None


Judge = Callable[[Draft, float], Judged]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A sentence that may be shown, and the evidence that nothing before it has cited."""

    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """The draft to answer with. `reason` is set where policy wants a person instead of quotes."""

    draft: Draft
    judged: Judged
    notice: str = ""
    reason: Reason | None = None


class Wordings:
    """Begins the wording of answers. `judge` of a question weighs drafts as the verdict does."""

    def __init__(
        self,
        writer: SentenceWriter,
        grounds: Grounds,
        has_substance: HasSubstance,
        policy: Callable[[], ChatModelPolicy],
        counted: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.counted = counted
        self._writer = writer
        self._grounds = grounds
        self._has_substance = has_substance
        self._policy = policy

    def begin(  # noqa: PLR0913 - what one answer is made of
        self,
        question: Question,
        passages: Sequence[Passage],
        quoted: Draft,
        judged: Judged,
        judge: Judge,
        *,
        tenant: str,
    ) -> "ModelAnswer":
        """The wording of one answer, whose quoted draft is good enough to be sent."""
        return ModelAnswer(
            question=question,
            offered=offered(passages, quoted, self._policy().passages),
            quoted=quoted,
            judged=judged,
            judge=judge,
            tenant=tenant,
            writer=self._writer,
            grounds=self._grounds,
            has_substance=self._has_substance,
            policy=self._policy(),
            counted=self.counted,
        )


class ModelAnswer:
    """One answer on its way: run through `sentences`, then ask for the `result`."""

    def __init__(  # noqa: PLR0913 - what one answer is made of
        self,
        *,
        question: Question,
        offered: Sequence[Evidence],
        quoted: Draft,
        judged: Judged,
        judge: Judge,
        tenant: str,
        writer: SentenceWriter,
        grounds: Grounds,
        has_substance: HasSubstance,
        policy: ChatModelPolicy,
        counted: Callable[[str], None],
    ) -> None:
        self._question = question
        self._offered = offered
        self._quoted = quoted
        self._judge = judge
        self._tenant = tenant
        self._writer = writer
        self._grounds = grounds
        self._has_substance = has_substance
        self._policy = policy
        self._counted = counted
        self._shown = Draft(
            claims=(), evidence=(), writer=writer.name, prompt_version=writer.prompt_version
        )
        self._waiting = self._shown
        self._least = judged
        self._ended = False
        self._trouble: Trouble | None = None
        self._dropped = 0

    def sentences(self) -> Generator[Passed]:
        """Sentences that have passed, as they pass. Closing it stops the model."""
        joint = ""
        claims = self._writer.sentences(self._question, self._offered, tenant=self._tenant)
        with closing(claims):
            try:
                for claim in claims:
                    # A sentence takes the place of one before it that was dropped.
                    before = joint if joint and claim.before == SAME_LINE else claim.before
                    waiting = self._waiting
                    passed = tuple(self._admitted(replace(claim, before=before)))
                    joint = before if self._waiting is waiting else ""
                    yield from passed
            except ModelUnavailableError as error:
                self._trouble = error.trouble
        self._ended = True

    def result(self) -> Worded:
        """The draft to answer with, whether or not the sentences were run to their end."""
        if self._shown.claims:
            return self._result_of_shown()
        if self._trouble is not None:
            return self._instead(
                WHY[self._trouble], self._policy.when_unavailable, Reason.MODEL_UNAVAILABLE
            )
        if not self._ended:
            return Worded(draft=self._quoted, judged=self._least)
        return self._instead(UNSUPPORTED, self._policy.when_unsupported, Reason.UNGROUNDED_DRAFT)

    def _instead(self, why: str, what: Instead, reason: Reason) -> Worded:
        if what is Instead.ESCALATE:
            return Worded(draft=self._quoted, judged=self._least, notice=f"{why}.", reason=reason)
        return Worded(draft=self._quoted, judged=self._least, notice=why + QUOTED)

    def _result_of_shown(self) -> Worded:
        if self._trouble is not None:
            return Worded(draft=self._with_quotes(), judged=self._least, notice=BROKE_OFF)
        left_out = LEFT_OUT if self._dropped else ""
        return Worded(draft=self._shown, judged=self._least, notice=left_out)

    def _admitted(self, claim: Claim) -> Iterator[Passed]:
        """The sentences that may be shown now that this one has come."""
        grounded, evidence = self._grounded(claim)
        if grounded is None:
            self._drop()
            return
        grown = grown_by(self._waiting, grounded, evidence)
        judged = self._judge(grown, self._least.confidence)
        fits = judged.verdict.kind is Kind.ANSWER
        if fits and self._has_substance(grown.claims, self._question):
            known = len(self._shown.claims), len(self._shown.evidence)
            self._shown = self._waiting = grown
            self._least = judged
            for passed in _parts(grown, *known):
                self._counted("shown")
                yield passed
        elif self._shown.claims:
            # What is shown holds without it.
            self._drop()
        else:
            self._waiting = grown

    def _grounded(self, claim: Claim) -> tuple[Claim | None, tuple[Evidence, ...]]:
        if not claim.keys:
            return None, ()
        try:
            grounded = self._grounds.ground(claim, self._offered, self._question)
        except Exception:  # noqa: BLE001 - what cannot be checked must not be shown
            _log.exception("a sentence could not be checked, and is not shown")
            return None, ()
        if grounded.claim is None or not grounded.evidence:
            return None, ()
        return replace(grounded.claim, before=claim.before), grounded.evidence

    def _drop(self) -> None:
        self._dropped += 1
        self._counted("dropped")

    def _with_quotes(self) -> Draft:
        """What was shown, and after it the quotes that it does not rest on already."""
        whole = self._shown
        for claim in self._quoted.claims:
            evidence = tuple(self._quoted.cited(key) for key in claim.keys)
            if not all(_inside(one, whole.evidence) for one in evidence):
                whole = grown_by(whole, replace(claim, before=PARAGRAPH), evidence)
        return whole


def grown_by(draft: Draft, claim: Claim, evidence: Iterable[Evidence]) -> Draft:
    """The draft with one more claim; each piece of text that is cited has one key throughout."""
    known = list(draft.evidence)
    keys: list[int] = []
    for one in evidence:
        key = next((k.key for k in known if _place(k) == _place(one)), 0)
        if not key:
            key = len(known) + 1
            known.append(replace(one, key=key))
        keys.append(key)
    counted = replace(claim, keys=tuple(dict.fromkeys(keys)))
    return replace(draft, claims=(*draft.claims, counted), evidence=tuple(known))


def offered(passages: Sequence[Passage], quoted: Draft, most: int) -> tuple[Evidence, ...]:
    """What the model is shown: the passages that the quotes stand in, then the next best ones."""
    first = [one.passage for one in quoted.evidence]
    chosen = {passage.chunk.id: passage for passage in (*first, *passages)}
    return tuple(_whole(key, one) for key, one in enumerate(list(chosen.values())[:most], start=1))


def _whole(key: int, passage: Passage) -> Evidence:
    chunk = passage.chunk
    sections = sections_of(chunk.text, chunk.locator.heading_path)
    return Evidence(
        key=key,
        passage=passage,
        start=0,
        end=len(chunk.text),
        sentences=tuple(
            part for section in sections for block in section.blocks for part in block.parts
        ),
    )


def _parts(draft: Draft, claims: int, evidence: int) -> Iterator[Passed]:
    """The draft's claims from one on, each with the evidence that it is the first to cite."""
    cited = evidence
    for at, claim in enumerate(draft.claims[claims:], start=claims):
        upto = max([cited, *claim.keys])
        text = (claim.before if at else claim.before.lstrip()) + claim.marked
        yield Passed(text=text, evidence=draft.evidence[cited:upto])
        cited = upto


def _place(evidence: Evidence) -> tuple[str, int, int]:
    return evidence.passage.chunk.id, evidence.start, evidence.end


def _inside(evidence: Evidence, others: Sequence[Evidence]) -> bool:
    return any(
        one.passage.chunk.id == evidence.passage.chunk.id
        and one.start <= evidence.start
        and evidence.end <= one.end
        for one in others
    )
