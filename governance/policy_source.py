"""The policy as it is now: a changed file takes effect without a restart, and on the record.

Who decides by the policy holds a `PolicySource` and asks for the current one each time. A file
that cannot be used any more changes nothing: the last good policy stays, and the record says so.
"""

import difflib
import hashlib
import logging
import threading
import time
from pathlib import Path

from sqlalchemy import Column, Connection, DateTime, String, Table, Text, select

from foundation.clock import Clock
from foundation.database import Database, metadata, put
from governance.audit import HOUSE, Action, AuditEvent, record
from governance.policy import SHIPPED, Policy, PolicyError, parse_policy, policy_text

_log = logging.getLogger("copilot.policy")
LOOK_EVERY_SECONDS = 1.0
_LONGEST_DIFF = 20_000

policy_texts = Table(
    "policy_texts",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("text", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
"""The text in force (`current`) and the last one refused, so that each change is told once."""


class PolicySource:
    """Reads the policy file, again whenever it changes. Without a file: the one that ships.

    The first reading raises `PolicyError`; later ones keep what is in force.
    """

    def __init__(self, path: Path | None, database: Database, clock: Clock) -> None:
        self._path = path
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        self._stamp = self._stamped()
        text = self._read()
        self._policy = parse_policy(text, self._where)
        self._put_on_record(text)

    def current(self) -> Policy:
        """The policy that holds at this moment; looks at the file at most once a second."""
        if self._path is None or time.monotonic() - self._looked < LOOK_EVERY_SECONDS:
            return self._policy
        # One looks, the others go on with what is in force.
        if self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._policy

    def _look(self) -> None:
        self._looked = time.monotonic()
        stamp = self._stamped()
        if stamp == self._stamp:
            return
        text = ""
        try:
            text = self._read()
            policy = parse_policy(text, self._where)
        except PolicyError as error:
            _log.error("the policy in force stays: %s", error)
            self._put_refusal_on_record(text, str(error))
        else:
            self._put_on_record(text)
            self._policy = policy
        # Not before all is done: what failed on the way is tried again.
        self._stamp = stamp

    @property
    def _where(self) -> str:
        return str(self._path) if self._path else SHIPPED

    def _stamped(self) -> tuple[int, int, int] | None:
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def _read(self) -> str:
        return policy_text(self._path)

    def _put_on_record(self, text: str) -> None:
        with self._database.read() as connection:
            if _kept(connection, "current") == text:
                return
        now = self._clock()
        with self._database.write() as connection:
            before = _kept(connection, "current")
            if before == text:
                # Another process has seen it first.
                return
            record(
                connection,
                AuditEvent(
                    tenant=HOUSE,
                    at=now,
                    action=Action.POLICY_CHANGED,
                    target=_digest(text),
                    details={"from": _digest(before or ""), "diff": _diff(before or "", text)},
                ),
            )
            values = {"name": "current", "text": text, "changed_at": now}
            put(connection, policy_texts, values, replace=True)

    def _put_refusal_on_record(self, text: str, reason: str) -> None:
        now = self._clock()
        with self._database.write() as connection:
            if _kept(connection, "refused") == text + reason:
                return
            record(
                connection,
                AuditEvent(
                    tenant=HOUSE,
                    at=now,
                    action=Action.POLICY_REJECTED,
                    target=_digest(text),
                    details={"reason": reason.replace(self._where, "policy file")},
                ),
            )
            values = {"name": "refused", "text": text + reason, "changed_at": now}
            put(connection, policy_texts, values, replace=True)


def _kept(connection: Connection, name: str) -> str | None:
    found = connection.execute(
        select(policy_texts.c.text).where(policy_texts.c.name == name)
    ).scalar()
    return None if found is None else str(found)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "before", "after", n=1, lineterm=""
    )
    text = "\n".join(lines)
    if len(text) <= _LONGEST_DIFF:
        return text
    return f"{text[:_LONGEST_DIFF]}\n({len(text) - _LONGEST_DIFF} characters more)"
