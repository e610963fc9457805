"""The JSON of what is done to documents: steps, comparisons, citing outcomes, proofs."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from governance.answers import CitedBy
from governance.approval import Decision
from governance.approval_steps import ApprovalStep, FourEyes
from governance.comparison import Comparison, Kind
from governance.deletion import Counts, Proof
from governance.document import ApprovalState
from governance.schemas import Body, Day, DocumentJson, NoNul, Stripped, Whole, example

HIGHEST_VERSION = 2**31 - 1
"""What a database keeps as a whole number."""
_LONGEST_NOTE = 4_000

Note = Annotated[str, StringConstraints(max_length=_LONGEST_NOTE), Stripped, NoNul]
VersionNumber = Annotated[Whole, Field(ge=1, le=HIGHEST_VERSION)]


class MoveBody(Body):
    """Why, and which version; the newest where none is named."""

    model_config = example({"note": "Figures checked against the contract.", "version": 3})

    note: Note = ""
    version: VersionNumber | None = None

    def decision(self) -> Decision:
        """The same as the noun of this floor."""
        return Decision(note=self.note, version=self.version)


class ApproveBody(MoveBody):
    """Why, which version, and by when somebody has to look at it again."""

    model_config = example({"note": "Checked.", "review_by": "2027-06-30"})

    review_by: Day | None = None

    def decision(self) -> Decision:
        """The same as the noun of this floor."""
        return Decision(note=self.note, version=self.version, review_by=self.review_by)


class WithdrawBody(Body):
    """Why. A withdrawal takes every version."""

    model_config = example({"note": "Replaced by the new contract."})

    note: Note = ""

    def decision(self) -> Decision:
        """The same as the noun of this floor."""
        return Decision(note=self.note)


class StepJson(BaseModel):
    """One step of a version: `from_state` is null where it came in this state.

    `four_eyes` says of an approval whether somebody else had submitted it (`held`), whether policy
    let it be the same person (`relaxed`), or whether it was done at the console.
    """

    version: int
    from_state: ApprovalState | None
    to_state: ApprovalState
    by: str
    note: str
    at: datetime
    four_eyes: FourEyes | None


class DocumentDetailJson(DocumentJson):
    """A document with its versions, oldest first, as far as the reader may know of them."""

    versions: list[DocumentJson]
    steps: list[StepJson] = Field(
        default_factory=list, description="How its versions came where they stand; for its owner."
    )


class CitingOutcomeJson(BaseModel):
    """An outcome that cites a document. What was asked stays between the asker and the house."""

    id: str
    kind: str
    tenant: str
    confidence: float = Field(ge=0, le=1)
    created_at: datetime
    versions: list[int]


class CitedByJson(BaseModel):
    """The newest outcomes that cite a document, and how many there are."""

    total: int
    newest: list[CitingOutcomeJson]


class CitingOutcomesJson(BaseModel):
    """A page of the outcomes that cite a version, newest first; `total` counts all of them."""

    document_id: str
    version: int
    outcomes: list[CitingOutcomeJson]
    total: int


class WithdrawnJson(DocumentJson):
    """A withdrawn document. `cited_by` is null for who may not see which outcomes cite it."""

    cited_by: CitedByJson | None


class TextJson(BaseModel):
    """The stored text of a version, of which every quote is a part."""

    document_id: str
    version: int
    title: str
    text: str


class ChangeJson(BaseModel):
    """Lines that are the same, or other ones than before. Lines are counted from 1.

    Of lines that are the same only those next to a change are told, in `old`; `left_out` counts
    the rest.
    """

    kind: Kind
    old_line: int
    new_line: int
    old: list[str]
    new: list[str]
    left_out: int


class MetadataChangeJson(BaseModel):
    """A key that says something else now, in words."""

    key: str
    old: str
    new: str


class ComparisonJson(BaseModel):
    """What changed between two versions; `complete` is false where there was more than is told."""

    document_id: str
    old_version: int
    new_version: int
    metadata: list[MetadataChangeJson]
    changes: list[ChangeJson]
    added: int = Field(description="Lines that are new.")
    removed: int = Field(description="Lines that are gone.")
    complete: bool


class RemovedJson(BaseModel):
    """How much was removed; `quotes` are outcomes whose quotes of it were emptied."""

    texts: int
    chunks: int
    blobs: int
    quotes: int


class RemainingJson(RemovedJson):
    """How much was found afterwards; `index_points` is null where nobody could look."""

    index_points: int | None


class AuditPlaceJson(BaseModel):
    """Where the deletion stands on the tenant's record."""

    number: int
    hash: str


class ProofJson(BaseModel):
    """What was removed, and what was found when it was looked for afterwards."""

    document_id: str
    uri: str
    deleted_at: datetime
    versions: int
    chunks: int
    removed: RemovedJson
    remaining: RemainingJson
    overwritten: bool = Field(
        description="Whether the database has overwritten it and holds no earlier copy."
    )
    unfinished: list[str] = Field(description="What is still to do, and who does it.")
    unretrievable_after_ms: float = Field(
        description="Milliseconds from the call until no request could retrieve it any more."
    )
    finished_after_ms: float = Field(description="Milliseconds from the call until all was gone.")
    audit: AuditPlaceJson


def step_json(step: ApprovalStep) -> StepJson:
    """A step as JSON."""
    return StepJson(
        version=step.version,
        from_state=step.from_state,
        to_state=step.to_state,
        by=step.by,
        note=step.note,
        at=step.at,
        four_eyes=step.four_eyes,
    )


def cited_by_json(cited: CitedBy) -> CitedByJson:
    """The outcomes that cite a document, as JSON."""
    return CitedByJson(
        total=cited.total,
        newest=[
            CitingOutcomeJson(
                id=one.id,
                kind=one.kind,
                tenant=one.tenant,
                confidence=one.confidence,
                created_at=one.created_at,
                versions=list(one.versions),
            )
            for one in cited.newest
        ],
    )


def comparison_json(document_id: str, old: int, new: int, found: Comparison) -> ComparisonJson:
    """A comparison as JSON."""
    return ComparisonJson(
        document_id=document_id,
        old_version=old,
        new_version=new,
        metadata=[
            MetadataChangeJson(key=one.key, old=one.old, new=one.new) for one in found.metadata
        ],
        changes=[
            ChangeJson(
                kind=one.kind,
                old_line=one.old_line,
                new_line=one.new_line,
                old=list(one.old),
                new=list(one.new),
                left_out=one.left_out,
            )
            for one in found.changes
        ],
        added=found.added,
        removed=found.removed,
        complete=found.complete,
    )


def proof_json(proof: Proof) -> ProofJson:
    """A proof as JSON."""
    return ProofJson(
        document_id=proof.document_id,
        uri=proof.uri,
        deleted_at=proof.deleted_at,
        versions=proof.versions,
        chunks=proof.removed.chunks,
        removed=RemovedJson(**_counts(proof.removed)),
        remaining=RemainingJson(
            **_counts(proof.remaining), index_points=proof.remaining.index_points
        ),
        overwritten=proof.overwritten,
        unfinished=list(proof.unfinished),
        unretrievable_after_ms=_milliseconds(proof.unretrievable_after),
        finished_after_ms=_milliseconds(proof.finished_after),
        audit=AuditPlaceJson(number=proof.line.number, hash=proof.line.hash),
    )


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "texts": counts.texts,
        "chunks": counts.chunks,
        "blobs": counts.blobs,
        "quotes": counts.quotes,
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
