"""Search as people and machines from outside get it: on the record, where policy says so.

What the house searches for itself, to answer or to evaluate, is on record as that.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from foundation.clock import Clock
from foundation.database import Database
from governance.audit import Action, AuditEvent, event_of, record
from governance.kept_words import KeptWords
from governance.policy import Policy
from governance.record_policy import Wording
from retrieval.query import Query
from retrieval.retriever import Found, Retriever


class RecordedSearch:
    """Searches, and tells of it before it hands anything out."""

    def __init__(  # noqa: PLR0913 - what is told, how, and where to
        self,
        *,
        retriever: Retriever,
        database: Database,
        words: KeptWords,
        policy: Callable[[], Policy],
        clock: Clock,
        ledger: Callable[[Connection, AuditEvent], object] = record,
    ) -> None:
        self._retriever = retriever
        self._database = database
        self._words = words
        self._policy = policy
        self._clock = clock
        self._ledger = ledger

    def search(self, query: Query) -> Found:
        """Passages for a question, as `Retriever.search` finds them."""
        audit = self._policy().audit
        if not audit.searches:
            return self._retriever.search(query)
        worded = audit.questions is Wording.REDACTED
        question = self._words.begin(query.text) if worded else None
        found = self._retriever.search(query)
        told = list(
            dict.fromkeys((one.chunk.document_id, one.chunk.version) for one in found.passages)
        )
        details: dict[str, object] = {"found": told, "passages": len(found.passages)}
        if question is not None:
            details["question"] = question().kept
        event = event_of(query.principal, at=self._clock(), action=Action.SEARCHED, details=details)
        with self._database.write() as connection:
            self._ledger(connection, event)
        return found
