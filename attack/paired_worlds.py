"""Two houses that differ only in what the asker may not see: nothing that comes back may differ.

Answers, scores, counts, errors and rankings are compared to the byte, whatever else is in the
house: documents of others, drafts, what others asked, and caches that they warmed.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from attack.check import Check, Scale
from attack.hands import Deed, try_deed
from attack.house import BEGINNING, AttackedHouse, Door, Page, Person, served
from attack.paired_requests import Asked, Side, bare, battery
from governance.document import ApprovalState, DocType, document_id
from governance.principal import Role

VENDOR, MINE, OTHER, THIRD = "northstar", "acme", "birchwood", "cobalt"
TOPICS = tuple(
    f"{name} {thing}"
    for name in ("orchid", "tulip", "copper", "falcon", "harbor", "lantern")
    for thing in ("limit", "quota")
)
_KINDS = (DocType.REFERENCE, DocType.POLICY, DocType.FAQ, DocType.PRICING, DocType.TICKET)
_AROUND = 120
_ATTRIBUTES = {"tier": "gold", "region": "emea", "partners": MINE}


def _people(tenant: str) -> tuple[Person, ...]:
    return tuple(
        Person(tenant=tenant, role=role, subject=f"{role.value}-there", attributes=_ATTRIBUTES)
        for role in Role
    )


ASKERS = (
    *_people(MINE),
    # Sees what its own house keeps for all partners and for one of them.
    Person(
        tenant=VENDOR, role=Role.CHANNEL_MANAGER, subject="manager", attributes={"partners": MINE}
    ),
)
_OTHERS = (
    *(replace(one, attributes={"tier": "silver", "region": "apac"}) for one in _people(OTHER)),
    Person(tenant=VENDOR, role=Role.CONTENT_OWNER, subject="writer"),
    Person(
        tenant=MINE, role=Role.PARTNER_CONSULTANT, subject="a-colleague", attributes=_ATTRIBUTES
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs between two houses. Each side happens in its house, in three portions.

    The portions are before, among and after the documents that both houses have in `common`.
    """

    name: str
    here: Callable[[Door, int], None]
    there: Callable[[Door, int], None]
    common: int = 14


@dataclass(slots=True)
class Compared:
    """What comparing found."""

    requests: int = 0
    different: int = 0
    details: list[str] = field(default_factory=list)


def compare(
    difference: Difference,
    seed: int,
    size: int,
    *,
    real_model: bool = False,
    kind: type[AttackedHouse] = AttackedHouse,
) -> Compared:
    """Build two houses that differ so, and send the same requests to both."""
    found = Compared()
    with ExitStack() as stack:
        sides = []
        for happens in (difference.here, difference.there):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attack-")))
            door = stack.enter_context(served(folder, real_model=real_model, kind=kind))
            sides.append((Side(door), happens))
        for side, happens in sides:
            furnish(side.door, happens, seed, difference.common)
        draw = Random(seed)
        ids = sorted({one for side, _ in sides for one in _ids(side.door)})
        for number, asked in enumerate(battery(draw, ASKERS, TOPICS, ids, size)):
            if number % 20 == 10:
                # Hidden things go on happening while somebody asks.
                for side, happens in sides:
                    happens(side.door, number)
            _compare(found, sides[0][0], sides[1][0], asked)
    return found


def furnish(door: Door, happens: Callable[[Door, int], None], seed: int, common: int) -> None:
    """Take in what all houses have, and let happen before, among and after what one has."""
    draw = Random(seed)
    happens(door, 0)
    door.house.ingest(*(_visible(draw, number) for number in range(common // 2 + 1)))
    happens(door, 1)
    door.house.calendar.now += timedelta(days=1)
    # Some of them once more: they have two versions.
    door.house.ingest(*(_visible(draw, number) for number in range(common // 2 - 1, common)))
    happens(door, 2)


def _ids(door: Door) -> set[str]:
    catalog = door.house.catalog
    newest = catalog.newest()
    chunks = {
        chunk.id for one in newest for chunk in catalog.chunks_of(one.document_id, one.version)[:2]
    }
    return {one.document_id for one in newest[:60]} | set(sorted(chunks)[:60])


def _compare(found: Compared, one: Side, other: Side, asked: Asked) -> None:
    found.requests += 1
    first, second = bare(one.send(asked)), bare(other.send(asked))
    if first != second:
        found.different += 1
        if len(found.details) < 3:
            found.details.append(f"{asked}\n{_first_difference(first, second)}")


def _first_difference(one: str, other: str) -> str:
    at = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
    begins = max(0, at - _AROUND)
    return f"  here:  …{one[begins : at + _AROUND]}…\n  there: …{other[begins : at + _AROUND]}…"


# -- what both houses have ---------------------------------------------------------------------


def _visible(draw: Random, number: int) -> Page:
    mine = draw.random() < 0.3
    topic = draw.choice(TOPICS)
    audience = draw.choice(["partners", f"tenant:{MINE}", "tier:gold", "region:emea"])
    return Page(
        tenant=MINE if mine else VENDOR,
        uri=f"common/{number}.md",
        title=f"{topic.title()} for everybody",
        text=_text(topic, draw),
        doc_type=draw.choice(_KINDS),
        audience=frozenset({"internal" if mine else audience}),
        approval=ApprovalState.DRAFT if mine and draw.random() < 0.3 else ApprovalState.APPROVED,
        product=draw.choice(["", "meridian"]),
        releases=draw.choice([(), ("2.0",)]),
    )


def _text(topic: str, draw: Random) -> str:
    other = draw.choice(TOPICS)
    return (
        f"# {topic.title()}\n\nThe {topic} is {draw.randrange(2, 90)} units a month.\n\n"
        f"## How to change the {topic}\n\n1. Open the console and choose {other}.\n2. Press Save.\n"
    )


# -- what one of them has ----------------------------------------------------------------------


def hidden_page(draw: Random, name: str, *, text: str = "") -> Page:
    """A document that none of the askers may know of."""
    topic = draw.choice(TOPICS)
    owner, audience, approval, days = draw.choice(
        [
            (VENDOR, f"tenant:{OTHER}", ApprovalState.APPROVED, None),
            (VENDOR, "partners", ApprovalState.DRAFT, None),
            (VENDOR, "partners", ApprovalState.APPROVED, 30),
            (OTHER, "internal", ApprovalState.APPROVED, None),
            (OTHER, f"tenant:{THIRD}", ApprovalState.APPROVED, None),
            (OTHER, "tier:silver", ApprovalState.DRAFT, None),
        ]
    )
    # What replaces a common document, for others only, replaces it for nobody here.
    replaced = (f"common/{draw.randrange(14)}.md",) if owner == VENDOR else ()
    return Page(
        tenant=owner,
        uri=f"hidden/{name}.md",
        title=f"{topic.title()} in secret",
        text=text or _text(topic, draw),
        doc_type=draw.choice(_KINDS),
        audience=frozenset({audience}),
        approval=approval,
        effective_from=None if days is None else BEGINNING.date() + timedelta(days=days),
        supersedes=replaced if draw.random() < 0.4 and days is None else (),
    )


def _nothing(_: Door, __: int) -> None:
    """Nothing happens."""


def hidden_documents(salt: str, number: int) -> Callable[[Door, int], None]:
    """So many hidden documents in every portion."""

    def happens(door: Door, portion: int) -> None:
        draw = Random(f"{salt} {portion}")
        door.house.ingest(*(hidden_page(draw, f"{portion}-{one}") for one in range(number)))

    return happens


def _texts(word: str) -> Callable[[Door, int], None]:
    """The same hidden documents everywhere, with other texts."""

    def happens(door: Door, portion: int) -> None:
        draw = Random(portion)
        pages = [hidden_page(draw, f"{portion}-{one}") for one in range(6)]
        changed = f"# {word}\n\n" + f"The {TOPICS[0]} is {word}. " * 20
        door.house.ingest(*(replace(one, text=changed) for one in pages))

    return happens


def _states(deeds: Sequence[Deed]) -> Callable[[Door, int], None]:
    """The same hidden documents everywhere, which then go different ways."""

    def happens(door: Door, portion: int) -> None:
        draw = Random(portion)
        pages = [
            replace(hidden_page(draw, f"{portion}-{one}"), tenant=OTHER, supersedes=(),
                    audience=frozenset({"internal"}))
            for one in range(6)
        ]  # fmt: skip
        door.house.ingest(*pages)
        for page in pages:
            for deed in deeds:
                role = Role.APPROVER if deed is Deed.APPROVE else Role.CONTENT_OWNER
                person = next(one for one in _OTHERS if (one.tenant, one.role) == (OTHER, role))
                try_deed(door, person, deed, document_id(OTHER, page.uri))

    return happens


def _talk(door: Door, portion: int) -> None:
    """Others ask, search, want a person and complain, also under the same names."""
    side, draw = Side(door), Random(portion)
    ids = sorted(_ids(door)) or ["nobodys"]
    for asked in battery(draw, _OTHERS, TOPICS, ids, 15):
        side.send(asked)
    door.client.post("/v1/ask", json={}, headers={"Authorization": "Bearer nonsense"})


def _drafts(door: Door, portion: int) -> None:
    """The vendor writes on at what everybody reads, and publishes none of it."""
    if portion >= 2:
        draw = Random(portion)
        page = replace(
            _visible(draw, draw.randrange(14)), tenant=VENDOR, approval=ApprovalState.DRAFT
        )
        door.house.ingest(replace(page, text=_text(draw.choice(TOPICS), draw)))


def _together(*all_of_it: Callable[[Door, int], None]) -> Callable[[Door, int], None]:
    def happens(door: Door, portion: int) -> None:
        for one in all_of_it:
            one(door, portion)

    return happens


DIFFERENCES = (
    Difference(name="none or some documents", here=_nothing, there=hidden_documents("a", 6)),
    Difference(
        name="few or many documents", here=hidden_documents("a", 1), there=hidden_documents("b", 30)
    ),
    Difference(
        name="other documents", here=hidden_documents("a", 6), there=hidden_documents("b", 6)
    ),
    Difference(name="other texts", here=_texts("plain"), there=_texts("secret")),
    Difference(
        name="drafts or approved",
        here=_states(()),
        there=_states((Deed.SUBMIT, Deed.APPROVE)),
    ),
    Difference(
        name="approved, withdrawn or deleted",
        here=_states((Deed.SUBMIT, Deed.APPROVE, Deed.WITHDRAW)),
        there=_states((Deed.DELETE,)),
    ),
    Difference(name="drafts of common documents", here=_nothing, there=_drafts),
    Difference(name="what others ask", here=_nothing, there=_talk),
    Difference(
        name="some documents, among more alike than a search brings",
        here=_nothing,
        there=hidden_documents("e", 40),
        common=260,
    ),
    Difference(
        name="everything at once",
        here=hidden_documents("c", 3),
        there=_together(hidden_documents("d", 9), _texts("word"), _drafts, _talk),
    ),
)


_MANY = Difference(
    name="none or so many documents that the index is laid out anew",
    here=_nothing,
    there=hidden_documents("m", 500),
)


def run(scale: Scale) -> list[Check]:
    """Compare pairs of every kind."""
    return [
        *(_check(one, scale.pick(6, 1), scale.pick(250, 40)) for one in DIFFERENCES),
        _check(DIFFERENCES[-1], 1, scale.pick(150, 20), real_model=True),
        *([_check(_MANY, 1, 250)] if scale is Scale.FULL else []),
    ]


def _check(difference: Difference, pairs: int, size: int, *, real_model: bool = False) -> Check:
    requests = different = 0
    details: list[str] = []
    for seed in range(pairs):
        found = compare(difference, seed, size, real_model=real_model)
        requests += found.requests
        different += found.different
        details += found.details
    model = ", the real model" if real_model else ""
    return Check(
        name=f"paired worlds: {difference.name}{model}",
        attempts=requests,
        asked="answers byte-identical",
        seen=f"{different} differ, in {pairs} pairs of houses",
        passed=not different,
        detail="\n\n".join(details[:2]),
    )
