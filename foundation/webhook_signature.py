"""Signatures of the Standard Webhooks scheme: a receiver knows who sent it, when, and unchanged.

The header `webhook-signature` holds `v1,` and base64 of HMAC-SHA256(key, "ID.TIMESTAMP.BODY").
"""

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"
_LEAST_BYTES = 24
_LEAST_CHARACTERS = 32


def signing_key(secret: str) -> bytes:
    """The bytes that a secret stands for; raises `ValueError` where they are too few.

    The scheme writes them as `whsec_` and base64. Anything else stands for itself.
    """
    if not secret.startswith(_PREFIX):
        if len(secret.encode()) < _LEAST_CHARACTERS:
            message = f"must be at least {_LEAST_CHARACTERS} bytes long"
            raise ValueError(message)
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < _LEAST_BYTES:
        message = f"must be {_PREFIX} and base64 of at least {_LEAST_BYTES} bytes"
        raise ValueError(message)
    return key


def signature(key: bytes, *, notice_id: str, timestamp: int, body: bytes) -> str:
    """What stands in the header `webhook-signature`. `timestamp` is in seconds since 1970."""
    signed = f"{notice_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"
