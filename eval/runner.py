"""Asks every case and judges what comes back. A case that crashes is data, not the end."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Protocol

from copilot.answer import Clarification, Courtesy, Escalation, Outcome
from copilot.ask import Asked, Reply
from copilot.schemas import kind_of
from eval.case import Case
from eval.observation import CitedQuote, Observation, SeenPassage, Signal, Stage
from eval.score import Judged, Scorer
from eval.scoring import DEEP, judge
from eval.standing import Stands
from foundation.errors import NotFoundError
from foundation.ids import new_id
from governance.visibility import Visibility
from governance.visible_catalog import VisibleCatalog
from retrieval.passage import Passage
from retrieval.query import Query
from retrieval.retriever import Found

_SHOWN = 10
_PASSAGES = 30


class Asks(Protocol):
    """What can be asked: a `Copilot`, or a stand-in."""

    def ask(self, asked: Asked) -> Reply:
        """Answer one question."""


class Searches(Protocol):
    """What can be searched: a `Retriever`, or a stand-in."""

    def search(self, query: Query) -> Found:
        """Passages for one question."""


class Checks(Protocol):
    """What says whether a citation holds."""

    def checked(self, case: Case, outcome: Outcome) -> tuple[CitedQuote, ...]:
        """Every citation of an outcome, compared with what the catalog says."""

    def gold_types(self, case: Case) -> tuple[str, ...]:
        """The kinds of a case's gold documents; empty where the asker sees no such document."""


class CatalogCheck:
    """Compares citations with the catalog, by a look-up of its own for each."""

    def __init__(self, catalog: VisibleCatalog, standings: Stands) -> None:
        self._catalog = catalog
        self._standings = standings
        self._kinds: dict[Visibility, dict[str, str]] = {}

    def checked(self, case: Case, outcome: Outcome) -> tuple[CitedQuote, ...]:
        """Every citation of an outcome: whether it is the stored text, readable, and in force."""
        if isinstance(outcome, Courtesy) or not outcome.citations:
            return ()
        visibility = self._catalog.visibility(case.principal, case.filters)
        checked = []
        for one in outcome.citations:
            exact = readable = False
            try:
                version = self._catalog.chunk(visibility, one.passage_id).version
            except NotFoundError:
                pass
            else:
                text = self._catalog.text(version)
                readable = True
                exact = bool(one.quote) and text[one.start : one.end] == one.quote
            checked.append(
                CitedQuote(
                    uri=one.uri,
                    quote=one.quote,
                    exact=exact,
                    readable=readable,
                    doc_type=one.doc_type,
                    standing=self._standings.of(
                        one.document_id, one.version, case.principal, case.filters
                    ),
                )
            )
        return tuple(checked)

    def gold_types(self, case: Case) -> tuple[str, ...]:
        """The kinds of a case's gold documents; empty where the asker sees no such document."""
        if not case.gold:
            return ()
        visibility = self._catalog.visibility(case.principal, case.filters)
        if visibility not in self._kinds:
            self._kinds[visibility] = {
                one.uri: one.metadata.doc_type.value for one in self._catalog.documents(visibility)
            }
        return tuple(self._kinds[visibility].get(gold.uri, "") for gold in case.gold)


class Runner:
    """Puts cases to a copilot, one after another, and judges each."""

    def __init__(
        self,
        *,
        copilot: Asks,
        retriever: Searches,
        check: Checks,
        scorers: Sequence[Scorer] = (),
    ) -> None:
        self._copilot = copilot
        self._retriever = retriever
        self._check = check
        self._scorers = scorers

    def run(
        self, cases: Iterable[Case], on_progress: Callable[[Judged], None] = lambda _: None
    ) -> tuple[Judged, ...]:
        """Judge every case, in order."""
        judged = []
        for case in cases:
            judged.append(judge(case, self.observe(case), self._scorers))
            on_progress(judged[-1])
        return tuple(judged)

    def observe(self, case: Case) -> Observation:
        """Search and ask one case. Whatever is raised becomes the observation's `error`."""
        try:
            return self._observe(case)
        except Exception as error:  # noqa: BLE001 - a crash of one case is a finding about it
            first = (str(error).splitlines() or [""])[0]
            return Observation(error=f"{type(error).__name__}: {first}")

    def _observe(self, case: Case) -> Observation:
        conversation = new_id("cnv")
        for earlier in case.history:
            self._copilot.ask(_asked(case, earlier, conversation))
        began = time.perf_counter()
        reply = self._copilot.ask(_asked(case, case.question, conversation))
        asked = time.perf_counter()
        # What a follow-up means is the copilot's reading of it, and so what was searched for.
        standalone = reply.body.standalone_question or case.question
        found = self._retriever.search(
            Query(
                text=standalone,
                principal=case.principal,
                filters=case.filters,
                limit=_PASSAGES,
            )
        )
        searched = time.perf_counter()
        outcome = reply.outcome
        return Observation(
            kind=kind_of(outcome),
            standalone=standalone,
            text=outcome.text,
            shown=_shown(outcome),
            reason=outcome.reason.value if isinstance(outcome, Escalation) else "",
            writer=reply.body.writer,
            confidence=outcome.confidence,
            citations=self._check.checked(case, outcome),
            ranking=tuple(dict.fromkeys(one.uri for one in found.passages))[:DEEP],
            passages=tuple(_seen(one) for one in found.passages[:_SHOWN]),
            gold_types=self._check.gold_types(case),
            signals=tuple(
                Signal(name=name, value=float(value))
                for name, value in (asdict(reply.signals) if reply.signals else {}).items()
            ),
            stages=(
                Stage(name="ask", ms=(asked - began) * 1000),
                Stage(name="search", ms=(searched - asked) * 1000),
            ),
        )


def _seen(passage: Passage) -> SeenPassage:
    return SeenPassage(
        rank=passage.rank,
        uri=passage.uri,
        doc_type=passage.doc_type,
        heading_path=passage.chunk.locator.heading_path,
        text=passage.chunk.text,
        dense_score=passage.dense_score,
        keyword_score=passage.keyword_score,
    )


def _asked(case: Case, text: str, conversation: str) -> Asked:
    return Asked(
        text=text,
        principal=case.principal,
        filters=case.filters,
        conversation_id=conversation,
    )


def _shown(outcome: Outcome) -> str:
    parts = [outcome.text]
    if isinstance(outcome, Escalation):
        parts.append(outcome.missing)
    if isinstance(outcome, Clarification):
        parts.extend(outcome.options)
    if not isinstance(outcome, Courtesy):
        for one in outcome.citations:
            parts += [one.title, *one.heading_path]
    return "\n".join(parts)
