"""The tables of what was asked and what came of it: one row an outcome."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from foundation.database import metadata

CLOSED_STATES = frozenset({"resolved", "closed"})
"""States of an escalation that nobody works on any more."""

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("conversation_id", String(64), nullable=False),
    Column("tenant", String(128), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("question", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("band", String(8), nullable=False),
    Column("review_required", Boolean, nullable=False),
    Column("writer", String(64), nullable=False),
    Column("prompt_version", String(64), nullable=False, server_default=""),
    Column("elapsed_ms", Integer, nullable=False),
    Column("escalation_id", String(48)),
    Column("body", JSON, nullable=False),
    Column("signals", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("outcomes_conversation", "conversation_id", "id"),
    Index("outcomes_created", "tenant", "created_at"),
)

outcome_citations = Table(
    "outcome_citations",
    metadata,
    Column("outcome_id", String(48), primary_key=True),
    Column("key", Integer, primary_key=True),
    Column("document_id", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("passage_id", String(32), nullable=False),
    Index("outcome_citations_document", "document_id", "version"),
)

escalations = Table(
    "escalations",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("outcome_id", String(48), nullable=False, unique=True),
    Column("tenant", String(128), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("missing", Text, nullable=False),
    Column("queue", String(64), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Index("escalations_state", "state", "queue", "due_at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("outcome_id", String(48), primary_key=True),
    Column("rating", String(8), nullable=False),
    Column("reason", String(255), nullable=False),
    Column("comment", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
