"""What the house keeps of answers, as far as documents have to know of it.

The floor above keeps the answers; here is what it is asked for when a document changes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CitingOutcome:
    """An outcome that cites a document: which, when, of whom, and how sure it was.

    Nothing of what was asked or answered: that is between the asker and the house.
    """

    id: str
    kind: str
    tenant: str
    confidence: float
    created_at: datetime
    versions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedBy:
    """The outcomes that cite a document, the newest first; `total` counts all of them."""

    total: int
    newest: tuple[CitingOutcome, ...]


class AnswerRecord(Protocol):
    """Knows which outcomes rest on which documents."""

    def citing(
        self, document_id: str, version: int | None = None, *, limit: int, offset: int = 0
    ) -> CitedBy:
        """The outcomes that cite a document, in one version or in any."""

    def forget(self, connection: Connection, document_id: str) -> int:
        """Empty what is kept of a document's words, inside the caller's transaction.

        Returns how many outcomes held any.
        """

    def cited_to(self, connection: Connection, document_id: str, tenants: Collection[str]) -> bool:
        """Whether anybody of these tenants was given an outcome that cites a document."""

    def still_quoting(self, document_id: str) -> int:
        """How many outcomes hold words of a document."""
