"""The JSON of this floor: passages and searches."""

from typing import Annotated

from pydantic import BaseModel, Field

from retrieval.passage import Passage


class PassageJson(BaseModel):
    """A search hit. Scores are raw: cosine and BM25."""

    id: str
    document_id: str
    uri: str
    title: str
    doc_type: str
    version: int
    heading_path: list[str]
    page: int | None
    text: str
    dense_score: float
    keyword_score: float
    rank: Annotated[int, Field(ge=1)]


def passage_json(passage: Passage) -> PassageJson:
    """A passage as JSON."""
    chunk = passage.chunk
    return PassageJson(
        id=chunk.id,
        document_id=chunk.document_id,
        uri=passage.uri,
        title=passage.title,
        doc_type=passage.doc_type,
        version=chunk.version,
        heading_path=list(chunk.locator.heading_path),
        page=chunk.locator.page,
        text=chunk.text,
        dense_score=round(passage.dense_score, 6),
        keyword_score=round(passage.keyword_score, 6),
        rank=passage.rank,
    )
