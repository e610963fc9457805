"""The JSON of this floor: passages and searches."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from governance.document import DocType
from governance.schemas import Body, DocumentJson, FiltersBody, NoNul, Whole, example
from governance.visible_catalog import ReadableChunk
from retrieval.passage import Passage
from retrieval.query import DEFAULT_LIMIT, LARGEST_LIMIT

_LONGEST_QUESTION = 4000


class HealthJson(BaseModel):
    """Says that it is well."""

    status: Literal["ok", "ready"]


class SearchBody(Body):
    """What to look for, and how many passages to bring."""

    model_config = example({"question": "connect a marketplace", "k": 5})

    question: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=_LONGEST_QUESTION),
        NoNul,
    ]
    k: Whole = Field(default=DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT)
    filters: FiltersBody = Field(default_factory=FiltersBody)


class PassagePlaceJson(BaseModel):
    """A passage's text and where it stands."""

    id: str
    document_id: str
    uri: str
    title: str
    doc_type: DocType
    version: int
    heading_path: list[str]
    page: int | None
    text: str


class PassageJson(PassagePlaceJson):
    """A search hit. Scores are raw: cosine and BM25."""

    dense_score: float
    keyword_score: float
    rank: Annotated[int, Field(ge=1)]


class OpenedPassageJson(PassagePlaceJson):
    """A passage that was opened by its id: it was not ranked, so it has no scores."""

    dense_score: None = None
    keyword_score: None = None
    rank: None = None


class PassagesJson(BaseModel):
    """What a search found, best first."""

    passages: list[PassageJson]


class SurroundingsJson(BaseModel):
    """A passage in its surroundings.

    `text` is the stored text of the document from `text_start` on, and
    `text[highlight_start:highlight_end]` is what to highlight. All offsets count Unicode
    characters; `text_start` counts from the start of the document, the others from that of `text`.
    """

    passage: OpenedPassageJson
    document: DocumentJson
    text: str
    text_start: int
    highlight_start: int
    highlight_end: int


def passage_json(passage: Passage) -> PassageJson:
    """A passage as JSON."""
    chunk = passage.chunk
    return PassageJson(
        id=chunk.id,
        document_id=chunk.document_id,
        uri=passage.uri,
        title=passage.title,
        doc_type=DocType(passage.doc_type),
        version=chunk.version,
        heading_path=list(chunk.locator.heading_path),
        page=chunk.locator.page,
        text=chunk.text,
        dense_score=round(passage.dense_score, 6),
        keyword_score=round(passage.keyword_score, 6),
        rank=passage.rank,
    )


def opened_passage_json(found: ReadableChunk) -> OpenedPassageJson:
    """A chunk that was opened by its id as JSON."""
    chunk, version = found.chunk, found.version
    return OpenedPassageJson(
        id=chunk.id,
        document_id=chunk.document_id,
        uri=version.uri,
        title=version.metadata.title,
        doc_type=version.metadata.doc_type,
        version=chunk.version,
        heading_path=list(chunk.heading_path),
        page=chunk.page,
        text=chunk.text,
    )
