"""Heads of the audit's chains in a file elsewhere: what even a whole other database cannot undo.

Whoever has database and key, or puts back an older copy of the database, leaves nothing in it that
tells. A file that they cannot write to does: each chain must still hold the line it held then.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from foundation.database import Database
from foundation.errors import InvalidRequestError, StorageError
from governance.audit.chain import audit_heads, canonical, told_time

Anchors = Mapping[str, Mapping[int, str]]
"""By tenant and number, the hash that a line must have."""


def append_anchors(database: Database, path: Path, now: datetime) -> int:
    """Append the heads that the file does not know yet, one JSON line each; returns how many."""
    known = read_anchors(path) if path.exists() else {}
    with database.read() as connection:
        heads = connection.execute(select(audit_heads).order_by(audit_heads.c.tenant)).all()
    # What is anchored already is not anchored again as something else; verifying tells of that.
    fresh = [one for one in heads if one.number not in known.get(one.tenant, {})]
    lines = "".join(
        canonical(
            {"tenant": one.tenant, "number": one.number, "hash": one.hash, "at": told_time(now)}
        )
        + "\n"
        for one in fresh
    )
    try:
        with path.open("a", encoding="ascii") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(f"cannot write the anchors to {path}: {error.strerror}") from error
    return len(fresh)


def note_beginning(database: Database, path: Path, now: datetime) -> None:
    """Keep in a file beside the database what its chains were when it was first looked at.

    Without it a record that is removed as a whole, and begun again, would look like a new one.
    """
    if path.exists():
        return
    with database.read() as connection:
        begun = connection.execute(select(audit_heads.c.tenant).limit(1)).first() is not None
    if begun:
        append_anchors(database, path, now)


def joined(*several: Anchors) -> Anchors:
    """Anchors of several files. Where two disagree, the first is believed, and the chain told."""
    found: dict[str, dict[int, str]] = {}
    for anchors in several:
        for tenant, numbers in anchors.items():
            found[tenant] = {**numbers, **found.get(tenant, {})}
    return found


def read_anchors(path: Path) -> Anchors:
    """Read a file of anchors. Raises `InvalidRequestError` with the line that is none."""
    found: dict[str, dict[int, str]] = {}
    try:
        with path.open(encoding="ascii", errors="replace") as lines:
            for at, line in enumerate(lines, start=1):
                tenant, number, hash_ = _anchor(line, f"{path} line {at}")
                numbers = found.setdefault(tenant, {})
                if numbers.setdefault(number, hash_) != hash_:
                    # Both cannot be; the second one is told as the chain that is not there.
                    raise InvalidRequestError(
                        f"{path} line {at}: an earlier line has another hash for the same line "
                        f"{number} of {tenant!r}: one of the two chains was rewritten"
                    )
    except OSError as error:
        raise StorageError(f"cannot read the anchors in {path}: {error.strerror}") from error
    return found


def _anchor(line: str, where: str) -> tuple[str, int, str]:
    try:
        read = json.loads(line)
        tenant, number, hash_ = read["tenant"], read["number"], read["hash"]
    except (ValueError, KeyError, TypeError):
        tenant, number, hash_ = None, None, None
    if not (isinstance(tenant, str) and isinstance(number, int) and isinstance(hash_, str)):
        raise InvalidRequestError(
            f"{where}: is no anchor; remove the line if a crash has torn it, and no other"
        )
    return tenant, number, hash_
