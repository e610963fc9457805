"""The house's own secret, and the keys that are derived from it, one a purpose."""

from pathlib import Path

from foundation.secret_file import kept_secret


def token_secret(data_dir: Path) -> str:
    """The secret in the data folder, made on first use and readable by its owner only."""
    return kept_secret(
        data_dir / "token-secret",
        what="token secret",
        when_damaged="delete it, and every token made with it ends",
    )


def derived_key(secret: str, purpose: str) -> bytes:
    """256 bits for one purpose (HKDF, RFC 5869): what leaks of one key tells nothing of another."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    label = f"partner-copilot {purpose} v1".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label).derive(secret.encode())
