"""From a question to an outcome: the whole story on one page."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from copilot.answer import (
    Answer,
    Citation,
    Clarification,
    Escalation,
    Outcome,
    Reason,
    cite,
)
from copilot.confidence import Calibration, Signals, signals_of
from copilot.conversation import Earlier
from copilot.courtesy import courtesy, wants_person
from copilot.doubt import doubt_about
from copilot.evidence import Draft
from copilot.followup import Turn, resolve
from copilot.instructions import as_stored, attack_in, silenced
from copilot.keeping import kept_outcome, outcome_record
from copilot.outcomes import Outcomes, sources_of
from copilot.question import MAX_CHARACTERS, Question, read_question
from copilot.records import Records
from copilot.schemas import OutcomeJson, outcome_json
from copilot.verdict import NO_DOUBT, Doubt, Kind, decide
from copilot.wording import LEFT, Judged, ModelAnswer, Wordings
from copilot.writer import Writer
from foundation.clock import Clock
from foundation.errors import InvalidRequestError
from foundation.ids import new_id
from governance.identity import ForbiddenError
from governance.kept_words import KeptText, KeptWords
from governance.policy import Policy
from governance.principal import Permission, Principal
from governance.record_policy import Wording
from governance.visibility import Filters
from retrieval.frames import Manner
from retrieval.passage import Passage
from retrieval.query import Query
from retrieval.retriever import Found, Retriever


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as it came in, and who asks."""

    text: str
    principal: Principal
    filters: Filters = field(default_factory=Filters)
    conversation_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An outcome as it was recorded. `body` is the JSON the asker gets.

    `suspicious` says how the question tried to command the assistant; None for an honest one.
    """

    outcome: Outcome
    body: OutcomeJson
    signals: Signals | None
    suspicious: Manner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the copilot is doing, for who waits."""

    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A part of the answer's text that may be shown: it has passed every check."""

    text: str


Event = Status | Citation | Token | Reply


class Copilot:
    """Answers questions from what the asker may read, or hands them to a person."""

    def __init__(  # noqa: PLR0913 - the collaborators of the whole story
        self,
        *,
        retriever: Retriever,
        writer: Writer,
        calibration: Calibration,
        policy: Callable[[], Policy],
        records: Records,
        earlier: Earlier,
        words: KeptWords,
        clock: Clock,
        wordings: Wordings | None = None,
    ) -> None:
        self._retriever = retriever
        self._writer = writer
        self._calibration = calibration
        self._policy = policy
        self._records = records
        self._earlier = earlier
        self._words = words
        self._clock = clock
        self._wordings = wordings
        self._outcomes = Outcomes(policy, clock, writer.name)

    def ask(self, asked: Asked) -> Reply:
        """Answer, escalate, ask back or be polite; and leave a record of it."""
        *_, reply = self._told(asked)
        if not isinstance(reply, Reply):
            raise TypeError(reply)
        return reply

    def stream(self, asked: Asked) -> Iterator[Event]:
        """The same, told as it happens. The last event is always the whole reply.

        What was told stays: the texts of all tokens together are the outcome's text.
        """
        yield Status(state="searching")
        answering, shown, cited = False, "", 0
        with closing(self._told(asked)) as events:
            for event in events:
                if isinstance(event, Reply):
                    outcome = event.outcome
                    if isinstance(outcome, Answer | Escalation):
                        if not answering:
                            yield Status(state="answering")
                        yield from outcome.citations[cited:]
                    elif isinstance(outcome, Clarification):
                        yield from outcome.citations
                    yield from (Token(text=part) for part in _parts(outcome.text[len(shown) :]))
                answering = answering or isinstance(event, Status)
                cited += isinstance(event, Citation)
                shown += event.text if isinstance(event, Token) else ""
                yield event

    def _told(self, asked: Asked) -> Generator[Event]:
        """The story: what a chat model says as soon as it may be shown, and last the reply."""
        started = time.perf_counter()
        _check(asked)
        kept = self._words.begin(asked.text)
        record = partial(self._recorded, asked, kept=kept, started=started)
        if wants_person(asked.text):
            wished = self._outcomes.unsearched(asked.principal, Reason.USER_REQUEST)
            yield record(wished)
            return
        polite = courtesy(asked.text)
        if polite is not None:
            yield record(polite)
            return
        attack = attack_in(asked.text)
        if attack is not None:
            nothing = self._outcomes.unsearched(asked.principal, Reason.NO_EVIDENCE)
            yield record(nothing, suspicious=attack)
            return
        turns = self._turns(asked)
        standalone = resolve(asked.text, turns).text
        searched_for = None if standalone == asked.text else self._words.begin(standalone)
        record = partial(record, standalone=standalone, searched_for=searched_for)
        # A command may be said in two turns that are honest each.
        attack = None if searched_for is None else attack_in(standalone)
        if attack is not None:
            nothing = self._outcomes.unsearched(asked.principal, Reason.NO_EVIDENCE)
            yield record(nothing, suspicious=attack)
            return
        question = _read(standalone, asked.principal)
        found = self._retriever.search(
            Query(
                text=question.text,
                principal=asked.principal,
                filters=asked.filters,
                limit=self._policy().answers.passages,
            )
        )
        # What commands in them is neither picked from nor weighed; it is quoted as it stands.
        passages = silenced(found.passages)
        draft = self._writer.write(question, passages, found.statistics)
        doubt = doubt_about(
            question,
            passages,
            draft,
            found,
            filters=asked.filters,
            attributes=asked.principal.attributes,
            turns=turns,
        )
        judged = self._judged(asked, question, found, passages, draft, doubt=doubt)
        if judged.verdict.kind is not Kind.ANSWER or self._wordings is None:
            outcome = self._outcomes.weighed(asked.principal, found, draft, judged)
            yield record(outcome, judged.signals)
            return
        wording = self._wordings.begin(
            # The model may be somebody else's: it gets the question as it may be kept.
            replace(question, text=(searched_for or kept)().kept),
            passages,
            draft,
            judged,
            lambda worded, most: self._judged(asked, question, found, passages, worded, most=most),
            tenant=asked.principal.tenant,
        )
        told: list[Event] = []
        try:
            yield Status(state="answering")
            with closing(self._worded(wording, found)) as events:
                for event in events:
                    told.append(event)
                    yield event
        except GeneratorExit:
            # Whoever asked has left. What they were shown is on record, and nothing else.
            record(_as_told(self._result(asked, found, wording), told), judged.signals)
            raise
        outcome = self._result(asked, found, wording)
        yield record(outcome, judged.signals)

    def _worded(self, wording: ModelAnswer, found: Found) -> Generator[Event]:
        """Sentences of a chat model that have passed, each after the sources new with it."""
        sources = sources_of(found)
        with closing(wording.sentences()) as sentences:
            for passed in sentences:
                yield from cite(as_stored(passed.evidence, found.passages), sources)
                yield Token(text=passed.text)

    def _result(self, asked: Asked, found: Found, wording: ModelAnswer) -> Outcome:
        worded = wording.result()
        judged = worded.judged
        if worded.reason is not None:
            verdict = replace(
                judged.verdict,
                kind=Kind.ESCALATION,
                review_required=False,
                reason=worded.reason,
                missing=worded.notice,
            )
            judged = replace(judged, verdict=verdict)
        return self._outcomes.weighed(asked.principal, found, worded.draft, judged, worded.notice)

    def _judged(  # noqa: PLR0913 - all of it bears on the verdict
        self,
        asked: Asked,
        question: Question,
        found: Found,
        passages: Sequence[Passage],
        draft: Draft,
        *,
        most: float = 1.0,
        doubt: Doubt = NO_DOUBT,
    ) -> Judged:
        """What a draft is worth, whoever wrote it, and never more than `most`."""
        signals = signals_of(question, passages, draft, found.statistics)
        confidence = min(most, self._calibration.probability(signals))
        verdict = decide(
            question=question,
            passages=passages,
            draft=draft,
            confidence=confidence,
            policy=self._policy().answers,
            statistics=found.statistics,
            within=_described(asked.filters),
            doubt=doubt,
        )
        return Judged(verdict=verdict, confidence=confidence, signals=signals)

    def _turns(self, asked: Asked) -> tuple[Turn, ...]:
        """What was said before. A question outside a conversation costs no look."""
        if not asked.conversation_id:
            return ()
        return self._earlier.turns(asked.principal, asked.conversation_id)

    def _recorded(  # noqa: PLR0913 - what a record is made of
        self,
        asked: Asked,
        outcome: Outcome,
        signals: Signals | None = None,
        *,
        kept: Callable[[], KeptText],
        started: float,
        suspicious: Manner | None = None,
        standalone: str = "",
        searched_for: Callable[[], KeptText] | None = None,
    ) -> Reply:
        conversation = asked.conversation_id or new_id("cnv")
        body = outcome_json(
            outcome,
            outcome_id=new_id("out"),
            question=asked.text,
            standalone_question=standalone or asked.text,
            conversation_id=conversation,
            elapsed_ms=round((time.perf_counter() - started) * 1000),
        )
        as_kept = kept_outcome(body, kept(), searched_for() if searched_for else None)
        self._records.keep(
            asked.principal,
            outcome_record(
                as_kept,
                signals=asdict(signals) if signals else {},
                at=self._clock(),
                words=self._words_for_audit(as_kept, suspicious),
                prompt_version=outcome.prompt_version if isinstance(outcome, Answer) else "",
            ),
        )
        return Reply(outcome=outcome, body=body, signals=signals, suspicious=suspicious)

    def _words_for_audit(self, kept: OutcomeJson, suspicious: Manner | None) -> dict[str, str]:
        audit = self._policy().audit
        words = {"suspicious": suspicious.value} if suspicious else {}
        if audit.questions is Wording.REDACTED:
            words["question"] = kept.question
        if audit.answers is Wording.REDACTED:
            words["answer"] = self._words.of(kept.text)
        return words


def _check(asked: Asked) -> None:
    if not asked.principal.may(Permission.ASK):
        raise ForbiddenError("your role reads the record and does not ask questions")
    if not asked.text.strip():
        raise InvalidRequestError("the question is empty; write what you would like to know")
    if len(asked.text) > MAX_CHARACTERS:
        message = f"the question is longer than {MAX_CHARACTERS} characters; shorten it"
        raise InvalidRequestError(message)


def _read(text: str, principal: Principal) -> Question:
    return read_question(text, {**principal.attributes, "tenant": principal.tenant})


def _described(filters: Filters) -> str:
    """The asker's filters in words; empty without any."""
    told = [kind.replace("_", " ") for kind in sorted(filters.doc_types)]
    told += [f"product {filters.product}"] if filters.product else []
    told += [f"release {filters.release}"] if filters.release else []
    told += [f"as of {filters.as_of.isoformat()}"] if filters.as_of else []
    return ", ".join(told)


def _as_told(outcome: Outcome, told: Sequence[Event]) -> Outcome:
    """The outcome with no more than its asker was shown of it before they left."""
    if not isinstance(outcome, Answer):
        return outcome
    return replace(
        outcome,
        text="".join(event.text for event in told if isinstance(event, Token)),
        citations=tuple(event for event in told if isinstance(event, Citation)),
        notice=LEFT,
    )


def _parts(text: str) -> Iterator[str]:
    """The text in lines, as they may be shown one after another."""
    yield from text.splitlines(keepends=True)
