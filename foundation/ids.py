"""Identifiers: random ones for events, derived ones for things that must be found again."""

import hashlib
import re
import secrets
import time

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
"""What an identifier from outside must look like before it is looked up."""


def new_id(prefix: str) -> str:
    """A fresh identifier that sorts by creation time and cannot be guessed.

    `prefix` names the noun (`out`, `esc`, `cnv`). 48 bits of milliseconds, 80 random bits.
    """
    milliseconds = time.time_ns() // 1_000_000
    return f"{prefix}_{milliseconds:012x}{secrets.token_hex(10)}"


def made_at(identifier: str) -> float | None:
    """When `new_id` made an identifier, in seconds since 1970; None where it did not."""
    found = re.fullmatch(r"[a-z]+_([0-9a-f]{12})[0-9a-f]{20}", identifier)
    return int(found[1], 16) / 1000 if found else None


def derived_id(prefix: str, *parts: str) -> str:
    """The same identifier for the same parts, on every machine."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()
    return f"{prefix}_{digest}"


def content_hash(data: bytes) -> str:
    """SHA-256 of a file's bytes: its name in the blob store and the test for "unchanged"."""
    return hashlib.sha256(data).hexdigest()
