"""Builds the index again from the catalog: after damage, or for another embedding model."""

from collections.abc import Callable

from foundation.errors import NotFoundError
from governance.catalog import Catalog, ChunkRow
from governance.document import DocumentVersion
from governance.statistics import TermCounts
from ingest.chunking import chunk_document
from ingest.pipeline import Progress, chunk_row
from ingest.stored_elements import unpack_document
from retrieval.chunk import Chunk
from retrieval.embedding import Embedder
from retrieval.index import KnowledgeIndex
from retrieval.points import index_points, keyword_vectors, term_counts
from retrieval.sync import IndexSync


class Reindexer:
    """Chunks and embeds every stored text again, into an empty index.

    Texts and quotes do not change, because nothing is parsed again. People may approve, withdraw
    and delete meanwhile. First `build`, which takes long and leaves the catalog fit for the index
    that there was before; then `settle`, after which it is fit for the new one only.
    """

    def __init__(self, *, catalog: Catalog, index: KnowledgeIndex, embedder: Embedder) -> None:
        self._catalog = catalog
        self._index = index
        self._embedder = embedder
        self._cut_anew: list[tuple[str, int]] = []

    def build(self, on_progress: Callable[[Progress], None] = lambda _: None) -> Progress:
        """Fill the index with all versions of all documents; returns how much that was."""
        versions = [
            version
            for newest in self._catalog.newest()
            for version in self._catalog.history(newest.document_id)
        ]
        chunks = 0
        for done, version in enumerate(versions, start=1):
            try:
                chunks += self._rebuild(version)
            except NotFoundError:
                if self._is_there(version):
                    raise
                self._index.delete(version.document_id, version.version)
            on_progress(Progress(done=done, total=len(versions), chunks=chunks))
        self._index.optimize()
        return Progress(done=len(versions), total=len(versions), chunks=chunks)

    def settle(self) -> None:
        """Give the catalog the chunks of the new index, and the index what changed meanwhile."""
        for document, number in self._cut_anew:
            try:
                version = self._catalog.version(document, number)
                self._replace(version, self._chunks(version))
            except NotFoundError:
                continue
        IndexSync(self._catalog, self._index).catch_up()

    def _rebuild(self, listed: DocumentVersion) -> int:
        document, number = listed.document_id, listed.version
        chunks = self._chunks(listed)
        keywords = keyword_vectors(chunks, listed.metadata.title)
        vectors = self._embedder.embed_documents([chunk.indexed_text for chunk in chunks])
        # The list may be hours old; what decides who may read it must be of this moment.
        version = self._catalog.version(document, number)
        self._index.upsert(index_points(chunks, keywords, vectors, version.access))
        # With a shared index another process may have applied a change before the points came.
        now = self._catalog.version(document, number)
        if now.access != version.access:
            self._index.set_access(document, number, now.access)
        if [chunk_row(chunk) for chunk in chunks] == list(
            self._catalog.chunks_of(document, number)
        ):
            self._replace(version, chunks)
        else:
            self._cut_anew.append((document, number))
        return len(chunks)

    def _is_there(self, version: DocumentVersion) -> bool:
        key = (version.document_id, version.version)
        return key in self._catalog.versions_of([key])

    def _chunks(self, version: DocumentVersion) -> tuple[Chunk, ...]:
        title = version.metadata.title
        document = unpack_document(
            title,
            self._catalog.text(version.document_id, version.version),
            self._catalog.elements(version.document_id, version.version),
        )
        return chunk_document(
            document,
            title=title,
            document_id=version.document_id,
            version=version.version,
            count_tokens=self._embedder.count_tokens,
            max_tokens=self._embedder.max_tokens,
        )

    def _replace(self, version: DocumentVersion, chunks: tuple[Chunk, ...]) -> None:
        # Also where they are the same: the way in which terms are counted may have changed.
        rows: list[ChunkRow] = [chunk_row(chunk) for chunk in chunks]
        counts: TermCounts = term_counts(keyword_vectors(chunks, version.metadata.title))
        self._catalog.replace_chunks(version.document_id, version.version, rows, counts)
