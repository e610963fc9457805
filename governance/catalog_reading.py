"""What can be read from the catalog: documents, versions, texts, chunks, counts."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from foundation.clock import Clock
from foundation.database import Database, read_number
from foundation.errors import NotFoundError
from governance import statistics, validity
from governance.approval_steps import ApprovalStep, steps_of
from governance.document import ApprovalState, DocumentMetadata, DocumentVersion, document_id
from governance.entries import ChunkRow, IndexChange, KnownDocument, PlannedVersion
from governance.rows import chunk_of, history_of, is_of, next_number, version_of
from governance.statistics import TermCounts
from governance.tables import chunks, documents, index_changes, supersessions, texts, versions
from governance.visibility import Access, Visibility

GENERATION = "generation"
"""The number in the database that grows with every change of the catalog."""

# Databases limit how many values one statement may carry.
_BATCH = 500

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


class CatalogReader:
    """The catalog for whoever only reads it. Whose eyes read is decided in `visible_catalog`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

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
                documents.c.uploaded,
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
                    uploaded=row.uploaded,
                    published=approval is ApprovalState.APPROVED
                    or (before is not None and before.published),
                )
        return found

    def history(self, document: str) -> tuple[DocumentVersion, ...]:
        """All versions of a document, oldest first; empty where there is no such document."""
        with self._database.read() as connection:
            return history_of(connection, document)

    def own_history(self, tenant: str, document: str) -> tuple[DocumentVersion, ...]:
        """The same for a tenant's own document; another's takes no longer than none at all."""
        with self._database.read() as connection:
            if not is_of(connection, tenant, document):
                return ()
            return history_of(connection, document)

    def versions_in(self, class_ids: Sequence[int]) -> tuple[DocumentVersion, ...]:
        """The versions in some access classes, by URI, oldest first.

        What is in no such class is not even read: how long this takes tells nothing of it.
        """
        query = select(versions, documents.c.tenant, documents.c.uri).join(
            documents, documents.c.id == versions.c.document_id
        )
        found: list[DocumentVersion] = []
        with self._database.read() as connection:
            for start in range(0, len(class_ids), _BATCH):
                some = class_ids[start : start + _BATCH]
                rows = connection.execute(query.where(versions.c.class_id.in_(some)))
                found.extend(version_of(row) for row in rows)
        return tuple(sorted(found, key=lambda one: (one.uri, one.tenant, one.version)))

    def classes_of(self, document: str) -> frozenset[int]:
        """The access classes of a document's versions; empty where there is no such document."""
        query = select(versions.c.class_id).where(versions.c.document_id == document)
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def class_of_chunk(self, chunk_id: str) -> int | None:
        """The access class of the version that a chunk belongs to; None without such a chunk."""
        query = (
            select(versions.c.class_id)
            .join(
                chunks,
                (versions.c.document_id == chunks.c.document_id)
                & (versions.c.version == chunks.c.version),
            )
            .where(chunks.c.id == chunk_id)
        )
        with self._database.read() as connection:
            found: int | None = connection.execute(query).scalar()
        return found

    def approval_steps(self, document: str) -> tuple[ApprovalStep, ...]:
        """How the versions of a document came where they stand, in the order of the steps."""
        with self._database.read() as connection:
            return steps_of(connection, document)

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
            return {row.id: chunk_of(row) for row in rows}

    def chunks_of(self, document: str, number: int) -> tuple[ChunkRow, ...]:
        """All chunks of one version in reading order."""
        query = (
            select(chunks)
            .where(chunks.c.document_id == document, chunks.c.version == number)
            .order_by(chunks.c.ordinal)
        )
        with self._database.read() as connection:
            return tuple(chunk_of(row) for row in connection.execute(query))

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
        with self._database.read() as connection:
            history = history_of(connection, identity)
            number = next_number(connection, identity)
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
