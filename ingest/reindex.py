"""Builds the index again from the catalog: after damage, or for another embedding model."""

from collections.abc import Callable

from governance.catalog import Catalog
from governance.document import DocumentVersion
from ingest.chunking import chunk_document
from ingest.pipeline import Progress, chunk_row
from ingest.stored_elements import unpack_document
from retrieval.embedding import Embedder
from retrieval.index import KnowledgeIndex
from retrieval.points import index_points, keyword_vectors, term_counts


class Reindexer:
    """Chunks and embeds every stored text again. Stopped half-way, it can be run again.

    Texts and quotes do not change, because nothing is parsed again.
    """

    def __init__(self, *, catalog: Catalog, index: KnowledgeIndex, embedder: Embedder) -> None:
        self._catalog = catalog
        self._index = index
        self._embedder = embedder

    def run(self, on_progress: Callable[[Progress], None] = lambda _: None) -> Progress:
        """Rebuild all versions of all documents; returns how much that was."""
        self._index.clear()
        versions = [
            version
            for newest in self._catalog.newest()
            for version in self._catalog.history(newest.document_id)
        ]
        chunks = 0
        for done, version in enumerate(versions, start=1):
            chunks += self._rebuild(version)
            on_progress(Progress(done=done, total=len(versions), chunks=chunks))
        self._catalog.index_caught_up(self._catalog.index_changes())
        self._index.optimize()
        return Progress(done=len(versions), total=len(versions), chunks=chunks)

    def _rebuild(self, version: DocumentVersion) -> int:
        title = version.metadata.title
        document = unpack_document(
            title,
            self._catalog.text(version.document_id, version.version),
            self._catalog.elements(version.document_id, version.version),
        )
        chunks = chunk_document(
            document,
            title=title,
            document_id=version.document_id,
            version=version.version,
            count_tokens=self._embedder.count_tokens,
            max_tokens=self._embedder.max_tokens,
        )
        keywords = keyword_vectors(chunks, title)
        vectors = self._embedder.embed_documents([chunk.indexed_text for chunk in chunks])
        self._index.upsert(index_points(chunks, keywords, vectors, version.access))
        self._catalog.replace_chunks(
            version.document_id,
            version.version,
            [chunk_row(chunk) for chunk in chunks],
            term_counts(keywords),
        )
        return len(chunks)
