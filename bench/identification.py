"""What it costs to know who is asking: each kind of credential, with and without revocation.

10,000 revocations of other tokens stand in the table meanwhile. Figures are medians in
milliseconds of one thread; what a thread of its own costs a request is the last figure.
"""

import base64
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import anyio
import anyio.to_thread
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from sqlalchemy import insert

from bench.figures import Board
from foundation.clock import system_clock
from foundation.database import Database, open_database
from governance.access import Access
from governance.api_key import KeyRequest
from governance.identity import TokenRequest
from governance.local_tokens import TokenAuthority
from governance.origins import Sender
from governance.principal import Role
from governance.revocations import revocations
from governance.signed_tokens import header_of
from governance.widget_tokens import WidgetRequest

_SECRET = base64.b64encode(bytes(48)).decode()
_NAME = "partner-copilot"
_PORTAL = "https://portal.example"
_ROUNDS = 2_000
_TARGET_MS = 0.3
_OTHERS = 10_000


def main() -> None:
    """Measure and print."""
    board = Board()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'copilot.db'}")
        _fill(database)
        _measure(board, database)
        database.close()
    board.close()


def _measure(board: Board, database: Database) -> None:
    access = Access(
        database=database, clock=system_clock, secret=_SECRET, issuer=_NAME, audience=_NAME
    )
    own = TokenAuthority(secret=_SECRET, issuer=_NAME, audience=_NAME, clock=system_clock)
    token = own.issue(TokenRequest(tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT})))
    key = access.api_keys.create(
        KeyRequest(
            tenant="acme",
            name="portal",
            roles=frozenset({Role.PARTNER_ADMIN}),
            origins=frozenset({_PORTAL}),
            ttl=timedelta(days=1),
        )
    )
    widget = access.widget_tokens.mint(
        WidgetRequest(subject="kim", origin=_PORTAL), key.key.identity
    )
    identify, sender = access.authenticator.identify, Sender(origins=[_PORTAL])
    without = _median(lambda: own.identify(token, header_of(token)))
    whole = _median(partial(identify, token, sender))
    board.add("own token, signature and claims only", without, "ms")
    board.add("own token, whole", whole, "ms")
    board.add("revocation check", whole - without, "ms", at_most=_TARGET_MS)
    board.add("API key, whole", _median(partial(identify, key.text, sender)), "ms")
    board.add("widget token, whole", _median(partial(identify, widget.token, sender)), "ms")
    for algorithm, signed, elsewhere in _issued(database):
        board.add(
            f"issuer's token, {algorithm}, whole",
            _median(partial(elsewhere.authenticator.identify, signed, sender)),
            "ms",
        )
        elsewhere.close()
    board.add("the thread that a request is identified in", anyio.run(_in_a_thread), "ms")
    access.close()


def _fill(database: Database) -> None:
    rows = [
        {
            "tenant": f"tenant-{number % 50}",
            "what": f"token:tok_{number:020x}",
            "up_to": 2**62,
            "keep_until": system_clock() + timedelta(days=30),
        }
        for number in range(_OTHERS)
    ]
    with database.write() as connection:
        connection.execute(insert(revocations), rows)


def _issued(database: Database) -> list[tuple[str, str, Access]]:
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    published = [
        {**RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True), "kid": "RS256"},
        {**ECAlgorithm.to_jwk(ec_key.public_key(), as_dict=True), "kid": "ES256"},
    ]
    body = json.dumps({"keys": published}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing between the figures."""

    now = int(system_clock().timestamp())
    claims = {
        "iss": _NAME, "aud": _NAME, "sub": "kim", "iat": now, "exp": now + 3600, "jti": "one",
        "tenant": "acme", "roles": ["partner_consultant"],
    }  # fmt: skip
    found = []
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for algorithm, private in (("RS256", rsa_key), ("ES256", ec_key)):
            access = Access(
                database=database, clock=system_clock, secret=_SECRET, issuer=_NAME, audience=_NAME,
                jwks_url=f"http://127.0.0.1:{server.server_port}/keys",
            )  # fmt: skip
            # Its keys are fetched here, while the server is there.
            access.authenticator  # noqa: B018
            signed = jwt.encode(claims, private, algorithm=algorithm, headers={"kid": algorithm})
            found.append((algorithm, signed, access))
        server.shutdown()
    return found


def _median(task: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        task()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


async def _in_a_thread() -> float:
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        await anyio.to_thread.run_sync(_SECRET.strip)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
