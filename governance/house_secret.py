"""The house's own secret, and the keys that are derived from it, one a purpose."""

import os
import secrets
from pathlib import Path

from foundation.errors import StorageError
from foundation.folders import private_folder

_SHORTEST = 32


def token_secret(data_dir: Path) -> str:
    """The secret in the data folder, made on first use and readable by its owner only.

    Two processes that start together agree on one: whoever creates the file first wins.
    """
    path = data_dir / "token-secret"
    draft = data_dir / f".token-secret-{secrets.token_hex(8)}"
    if not path.exists():
        try:
            private_folder(data_dir)
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
            message = f"cannot write the token secret in {data_dir}: {error.strerror}"
            raise StorageError(message) from error
    try:
        found = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        found = ""
    except OSError as error:
        message = f"cannot read the token secret {path}: {error.strerror}; check what is there"
        raise StorageError(message) from error
    if len(found) < _SHORTEST:  # RFC 7518, section 3.2: at least 256 bits
        message = f"{path} is damaged; delete it, and every token made with it ends"
        raise StorageError(message)
    return found


def derived_key(secret: str, purpose: str) -> bytes:
    """256 bits for one purpose (HKDF, RFC 5869): what leaks of one key tells nothing of another."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    label = f"partner-copilot {purpose} v1".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label).derive(secret.encode())
