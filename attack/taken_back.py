"""Documents that are taken back while many ask for them, over a real server on the loopback."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from statistics import median

from attack.hands import Deed, request_of
from attack.house import AttackedHouse, Calendar, Page, Person
from bench.server import HOST, served
from governance.document import ApprovalState, document_id
from governance.principal import Role

_ASKERS = 16
_OWNER = "northstar"
_PAUSE = 0.4
_SETTLE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was seen. `late` are answers that began after a call had returned, and showed it."""

    deed: Deed
    askers: int
    documents: int
    answers: int
    shown: int
    late: tuple[str, ...]
    failed: tuple[str, ...]
    median_ms: float
    worst_ms: float
    call_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A document that will be taken back; the canary stands in its text and title."""

    id: str
    canary: str
    question: str
    passage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """An answer: when it began, what was asked for, and which canaries stood in it."""

    began: float
    request: str
    canaries: frozenset[str]


@dataclass(slots=True)
class _Log:
    seen: list[_Seen] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    target: _Target
    began: float
    returned: float


def under_load(folder: Path, deed: Deed, documents: int) -> Taken:
    """Take documents back, one after another, while sixteen people ask for all of them."""
    targets, tokens, keeper = _furnished(folder, documents)
    with served(folder / "data", folder / "server.log") as server:
        logs = [_Log() for _ in tokens]
        stop = threading.Event()
        threads = [
            threading.Thread(target=_ask, args=(server.port, token, targets, stop, log, seed))
            for seed, (token, log) in enumerate(zip(tokens, logs, strict=True))
        ]
        for thread in threads:
            thread.start()
        try:
            time.sleep(_SETTLE)
            calls = [_take_back(server.port, keeper, deed, one) for one in targets]
            time.sleep(_SETTLE)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    return _judged(deed, calls, logs)


def _furnished(folder: Path, documents: int) -> tuple[list[_Target], list[str], str]:
    clock = Calendar(datetime.now(UTC))
    with closing(AttackedHouse(folder, clock, real_model=True)) as house:
        draw, targets, pages = Random(documents), [], []
        for number in range(documents):
            canary = f"cv{draw.getrandbits(48):012x}z"
            topic = f"{draw.choice(['orchid', 'copper', 'falcon'])} tariff {number}"
            uri = f"pages/{number}.md"
            pages.append(
                Page(
                    tenant=_OWNER,
                    uri=uri,
                    title=f"The {topic} {canary}",
                    text=f"# The {topic} {canary}\n\nThe {topic} is {number + 3} units a month "
                    f"under the code {canary}.\n",
                    approval=ApprovalState.APPROVED,
                )
            )
            identity = document_id(_OWNER, uri)
            targets.append(
                _Target(id=identity, canary=canary, question=f"What is the {topic}?", passage="")
            )
        house.ingest(*pages)
        chunks = {one.id: house.catalog.chunks_of(one.id, 1)[0].id for one in targets}
        targets = [replace(one, passage=chunks[one.id]) for one in targets]
        people = [
            Person(tenant=f"partner-{n % 3}", role=Role.PARTNER_CONSULTANT, subject=f"asker-{n}")
            for n in range(_ASKERS)
        ]
        keeper = Person(tenant=_OWNER, role=Role.CONTENT_OWNER, subject="keeper")
        return targets, [house.token(one) for one in people], house.token(keeper)


@contextmanager
def _connection(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def _take_back(port: int, token: str, deed: Deed, target: _Target) -> _Call:
    time.sleep(_PAUSE)
    asking = request_of(deed, target.id, "taken back")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = None if asking.body is None else json.dumps(asking.body)
    with _connection(port) as connection:
        began = time.perf_counter()
        connection.request(asking.method, asking.path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        returned = time.perf_counter()
    if answer.status != http.client.OK:
        message = f"{deed.value} was answered with {answer.status}: {text[:300]!r}"
        raise RuntimeError(message)
    return _Call(target=target, began=began, returned=returned)


def _ask(  # noqa: PLR0913, PLR0917 - a thread's arguments
    port: int,
    token: str,
    targets: Sequence[_Target],
    stop: threading.Event,
    log: _Log,
    seed: int,
) -> None:
    """Ask for one document after another, by every way there is."""
    draw = Random(seed)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    canaries = [one.canary for one in targets]
    with _connection(port) as connection:
        for _ in count():
            if stop.is_set():
                return
            method, path, body = _way(draw, draw.choice(targets), seed)
            began = time.perf_counter()
            try:
                connection.request(method, path, json.dumps(body) if body else None, headers)
                answer = connection.getresponse()
                text = answer.read().decode()
            except (OSError, http.client.HTTPException) as error:
                log.failed.append(f"{method} {path}: {type(error).__name__}: {error}")
                connection.close()
                continue
            if answer.status >= http.client.INTERNAL_SERVER_ERROR:
                log.failed.append(f"{method} {path}: {answer.status} {text[:200]}")
            shown = frozenset(one for one in canaries if one in text)
            log.seen.append(_Seen(began=began, request=f"{method} {path} {body}", canaries=shown))


def _way(draw: Random, target: _Target, seed: int) -> tuple[str, str, dict[str, object] | None]:
    question: dict[str, object] = {"question": target.question}
    conversation = f"talk-{seed}-{draw.randrange(4)}"
    return draw.choice(
        [
            ("POST", "/v1/ask", question | {"conversation_id": conversation}),
            ("POST", "/v1/ask/stream", question),
            ("POST", "/v1/search", question | {"k": 5}),
            ("GET", f"/v1/passages/{target.passage}", None),
            ("GET", f"/v1/documents/{target.id}", None),
            ("GET", "/v1/documents", None),
            ("GET", f"/v1/conversations/{conversation}", None),
        ]
    )


def _judged(deed: Deed, calls: Sequence[_Call], logs: Sequence[_Log]) -> Taken:
    seen = [one for log in logs for one in log.seen]
    late, last = [], []
    shown = 0
    for call in calls:
        showing = [one for one in seen if call.target.canary in one.canaries]
        shown += len(showing)
        late += [
            f"{one.request} began {(one.began - call.returned) * 1000:.1f} ms after the return"
            for one in showing
            if one.began > call.returned
        ]
        during = [one.began - call.began for one in showing if one.began > call.began]
        last.append(max(during, default=0.0) * 1000)
    return Taken(
        deed=deed,
        askers=len(logs),
        documents=len(calls),
        answers=len(seen),
        shown=shown,
        late=tuple(late),
        failed=tuple(one for log in logs for one in log.failed),
        median_ms=median(last),
        worst_ms=max(last),
        call_ms=median((one.returned - one.began) * 1000 for one in calls),
    )
