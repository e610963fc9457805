"""An identity provider on this machine: keys under a URL, and tokens signed with them."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

NAME = "https://login.example"
AUDIENCE = "partner-copilot"


@dataclass(frozen=True)
class SigningKey:
    """A key pair, its name, and what it signs with."""

    id: str | None
    algorithm: str
    private: Any

    @property
    def public(self) -> dict[str, Any]:
        kind = RSAAlgorithm if self.algorithm == "RS256" else ECAlgorithm
        found: dict[str, Any] = kind.to_jwk(self.private.public_key(), as_dict=True)
        return found | {"use": "sig", "alg": self.algorithm} | ({"kid": self.id} if self.id else {})

    def sign(self, claims: Mapping[str, Any], **header: object) -> str:
        named = {"kid": self.id} if self.id else {}
        return jwt.encode(
            dict(claims), self.private, algorithm=self.algorithm, headers=named | header
        )


@cache
def rsa_key(name: str | None, bits: int = 2048) -> SigningKey:
    return SigningKey(name, "RS256", rsa.generate_private_key(65537, bits))


@cache
def ec_key(name: str | None) -> SigningKey:
    return SigningKey(name, "ES256", ec.generate_private_key(ec.SECP256R1()))


def said(now: datetime | None = None, **changes: object) -> dict[str, Any]:
    """Claims as this issuer makes them."""
    now = now or datetime.now(UTC)
    return {
        "iss": NAME,
        "aud": AUDIENCE,
        "sub": "kim",
        "jti": "one",
        "iat": now,
        "exp": now + timedelta(hours=1),
        "tenant": "acme",
        "roles": ["partner_consultant"],
    } | changes


@dataclass
class Issuer:
    """What is served, and how often it was asked for."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    # Instead of the keys.
    body: bytes | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    address: str = ""
    # Answers wait until it is set.
    awake: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.address}/keys"

    def answer(self) -> bytes:
        return json.dumps({"keys": self.keys}).encode() if self.body is None else self.body


@contextmanager
def served(*keys: SigningKey) -> Iterator[Issuer]:
    issuer = Issuer(keys=[one.public for one in keys])
    issuer.awake.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            issuer.awake.wait(30)
            body = issuer.answer()
            self.send_response(issuer.status)
            for name, value in issuer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Who hangs up on us does so on purpose."""

    server = Quiet(("127.0.0.1", 0), Handler)
    issuer.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield issuer
    finally:
        issuer.awake.set()
        server.shutdown()
        thread.join()
        server.server_close()


def part(value: object) -> str:
    """A part of a token, unsigned."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
