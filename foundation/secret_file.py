"""A secret in a file of its own, made on first use and readable by its owner only."""

import os
import secrets
from pathlib import Path

from foundation.errors import StorageError
from foundation.folders import private_folder

_SHORTEST = 32
"""Characters: 256 bits, were they bytes (RFC 7518, section 3.2)."""


def kept_secret(path: Path, *, what: str, when_damaged: str) -> str:
    """The secret at this path. `what` names it in errors, `when_damaged` says what to do then.

    Two processes that start together agree on one: whoever creates the file first wins.
    """
    draft = path.parent / f".{path.name}-{secrets.token_hex(8)}"
    if not path.exists():
        try:
            private_folder(path.parent)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                # A link fails where the name is taken, and never shows half a file.
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        except OSError as error:
            message = f"cannot write the {what} in {path.parent}: {error.strerror}"
            raise StorageError(message) from error
    try:
        found = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        found = ""
    except OSError as error:
        message = f"cannot read the {what} {path}: {error.strerror}; check what is there"
        raise StorageError(message) from error
    if len(found) < _SHORTEST:
        raise StorageError(f"{path} is damaged; {when_damaged}")
    return found
