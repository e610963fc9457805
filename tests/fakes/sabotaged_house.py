"""A house in which one part was exchanged for a bad one, at the place where parts are joined."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from bench.worlds import BenchAssembly
from governance.principal import Principal
from governance.visibility import Filters, Visibility
from governance.visible_catalog import VisibleCatalog
from retrieval.index import DenseField, KnowledgeIndex, LegHit, LegQuery
from retrieval.retriever import Retriever


class OneLegged:
    """An index in which one leg finds something: there is nothing to fuse."""

    def __init__(self, whole: KnowledgeIndex, leg: DenseField) -> None:
        self._whole = whole
        self._leg = leg

    def __getattr__(self, name: str):
        return getattr(self._whole, name)

    def search(
        self, legs: Sequence[LegQuery], visibility: Visibility
    ) -> tuple[tuple[LegHit, ...], ...]:
        found = self._whole.search(legs, visibility)
        return tuple(
            hits if leg.field == self._leg else () for leg, hits in zip(legs, found, strict=True)
        )

    def score(
        self, field: DenseField, vector: Sequence[float], chunk_ids: Sequence[str]
    ) -> Mapping[str, float]:
        return self._whole.score(field, vector, chunk_ids)


class Unfiltered(VisibleCatalog):
    """A catalog whose rule lets everybody read what anybody may."""

    def visibility(self, principal: Principal, filters: Filters | None = None) -> Visibility:
        rule = super().visibility(principal, filters)
        return replace(rule, readers=frozenset(one for each in self._readers for one in each))

    @cached_property
    def _readers(self) -> list[frozenset[str]]:
        return [one.access.readers | one.access.document_readers for one in self._catalog.newest()]


class Unsuperseding(VisibleCatalog):
    """A catalog that forgot which documents replace which."""

    def visibility(self, principal: Principal, filters: Filters | None = None) -> Visibility:
        return replace(super().visibility(principal, filters), superseded=frozenset())


class SabotagedHouse(BenchAssembly):
    """A whole house but for the parts that search is given. Closing it is its model's business."""

    def __init__(
        self,
        whole: BenchAssembly,
        *,
        index: KnowledgeIndex | None = None,
        catalog: type[VisibleCatalog] | None = None,
    ) -> None:
        super().__init__(whole.settings.data_dir)
        self._whole = whole
        self._bad_index = index
        self._bad_catalog = catalog

    @cached_property
    def database(self):
        return self._whole.database

    @cached_property
    def catalog(self):
        return self._whole.catalog

    @cached_property
    def redactor(self):
        return self._whole.redactor

    @cached_property
    def question_embedder(self):
        return self._whole.question_embedder

    @cached_property
    def retriever(self) -> Retriever:
        bad = self._bad_catalog
        return Retriever(
            visible_catalog=bad(self.catalog, self.clock) if bad else self._whole.visible_catalog,
            index=self._bad_index or self._whole.index,
            embedder=self.question_embedder,
            sync=self._whole.index_sync,
        )
