"""The way in: what changed is parsed, chunked, embedded, indexed and recorded, batch by batch.

Nothing is visible before its whole batch is recorded, and a batch is recorded in one
transaction after its points are in the index; so a crash at any point leaves each document
either as it was or as it will be, and the same command again finishes the work.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum

from foundation.blobs import BlobStore
from foundation.errors import ConflictError, StorageError
from governance.author import Author
from governance.catalog import Catalog, ChunkRow, KnownDocument, NewVersion, PlannedVersion
from governance.document import ApprovalState, DocumentMetadata
from ingest.chunking import chunk_document
from ingest.element import ParsedDocument
from ingest.errors import EmptyFileError, IngestError, TooLargeError
from ingest.isolation import ParserPool, ParseTask
from ingest.source import Source, SourceFailure, SourceItem, SourceKind, read_derived
from ingest.stored_elements import pack_elements
from ingest.ticket_redaction import TicketRedaction
from ingest.title import title_of
from retrieval.chunk import Chunk
from retrieval.embedding import Embedder
from retrieval.index import IndexPoint, KnowledgeIndex
from retrieval.instructions import instructions_in
from retrieval.keywords import SparseVector
from retrieval.points import index_points, keyword_vectors, term_counts
from retrieval.sync import IndexSync

PIPELINE_VERSION = 2
"""Goes up when the same file would be stored or chunked differently: then it is read again."""

_BATCH_CHUNKS = 512
_PRUNE_LIMIT = 1 / 3
_COMMAND_SHOWN = 80


class Prune(StrEnum):
    """What happens to documents whose file has vanished."""

    NO = "no"
    CAREFUL = "careful"
    ALL = "all"


class PruneRefusedError(ConflictError):
    """More of the corpus has vanished than is likely meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A file that could not be ingested, and why, in one line."""

    path: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an ingest is, in documents; `chunks` were written so far."""

    done: int
    total: int
    chunks: int


@dataclass(slots=True, kw_only=True)
class IngestReport:
    """What an ingest did. `skipped` were not documents; `warnings` are lines for the owner."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: list[Failure] = field(default_factory=list)
    chunks: int = 0
    seconds: float = 0.0
    skipped: int = 0
    drafts: int = 0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRun:
    """How one ingest is to run. `author` is whose deed it is; None: the console's.

    `longest_text` is how many characters a document may hold; None: as many as its format gives.
    """

    prune: Prune = Prune.NO
    dry_run: bool = False
    workers: int = 2
    author: Author | None = None
    longest_text: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A document on its way through a batch."""

    item: SourceItem
    known: KnownDocument | None
    metadata: DocumentMetadata
    document: ParsedDocument
    data: bytes
    planned: PlannedVersion
    chunks: tuple[Chunk, ...]
    keywords: tuple[SparseVector, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What there is to do, found by comparing fingerprints."""

    changed: tuple[tuple[SourceItem, KnownDocument | None], ...]
    vanished: tuple[KnownDocument, ...]
    tickets: TicketRedaction


class Pipeline:
    """Carries documents from their sources into catalog and index.

    `tickets` says at the start of an ingest what is taken out of rows. `sole_writer`: no other
    process writes to the same index. `afterwards` is done once all of it is recorded.
    """

    def __init__(  # noqa: PLR0913 - one keyword a part
        self,
        *,
        catalog: Catalog,
        index: KnowledgeIndex,
        embedder: Embedder,
        blobs: BlobStore,
        tickets: Callable[[], TicketRedaction],
        sole_writer: bool = True,
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._embedder = embedder
        self._blobs = blobs
        self._tickets = tickets
        self._sole_writer = sole_writer
        self._afterwards = afterwards
        self._sync = IndexSync(catalog, index)

    def run(
        self,
        corpus: Source,
        how: IngestRun,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IngestReport:
        """Ingest what changed. Files that fail are reported; the rest goes on.

        Raises `PruneRefusedError`, before anything is written, where too much has vanished.
        """
        started = time.monotonic()
        report = IngestReport(skipped=len(corpus.skipped), warnings=list(corpus.warnings))
        report.skipped += sum(corpus.unsupported.values())
        work = self._compare(corpus, how, report)
        if how.dry_run:
            report.added = sum(known is None for _, known in work.changed)
            report.updated = len(work.changed) - report.added
            report.removed = len(work.vanished)
        else:
            if self._sole_writer:
                self._sync.repair()
            else:
                self._sync.repair_abandoned()
            self._carry_out(work, how, report, on_progress)
            self._sync.catch_up()
            try:
                self._index.optimize()
                self._afterwards()
            except StorageError as error:
                # All is recorded and can be found; it is only slower.
                report.warnings.append(str(error))
        report.seconds = time.monotonic() - started
        return report

    def _compare(self, corpus: Source, how: IngestRun, report: IngestReport) -> _Work:
        known = {tenant: self._catalog.known(tenant) for tenant in corpus.tenants}
        tickets = self._tickets()
        changed: list[tuple[SourceItem, KnownDocument | None]] = []
        seen: set[tuple[str, str]] = set()
        other_rules = 0
        failures: list[SourceFailure] = []
        for found in corpus:
            if isinstance(found, SourceFailure):
                failures.append(found)
                report.failed.append(Failure(path=found.uri, error=found.error))
                continue
            seen.add((found.tenant, found.uri))
            before = known[found.tenant].get(found.uri)
            item = tickets.marked(found)
            if before is not None and _is_unchanged(item, before):
                report.unchanged += 1
            else:
                changed.append((item, before))
                other_rules += (
                    before is not None
                    and item.kind is SourceKind.ROW
                    and tickets.was_kept_by_others(before.fingerprint)
                )
        if other_rules:
            report.warnings.append(
                f"{other_rules} tickets are read again, because what is taken out of them has "
                "changed; their earlier versions, and answers that quote them, keep what they "
                "held: if that must go, delete these documents and ingest again"
            )
        vanished: list[KnownDocument] = []
        if how.prune is not Prune.NO:
            for tenant, documents in known.items():
                # No folder lacks what never came with one.
                live = [one for one in documents.values() if _is_live(one) and not one.uploaded]
                gone = [
                    document
                    for document in live
                    if (tenant, document.uri) not in seen
                    # A file that cannot be read now has not vanished.
                    and not any(failure.concerns(document.uri) for failure in failures)
                ]
                if how.prune is Prune.CAREFUL and len(gone) > len(live) * _PRUNE_LIMIT:
                    raise PruneRefusedError(
                        f"{len(gone)} of {len(live)} documents of {tenant} have vanished, more "
                        "than a third: check that the folder is complete; if they are to be "
                        "withdrawn, use --prune=all"
                    )
                vanished.extend(gone)
        return _Work(changed=tuple(changed), vanished=tuple(vanished), tickets=tickets)

    def _carry_out(
        self,
        work: _Work,
        how: IngestRun,
        report: IngestReport,
        on_progress: Callable[[Progress], None],
    ) -> None:
        total = len(work.changed)
        batch: list[_Prepared] = []
        done = 0
        # The model computes outside the interpreter, so the next batch is made ready meanwhile.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ingest-writer") as writer:
            writing: Future[None] = writer.submit(self._write, (), how, report)
            for item, known, outcome in self._parsed(work, how.workers):
                done += 1
                try:
                    if isinstance(outcome, IngestError):
                        raise outcome
                    _check_length(outcome, how)
                    batch.append(self._prepare(item, known, outcome))
                    report.warnings += _commands_in(item.uri, outcome)
                except IngestError as error:
                    report.failed.append(Failure(path=item.uri, error=str(error)))
                if sum(len(one.chunks) for one in batch) >= _BATCH_CHUNKS:
                    writing.result()
                    writing = writer.submit(self._write, tuple(batch), how, report)
                    batch = []
                on_progress(Progress(done=done, total=total, chunks=report.chunks))
            writing.result()
        self._write(batch, how, report)
        on_progress(Progress(done=done, total=total, chunks=report.chunks))
        for document in work.vanished:
            self._catalog.withdraw_vanished(document.document_id)
            report.removed += 1

    def _parsed(
        self, work: _Work, workers: int
    ) -> Iterator[tuple[SourceItem, KnownDocument | None, ParsedDocument | IngestError]]:
        """Parse files in worker processes and read rows here, each as it comes.

        A row goes on without what policy takes out; nothing later sees more of it.
        """
        derived: deque[tuple[SourceItem, KnownDocument | None]] = deque()

        def tasks() -> Iterator[ParseTask]:
            for number, (item, known) in enumerate(work.changed):
                if item.kind is SourceKind.FILE and not isinstance(item.content, bytes):
                    yield ParseTask(
                        key=str(number), path=item.content, uri=item.uri, corpus_root=item.root
                    )
                else:
                    derived.append((item, known))

        with ParserPool(workers=workers) as pool:
            for result in pool.parse_all(tasks()):
                yield (*work.changed[int(result.task.key)], result.outcome)
                while derived:
                    yield _read_derived(*derived.popleft(), work.tickets)
        while derived:
            yield _read_derived(*derived.popleft(), work.tickets)

    def _prepare(
        self, item: SourceItem, known: KnownDocument | None, document: ParsedDocument
    ) -> _Prepared:
        data = item.read()
        metadata = item.described(data)
        if not metadata.title:
            metadata = replace(metadata, title=title_of(document, item.uri))
        if metadata.approval is ApprovalState.APPROVED:
            if known is not None and known.withdrawn_by_person:
                # Only a person may bring back what a person withdrew.
                metadata = replace(metadata, approval=ApprovalState.DRAFT)
            elif not metadata.approved_by:
                approver = "corpus.yaml" if item.managed else "command line"
                metadata = replace(metadata, approved_by=approver)
        planned = self._catalog.planned(item.tenant, item.uri, metadata)
        chunks = chunk_document(
            document,
            title=metadata.title,
            document_id=planned.document_id,
            version=planned.version,
            count_tokens=self._embedder.count_tokens,
            max_tokens=self._embedder.max_tokens,
        )
        if not chunks:
            raise EmptyFileError("holds no text; leave it out, or check what it was saved as")
        return _Prepared(
            item=item,
            known=known,
            metadata=metadata,
            document=document,
            data=data,
            planned=planned,
            chunks=chunks,
            keywords=keyword_vectors(chunks, metadata.title),
        )

    def _write(self, batch: Sequence[_Prepared], how: IngestRun, report: IngestReport) -> None:
        if not batch:
            return
        vectors = self._embedder.embed_documents(
            [chunk.indexed_text for one in batch for chunk in one.chunks]
        )
        self._catalog.announce([one.planned for one in batch])
        points: list[IndexPoint] = []
        at = 0
        for one in batch:
            rows = vectors[at : at + len(one.chunks)]
            at += len(one.chunks)
            points.extend(index_points(one.chunks, one.keywords, rows, one.planned.access))
        self._index.upsert(points)
        recorded = self._catalog.record(
            [
                NewVersion(
                    tenant=one.item.tenant,
                    uri=one.item.uri,
                    fingerprint=_fingerprint(one.item),
                    blob_key=self._blobs.put(one.data),
                    metadata=one.metadata,
                    access=one.planned.access,
                    text=one.document.text,
                    elements=pack_elements(one.document),
                    chunks=tuple(chunk_row(chunk) for chunk in one.chunks),
                    terms=term_counts(one.keywords),
                )
                for one in batch
            ],
            how.author,
        )
        for one, version in zip(batch, recorded, strict=True):
            if not self._blobs.holds(version.blob_key):
                # The last document with these bytes was deleted just before this one had them.
                self._blobs.put(one.data)
            report.added += one.known is None
            report.updated += one.known is not None
            report.chunks += len(one.chunks)
            report.drafts += version.metadata.approval is not ApprovalState.APPROVED


def _commands_in(uri: str, document: ParsedDocument) -> list[str]:
    """What the owner is told of a document that commands whoever answers from it."""
    found = instructions_in(document.text)
    if not found:
        return []
    words = " ".join(document.text[found[0].start : found[0].end].split())
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    told = f"{uri}: commands whoever answers from it ({words[:_COMMAND_SHOWN]!r}{more}); that is "
    return [f"{told}quoted with a flag and not searched; take it out, or see who put it there"]


def chunk_row(chunk: Chunk) -> ChunkRow:
    """A chunk as the catalog keeps it."""
    return ChunkRow(
        id=chunk.id,
        document_id=chunk.document_id,
        version=chunk.version,
        ordinal=chunk.ordinal,
        header=chunk.header,
        text=chunk.text,
        heading_path=chunk.locator.heading_path,
        page=chunk.locator.page,
        start=chunk.locator.start,
        end=chunk.locator.end,
    )


def _check_length(document: ParsedDocument, how: IngestRun) -> None:
    if how.longest_text is not None and len(document.text) > how.longest_text:
        raise TooLargeError(
            f"holds {len(document.text):,} characters, more than the {how.longest_text:,} that "
            "are read at once: split it"
        )


def _fingerprint(item: SourceItem) -> str:
    return f"{PIPELINE_VERSION}:{item.fingerprint}"


def _is_unchanged(item: SourceItem, known: KnownDocument) -> bool:
    return known.fingerprint == _fingerprint(item) and not known.vanished


def _is_live(known: KnownDocument) -> bool:
    return known.published or known.approval is not ApprovalState.WITHDRAWN


def _read_derived(
    item: SourceItem, known: KnownDocument | None, tickets: TicketRedaction
) -> tuple[SourceItem, KnownDocument | None, ParsedDocument | IngestError]:
    item = tickets.redacted(item)
    try:
        document = read_derived(item.read())
    except IngestError as error:
        return item, known, error
    if document is None:
        return item, known, IngestError("is neither a ticket nor what a loader gave")
    return item, known, document
