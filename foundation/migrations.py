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
    }
)
"""By the schema version that a step leads to; it starts from the one before."""

SCHEMA_VERSION = max(STEPS)
