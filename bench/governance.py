"""What governance costs: ask and search with all of it, and with none of it, turn about.

Both sides run in one process over the same index, model and database, question by question, and
the one that begins changes. Without governance is built without it: no redaction, no audit, no
limits, no watch for abuse, no look whether a token was revoked; nothing of the code is patched.

Two ways are measured: the parts by themselves, and whole HTTP requests through the application.
Of each question the best of some rounds counts on either side, so that what else runs counts
least.
"""

import argparse
import asyncio
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy import Connection

from api import application
from assembly import Assembly
from bench.figures import Board
from bench.pairs import Pair, Watch, report
from bench.worlds import SAMPLE, BenchAssembly
from copilot.ask import Asked, Copilot
from copilot.confidence import Calibration
from copilot.conversation import Conversations
from copilot.extractive import ExtractiveWriter
from copilot.records import Records
from eval.dataset import read_dataset
from governance.abuse import AbuseWatch
from governance.abuse_policy import AbusePolicy
from governance.audit import AuditEvent
from governance.identity import Identity, TokenRequest
from governance.kept_words import KeptWords
from governance.limit_policy import LimitPolicy, RateLimits, RouteGroup
from governance.limiting import Limits, counters_at
from governance.local_tokens import TokenAuthority
from governance.origins import Sender
from governance.policy import Policy
from governance.principal import Principal, Role
from governance.redaction import PersonalData, Redacted
from governance.signed_tokens import header_of
from governance.vigilance import askers_of
from retrieval.query import Query

_WARM = 8
_PARTNER = Principal(subject="bench", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))


class NoRedaction:
    """Takes nothing out."""

    def redact(self, text: str, _: frozenset[PersonalData]) -> Redacted:
        """The text as it is."""
        return Redacted(text=text, counts={})


class Unlimited(Limits):
    """Counts nothing."""

    def admit(self, principal: Principal, group: RouteGroup) -> None:
        """Let everybody in."""


class Unwatched:
    """Takes note of nothing that was answered."""

    def answered(self, scope: Mapping[str, Any], status: int) -> None:
        """Take no note."""


class SignatureOnly:
    """Knows a token by its signature and claims, and asks nobody whether it was revoked."""

    def __init__(self, tokens: TokenAuthority) -> None:
        self._tokens = tokens

    def waits(self, _: str) -> bool:
        """Whether another machine is asked."""
        return False

    def identify(self, bearer: str, _: Sender) -> Identity:
        """Whom the token proves."""
        return self._tokens.identify(bearer, header_of(bearer))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0 whether the target holds or not."""
    parser = argparse.ArgumentParser(description="What governance costs.")
    parser.add_argument("--data", type=Path, help="a data folder to copy and ask; repeatable",
                        action="append", default=[])  # fmt: skip
    parser.add_argument("--questions", type=Path, default=SAMPLE / "cases.jsonl")
    parser.add_argument("--most", type=int, default=150, help="questions")
    parser.add_argument("--rounds", type=int, default=3, help="of each question the best counts")
    options = parser.parse_args(arguments)
    board = Board()
    questions = sampled_questions(options.questions, options.most)
    measure(board, questions, options.rounds, options.data)
    board.close()
    return 0


def measure(
    board: Board, questions: Sequence[str], rounds: int, sources: Sequence[Path] = ()
) -> None:
    """Measure over copies of these data folders, or over the sample corpus."""
    with tempfile.TemporaryDirectory(prefix="bench-governance-") as work:
        for number, source in enumerate(sources or [None]):
            folder = Path(work) / str(number)
            if source is not None:
                shutil.copytree(source, folder)
            with closing(BenchAssembly(folder)) as assembly:
                if source is None:
                    assembly.ingest_managed(SAMPLE)
                name = "corpora/sample" if source is None else source.name
                assembly.redactor.load()
                measure_parts(name, assembly, questions, rounds, board)
                asyncio.run(measure_http(name, assembly, questions, rounds, board))


def measure_parts(
    name: str, assembly: Assembly, questions: Sequence[str], rounds: int, board: Board
) -> None:
    """Ask and search by their parts, limits and watch included."""
    limits, watch = _limits(assembly), AbuseWatch(lambda: assembly.policy.current().abuse)
    bare = bare_copilot(assembly)

    def admit(group: RouteGroup) -> None:
        for asker in askers_of(_PARTNER):
            watch.admit(asker)
        limits.admit(_PARTNER, group)

    def ask(text: str) -> object:
        admit(RouteGroup.ASK)
        return assembly.copilot.ask(Asked(text=text, principal=_PARTNER))

    def search(text: str) -> object:
        admit(RouteGroup.SEARCH)
        return assembly.recorded_search.search(Query(text=text, principal=_PARTNER))

    def bare_ask(text: str) -> object:
        return bare.ask(Asked(text=text, principal=_PARTNER))

    def bare_search(text: str) -> object:
        return assembly.retriever.search(Query(text=text, principal=_PARTNER))

    for what, governed, without in (("ask", ask, bare_ask), ("search", search, bare_search)):
        pairs = _compared(governed, without, questions, rounds)
        report(board, f"{name}: {what}, parts", pairs)


async def measure_http(
    name: str, assembly: Assembly, questions: Sequence[str], rounds: int, board: Board
) -> None:
    """Whole requests through the application, one after another."""
    app = application(assembly.settings, lambda: _Lasting(assembly))  # type: ignore[arg-type,return-value]
    token = assembly.tokens.issue(
        TokenRequest(tenant="acme", roles=_PARTNER.roles, subject="bench")
    )
    headers = {"Authorization": f"Bearer {token}"}
    async with app.router.lifespan_context(app):
        switched = _switches(app, assembly)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:

            def request(path: str) -> Callable[[str], Awaitable[None]]:
                async def send(text: str) -> None:
                    response = await client.post(path, json={"question": text}, headers=headers)
                    response.raise_for_status()

                return send

            for what in ("ask", "search"):
                pairs = await _compared_over_http(
                    app, switched, request(f"/v1/{what}"), questions, rounds
                )
                report(board, f"{name}: {what}, HTTP", pairs)


class _Lasting:
    """The parts, which the application must not close: they are measured further."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    def __getattr__(self, name: str) -> object:
        return getattr(self._assembly, name)

    def close(self) -> None:
        """Leave everything open."""


def bare_copilot(assembly: Assembly) -> Copilot:
    """The copilot without redaction and audit, over the same parts."""
    records = Records(assembly.database, str, _no_ledger)
    return Copilot(
        retriever=assembly.retriever,
        writer=ExtractiveWriter(),
        calibration=Calibration.load(),
        policy=_bare_policy(assembly),
        records=records,
        earlier=Conversations(records, assembly.visible_catalog),
        words=KeptWords(NoRedaction(), _bare_policy(assembly)),
        clock=assembly.clock,
    )


def _no_ledger(_connection: Connection, _event: AuditEvent) -> None:
    """Put nothing on record."""


def _bare_policy(assembly: Assembly) -> Callable[[], Policy]:
    policy = assembly.policy.current()
    redaction = policy.redaction.model_copy(update={"questions": frozenset()})
    bare = policy.model_copy(update={"redaction": redaction})
    return lambda: bare


def _limits(assembly: Assembly) -> Limits:
    return Limits(lambda: assembly.policy.current().limits, counters_at(None))


def _switches(app: FastAPI, assembly: Assembly) -> Mapping[bool, Mapping[str, object]]:
    """By whether it is governed, the parts that the application uses."""
    names = (
        "copilot", "retriever", "limits", "abuse_watch", "vigilance", "authenticator",
    )  # fmt: skip
    nothing = LimitPolicy(per_subject=RateLimits(), per_tenant=RateLimits())
    return {
        True: {name: getattr(app.state, name) for name in names},
        False: {
            "copilot": bare_copilot(assembly),
            "retriever": assembly.retriever,
            "limits": Unlimited(lambda: nothing, counters_at(None)),
            "abuse_watch": AbuseWatch(AbusePolicy),
            "vigilance": Unwatched(),
            "authenticator": SignatureOnly(assembly.tokens),
        },
    }


def _compared(
    governed: Callable[[str], object],
    bare: Callable[[str], object],
    questions: Sequence[str],
    rounds: int,
) -> list[Pair]:
    draw = random.Random(7)
    pairs = []
    for text in (*questions[:_WARM], *questions):
        watch = Watch()
        for side in (one for _ in range(rounds) for one in draw.sample((True, False), 2)):
            with watch.timed(governed=side):
                (governed if side else bare)(text)
        pairs.append(watch.pair())
    return pairs[-len(questions) :]


async def _compared_over_http(
    app: FastAPI,
    switches: Mapping[bool, Mapping[str, object]],
    send: Callable[[str], Awaitable[None]],
    questions: Sequence[str],
    rounds: int,
) -> list[Pair]:
    draw = random.Random(7)
    pairs = []
    for text in (*questions[:_WARM], *questions):
        watch = Watch()
        for side in (one for _ in range(rounds) for one in draw.sample((True, False), 2)):
            for name, part in switches[side].items():
                setattr(app.state, name, part)
            with watch.timed(governed=side):
                await send(text)
        pairs.append(watch.pair())
    return pairs[-len(questions) :]


def sampled_questions(path: Path, most: int) -> list[str]:
    """Questions of a dataset, each once, in an order that has nothing to do with its own."""
    found = list(dict.fromkeys(case.question for case in read_dataset(path)))
    random.Random(3).shuffle(found)
    return found[:most]


if __name__ == "__main__":
    raise SystemExit(main())
