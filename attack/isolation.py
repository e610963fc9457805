"""Random worlds against every operation: what one may not see never comes back, whatever happens.

Documents are added, revised for other people, submitted, approved, rejected, withdrawn, deleted
and replaced, and days pass; in between everybody asks for everything, with identifiers taken from
everywhere. Which canaries may come back is worked out by `attack.oracle`.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from attack.attacked import ATTACKED, make_probe, operations
from attack.check import Check, Scale
from attack.hands import Deed
from attack.house import AttackedHouse, served
from attack.judge import CROSSED, DEED, FAILED, UNLIKE_ABSENT, WITHHELD, WRONG_STATUS, Judge, Tally
from attack.worlds import World, new_world

_SEEDS = st.integers(0, 2**32 - 1)
_STEPS = 30
_BURST = 12


class CrossedError(AssertionError):
    """Something came back that must not."""


class Histories(RuleBasedStateMachine):
    """One world and its history. `machine` makes a class whose worlds count into one tally."""

    tally: Tally
    real_model = False
    stop_at_once = False
    kind: type[AttackedHouse] = AttackedHouse

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="attack-"))
        self.door = self.stack.enter_context(
            served(Path(folder), real_model=self.real_model, kind=self.kind)
        )
        self.judge: Judge

    @property
    def world(self) -> World:
        """The world of this history."""
        return self.judge.world

    @initialize(seed=_SEEDS)
    def begin(self, seed: int) -> None:
        """Make a world."""
        self.judge = Judge(new_world(self.door, seed), self.tally)

    @rule(seed=_SEEDS)
    def add(self, seed: int) -> None:
        """Take in a document."""
        draw = Random(seed)
        self.world.add(draw)
        self.burst(draw)

    @rule(seed=_SEEDS)
    def revise(self, seed: int) -> None:
        """Take in a new version of one, perhaps for others."""
        draw = Random(seed)
        self.world.revise(draw)
        self.burst(draw)

    @rule(seed=_SEEDS, deed=st.sampled_from(list(Deed)))
    def deed(self, seed: int, deed: Deed) -> None:
        """Move one on its way."""
        draw = Random(seed)
        self.world.attempt(draw, deed)
        self.burst(draw)

    @rule(seed=_SEEDS)
    def publish(self, seed: int) -> None:
        """Take one all the way to its readers."""
        draw = Random(seed)
        known = list(self.world.oracle.documents.values())
        if known:
            self.world.publish(draw.choice(known))
        self.burst(draw)

    @rule(seed=_SEEDS)
    def bring_back(self, seed: int) -> None:
        """Take in again what was deleted."""
        draw = Random(seed)
        self.world.bring_back(draw)
        self.burst(draw)

    @rule(seed=_SEEDS)
    def keep_house(self, seed: int) -> None:
        """Let housekeeping end what is over."""
        self.world.see_to_reviews()
        self.burst(Random(seed))

    @rule(seed=_SEEDS)
    def wait(self, seed: int) -> None:
        """Let days pass."""
        draw = Random(seed)
        self.world.wait(draw)
        self.burst(draw)

    def burst(self, draw: Random) -> None:
        """Ask for everything, by anybody."""
        for _ in range(_BURST):
            self.judge.send(make_probe(self.world, self.judge.known, draw))
        if self.stop_at_once and self.tally.found:
            what, told = self.tally.details.popitem()
            self.tally.found.clear()
            self.tally.details.clear()
            raise CrossedError(f"{what}: {told[0]}")

    def teardown(self) -> None:
        """Close the house and remove its folder."""
        self.stack.close()


def machine(
    tally: Tally,
    *,
    real_model: bool = False,
    stop_at_once: bool = False,
    kind: type[AttackedHouse] = AttackedHouse,
) -> type[Histories]:
    """A state machine whose worlds count into one tally, in houses of this kind.

    With `stop_at_once` the first finding raises, so that hypothesis looks for the shortest way
    there; without, all of them are counted.
    """
    facts = {"tally": tally, "real_model": real_model, "stop_at_once": stop_at_once, "kind": kind}
    return type("Histories", (Histories,), facts)


def attack(histories: type[Histories], requests: int, *, worlds: int) -> None:
    """Run histories, each in a world of its own, until so many requests were sent."""
    while histories.tally.requests < requests:
        run_state_machine_as_test(
            histories,
            settings=settings(
                max_examples=worlds,
                stateful_step_count=_STEPS,
                deadline=None,
                database=None,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )


def run(scale: Scale) -> list[Check]:
    """Attack with the quick model for volume, and with the real one for truth."""
    checks = []
    for name, real_model, requests, worlds in (
        ("hashed words", False, scale.pick(20_000, 1_500), scale.pick(10, 5)),
        ("the real model", True, scale.pick(1_500, 100), 3),
    ):
        tally = Tally()
        attack(machine(tally, real_model=real_model), requests, worlds=worlds)
        checks += report(tally, f"isolation, {name}")
    checks.append(_coverage())
    return checks


def report(tally: Tally, name: str) -> list[Check]:
    """A tally as lines of the table."""
    asked = {
        CROSSED: "0 canaries across",
        UNLIKE_ABSENT: "hidden = absent, to the byte",
        WRONG_STATUS: "every status as roles and owners have it",
        WITHHELD: "nothing withheld that may be seen",
        DEED: "nothing done that roles, owners, states or four eyes forbid",
        FAILED: "0 server errors",
    }
    return [
        Check(
            name=f"{name}: {what}",
            attempts=tally.requests,
            asked=words,
            seen=f"{tally.found[what]}",
            passed=not tally.found[what],
            detail="\n\n".join(tally.details.get(what, [])[:2]),
        )
        for what, words in asked.items()
    ]


def _coverage() -> Check:
    with tempfile.TemporaryDirectory(prefix="attack-") as folder, served(Path(folder)) as door:
        every = operations(door.app)
    forgotten = sorted(every - ATTACKED.keys())
    return Check(
        name="isolation: operations of the OpenAPI document",
        attempts=len(every),
        asked="every one attacked",
        seen=f"{len(every) - len(forgotten)} of {len(every)}",
        passed=not forgotten,
        detail="not attacked: " + ", ".join(forgotten),
    )
