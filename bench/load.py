"""Sixteen clients of three tenants at once: errors, wrong tenants, latency, throughput.

    python -m bench.load --work FOLDER [--seconds 120] [--alone 30] [--clients 16]

Starts `partner-copilot serve` on the loopback over the sample corpus, asks the questions of its
cases first with one client alone and then with all of them, and checks each citation of each
response against what the catalog lets that tenant read, looked up by another process.
"""

import argparse
import http.client
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from assembly import Assembly
from bench.figures import Board
from bench.server import Client, Served, served, token_for
from bench.worlds import SAMPLE
from eval.dataset import read_dataset
from eval.summary import percentiles
from foundation.settings import Settings
from governance.principal import Principal, Role
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover

ASKERS = tuple(
    Principal(
        subject=f"{tenant}-bench",
        tenant=tenant,
        roles=frozenset({Role.PARTNER_CONSULTANT}),
        attributes={"tier": tier, "region": region},
    )
    for tenant, tier, region in (
        ("acme", "gold", "emea"),
        ("birchwood", "silver", "amer"),
        ("cobalt", "platinum", "apac"),
    )
)
_FOLDERS_OF_ONE_PARTNER = ("partners", "tickets")
_SHOWN = 5
_PAUSE_AFTER_ERROR = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A tenant with a token and the ids of the documents it may read."""

    principal: Principal
    token: str
    readable: frozenset[str]

    def is_foreign(self, citation: dict[str, str]) -> bool:
        """Whether a citation is of what this tenant must not see, by catalog or by folder."""
        top, _, rest = citation["uri"].partition("/")
        others = {principal.tenant for principal in ASKERS} - {self.principal.tenant}
        in_their_folder = top in _FOLDERS_OF_ONE_PARTNER and any(
            rest.startswith((f"{tenant}/", f"{tenant}.")) for tenant in others
        )
        return citation["document_id"] not in self.readable or in_their_folder


@dataclass(slots=True)
class Tally:
    """What one client saw."""

    milliseconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0 whether the targets hold or not."""
    parser = argparse.ArgumentParser(description="The server under load.")
    parser.add_argument("--work", type=Path, required=True, help="folder for the index; re-used")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--alone", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=16)
    options = parser.parse_args(arguments)
    data_dir = options.work / "load"
    data_dir.mkdir(parents=True, exist_ok=True)
    askers = _prepared(data_dir)
    bodies = _bodies()
    board = Board()
    with served(data_dir, options.work / "load-server.log") as server:
        _run(server, askers, bodies, clients=len(askers), seconds=5.0)
        alone = _run(server, askers[:1], bodies, clients=1, seconds=options.alone)
        together = _run(server, askers, bodies, clients=options.clients, seconds=options.seconds)
        memory = server.resident_megabytes()
    _report(alone, together, options, board)
    board.add("serve: resident memory after the load", memory, "MB", digits=0)
    board.close()
    return 0


def _prepared(data_dir: Path) -> tuple[Asker, ...]:
    with closing(Assembly(Settings(data_dir=data_dir))) as assembly:
        report = assembly.pipeline.run(discover([SAMPLE], IngestOptions()), IngestRun())
        print(f"ingest: {report.added} added, {report.unchanged} unchanged")
        catalog = assembly.visible_catalog
        readable = {
            principal.tenant: frozenset(
                version.document_id for version in catalog.documents(catalog.visibility(principal))
            )
            for principal in ASKERS
        }
    return tuple(
        Asker(
            principal=principal,
            token=token_for(principal, data_dir),
            readable=readable[principal.tenant],
        )
        for principal in ASKERS
    )


def _bodies() -> tuple[dict[str, object], ...]:
    """Every question of the sample's cases, whoever asks it there, with its filters.

    Questions about another day are left out: what may be cited differs with the day.
    """
    today = datetime.now(tz=UTC).date()
    return tuple(
        {
            "question": case.question,
            "filters": {"release": case.filters.release, "product": case.filters.product},
        }
        for case in read_dataset(SAMPLE / "cases.jsonl")
        if case.filters.as_of in (None, today)
    )


def _run(
    server: Served,
    askers: Sequence[Asker],
    bodies: Sequence[dict[str, object]],
    *,
    clients: int,
    seconds: float,
) -> tuple[Tally, float]:
    """Let so many clients ask for so long; returns what they saw and the seconds it took."""
    tallies = [Tally() for _ in range(clients)]
    end = time.monotonic() + seconds
    next_body = count()
    threads = [
        threading.Thread(
            target=_client,
            args=(server.port, askers[number % len(askers)], bodies, next_body, end, tally),
        )
        for number, tally in enumerate(tallies)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    whole = Tally()
    for tally in tallies:
        whole.milliseconds += tally.milliseconds
        whole.errors += tally.errors
        whole.foreign += tally.foreign
        for kind, times in tally.kinds.items():
            whole.kinds[kind] = whole.kinds.get(kind, 0) + times
    return whole, took


def _client(  # noqa: PLR0913, PLR0917 - a thread's arguments
    port: int,
    asker: Asker,
    bodies: Sequence[dict[str, object]],
    next_body: "count[int]",
    end: float,
    tally: Tally,
) -> None:
    client = Client(port, asker.token)
    while time.monotonic() < end:
        body = bodies[next(next_body) % len(bodies)]
        began = time.perf_counter()
        try:
            response = client.post("/v1/ask", body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            tally.errors.append(f"{type(error).__name__}: {error}")
            time.sleep(_PAUSE_AFTER_ERROR)
            continue
        tally.milliseconds.append((time.perf_counter() - began) * 1000)
        if response.status != http.client.OK:
            tally.errors.append(f"status {response.status}: {response.body}")
            continue
        outcome = response.body
        tally.kinds[outcome["kind"]] = tally.kinds.get(outcome["kind"], 0) + 1
        if outcome["question"] != body["question"]:
            tally.foreign.append(f"{asker.principal.tenant} got another question's outcome")
        tally.foreign += [
            f"{asker.principal.tenant} got {citation['uri']}"
            for citation in outcome["citations"]
            if asker.is_foreign(citation)
        ]
    client.close()


def _report(
    alone: tuple[Tally, float],
    together: tuple[Tally, float],
    options: argparse.Namespace,
    board: Board,
) -> None:
    rates = []
    for (tally, took), name in (
        (alone, "one client alone"),
        (together, f"{options.clients} clients of {len(ASKERS)} tenants"),
    ):
        rates.append(len(tally.milliseconds) / took)
        p50, p95 = percentiles(tally.milliseconds)
        board.add(f"{name}: questions", len(tally.milliseconds), digits=0)
        board.add(f"{name}: errors", len(tally.errors), at_most=0, digits=0)
        board.add(f"{name}: citations of a wrong tenant", len(tally.foreign), at_most=0, digits=0)
        board.add(f"{name}: p50", p50, "ms", digits=1)
        board.add(f"{name}: p95", p95, "ms", digits=1)
        board.add(f"{name}: throughput", rates[-1], "questions/s", digits=1)
        print(f"  kinds: {tally.kinds}")
        for line in (tally.errors + tally.foreign)[:_SHOWN]:
            print(f"  {line}")
    board.add("throughput together over alone", rates[1] / rates[0], "times", at_least=1.5)


if __name__ == "__main__":
    raise SystemExit(main())
