"""Every credential that proves nothing, at every door: refused, told as a problem, on record."""

import json
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from attack.attacked import operations
from attack.check import Check, Scale
from attack.forged import (
    Credential,
    Forge,
    goodies,
    issuer_forgeries,
    local_forgeries,
)
from attack.house import AttackedHouse, Door, served
from governance.audit.chain import audit_lines
from tests.fakes import issuer as issuers

if TYPE_CHECKING:
    import httpx2

_OPEN = frozenset({"GET /healthz", "GET /readyz", "GET /openapi.json"})
_WAIT_SECONDS = 10.0
_SHOWN = 8


class _Tried:
    """What was sent, and what was wrong with what came back."""

    def __init__(self) -> None:
        self.credentials = 0
        self.requests = 0
        self.let_in: list[str] = []
        self.told_badly: list[str] = []
        self.not_on_record: list[str] = []
        self.fetched = 0


def run(scale: Scale) -> list[Check]:
    """Forge everything against a house with a secret, and against one with an issuer's keys."""
    tried = _Tried()
    doors = scale.pick(40, 2)
    with tempfile.TemporaryDirectory(prefix="attack-") as folder, _trap() as trap:
        attack_local(Path(folder) / "local", trap, tried, doors)
        attack_issuer(Path(folder) / "issuer", trap, tried, doors)
        tried.fetched = trap.asked
    return report(tried)


def report(tried: _Tried) -> list[Check]:
    """What was tried, as lines of the table."""
    return [
        _check(tried, "let in", tried.let_in, "all 401 or 403"),
        _check(tried, "told badly", tried.told_badly, "problem+json, nothing of the reason"),
        _check(tried, "not on record", tried.not_on_record, "a line for each, without the token"),
        Check(
            name="tokens: addresses of keys and certificates in tokens",
            attempts=tried.credentials,
            asked="never asked",
            seen=f"asked {tried.fetched} times",
            passed=not tried.fetched,
        ),
    ]


def _check(tried: _Tried, what: str, wrong: Sequence[str], asked: str) -> Check:
    return Check(
        name=f"tokens: {tried.credentials} credentials, {what}",
        attempts=tried.requests,
        asked=asked,
        seen=f"{len(wrong)} {what}",
        passed=not wrong and tried.requests > 0,
        detail="\n".join(wrong[:_SHOWN]),
    )


def attack_local(folder: Path, trap: "_Trap", tried: _Tried, doors: int) -> None:
    """A house that signs its own tokens."""
    folder.mkdir()
    with served(folder) as door:
        forge = Forge(door, Random(7), trap.address)
        for one in goodies(door):
            _must_hold(door, one, tried)
        _try_all(door, local_forgeries(forge), tried, doors)
        for one in goodies(door):
            _must_hold(door, one, tried)


def attack_issuer(folder: Path, trap: "_Trap", tried: _Tried, doors: int) -> None:
    """A house whose tokens an identity provider signs."""
    folder.mkdir()
    known, other = issuers.rsa_key("r1"), issuers.rsa_key("r2")
    with issuers.served(known) as issuer:

        class Federated(AttackedHouse):
            """The same house behind an identity provider."""

            jwks = issuer.url

        with served(folder, kind=Federated) as door:
            now = door.house.calendar

            def claims(**changes: object) -> dict[str, Any]:
                said = issuers.said(now(), **changes)
                return {name: _seconds(value) for name, value in said.items()}

            good = Credential(name="issuer: a good token", bearer=known.sign(claims()), status=200)
            _must_hold(door, good, tried)
            forge = Forge(door, Random(8), trap.address)
            _try_all(door, issuer_forgeries(forge, known, other, claims), tried, doors)
            _must_hold(door, good, tried)


def _seconds(value: object) -> object:
    return int(value.timestamp()) if isinstance(value, datetime) else value


def _must_hold(door: Door, good: Credential, tried: _Tried) -> None:
    answer = door.client.get(good.path, headers=good.sent)
    if answer.status_code != good.status:
        tried.let_in.append(f"{good.name} was answered with {answer.status_code}: {answer.text}")


def _try_all(door: Door, forgeries: Iterable[Credential], tried: _Tried, doors: int) -> None:
    """Each at one door, with a look at the record; after that at others.

    In this order, because one chain gets three hundred lines a minute, and then counts.
    """
    seen = []
    for number, one in enumerate(forgeries):
        tried.credentials += 1
        # An address of its own, so that nobody else's denials count as theirs.
        address = "198.18.{}.{}".format(*divmod(number, 256))
        client = TestClient(door.app, raise_server_exceptions=False, client=(address, 5000))
        answer = client.get(one.path, headers=one.sent)
        _judge(one, f"GET {one.path}", answer, {one.status}, tried)
        if not _on_record(door, answer.headers["x-request-id"], one):
            tried.not_on_record.append(f"{one.name}: GET {one.path}")
        seen.append((one, client))
    every = sorted(operations(door.app) - _OPEN)
    for number, (one, client) in enumerate(seen):
        if one.path != "/v1/me":
            continue
        for operation in Random(number).sample(every, min(doors, len(every))):
            method, _, template = operation.partition(" ")
            path = template.replace("{version}", "1").replace("{", "").replace("}", "")
            body = {"question": "?"} if method == "POST" else None
            answer = client.request(method, path, headers=one.sent, json=body)
            _judge(one, operation, answer, {401, 403}, tried)


def _judge(
    bad: Credential,
    operation: str,
    answer: "httpx2.Response",
    statuses: set[int],
    tried: _Tried,
) -> None:
    tried.requests += 1
    told = f"{bad.name}: {operation} → {answer.status_code}"
    if answer.status_code not in statuses:
        tried.let_in.append(f"{told} {answer.text[:200]}")
        return
    if answer.headers["content-type"] != "application/problem+json":
        tried.told_badly.append(f"{told} as {answer.headers['content-type']}")
    if answer.status_code == 401 and "www-authenticate" not in answer.headers:
        tried.told_badly.append(f"{told} without WWW-Authenticate")
    if answer.status_code == 401:
        detail = answer.json()["detail"]
        if not ("no token came" in detail or "not valid here or has expired" in detail):
            tried.told_badly.append(f"{told}: {detail}")


def _on_record(door: Door, request_id: str, bad: Credential) -> bool:
    """Whether a line tells of the request, and holds nothing of what was sent."""
    end = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < end:
        with door.house.database.read() as connection:
            rows = connection.execute(
                select(audit_lines.c.sealed).where(audit_lines.c.action == "request.denied")
            ).scalars()
            lines = [row for row in rows if row and request_id in row]
        if lines:
            secret = (bad.bearer or "")[-30:]
            details = json.loads(lines[0])["details"]
            return not (len(secret) == 30 and secret in lines[0]) and bool(details["reason"])
        time.sleep(0.02)
    return False


class _Trap:
    """An address of ours that tokens name. Nobody may ask there."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked = 0


@contextmanager
def _trap() -> Iterator[_Trap]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            trap.asked += 1
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    trap = _Trap(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield trap
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
