"""The retriever as LangChain knows one, for people's own chains.

It is bound to one principal: a chain cannot ask as somebody else.
"""

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from governance.principal import Principal
from governance.visibility import Filters
from retrieval.passage import Passage
from retrieval.query import DEFAULT_LIMIT, Query
from retrieval.retriever import Retriever


class PartnerCopilotRetriever(BaseRetriever):
    """A LangChain retriever over what one principal may read.

    Each document's `page_content` is the passage's exact text; its metadata names where it
    stands (document, version, uri, headings, page, start, end) and the raw scores.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    retriever: Retriever
    principal: Principal
    filters: Filters = Field(default_factory=Filters)
    k: int = DEFAULT_LIMIT

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        del run_manager
        found = self.retriever.search(
            Query(text=query, principal=self.principal, filters=self.filters, limit=self.k)
        )
        return [_document(passage) for passage in found.passages]


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
