"""From a question to an outcome: the whole story on one page."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from copilot import desk
from copilot.answer import (
    Answer,
    Band,
    Citation,
    Clarification,
    Escalation,
    Outcome,
    Reason,
    SourceRecord,
    cite,
)
from copilot.confidence import Calibration, Signals, signals_of
from copilot.conversation import Earlier
from copilot.courtesy import courtesy, wants_person
from copilot.evidence import Draft, Evidence, Span
from copilot.followup import Turn, resolve
from copilot.instructions import as_stored, attack_in, silenced
from copilot.keeping import kept_outcome, outcome_record
from copilot.missing import NOTHING_FOUND
from copilot.question import MAX_CHARACTERS, Question, read_question
from copilot.records import Records
from copilot.schemas import OutcomeJson, outcome_json
from copilot.verdict import Kind, decide
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

_NEAREST = 3


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
    ) -> None:
        self._retriever = retriever
        self._writer = writer
        self._calibration = calibration
        self._policy = policy
        self._records = records
        self._earlier = earlier
        self._words = words
        self._clock = clock

    def ask(self, asked: Asked) -> Reply:
        """Answer, escalate, ask back or be polite; and leave a record of it."""
        started = time.perf_counter()
        _check(asked)
        kept = self._words.begin(asked.text)
        if wants_person(asked.text):
            wished = self._unsearched(asked, Reason.USER_REQUEST)
            return self._recorded(asked, wished, None, kept, started)
        polite = courtesy(asked.text)
        if polite is not None:
            return self._recorded(asked, polite, None, kept, started)
        attack = attack_in(asked.text)
        if attack is not None:
            nothing = self._unsearched(asked, Reason.NO_EVIDENCE)
            return self._recorded(asked, nothing, None, kept, started, suspicious=attack)
        turns = self._turns(asked)
        standalone = resolve(asked.text, turns).text
        searched_for = None if standalone == asked.text else self._words.begin(standalone)
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
        signals = signals_of(question, passages, draft, found.statistics)
        confidence = self._calibration.probability(signals) if signals else 0.0
        outcome = self._outcome(asked, question, found, draft, confidence)
        return self._recorded(
            asked, outcome, signals, kept, started, standalone=standalone, searched_for=searched_for
        )

    def stream(self, asked: Asked) -> Iterator[Event]:
        """The same, told as it happens. The last event is always the whole reply."""
        yield Status(state="searching")
        reply = self.ask(asked)
        if isinstance(reply.outcome, Answer | Escalation):
            yield Status(state="answering")
            yield from reply.outcome.citations
        yield from (Token(text=part) for part in _parts(reply.outcome.text))
        yield reply

    def _outcome(
        self, asked: Asked, question: Question, found: Found, draft: Draft, confidence: float
    ) -> Outcome:
        verdict = decide(
            question=question,
            passages=silenced(found.passages),
            draft=draft,
            confidence=confidence,
            policy=self._policy().answers,
            statistics=found.statistics,
            within=_described(asked.filters),
        )
        match verdict.kind:
            case Kind.ANSWER:
                return Answer(
                    text=draft.text,
                    confidence=confidence,
                    band=verdict.band,
                    review_required=verdict.review_required,
                    citations=cite(as_stored(draft.evidence, found.passages), _sources(found)),
                    writer=draft.writer,
                )
            case Kind.CLARIFICATION:
                return Clarification(
                    text="What would you like to know?",
                    confidence=confidence,
                    options=verdict.options,
                )
            case Kind.ESCALATION:
                nearest = _nearest(found.passages)
                handover = desk.hand_over(
                    self._policy().escalations,
                    asked.principal,
                    reason=verdict.reason or Reason.LOW_CONFIDENCE,
                    doc_types={one.passage.doc_type for one in nearest},
                    now=self._clock(),
                )
                return Escalation(
                    text=desk.announcement(handover, verdict.missing, nearest=len(nearest)),
                    confidence=confidence,
                    band=verdict.band,
                    citations=cite(nearest, _sources(found)),
                    reason=verdict.reason or Reason.LOW_CONFIDENCE,
                    missing=verdict.missing,
                    writer=draft.writer,
                    handover=handover,
                )

    def _turns(self, asked: Asked) -> tuple[Turn, ...]:
        """What was said before. A question outside a conversation costs no look."""
        if not asked.conversation_id:
            return ()
        return self._earlier.turns(asked.principal, asked.conversation_id)

    def _unsearched(self, asked: Asked, reason: Reason) -> Escalation:
        """To a person without a search: because the asker wants it, or attacks the assistant.

        An attack gets an escalation like any that found nothing.
        """
        handover = desk.hand_over(
            self._policy().escalations,
            asked.principal,
            reason=reason,
            doc_types=(),
            now=self._clock(),
        )
        wished = reason is Reason.USER_REQUEST
        return Escalation(
            text=desk.person_announcement(handover)
            if wished
            else desk.announcement(handover, NOTHING_FOUND, nearest=0),
            confidence=0.0,
            band=Band.LOW,
            citations=(),
            reason=reason,
            missing="" if wished else NOTHING_FOUND,
            writer="" if wished else self._writer.name,
            handover=handover,
        )

    def _recorded(  # noqa: PLR0913 - what a record is made of
        self,
        asked: Asked,
        outcome: Outcome,
        signals: Signals | None,
        kept: Callable[[], KeptText],
        started: float,
        *,
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


def _sources(found: Found) -> dict[tuple[str, int], SourceRecord]:
    return {
        (version.document_id, version.version): SourceRecord(
            document_id=version.document_id,
            version=version.version,
            approved_by=version.metadata.approved_by,
            approved_at=version.approved_at,
        )
        for version in found.versions.values()
    }


def _nearest(passages: tuple[Passage, ...]) -> tuple[Evidence, ...]:
    """The passages that come nearest, whole, for the person who takes over."""
    return tuple(
        Evidence(
            key=key,
            passage=passage,
            start=0,
            end=len(passage.chunk.text),
            sentences=(Span(start=0, end=len(passage.chunk.text)),),
        )
        for key, passage in enumerate(passages[:_NEAREST], start=1)
    )


def _parts(text: str) -> Iterator[str]:
    """The text in lines, as they may be shown one after another."""
    yield from text.splitlines(keepends=True)
