"""Asks every case and judges what comes back. A case that crashes is data, not the end."""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from copilot.answer import Answer, Clarification, Escalation, Outcome
from copilot.ask import Asked, Reply
from copilot.schemas import kind_of
from eval.case import Case
from eval.observation import CitedQuote, Observation
from eval.scoring import DEEP, Judged, judge
from foundation.errors import NotFoundError
from foundation.ids import new_id
from governance.visible_catalog import VisibleCatalog
from retrieval.query import Query
from retrieval.retriever import Found

_SHOWN = 3
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


class CatalogCheck:
    """Compares citations with the catalog, by a look-up of its own for each."""

    def __init__(self, catalog: VisibleCatalog) -> None:
        self._catalog = catalog

    def checked(self, case: Case, outcome: Outcome) -> tuple[CitedQuote, ...]:
        """Every citation of an outcome: whether it is the stored text, and readable."""
        if not isinstance(outcome, Answer | Escalation) or not outcome.citations:
            return ()
        visibility = self._catalog.visibility(case.principal, case.filters)
        checked = []
        for one in outcome.citations:
            try:
                version = self._catalog.chunk(visibility, one.passage_id).version
            except NotFoundError:
                checked.append(
                    CitedQuote(uri=one.uri, quote=one.quote, exact=False, readable=False)
                )
                continue
            text = self._catalog.text(version)
            exact = bool(one.quote) and text[one.start : one.end] == one.quote
            checked.append(CitedQuote(uri=one.uri, quote=one.quote, exact=exact, readable=True))
        return tuple(checked)


class Runner:
    """Puts cases to a copilot, one after another, and judges each."""

    def __init__(self, *, copilot: Asks, retriever: Searches, check: Checks) -> None:
        self._copilot = copilot
        self._retriever = retriever
        self._check = check

    def run(
        self, cases: Iterable[Case], on_progress: Callable[[Judged], None] = lambda _: None
    ) -> tuple[Judged, ...]:
        """Judge every case, in order."""
        judged = []
        for case in cases:
            judged.append(judge(case, self.observe(case)))
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
        found = self._retriever.search(
            Query(
                text=case.question,
                principal=case.principal,
                filters=case.filters,
                limit=_PASSAGES,
            )
        )
        searched = time.perf_counter()
        reply = self._copilot.ask(_asked(case, case.question, conversation))
        asked = time.perf_counter()
        outcome = reply.outcome
        return Observation(
            kind=kind_of(outcome),
            text=outcome.text,
            shown=_shown(outcome),
            confidence=outcome.confidence,
            citations=self._check.checked(case, outcome),
            ranking=tuple(dict.fromkeys(one.uri for one in found.passages))[:DEEP],
            nearest=tuple(
                (one.uri, one.dense_score, one.keyword_score) for one in found.passages[:_SHOWN]
            ),
            search_ms=(searched - began) * 1000,
            ask_ms=(asked - searched) * 1000,
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
    if isinstance(outcome, Answer | Escalation):
        for one in outcome.citations:
            parts += [one.title, *one.heading_path]
    return "\n".join(parts)
