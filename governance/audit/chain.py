"""What an audit's chain is made of: lines, heads, and how they are hashed.

A line has two parts. The outer one is what the chain is made of: number, time, action and two
digests. The inner one, the sealed text, names people and things; retention may clear it, and the
chain still holds, because the chain rests on the text's digest. A sealed text that is gone
without a line that says so is an alteration.

    seal = SHA-256(sealed text)
    hash = SHA-256(canonical JSON of tenant, number, at, action, seal, previous hash)

The chain of tenant "" is the house's own. It holds what no tenant can be proven for, and the
beginning of every other chain, so that a chain cannot be removed as a whole unseen.

Every chain has a head: the number and the hash of its last line, and a mark over both with a key
that the database does not hold.

    mark = HMAC-SHA-256(key, canonical JSON of tenant, number, hash)

Who can write to the database and nothing else can cut a chain's end off, but cannot mark the head
that is left. Where a head bears no mark of the key, the next line says so before anything else,
for good. An older copy of the whole database is told by an anchor only: `anchors`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted

from sqlalchemy import Column, Index, Integer, String, Table, Text

from foundation.database import metadata

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
HOUSE = ""
"""The tenant of the house's own chain."""
BEGINNING = "0" * 64
"""What a chain's first line names as the hash before it."""

audit_lines = Table(
    "audit_lines",
    metadata,
    Column("tenant", String(128), primary_key=True),
    Column("number", Integer, primary_key=True),
    # As it was hashed: a date type would lose what it cannot hold.
    Column("at", String(32), nullable=False),
    Column("action", String(64), nullable=False),
    # None: cleared by retention.
    Column("sealed", Text),
    # A copy of what the sealed text says, to find lines by; it is cleared with it.
    Column("actor", String(384)),
    Column("seal", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_lines_at", "tenant", "at", "number"),
    Index("audit_lines_actor", "tenant", "actor", "at", "number"),
    Index("audit_lines_action", "tenant", "action", "at", "number"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("tenant", String(128), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    # Empty: it was written without a key.
    Column("mark", String(64), nullable=False),
)


def head_mark(key: str, *, tenant: str, number: int, hash_: str) -> str:
    """The mark of a head; empty without a key."""
    if not key:
        return ""
    told = canonical({"tenant": tenant, "number": number, "hash": hash_})
    return hmac.new(key.encode(), told.encode(), hashlib.sha256).hexdigest()


def line_hash(  # noqa: PLR0913 - these are what is hashed
    *, tenant: str, number: int, at: str, action: str, seal: str, previous: str
) -> str:
    """The hash of a line, over everything but the sealed text itself."""
    # What `canonical` gives of these six, in a third of the time: a verification does it for
    # every line there is.
    return digest(
        f'{{"action":{quoted(action)},"at":{quoted(at)},"number":{number:d},'
        f'"previous":{quoted(previous)},"seal":{quoted(seal)},"tenant":{quoted(tenant)}}}'
    )


def canonical(value: Mapping[str, object]) -> str:
    """JSON that is the same for the same value: sorted keys, no spaces, ASCII (cf. RFC 8785)."""
    return _CANONICAL.encode(value)


def digest(text: str) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def told_time(moment: datetime) -> str:
    """A moment as it is hashed and stored: UTC, microseconds, always of one length."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
