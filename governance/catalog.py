"""The catalog: the source of truth about documents, their versions, texts and chunks.

Every change happens in one transaction together with the term counts it moves and a line in
`index_changes` that tells the index what to catch up on; so that a crash at any point leaves the
catalog whole and the index repairable. Readers are shown what the catalog says, never what the
index remembers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from foundation.clock import Clock
from foundation.database import Database, increment, read_number
from foundation.errors import ConflictError, NotFoundError
from governance import statistics, validity
from governance.document import (
    ApprovalState,
    DocumentMetadata,
    DocumentVersion,
    document_id,
)
from governance.rows import version_of, version_values
from governance.statistics import TermCounts
from governance.tables import (
    chunks,
    documents,
    index_changes,
    supersessions,
    texts,
    versions,
)
from governance.visibility import Access, Visibility

# Databases limit how many values one statement may carry.
_BATCH = 500

GENERATION = "generation"
ANNOUNCED = "announced"
CHANGED_ACCESS = "access"
DELETED = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    """A chunk as the catalog keeps it; the retrieval floor makes its own noun of it."""

    id: str
    document_id: str
    version: int
    ordinal: int
    header: str
    text: str
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """Everything ingest knows about a version that is about to become the newest one."""

    tenant: str
    uri: str
    fingerprint: str
    blob_key: str
    metadata: DocumentMetadata
    access: Access
    text: str
    elements: bytes
    chunks: tuple[ChunkRow, ...]
    terms: TermCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVersion:
    """What a version will be once it is recorded: the index needs to know before."""

    document_id: str
    version: int
    access: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDocument:
    """What ingest needs to know about a document to tell changed from unchanged.

    `approval` is that of the newest version; `published` says whether any version is approved.
    """

    document_id: str
    uri: str
    version: int
    fingerprint: str
    approval: ApprovalState
    withdrawn_by_person: bool
    vanished: bool
    published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexChange:
    """Something the index must catch up on. No version means all of the document's.

    `announced`: points were about to be written; without a catalog entry they are left-overs.
    """

    id: int
    document_id: str
    version: int | None
    action: str


_GONE = frozenset({ApprovalState.WITHDRAWN, ApprovalState.EXPIRED})
_NOBODY = Access(
    tenant="",
    audience=frozenset(),
    document_audience=frozenset(),
    approved=False,
    valid_from=0,
    valid_to=0,
    doc_type="",
    product="",
    releases=frozenset(),
)


class Catalog:
    """Documents, versions, texts and chunks in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # -- reading -------------------------------------------------------------------------------

    def generation(self) -> int:
        """A number that grows with every change, so that caches know when they are stale."""
        with self._database.read() as connection:
            return read_number(connection, GENERATION)

    def known(self, tenant: str) -> Mapping[str, KnownDocument]:
        """The newest version of each of a tenant's documents, by URI."""
        query = (
            select(
                documents.c.uri,
                documents.c.withdrawn_by_person,
                documents.c.vanished,
                versions.c.document_id,
                versions.c.version,
                versions.c.fingerprint,
                versions.c.approval,
            )
            .join(versions, documents.c.id == versions.c.document_id)
            .where(documents.c.tenant == tenant)
            .order_by(versions.c.document_id, versions.c.version)
        )
        found: dict[str, KnownDocument] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                approval = ApprovalState(row.approval)
                before = found.get(row.uri)
                found[row.uri] = KnownDocument(
                    document_id=row.document_id,
                    uri=row.uri,
                    version=row.version,
                    fingerprint=row.fingerprint,
                    approval=approval,
                    withdrawn_by_person=row.withdrawn_by_person,
                    vanished=row.vanished,
                    published=approval is ApprovalState.APPROVED
                    or (before is not None and before.published),
                )
        return found

    def history(self, document: str) -> tuple[DocumentVersion, ...]:
        """All versions of a document, oldest first; empty where there is no such document."""
        with self._database.read() as connection:
            return _history(connection, document)

    def version(self, document: str, number: int) -> DocumentVersion:
        """One version of a document."""
        for version in self.history(document):
            if version.version == number:
                return version
        raise NotFoundError(f"no version {number} of document {document}")

    def newest(self, tenant: str | None = None) -> tuple[DocumentVersion, ...]:
        """The newest version of every document (of one tenant), by URI."""
        query = select(versions, documents.c.tenant, documents.c.uri).join(
            documents, documents.c.id == versions.c.document_id
        )
        if tenant is not None:
            query = query.where(documents.c.tenant == tenant)
        with self._database.read() as connection:
            found: dict[str, DocumentVersion] = {}
            for row in connection.execute(query.order_by(documents.c.uri, versions.c.version)):
                found[row.document_id] = version_of(row)
        return tuple(found.values())

    def versions_of(
        self, keys: Iterable[tuple[str, int]]
    ) -> Mapping[tuple[str, int], DocumentVersion]:
        """Several versions at once, by (document id, version); unknown ones are left out."""
        wanted = set(keys)
        if not wanted:
            return {}
        query = (
            select(versions, documents.c.tenant, documents.c.uri)
            .join(documents, documents.c.id == versions.c.document_id)
            .where(versions.c.document_id.in_({document for document, _ in wanted}))
        )
        with self._database.read() as connection:
            rows = connection.execute(query)
            return {
                (row.document_id, row.version): version_of(row)
                for row in rows
                if (row.document_id, row.version) in wanted
            }

    def chunks(self, ids: Sequence[str]) -> Mapping[str, ChunkRow]:
        """Chunks by id; what does not exist (any more) is left out."""
        if not ids:
            return {}
        with self._database.read() as connection:
            rows = connection.execute(select(chunks).where(chunks.c.id.in_(ids)))
            return {row.id: _chunk_of(row) for row in rows}

    def chunks_of(self, document: str, number: int) -> tuple[ChunkRow, ...]:
        """All chunks of one version in reading order."""
        query = (
            select(chunks)
            .where(chunks.c.document_id == document, chunks.c.version == number)
            .order_by(chunks.c.ordinal)
        )
        with self._database.read() as connection:
            return tuple(_chunk_of(row) for row in connection.execute(query))

    def text(self, document: str, number: int) -> str:
        """The stored text of one version: what every quote is a substring of."""
        with self._database.read() as connection:
            found = connection.execute(
                select(texts.c.text).where(
                    texts.c.document_id == document, texts.c.version == number
                )
            ).scalar()
        if found is None:
            raise NotFoundError(f"no text of document {document}, version {number}")
        return str(found)

    def elements(self, document: str, number: int) -> bytes:
        """The elements of one version as ingest wrote them."""
        with self._database.read() as connection:
            found = connection.execute(
                select(texts.c.elements).where(
                    texts.c.document_id == document, texts.c.version == number
                )
            ).scalar()
        if found is None:
            raise NotFoundError(f"no elements of document {document}, version {number}")
        return bytes(found)

    def supersessions(self) -> Mapping[str, frozenset[str]]:
        """For each superseded document id, the ids of the documents that say so."""
        with self._database.read() as connection:
            found: dict[str, frozenset[str]] = {}
            for row in connection.execute(select(supersessions)):
                found[row.superseded_id] = found.get(row.superseded_id, frozenset()) | {row.by_id}
        return found

    def access_classes(self) -> tuple[statistics.AccessClass, ...]:
        """Every distinct combination of access facts that has chunks."""
        with self._database.read() as connection:
            return statistics.load_classes(connection)

    def term_counts(
        self,
        classes: Iterable[statistics.AccessClass],
        visibility: Visibility,
        terms: Iterable[int],
    ) -> TermCounts:
        """Counts over the chunks a reader may see, from `access_classes` (which may be cached)."""
        seen = [one for one in classes if visibility.admits(one.access)]
        return TermCounts(
            chunks=sum(one.chunks for one in seen),
            chunks_with_term=self.chunks_with_term([one.id for one in seen], terms),
        )

    def chunks_with_term(self, class_ids: Sequence[int], terms: Iterable[int]) -> Mapping[int, int]:
        """How many chunks of these access classes contain each term; absent terms are left out."""
        with self._database.read() as connection:
            return statistics.sum_terms(connection, class_ids, terms)

    def index_changes(self) -> tuple[IndexChange, ...]:
        """What the index has yet to catch up on, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(index_changes).order_by(index_changes.c.id))
            return tuple(
                IndexChange(
                    id=row.id, document_id=row.document_id, version=row.version, action=row.action
                )
                for row in rows
            )

    def planned(self, tenant: str, uri: str, metadata: DocumentMetadata) -> PlannedVersion:
        """The number and access that `record` would give this document now."""
        now = self._clock()
        identity = document_id(tenant, uri)
        history = self.history(identity)
        number = history[-1].version + 1 if history else 1
        candidate = DocumentVersion(
            document_id=identity,
            tenant=tenant,
            uri=uri,
            version=number,
            fingerprint="",
            blob_key="",
            metadata=metadata,
            access=_NOBODY,
            approved_at=now if metadata.approval is ApprovalState.APPROVED else None,
            created_at=now,
            chunk_count=0,
        )
        access = validity.effective_access((*history, candidate))[-1]
        return PlannedVersion(document_id=identity, version=number, access=access)

    # -- writing -------------------------------------------------------------------------------

    def announce(self, planned: Sequence[PlannedVersion]) -> None:
        """Say which points are about to be written, so that a crash leaves no unknown ones."""
        with self._database.write() as connection:
            connection.execute(
                insert(index_changes),
                [
                    {
                        "document_id": one.document_id,
                        "version": one.version,
                        "action": ANNOUNCED,
                    }
                    for one in planned
                ],
            )

    def record(self, batch: Sequence[NewVersion]) -> tuple[DocumentVersion, ...]:
        """Add versions whose points the index already holds; readers switch over at commit."""
        with self._database.write() as connection:
            recorded = tuple(self._record(connection, new) for new in batch)
            increment(connection, GENERATION)
        return recorded

    def set_approval(  # noqa: PLR0913 - one decision has this many facts
        self,
        document: str,
        number: int,
        *,
        state: ApprovalState,
        by: str,
        note: str = "",
        coming_from: frozenset[ApprovalState] = frozenset(ApprovalState),
    ) -> DocumentVersion:
        """Move a version to another state, as a person decided.

        Withdrawing takes every version with it. Raises `ConflictError` where the version is not
        in one of the states `coming_from` any more at the moment of writing. Who may do it is
        decided above (`governance.approval`).
        """
        now = self._clock()
        values: dict[str, object] = {"approval": state.value, "note": note}
        owner_flags: dict[str, object] = {}
        if state is ApprovalState.APPROVED:
            values |= {"approved_by": by, "approved_at": now}
            owner_flags = {"withdrawn_by_person": False, "vanished": False}
        elif state is ApprovalState.WITHDRAWN:
            owner_flags = {"withdrawn_by_person": True, "vanished": False}
        target = versions.c.document_id == document
        if state is not ApprovalState.WITHDRAWN:
            target &= versions.c.version == number
            target &= versions.c.approval.in_([one.value for one in coming_from])
        with self._database.write() as connection:
            changed = connection.execute(update(versions).where(target).values(**values))
            if not changed.rowcount:
                raise ConflictError("somebody else changed its state meanwhile; look at it again")
            if owner_flags:
                connection.execute(
                    update(documents).where(documents.c.id == document).values(**owner_flags)
                )
            self._settle(connection, document)
            increment(connection, GENERATION)
            settled = _history(connection, document)
        for version in settled:
            if version.version == number:
                return version
        raise NotFoundError(f"no version {number} of document {document}")

    def withdraw_vanished(self, document: str) -> None:
        """Withdraw a document whose file is gone; it comes back when the file does.

        What a person withdrew before stays withdrawn by that person.
        """
        with self._database.write() as connection:
            connection.execute(
                update(versions)
                .where(versions.c.document_id == document)
                .values(approval=ApprovalState.WITHDRAWN.value, note="its file has vanished")
            )
            connection.execute(
                update(documents).where(documents.c.id == document).values(vanished=True)
            )
            self._settle(connection, document)
            increment(connection, GENERATION)

    def erase(self, document: str) -> None:
        """Remove a document, its texts, chunks and counts; the index follows."""
        with self._database.write() as connection:
            for version in _history(connection, document):
                self._uncount(connection, version)
            connection.execute(delete(chunks).where(chunks.c.document_id == document))
            connection.execute(delete(texts).where(texts.c.document_id == document))
            connection.execute(delete(versions).where(versions.c.document_id == document))
            connection.execute(
                delete(supersessions).where(
                    (supersessions.c.by_id == document)
                    | (supersessions.c.superseded_id == document)
                )
            )
            connection.execute(delete(documents).where(documents.c.id == document))
            connection.execute(
                insert(index_changes).values(document_id=document, version=None, action=DELETED)
            )
            increment(connection, GENERATION)

    def replace_chunks(
        self, document: str, number: int, rows: Sequence[ChunkRow], counts: TermCounts
    ) -> None:
        """Swap one version's chunks for others over the same text, when the embedder changed."""
        with self._database.write() as connection:
            found = [one for one in _history(connection, document) if one.version == number]
            if not found:
                raise NotFoundError(f"no version {number} of document {document}")
            self._uncount(connection, found[0])
            connection.execute(
                delete(chunks).where(chunks.c.document_id == document, chunks.c.version == number)
            )
            _insert_chunks(connection, rows)
            connection.execute(
                update(texts)
                .where(texts.c.document_id == document, texts.c.version == number)
                .values(terms=statistics.pack(counts))
            )
            class_id = statistics.class_for(connection, found[0].access)
            statistics.count(connection, class_id, counts, 1)
            connection.execute(
                update(versions)
                .where(versions.c.document_id == document, versions.c.version == number)
                .values(class_id=class_id, chunk_count=len(rows))
            )
            increment(connection, GENERATION)

    def blob_in_use(self, key: str) -> bool:
        """Whether any version still rests on this original file."""
        with self._database.read() as connection:
            query = select(versions.c.document_id).where(versions.c.blob_key == key).limit(1)
            return connection.execute(query).first() is not None

    def index_caught_up(self, done: Sequence[IndexChange]) -> None:
        """Forget index changes that the index has taken in."""
        with self._database.write() as connection:
            ids = [change.id for change in done]
            for start in range(0, len(ids), _BATCH):
                batch = ids[start : start + _BATCH]
                connection.execute(delete(index_changes).where(index_changes.c.id.in_(batch)))

    # -- inside a transaction ------------------------------------------------------------------

    def _record(self, connection: Connection, new: NewVersion) -> DocumentVersion:
        now = self._clock()
        identity = document_id(new.tenant, new.uri)
        before = _history(connection, identity)
        number = before[-1].version + 1 if before else 1
        if not before:
            connection.execute(
                insert(documents).values(
                    id=identity,
                    tenant=new.tenant,
                    uri=new.uri,
                    withdrawn_by_person=False,
                    vanished=False,
                    created_at=now,
                )
            )
        if any(chunk.version != number for chunk in new.chunks):
            raise ConflictError(f"{new.uri} was changed by somebody else meanwhile; ingest again")
        metadata = self._stated(connection, identity, new.metadata)
        if metadata.approval in _GONE:
            # The owner's word on the document, not on this text alone: older ones go as well.
            connection.execute(
                update(versions)
                .where(versions.c.document_id == identity)
                .values(approval=metadata.approval.value)
            )
        approved = metadata.approval is ApprovalState.APPROVED
        connection.execute(
            update(documents).where(documents.c.id == identity).values(vanished=False)
        )
        connection.execute(
            insert(versions).values(
                **version_values(metadata),
                document_id=identity,
                version=number,
                fingerprint=new.fingerprint,
                blob_key=new.blob_key,
                approved_at=now if approved else None,
                created_at=now,
                chunk_count=len(new.chunks),
                note="",
                document_audience=sorted(metadata.audience),
                valid_from=0,
                valid_to=0,
                class_id=None,
            )
        )
        connection.execute(
            insert(texts).values(
                document_id=identity,
                version=number,
                text=new.text,
                elements=new.elements,
                terms=statistics.pack(new.terms),
            )
        )
        _insert_chunks(connection, new.chunks)
        for uri in metadata.supersedes:
            superseded = document_id(new.tenant, uri)
            if superseded == identity:
                continue
            known = connection.execute(
                select(supersessions.c.by_id).where(
                    supersessions.c.superseded_id == superseded, supersessions.c.by_id == identity
                )
            ).first()
            if known is None:
                connection.execute(
                    insert(supersessions).values(superseded_id=superseded, by_id=identity)
                )
        connection.execute(
            delete(index_changes).where(
                index_changes.c.document_id == identity,
                index_changes.c.version == number,
                index_changes.c.action == ANNOUNCED,
            )
        )
        self._settle(connection, identity, {number: new.access})
        return _history(connection, identity)[-1]

    @staticmethod
    def _stated(
        connection: Connection, identity: str, metadata: DocumentMetadata
    ) -> DocumentMetadata:
        """The metadata, less an approval that only a person may give again.

        Looked up under the write lock: a withdrawal during an ingest must not be undone by it.
        """
        withdrawn = connection.execute(
            select(documents.c.withdrawn_by_person).where(documents.c.id == identity)
        ).scalar()
        if withdrawn and metadata.approval is ApprovalState.APPROVED:
            return replace(metadata, approval=ApprovalState.DRAFT)
        return metadata

    def _settle(
        self,
        connection: Connection,
        document: str,
        indexed: Mapping[int, Access] = MappingProxyType({}),
    ) -> None:
        """Derive windows and classes again, and move the counts of versions that changed class."""
        history = _history(connection, document)
        for version, access in zip(history, validity.effective_access(history), strict=True):
            row = connection.execute(
                select(versions.c.class_id).where(
                    versions.c.document_id == document, versions.c.version == version.version
                )
            ).one()
            class_id = statistics.class_for(connection, access)
            if row.class_id == class_id:
                continue
            counts = _counts(connection, document, version.version)
            if row.class_id is not None:
                statistics.count(connection, row.class_id, counts, -1)
            statistics.count(connection, class_id, counts, 1)
            connection.execute(
                update(versions)
                .where(versions.c.document_id == document, versions.c.version == version.version)
                .values(
                    class_id=class_id,
                    document_audience=sorted(access.document_audience),
                    valid_from=access.valid_from,
                    valid_to=access.valid_to,
                )
            )
            if indexed.get(version.version) != access:
                connection.execute(
                    insert(index_changes).values(
                        document_id=document, version=version.version, action=CHANGED_ACCESS
                    )
                )

    def _uncount(self, connection: Connection, version: DocumentVersion) -> None:
        key = (versions.c.document_id == version.document_id) & (
            versions.c.version == version.version
        )
        class_id = connection.execute(select(versions.c.class_id).where(key)).scalar()
        if class_id is not None:
            counts = _counts(connection, version.document_id, version.version)
            statistics.count(connection, class_id, counts, -1)


def _history(connection: Connection, document: str) -> tuple[DocumentVersion, ...]:
    rows = connection.execute(
        select(versions, documents.c.tenant, documents.c.uri)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(versions.c.document_id == document)
        .order_by(versions.c.version)
    )
    return tuple(version_of(row) for row in rows)


def _counts(connection: Connection, document: str, number: int) -> TermCounts:
    packed = connection.execute(
        select(texts.c.terms).where(texts.c.document_id == document, texts.c.version == number)
    ).scalar_one()
    return statistics.unpack(packed)


def _insert_chunks(connection: Connection, rows: Sequence[ChunkRow]) -> None:
    if rows:
        connection.execute(
            insert(chunks),
            [
                {
                    "id": row.id,
                    "document_id": row.document_id,
                    "version": row.version,
                    "ordinal": row.ordinal,
                    "header": row.header,
                    "text": row.text,
                    "heading_path": list(row.heading_path),
                    "page": row.page,
                    "start": row.start,
                    "end": row.end,
                }
                for row in rows
            ],
        )


def _chunk_of(row: Row[Any]) -> ChunkRow:
    return ChunkRow(
        id=row.id,
        document_id=row.document_id,
        version=row.version,
        ordinal=row.ordinal,
        header=row.header,
        text=row.text,
        heading_path=tuple(row.heading_path),
        page=row.page,
        start=row.start,
        end=row.end,
    )
