"""The JSON of this floor: what an upload says of its files, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from ingest.job import Job, JobState
from ingest.upload_names import LONGEST_URI

_WORD = {"type": "string"}
_WORDS = {"type": "array", "items": _WORD, "maxItems": 100}
_DAY = {"type": "string", "format": "date"}

METADATA_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "What is said of the files, in the keys of a corpus.yaml.",
    "additionalProperties": False,
    "properties": {
        "uri": {
            "type": "string",
            "maxLength": LONGEST_URI,
            "description": "The document's name within the tenant; the same name again makes a new "
            "version. Without it: `uploads/` and the file's name. For one file only.",
        },
        "title": {"type": "string", "maxLength": 500},
        "doc_type": {"$ref": "#/components/schemas/DocType"},
        "audience": {
            **_WORDS,
            "description": "`partners`, `internal`, `tenant:ID`, `tier:NAME`, `region:NAME`. Left "
            "out: `internal`. Others than `internal` and the own tenant need a role for it.",
        },
        "approval": {
            "const": "draft",
            "description": "What is uploaded is a draft; submit it, and somebody else approves it.",
        },
        "effective_from": _DAY,
        "effective_to": _DAY,
        "review_by": _DAY,
        "product": {"type": "string", "maxLength": 255},
        "releases": {**_WORDS, "items": {"type": "string", "maxLength": 64}},
        "supersedes": {**_WORDS, "description": "URIs of own documents that this one replaces."},
        "language": {"type": "string", "maxLength": 16},
        "sensitivity": {"$ref": "#/components/schemas/Sensitivity"},
    },
    "examples": [{"uri": "policies/sla.md", "title": "Support SLA", "doc_type": "policy"}],
}
"""The form's field `metadata` as OpenAPI tells it; `ingest.upload_metadata` is what judges it."""

FORM: Mapping[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "string",
                            "contentMediaType": "application/octet-stream",
                        },
                        "description": "One part a file.",
                    },
                    "metadata": METADATA_SCHEMA,
                },
            },
            "encoding": {"metadata": {"contentType": "application/json"}},
        }
    },
}
"""The body of an upload, for OpenAPI."""


class JobAcceptedJson(BaseModel):
    """What follows an upload: where to look how far it is."""

    job_id: str


class JobFailureJson(BaseModel):
    """A file, or a row of one, that could not be read."""

    path: str = Field(description="The URI that its document would have.")
    error: str


class JobJson(BaseModel):
    """A job: how far it is, and what came of it once it is `done` or `failed`.

    `done` of `total` documents are dealt with; each row of a ticket history is one. The state is
    `failed` where nothing at all could be read.
    """

    id: str
    state: JobState
    done: int
    total: int
    failed: list[JobFailureJson]
    added: int
    updated: int
    unchanged: int
    document_ids: list[str] = Field(description="Of what could be read, the first thousand.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobsJson(BaseModel):
    """A page of a list of jobs, newest first; `total` counts what the whole list holds."""

    jobs: list[JobJson]
    total: int


def job_json(job: Job) -> JobJson:
    """A job as JSON."""
    outcome = job.outcome
    return JobJson(
        id=job.id,
        state=job.state,
        done=job.done,
        total=outcome.total,
        failed=[JobFailureJson(path=one.path, error=one.error) for one in outcome.failed],
        added=outcome.added,
        updated=outcome.updated,
        unchanged=outcome.unchanged,
        document_ids=list(outcome.document_ids),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
