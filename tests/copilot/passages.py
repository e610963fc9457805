"""Passages for tests, made from plain text as a search would return them."""

from retrieval.chunk import Chunk, Locator, chunk_id
from retrieval.keywords import TermStatistics, term_id, terms
from retrieval.passage import Passage


def passage(  # noqa: PLR0913 (a passage has that many facts; each has a default)
    text: str,
    *,
    document: str = "doc_sla",
    title: str = "Support SLA policy",
    heading: str = "",
    start: int = 0,
    rank: int = 1,
    cosine: float = 0.6,
    keywords: float = 10.0,
    doc_type: str = "policy",
) -> Passage:
    path = (heading,) if heading else ()
    return Passage(
        chunk=Chunk(
            id=chunk_id(document, 1, start, start + len(text)),
            document_id=document,
            version=1,
            ordinal=0,
            header=title,
            text=text,
            locator=Locator(heading_path=path, page=None, start=start, end=start + len(text)),
        ),
        uri=f"{document}.md",
        title=title,
        doc_type=doc_type,
        dense_score=cosine,
        keyword_score=keywords,
        fused_score=1.0 / rank,
        rank=rank,
    )


def statistics_of(*passages: Passage, chunks: int = 500) -> TermStatistics:
    """Word counts as if the passages stood among `chunks` chunks that share none of their words."""
    counts: dict[int, int] = {}
    for one in passages:
        found = terms(f"{one.title} {one.chunk.header} {one.chunk.text}")
        for number in {term_id(term) for term in found}:
            counts[number] = counts.get(number, 0) + 1
    return TermStatistics(chunks=chunks, chunks_with_term=counts)
