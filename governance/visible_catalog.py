"""The catalog as one asker may read it: every look at a document goes through here.

What does not depend on the asker is cached until the catalog's generation moves, so that a
withdrawal takes effect with the next request and an ordinary request costs one tiny query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from foundation.clock import Clock
from foundation.errors import NotFoundError
from governance.catalog import Catalog, ChunkRow
from governance.document import DocumentVersion
from governance.principal import Principal
from governance.statistics import AccessClass, TermCounts
from governance.visibility import Filters, Visibility, visible_to

_LARGEST_CACHE = 50_000
_MOST_SHARES = 500
_MOST_TERMS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableChunk:
    """A chunk together with the version it belongs to, both readable for one asker."""

    chunk: ChunkRow
    version: DocumentVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replacement:
    """One document replaces another, from a day on, for those who can read the new one."""

    superseded_id: str
    by: DocumentVersion
    from_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """The part of the catalog that one rule lets in, and the term counts asked for so far."""

    class_ids: tuple[int, ...]
    chunks: int
    chunks_with_term: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Cache:
    generation: int
    classes: tuple[AccessClass, ...]
    replacements: tuple[_Replacement, ...]
    chunks: dict[str, ChunkRow] = field(default_factory=dict)
    versions: dict[tuple[str, int], DocumentVersion] = field(default_factory=dict)
    shares: dict[Visibility, _Share] = field(default_factory=dict)


class VisibleCatalog:
    """Reads the catalog under a `Visibility`, and makes the `Visibility` of an asker."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._cached: _Cache | None = None

    def visibility(self, principal: Principal, filters: Filters | None = None) -> Visibility:
        """The rule for this asker, with what is superseded for them on the asked day."""
        today = self._clock().date()
        # Whether a successor is readable must not depend on what the search is narrowed to.
        on_the_day = Filters(as_of=filters.as_of if filters else None)
        unfiltered = visible_to(principal, today=today, filters=on_the_day)
        superseded = {
            one.superseded_id
            for one in self._cache().replacements
            # Once replaced, always replaced: not even the end or the withdrawal of the new one
            # brings the old one back. The owner can, by taking the key away.
            if one.from_day <= unfiltered.day and unfiltered.addresses(one.by.access)
        }
        return visible_to(principal, today=today, filters=filters, superseded=superseded)

    def term_counts(self, visibility: Visibility, terms: Iterable[int]) -> TermCounts:
        """How common terms are among the chunks that may be read."""
        share = self._share(visibility)
        wanted = set(terms)
        missing = [term for term in wanted if term not in share.chunks_with_term]
        if missing:
            loaded = self._catalog.chunks_with_term(share.class_ids, missing)
            share.chunks_with_term.update({term: loaded.get(term, 0) for term in missing})
        return TermCounts(
            chunks=share.chunks,
            chunks_with_term={
                term: number for term in wanted if (number := share.chunks_with_term[term])
            },
        )

    def chunks(self, visibility: Visibility, ids: Sequence[str]) -> Mapping[str, ReadableChunk]:
        """Those of the chunks that exist and may be read, by id."""
        cache = self._cache()
        # Other threads fill and empty the cache meanwhile, so each entry is taken once.
        known = {one: row for one in ids if (row := cache.chunks.get(one)) is not None}
        missing = [one for one in ids if one not in known]
        if missing:
            loaded = self._catalog.chunks(missing)
            known.update(loaded)
            if len(cache.chunks) > _LARGEST_CACHE:
                cache.chunks.clear()
            cache.chunks.update(loaded)
        found = [known[one] for one in ids if one in known]
        unknown = {
            key for row in found if (key := (row.document_id, row.version)) not in cache.versions
        }
        if unknown:
            cache.versions.update(self._catalog.versions_of(unknown))
        readable = {}
        for row in found:
            version = cache.versions.get((row.document_id, row.version))
            if version and visibility.admits_document(row.document_id, version.access):
                readable[row.id] = ReadableChunk(chunk=row, version=version)
        return readable

    def chunk(self, visibility: Visibility, chunk_id: str) -> ReadableChunk:
        """One chunk; for who may not read it, it does not exist, and takes as long as if."""
        # Before the cache, which others fill: it would know a hidden one sooner than none at all.
        if self._catalog.class_of_chunk(chunk_id) in self._share(visibility).class_ids:
            found = self.chunks(visibility, [chunk_id]).get(chunk_id)
            if found is not None:
                return found
        raise NotFoundError(f"no passage {chunk_id}")

    def still_readable(self, principal: Principal, document_id: str, version: int) -> bool:
        """Whether a version that this asker was shown once may still be shown to them.

        That another version counts today takes nothing back: the asker can ask for the day on
        which this one did. A withdrawal and a narrower audience do.
        """
        key = (document_id, version)
        found = self._catalog.versions_of([key]).get(key)
        if found is None:
            return False
        today = self._clock().date()
        last_day = date.fromordinal(max(1, min(today.toordinal(), found.access.valid_to)))
        then = visible_to(principal, today=today, filters=Filters(as_of=last_day))
        return then.admits(found.access)

    def documents(self, visibility: Visibility) -> tuple[DocumentVersion, ...]:
        """The readable version of every document that has one, by URI."""
        found = self._catalog.versions_in(self._share(visibility).class_ids)
        return tuple(
            one for one in found if visibility.admits_document(one.document_id, one.access)
        )

    def document(self, visibility: Visibility, document_id: str) -> DocumentVersion:
        """The readable version of one document; otherwise it does not exist, and takes as long."""
        classes = self._catalog.classes_of(document_id)
        if not classes.isdisjoint(self._share(visibility).class_ids):
            for version in self._catalog.history(document_id):
                if visibility.admits_document(document_id, version.access):
                    return version
        raise NotFoundError(f"no document {document_id}")

    def text(self, version: DocumentVersion) -> str:
        """The stored text of a version that was found to be readable."""
        return self._catalog.text(version.document_id, version.version)

    def _share(self, visibility: Visibility) -> _Share:
        cache = self._cache()
        share = cache.shares.get(visibility)
        if share is None or len(share.chunks_with_term) > _MOST_TERMS:
            seen = [one for one in cache.classes if visibility.admits(one.access)]
            share = _Share(
                class_ids=tuple(one.id for one in seen), chunks=sum(one.chunks for one in seen)
            )
            if len(cache.shares) >= _MOST_SHARES:
                cache.shares = {}
            cache.shares[visibility] = share
        return share

    def _cache(self) -> _Cache:
        generation = self._catalog.generation()
        cached = self._cached
        if cached is None or cached.generation != generation:
            cached = _Cache(
                generation=generation,
                classes=self._catalog.access_classes(),
                replacements=self._replacements(),
            )
            self._cached = cached
        return cached

    def _replacements(self) -> tuple[_Replacement, ...]:
        stated = []
        for superseded_id, by_ids in self._catalog.supersessions().items():
            for by_id in by_ids:
                published = [one for one in self._catalog.history(by_id) if one.approved_at]
                # What the newest published version says counts; it began with the first to say so.
                if not published or superseded_id not in published[-1].supersedes_ids:
                    continue
                first = next(one for one in published if superseded_id in one.supersedes_ids)
                stated.append(
                    _Replacement(
                        superseded_id=superseded_id,
                        by=published[-1],
                        from_day=_first_day(first),
                    )
                )
        return _without_cycles(stated)


def _first_day(version: DocumentVersion) -> int:
    moment = version.approved_at or version.created_at
    return (version.metadata.effective_from or moment.date()).toordinal()


def _without_cycles(stated: Iterable[_Replacement]) -> tuple[_Replacement, ...]:
    """Of documents that supersede each other the one approved last stays; none may vanish."""
    kept: list[_Replacement] = []
    successors: dict[str, set[str]] = {}
    for one in sorted(
        stated, key=lambda each: (each.by.approved_at, each.by.document_id), reverse=True
    ):
        if _leads_to(successors, one.by.document_id, one.superseded_id):
            continue
        successors.setdefault(one.superseded_id, set()).add(one.by.document_id)
        kept.append(one)
    return tuple(kept)


def _leads_to(successors: Mapping[str, set[str]], start: str, goal: str) -> bool:
    waiting, seen = [start], set()
    while waiting:
        document = waiting.pop()
        if document == goal:
            return True
        if document not in seen:
            seen.add(document)
            waiting.extend(successors.get(document, ()))
    return False
