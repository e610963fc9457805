"""The key that marks the heads of the audit's chains: beside the database, never in it."""

import hashlib
from pathlib import Path

from foundation.database import Database, read_text, write_text
from foundation.errors import ConfigurationError
from foundation.secret_file import kept_secret

_NAME = "audit_key"


def audit_key(data_dir: Path) -> str:
    """The key in the data folder, made on first use and readable by its owner only."""
    return kept_secret(
        data_dir / "audit-key",
        what="key of the audit",
        when_damaged="put it back from a copy, or delete it and run `partner-copilot audit rekey`",
    )


def check_key(database: Database, key: str) -> None:
    """Raise `ConfigurationError` where the record is marked with another key than this.

    Two processes with two keys would each find the other's lines unmarked, for good.
    """
    with database.read() as connection:
        known = read_text(connection, _NAME)
    if not known:
        with database.write() as connection:
            known = read_text(connection, _NAME)
            if not known:
                write_text(connection, _NAME, _name_of(key))
                return
    if known != _name_of(key):
        raise ConfigurationError(
            "the record in this database is marked with another key than COPILOT_AUDIT_KEY or "
            "the file audit-key in the data folder; put that key there, or, if it is lost, run "
            "`partner-copilot audit rekey`, which the record will say"
        )


def accept_key(database: Database, key: str) -> None:
    """Mark with this key from here on. Each chain's next line says that its mark was another."""
    with database.write() as connection:
        write_text(connection, _NAME, _name_of(key))


def _name_of(key: str) -> str:
    # Tells one key from another and gives none away.
    return hashlib.sha256(b"name of an audit key:" + key.encode()).hexdigest()[:16]
