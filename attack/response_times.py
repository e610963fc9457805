"""Response times of houses that differ only in what the asker may not see.

Three houses in one process: two alike, and one with much in it that is hidden from the asker.
Each round asks all three for the same, in an order drawn anew. What the two alike differ by from
answer to answer is the noise; the hidden things must not move the median by as much as that. How
well one answer by itself tells the houses apart is shown too, as the share of pairs in which the
house with the hidden things was the slower one: one half is a coin.
"""

import gc
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from attack.check import Check, Scale
from attack.house import Door, Person, served
from attack.paired_requests import Asked, Side
from attack.paired_worlds import DIFFERENCES, TOPICS, Difference, furnish, hidden_documents
from governance.principal import Role

_HIDDEN = Difference(
    name="hidden documents", here=DIFFERENCES[0].here, there=hidden_documents("t", 150)
)
_ASKER = Person(
    tenant="acme",
    role=Role.PARTNER_CONSULTANT,
    subject="timing",
    attributes={"tier": "gold", "region": "emea"},
)
_STRANGER = Person(tenant="acme", role=Role.CONTENT_OWNER, subject="timing too")
_WARM = 20
_FAIR = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What one kind of request took, in milliseconds, round by round."""

    kind: str
    alike: Sequence[float]
    other: Sequence[float]
    hidden: Sequence[float]

    @property
    def noise(self) -> float:
        """How much two answers of houses that are alike differ, half of the time by more."""
        return median(abs(a - b) for a, b in zip(self.alike, self.other, strict=True))

    @property
    def difference(self) -> float:
        """How much the hidden things move the median."""
        return median(self.hidden) - median([*self.alike, *self.other])

    @property
    def slower(self) -> float:
        """In which share of rounds the house with hidden things was the slower one."""
        pairs = zip([*self.alike, *self.other], [*self.hidden, *self.hidden], strict=True)
        return sum((b > a) + (b == a) / 2 for a, b in pairs) / (2 * len(self.hidden))

    @property
    def slower_alike(self) -> float:
        """The same between the two that are alike: what luck and order make of it."""
        pairs = zip(self.alike, self.other, strict=True)
        return sum((b > a) + (b == a) / 2 for a, b in pairs) / len(self.alike)


def run(scale: Scale) -> list[Check]:
    """Measure every kind of request."""
    rounds = scale.pick(400, 60)
    return [_check(one, rounds) for one in measure(rounds)]


def measure(rounds: int) -> list[Times]:
    """Ask the three houses in turn, kind by kind."""
    with ExitStack() as stack:
        doors = []
        for happens in (_HIDDEN.here, _HIDDEN.here, _HIDDEN.there):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attack-")))
            door = stack.enter_context(served(folder))
            furnish(door, happens, 5, 40)
            doors.append(door)
        return [
            _timed(kind, asked, doors, rounds, Random(kind))
            for kind, asked in _kinds(doors).items()
        ]


def _kinds(doors: Sequence[Door]) -> Mapping[str, Sequence[Asked]]:
    common = [one for one in doors[0].house.catalog.newest() if one.uri.startswith("common/")]
    readable = next(one for one in common if "partners" in one.metadata.audience)
    catalog = doors[2].house.catalog
    hidden = [one for one in catalog.newest() if one.uri.startswith("hidden/")][:20]
    chunks = [catalog.chunks_of(one.document_id, one.version)[0].id for one in hidden]
    chunk = doors[0].house.catalog.chunks_of(readable.document_id, readable.version)[0].id

    def post(path: str) -> list[Asked]:
        questions = [f"How much is the {topic} a month?" for topic in TOPICS]
        return [
            Asked(person=_ASKER, method="POST", path=path, body={"question": question})
            for question in questions
        ]

    def get(path: str) -> list[Asked]:
        return [Asked(person=_ASKER, method="GET", path=path)]

    return {
        "search": post("/v1/search"),
        "ask": post("/v1/ask"),
        "the list of documents": get("/v1/documents"),
        "a document": get(f"/v1/documents/{readable.document_id}"),
        "a passage": get(f"/v1/passages/{chunk}"),
        # In two houses it does not exist, in the third it is hidden.
        "a document that is hidden or absent": [
            one for version in hidden for one in get(f"/v1/documents/{version.document_id}")
        ],
        "a passage that is hidden or absent": [
            one for chunk in chunks for one in get(f"/v1/passages/{chunk}")
        ],
        "withdrawing what is hidden or absent": [
            Asked(
                person=_STRANGER,
                method="POST",
                path=f"/v1/documents/{version.document_id}/withdraw",
                body={},
            )
            for version in hidden
        ],
    }


def _timed(
    kind: str, asked: Sequence[Asked], doors: Sequence[Door], rounds: int, draw: Random
) -> Times:
    sides = [Side(door) for door in doors]
    taken: list[list[float]] = [[] for _ in sides]
    for number in range(rounds + _WARM):
        one = asked[number % len(asked)]
        order = draw.sample(range(len(sides)), len(sides))
        gc.collect(0)
        for at in order:
            began = time.perf_counter()
            sides[at].send(one)
            took = (time.perf_counter() - began) * 1000
            if number >= _WARM:
                taken[at].append(took)
    return Times(kind=kind, alike=taken[0], other=taken[1], hidden=taken[2])


def _check(times: Times, rounds: int) -> Check:
    typical = median(times.alike)
    coin = abs(times.slower - 0.5) <= abs(times.slower_alike - 0.5) + _FAIR
    return Check(
        name=f"response times: {times.kind}",
        attempts=rounds * 3,
        asked="the median moves by less than noise",
        seen=f"{times.difference:+.2f} ms of {typical:.1f}, noise {times.noise:.2f}; "
        f"slower in {times.slower:.0%}, alike {times.slower_alike:.0%}",
        passed=abs(times.difference) < times.noise,
        detail="" if coin else "many measurements together would tell the houses apart",
    )
