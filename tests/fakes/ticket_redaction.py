"""Tickets with everything left in them, for tests about other things."""

from governance.redaction import Redactor
from ingest.ticket_redaction import TicketRedaction


def tickets_as_they_are() -> TicketRedaction:
    return TicketRedaction(redact=Redactor().redact, kinds=frozenset(), key=b"a key of tests")
