"""The tables of uploads: what is to be read, by whom it is read now, and what came of it."""

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, Integer, String, Table, Text

from foundation.database import metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("tenant", String(128), nullable=False),
    # Whose deed it is, as their token said when they sent it; what they may do is decided by it.
    Column("subject", String(255), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("scopes", JSON),
    # What was said of the files, in a manifest's keys.
    Column("described", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("failed", JSON, nullable=False),
    Column("document_ids", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    # Who reads it now, and until when that is believed without another word.
    Column("holder", String(48), nullable=False),
    Column("lease_until", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False),
    Index("jobs_state", "state", "created_at"),
    Index("jobs_tenant", "tenant", "created_at"),
)

job_files = Table(
    "job_files",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("uri", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
)
"""What is still to be read of a job; gone when the job has ended."""
