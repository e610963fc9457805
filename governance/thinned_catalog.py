"""The visible catalog as if some documents had never been ingested.

A question whose documents are held out is a question that the rest must not answer: the means to
measure silence, and to make unanswerable cases where nobody has labelled any.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import select

from foundation.clock import Clock
from foundation.database import Database
from governance.catalog import Catalog
from governance.principal import Principal
from governance.statistics import TermCounts, unpack
from governance.tables import texts, versions
from governance.visibility import Filters, Visibility
from governance.visible_catalog import VisibleCatalog


class ThinnedCatalog(VisibleCatalog):
    """For measurements only, and for one thread at a time.

    What is held out is out of every leg's filter and of the term statistics. What differs from a
    real ingest without it: the graph of the approximate dense search was built with it inside.
    """

    def __init__(self, catalog: Catalog, clock: Clock, database: Database) -> None:
        super().__init__(catalog, clock)
        self._database = database
        self._gone: frozenset[str] = frozenset()
        self._counts: tuple[tuple[int, TermCounts], ...] = ()

    @contextmanager
    def without(self, documents: frozenset[str]) -> Iterator[None]:
        """Make documents vanish for the length of the block."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(versions.c.class_id, texts.c.terms)
                .join(
                    versions,
                    (versions.c.document_id == texts.c.document_id)
                    & (versions.c.version == texts.c.version),
                )
                .where(texts.c.document_id.in_(documents))
            )
            self._counts = tuple((row.class_id, unpack(row.terms)) for row in rows)
        self._gone = documents
        try:
            yield
        finally:
            self._gone, self._counts = frozenset(), ()

    def visibility(self, principal: Principal, filters: Filters | None = None) -> Visibility:
        """The asker's rule, less what has vanished."""
        rule = super().visibility(principal, filters)
        return replace(rule, superseded=rule.superseded | self._gone)

    def term_counts(self, visibility: Visibility, terms: Iterable[int]) -> TermCounts:
        """How common terms are among what is left."""
        counts = super().term_counts(visibility, terms)
        with_term = dict(counts.chunks_with_term)
        # What the asker may not read (a draft, say) was not counted either.
        counted = set(self._share(visibility).class_ids)
        vanished = [gone for class_id, gone in self._counts if class_id in counted]
        for gone in vanished:
            for term in with_term:
                with_term[term] -= gone.chunks_with_term.get(term, 0)
        return TermCounts(
            chunks=counts.chunks - sum(gone.chunks for gone in vanished),
            chunks_with_term={term: count for term, count in with_term.items() if count > 0},
        )
