"""The JSON of this floor: documents and their versions, and what a question is narrowed to."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    Strict,
    StringConstraints,
)

from governance.document import ApprovalState, DocType, DocumentVersion, Sensitivity
from governance.principal import Principal
from governance.review_dates import Standing
from governance.visibility import Filters

_SHORT = 255


def _without_nul(text: str) -> str:
    # PostgreSQL cannot store it, and no question needs it.
    if "\x00" in text:
        message = "must not contain a NUL character"
        raise ValueError(message)
    return text


NoNul = AfterValidator(_without_nul)
"""For any text from outside that may be stored; comes last in an `Annotated`."""

Stripped = AfterValidator(str.strip)
"""Takes blanks off both ends of a text that has been measured: what is too long is, with them."""

Line = Annotated[str, StringConstraints(max_length=_SHORT), Stripped, NoNul]


def _written_day(value: object) -> object:
    # A number would be read as seconds since 1970, and a moment as its day.
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        message = "must be a date, written YYYY-MM-DD"
        raise ValueError(message)
    return value


Day = Annotated[date, BeforeValidator(_written_day)]
"""A day from outside, `YYYY-MM-DD` and nothing else."""


def _whole(value: object) -> object:
    # JSON knows one kind of number: 5.0 is a whole one.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Strict(), BeforeValidator(_whole)]
"""A whole number in a body: neither text that looks like one nor `true`."""


class Body(BaseModel):
    """A request body: unknown keys are a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


def example(body: Mapping[str, JsonValue]) -> ConfigDict:
    """What OpenAPI shows as an example of a body."""
    return ConfigDict(json_schema_extra={"examples": [dict(body)]})


class FiltersBody(Body):
    """What a question is narrowed to. It can only take away."""

    doc_types: list[DocType] = Field(
        default_factory=list, max_length=len(DocType), description="Only these kinds of documents."
    )
    product: Line | None = Field(default=None, description="Only what holds for this product.")
    release: Line | None = Field(default=None, description="Only what holds for this release.")
    as_of: Day | None = Field(
        default=None, description="What was valid on that day; today where it is left out."
    )

    def filters(self) -> Filters:
        """The same as the noun of the floors below."""
        return Filters(
            doc_types=frozenset(one.value for one in self.doc_types),
            product=self.product or None,
            release=self.release or None,
            as_of=self.as_of,
        )


class DocumentJson(BaseModel):
    """One version of a document: what is known about it besides its text."""

    id: str
    owner: str
    uri: str
    version: int
    title: str
    doc_type: DocType
    state: ApprovalState
    audience: list[str]
    approved_by: str
    approved_at: datetime | None
    effective_from: date | None
    effective_to: date | None
    product: str
    releases: list[str]
    supersedes: list[str]
    language: str
    sensitivity: Sensitivity
    chunks: int
    created_at: datetime
    note: str
    review_by: date | None = Field(
        default=None, description="Until when somebody has to look at it again; for its owner."
    )
    review_due: bool = Field(default=False, description="Whether that day has come; for its owner.")


def document_json(version: DocumentVersion, standing: Standing | None = None) -> DocumentJson:
    """A document version as JSON, standing as it does today where that is known."""
    metadata = version.metadata
    return DocumentJson(
        id=version.document_id,
        owner=version.tenant,
        uri=version.uri,
        version=version.version,
        title=metadata.title,
        doc_type=metadata.doc_type,
        state=standing.state if standing else metadata.approval,
        audience=sorted(metadata.audience),
        approved_by=metadata.approved_by,
        approved_at=version.approved_at,
        effective_from=metadata.effective_from,
        effective_to=metadata.effective_to,
        product=metadata.product,
        releases=list(metadata.releases),
        supersedes=list(metadata.supersedes),
        language=metadata.language,
        sensitivity=metadata.sensitivity,
        chunks=version.chunk_count,
        created_at=version.created_at,
        note=version.note,
        review_by=standing.review_by if standing else metadata.review_by,
        review_due=standing.review_due if standing else False,
    )


class DocumentsJson(BaseModel):
    """A page of a list of documents; `total` counts what the whole list holds."""

    documents: list[DocumentJson]
    total: int


def shown_json(
    version: DocumentVersion, reader: Principal, standing: Standing | None = None
) -> DocumentJson:
    """A document version as JSON for this reader.

    Readers of another tenant do not learn who else may read it, which documents of the owner it
    replaces, what the owner's people noted about it, or when they look at it again.
    """
    whole = document_json(version, standing)
    if version.tenant == reader.tenant:
        return whole
    mine = sorted(version.metadata.audience & reader.audiences)
    hidden: dict[str, object] = {
        "supersedes": [],
        "note": "",
        "review_by": None,
        "review_due": False,
    }
    return whole.model_copy(update={"audience": mine, **hidden})
