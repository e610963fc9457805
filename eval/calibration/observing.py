"""Labelled questions as a calibration sees them: signals, and whether the pick was right.

Each question that documents answer is asked twice: as it is, and with those documents held out.
The second is the honest way to get questions that must not be answered: same wording, same
topic, and only near misses left.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from copilot.evidence import Draft
from copilot.extractive import ExtractiveWriter
from copilot.instructions import silenced
from copilot.question import read_question
from copilot.signals import Signals, signals_of
from eval.case import Case, Expected
from eval.metrics import content_word_recall, quote_hit
from governance.thinned_catalog import ThinnedCatalog
from retrieval.query import Query
from retrieval.retriever import Retriever

_SAYS_THE_SAME = 0.6
"""Share of a reference's content words from which another document answers as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A question asked once.

    `question` tells the two ways of asking the same question that they belong together. `kinds`
    are the kinds of document that the draft cites; `held_out` says that its documents were gone.
    """

    question: str
    signals: Signals
    right: bool
    kinds: frozenset[str]
    held_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything seen, and how many questions told nothing, by reason."""

    seen: tuple[Seen, ...]
    skipped: Mapping[str, int]

    @property
    def right(self) -> int:
        """How many picks were right."""
        return sum(one.right for one in self.seen)


class Observer:
    """Asks questions without leaving a record. The draft is always the extractive one.

    That is the draft whose signals decide whether anything is answered at all.
    """

    def __init__(self, retriever: Retriever, catalog: ThinnedCatalog, passages: int) -> None:
        self._retriever = retriever
        self._catalog = catalog
        self._passages = passages
        self._writer = ExtractiveWriter()

    def observe(
        self,
        cases: Sequence[Case],
        documents: Mapping[str, frozenset[str]],
        *,
        holding_out: bool = True,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> Observed:
        """Ask every case that expects an answer or a hand-over.

        `documents` gives the ids of the documents with a URI. Without `holding_out` each case is
        asked as it stands, once.
        """
        seen: list[Seen] = []
        skipped: dict[str, int] = {}

        def keep(one: Seen | str) -> None:
            if isinstance(one, Seen):
                seen.append(one)
            else:
                skipped[one] = skipped.get(one, 0) + 1

        for number, case in enumerate(cases, start=1):
            if case.expected not in {Expected.ANSWER, Expected.ESCALATION}:
                keep("neither an answer nor a hand-over is expected")
            elif case.history:
                keep("it goes on from earlier questions")
            else:
                keep(self._asked(case))
                gold = _ids(case.gold_uris, documents)
                if holding_out and gold:
                    with self._catalog.without(gold):
                        keep(self._asked(case, held_out=True))
            on_progress(number)
        return Observed(seen=tuple(seen), skipped=skipped)

    def _asked(self, case: Case, *, held_out: bool = False) -> Seen | str:
        asker = case.principal
        question = read_question(case.question, {**asker.attributes, "tenant": asker.tenant})
        found = self._retriever.search(
            Query(text=question.text, principal=asker, filters=case.filters, limit=self._passages)
        )
        passages = silenced(found.passages)
        draft = self._writer.write(question, passages, found.statistics)
        signals = signals_of(question, passages, draft, found.statistics)
        if signals is None:
            return "nothing was found, which is no confidence without any model"
        if held_out and _another_says_it(case, draft):
            return "another document says the same as the one held out"
        return Seen(
            question=case.id,
            signals=signals,
            right=not held_out and _is_right(case, draft),
            kinds=frozenset(one.passage.doc_type for one in draft.evidence),
            held_out=held_out,
        )


def _ids(uris: Iterable[str], documents: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(one for uri in uris for one in documents.get(uri, ()))


def _is_right(case: Case, draft: Draft) -> bool:
    return case.expected is Expected.ANSWER and draft.evidence[0].passage.uri in case.gold_uris


def _another_says_it(case: Case, draft: Draft) -> bool:
    if any(
        gold.quote and quote_hit(gold.quote, one.quote)
        for gold in case.gold
        for one in draft.evidence
    ):
        return True
    text = " ".join(one.quote for one in draft.evidence)
    return bool(case.reference) and content_word_recall(case.reference, text) >= _SAYS_THE_SAME
