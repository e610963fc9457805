"""Personal data leaves a ticket before its text, its chunks, its blob or the index see it.

What a row was before is kept nowhere but in the file that it came from. Its fingerprint, which
tells whether it changed, is over the row as it was, since only changed rows are worth redacting;
so it is made with a key that is not in the database. Without the key nobody can guess a name or
a number and see by the fingerprint that it was right.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from governance.redaction import REDACTION_VERSION, PersonalData, Redacted
from ingest.source_item import SourceItem, SourceKind
from ingest.tickets import row_bytes, row_values

_WRITTEN = ("subject", "description", "resolution")
# Between the columns, so that one reading sees a name in all of them; it is in no text.
_PART = "\n\ue000\n"

_SHORT, _LONG = 12, 40

Redact = Callable[[str, frozenset[PersonalData]], Redacted]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRedaction:
    """What is taken out of the tickets of one ingest. Other documents pass as they are."""

    redact: Redact
    kinds: frozenset[PersonalData]
    key: bytes

    def marked(self, item: SourceItem) -> SourceItem:
        """Return the item with a fingerprint that changes when other kinds are to go."""
        if item.kind is not SourceKind.ROW:
            return item
        row = self._mark(f"row {item.fingerprint}")
        return replace(item, fingerprint=f"{self._rules}.{row}")

    def was_kept_by_others(self, fingerprint: str) -> bool:
        """Whether a row with this fingerprint was kept when other things were taken out."""
        return self._rules not in fingerprint

    @property
    def _rules(self) -> str:
        return self._mark(f"rules {json.dumps([REDACTION_VERSION, sorted(self.kinds)])}")[:_SHORT]

    def _mark(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), "sha256").hexdigest()[:_LONG]

    def redacted(self, item: SourceItem) -> SourceItem:
        """Return the item without what is to go."""
        if item.kind is not SourceKind.ROW or not self.kinds:
            return item
        values = row_values(item.read())
        if values is None:
            return item
        texts = [values[column].replace("\ue000", " ") for column in _WRITTEN]
        parts = self.redact(_PART.join(texts), self.kinds).text.split(_PART)
        if len(parts) != len(_WRITTEN):
            parts = [self.redact(text, self.kinds).text for text in texts]
        kept = values | dict(zip(_WRITTEN, parts, strict=True))
        return replace(item, content=row_bytes(kept))
