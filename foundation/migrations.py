"""What has changed in the database's shape since its first version, one step after another.

A new table needs no step: opening the database creates what is missing. A step is for what
exists already: a new column, or rows whose meaning has changed. It is SQL that SQLite and
PostgreSQL both read. Steps run in one transaction with the number that says they have run.
"""

from collections.abc import Mapping
from types import MappingProxyType

STEPS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        2: (
            # The index learns which documents are about single partners.
            """INSERT INTO index_changes (document_id, version, action)
            SELECT document_id, version, 'access' FROM versions""",
        ),
        3: (
            # Approval is looked at again, and ends: by whom and when is in `approval_steps`.
            "ALTER TABLE versions ADD COLUMN review_by DATE",
            "ALTER TABLE versions ADD COLUMN verified_at TIMESTAMP WITH TIME ZONE",
            "ALTER TABLE versions ADD COLUMN reminded_at TIMESTAMP WITH TIME ZONE",
            "ALTER TABLE versions ADD COLUMN counts_from DATE",
            "ALTER TABLE versions ADD COLUMN expired_at TIMESTAMP WITH TIME ZONE",
        ),
        4: (
            # Retention looks every day for what is too old.
            "CREATE INDEX IF NOT EXISTS outcomes_created ON outcomes (tenant, created_at)",
        ),
        5: (
            # What somebody uploads does not vanish with a folder.
            "ALTER TABLE documents ADD COLUMN uploaded BOOLEAN NOT NULL DEFAULT FALSE",
        ),
        6: (
            # Readers are shown what their classes hold, without a look at anything else.
            "CREATE INDEX IF NOT EXISTS versions_class ON versions (class_id)",
        ),
        7: (
            # Which prompt a chat model was given for an answer.
            "ALTER TABLE outcomes ADD COLUMN prompt_version VARCHAR(64) NOT NULL DEFAULT ''",
        ),
    }
)
"""By the schema version that a step leads to; it starts from the one before."""

SCHEMA_VERSION = max(STEPS)
