"""The record of what was done. A deed is put on record with `record`; the rest has rooms inside.

`chain` is what a line and its hash are made of, `verification` (with `findings`, `purges` and
`origins`) finds what was altered, `reading` and `desk` are for who looks, `anchors` keeps the
heads elsewhere, `key` is the mark that only this house can make.
"""

from governance.audit.events import (
    CONSOLE,
    HOUSE,
    Action,
    AuditEvent,
    Written,
    event_of,
    record,
)

__all__ = ["CONSOLE", "HOUSE", "Action", "AuditEvent", "Written", "event_of", "record"]
