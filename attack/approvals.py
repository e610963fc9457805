"""Approval: what can be retrieved is what is approved and valid, at every instant.

First in random histories, where everything that each of some people can retrieve is compared with
what the oracle says, after every single step. Then under load: documents are withdrawn and
deleted while sixteen people ask for them, and no answer that began after the call had returned
may show them.
"""

import tempfile
from pathlib import Path
from random import Random

from attack.check import Check, Scale
from attack.hands import Deed
from attack.house import Person, served
from attack.judge import Judge, Tally
from attack.oracle import NOTHING_NARROWED, Narrowing, words_of
from attack.probes import filters_of
from attack.probing import Known, Probe
from attack.taken_back import Taken, under_load
from attack.worlds import World, new_world

_EVERYTHING = "units a month under the code, open the console and press Save"
_MOST = 100


def run(scale: Scale) -> list[Check]:
    """Histories, then withdrawals and deletions under load."""
    tally = Tally()
    instants = histories(tally, worlds=scale.pick(25, 2), steps=scale.pick(30, 8))
    wrong = sum(tally.found.values())
    checks = [
        Check(
            name=f"approval: {instants} instants of random histories",
            attempts=tally.requests,
            asked="retrievable = approved and valid then, to everybody",
            seen=f"{wrong} answers show more or less",
            passed=not wrong,
            detail="\n\n".join(told[0] for told in tally.details.values()),
        )
    ]
    documents = scale.pick(30, 4)
    for deed in (Deed.WITHDRAW, Deed.DELETE):
        with tempfile.TemporaryDirectory(prefix="attack-") as folder:
            checks += _checks(under_load(Path(folder), deed, documents))
    return checks


def histories(tally: Tally, *, worlds: int, steps: int) -> int:
    """Live through histories, and look at everything after each step; returns how many steps."""
    for seed in range(worlds):
        with tempfile.TemporaryDirectory(prefix="attack-") as folder, served(Path(folder)) as door:
            draw = Random(seed)
            judge = Judge(new_world(door, seed, tenants=3, documents=6), tally)
            for _ in range(steps):
                _step(judge.world, draw)
                for person in draw.sample(judge.world.people, 3):
                    look_at_everything(judge, person, draw)
    return worlds * steps


def _step(world: World, draw: Random) -> None:
    match draw.randrange(9):
        case 0:
            world.add(draw)
        case 1 | 2:
            world.revise(draw)
        case 3 | 4:
            world.wait(draw)
        case 5:
            world.see_to_reviews()
        case 6:
            world.bring_back(draw)
        case 7:
            world.attempt(draw, draw.choice(list(Deed)))
        case _:
            if world.oracle.documents:
                world.publish(draw.choice(list(world.oracle.documents.values())))


def look_at_everything(judge: Judge, person: Person, draw: Random) -> None:
    """Ask for all that somebody may retrieve, by search, list and id; and by an earlier day."""
    days = draw.choice([None, None, 1, 7, 40])
    judge.send(_search(judge.world, judge.known, person, days))
    judge.send(_list(judge.world, judge.known, person))
    for probe in _openings(judge.world, judge.known, person):
        judge.send(probe)


def _search(world: World, known: Known, person: Person, days: int | None) -> Probe:
    as_of = None if days is None else world.day_before(days)
    narrowing = Narrowing(as_of=as_of)
    readable = world.oracle.readable(person, world.today, narrowing)
    passages = {one for _, version in readable for one in version.passages}
    reads = world.oracle.reads_content(person)
    return Probe(
        person=person,
        method="POST",
        path="/v1/search",
        operation="POST /v1/search",
        allowed=words_of(readable, with_text=True) | known.words_of(person),
        statuses=frozenset({200 if reads else 403}),
        body={"question": _EVERYTHING, "k": _MOST, "filters": filters_of(narrowing)},
        complete=passages if len(passages) <= _MOST else set(),
    )


def _list(world: World, known: Known, person: Person) -> Probe:
    readable = world.oracle.readable(person, world.today, NOTHING_NARROWED)
    reads = world.oracle.reads_content(person)
    own = {one.id for one in world.oracle.own(person)}
    ids = {document.id for document, _ in readable} | own
    every = {one.id for one in world.oracle.documents.values()} | {one.id for one in world.deleted}
    # Only ids are looked at here; everything else in a list is the attack on isolation's.
    others = world.canaries.meaning.keys() - every
    return Probe(
        person=person,
        method="GET",
        path="/v1/documents",
        operation="GET /v1/documents",
        allowed=ids | others | known.words_of(person),
        statuses=frozenset({200 if reads else 403}),
        complete=ids if reads else set(),
    )


def _openings(world: World, known: Known, person: Person) -> list[Probe]:
    readable = world.oracle.readable(person, world.today, NOTHING_NARROWED)
    may = {one for _, version in readable for one in version.passages}
    reads = world.oracle.reads_content(person)
    every = [*world.oracle.documents.values(), *world.deleted]
    return [
        Probe(
            person=person,
            method="GET",
            path=f"/v1/passages/{passage}",
            operation="GET /v1/passages/{passage_id}",
            allowed=world.canaries.meaning.keys() | known.words_of(person)
            if passage in may
            else known.words_of(person),
            statuses=frozenset({403 if not reads else 200 if passage in may else 404}),
        )
        for document in every
        for version in (*document.versions, *document.forgotten)
        for passage in version.passages[:1]
    ]


def _checks(taken: Taken) -> list[Check]:
    verb = taken.deed.value
    return [
        Check(
            name=f"approval: {verb} under {taken.askers} concurrent askers",
            attempts=taken.answers,
            asked="0 answers that began after the call's return show the document",
            seen=f"{len(taken.late)} in {taken.documents} calls, {taken.shown} showed it before",
            passed=not taken.late and taken.shown > 0 and not taken.failed,
            detail="\n".join((*taken.late[:3], *taken.failed[:3])),
        ),
        Check(
            name=f"approval: from the call to {verb} until unretrievable",
            attempts=taken.documents,
            asked="measured: the last answer that began and still showed it",
            seen=f"median {taken.median_ms:.0f} ms, at most {taken.worst_ms:.0f} ms "
            f"(the call takes {taken.call_ms:.0f} ms)",
            passed=taken.documents > 0,
        ),
    ]
