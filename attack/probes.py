"""Requests that somebody sends to learn what is not theirs, and what may come back.

There is a way to attack every operation of the OpenAPI document; `operations` and `ATTACKED`
show that none was forgotten, also of those that are added later.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from fastapi import FastAPI

from attack.canary import Kind
from attack.house import Person
from attack.oracle import NOTHING_NARROWED, KnownDocument, Narrowing, Readable, words_of
from attack.worlds import PRODUCTS, RELEASES, World
from governance.document import DocType
from governance.principal import Role

_NOBODYS = {"doc": "doc_" + "0" * 24, "chunk": "0" * 32, "out": "out_" + "0" * 32}
_ALL_PASSAGES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request, the words that may come back, and the statuses that may.

    `complete` are words that have to come back, where all that may be read is asked for.
    `nobodys` is the same path for something that never was: what is hidden has to look like it.
    """

    person: Person | None
    method: str
    path: str
    operation: str
    allowed: set[str]
    statuses: frozenset[int]
    body: Mapping[str, object] | None = None
    query: Mapping[str, str] | None = None
    complete: set[str] = field(default_factory=set)
    nobodys: str = ""

    @property
    def sent(self) -> str:
        """All that the request itself says."""
        return f"{self.path} {json.dumps(self.body)} {json.dumps(self.query)}"


@dataclass(slots=True)
class Known:
    """Identifiers that requests gave away, with whose they are, and words that were said."""

    outcomes: dict[str, Person] = field(default_factory=dict)
    conversations: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    said: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    told: dict[tuple[str, ...], set[str]] = field(default_factory=dict)

    def cited(self, person: Person) -> set[str]:
        """Ids of what was cited to somebody: those stay, so that people can talk about it."""
        return self.told.setdefault(person.key, set())

    def words_of(self, person: Person) -> set[str]:
        """What this very person said or was given."""
        return self.said.setdefault(person.key, {_word(person.tenant), _word(person.subject)})


def _word(name: str) -> str:
    return name.rpartition("-")[2]


def operations(app: FastAPI) -> set[str]:
    """Every operation that the application tells of, as `GET /v1/documents`."""
    return {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"}
    }


def make_probe(world: World, known: Known, draw: Random, operation: str) -> Probe:
    """A request to one operation, by anybody, about anything."""
    document = world.any_document(draw)
    person = world.anybody(draw, document)
    return ATTACKED[operation](_Setting(world, known, draw, person, operation, document))


@dataclass(frozen=True, slots=True)
class _Setting:
    world: World
    known: Known
    draw: Random
    person: Person
    operation: str
    document: KnownDocument

    def probe(  # noqa: PLR0913 - a probe has this many sides
        self,
        path: str,
        allowed: set[str],
        *,
        status: int = 200,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        complete: set[str] | None = None,
        nobodys: str = "",
    ) -> Probe:
        """A probe by this person, with their own words always allowed."""
        told = status < 400
        return Probe(
            person=self.person,
            method=self.operation.partition(" ")[0],
            path=path,
            operation=self.operation,
            allowed=(allowed if told else set()) | self.known.words_of(self.person),
            statuses=frozenset({status}),
            body=body,
            query=query,
            complete=(complete or set()) if told else set(),
            nobodys="" if told else nobodys,
        )

    @property
    def no_content(self) -> bool:
        """Whether this person's role reads no content at all."""
        return self.person.role is Role.AUDITOR

    def readable(self, narrowing: Narrowing = NOTHING_NARROWED) -> list[Readable]:
        """What this person may read now."""
        return self.world.oracle.readable(self.person, self.world.today, narrowing)

    def narrowing(self) -> Narrowing:
        """Filters, mostly none."""
        draw = self.draw
        if draw.random() < 0.5:
            return NOTHING_NARROWED
        days = draw.choice([None, None, 1, 5, 20, 60, -1])
        kinds = draw.sample([one.value for one in DocType], draw.choice([0, 0, 0, 2, 5]))
        return Narrowing(
            doc_types=frozenset(kinds),
            product=draw.choice(("", "", *PRODUCTS)),
            release=draw.choice(("", "", *RELEASES)),
            as_of=None if days is None else self.world.today - timedelta(days=days),
        )

    def question(self) -> str:
        """Words about the document, whose ever it is and whether it still exists or not."""
        world, draw, document = self.world, self.draw, self.document
        version = draw.choice(document.versions)
        words = draw.choice([version.text_words, version.title_words, document.words])
        text = draw.choice(
            [
                f"How much is the {document.topic} a month?",
                f"How do I change the {document.topic}?",
                f"What is the {document.topic} under the code {draw.choice(sorted(words))}?",
                draw.choice(sorted(words)),
                document.topic,
                "What is there?",
                "units a month under the code",
            ]
        )
        if draw.random() < 0.2:
            said = world.canaries.make(Kind.SAID, f"words of {self.person.subject}")
            self.known.words_of(self.person).add(said)
            text = f"{text} My reference is {said}."
        return text


def _filters(narrowing: Narrowing) -> dict[str, object]:
    return {
        "doc_types": sorted(narrowing.doc_types),
        "product": narrowing.product or None,
        "release": narrowing.release or None,
        "as_of": narrowing.as_of.isoformat() if narrowing.as_of else None,
    }


def _content_status(setting: _Setting, narrowing: Narrowing) -> int:
    if setting.no_content:
        return 403
    future = narrowing.as_of is not None and narrowing.as_of > setting.world.today
    return 422 if future else 200


def _search(setting: _Setting) -> Probe:
    narrowing = setting.narrowing()
    readable = setting.readable(narrowing)
    whole = setting.draw.random() < 0.5
    # Every leg brings a hundred; where there is less to read, all of it has to come.
    everything = sum(len(version.passages) for _, version in readable) <= _ALL_PASSAGES
    return setting.probe(
        "/v1/search",
        words_of(readable, with_text=True),
        status=_content_status(setting, narrowing),
        body={
            "question": setting.question(),
            "k": _ALL_PASSAGES if whole else setting.draw.choice([1, 5, 20]),
            "filters": _filters(narrowing),
        },
        complete={word for _, version in readable for word in version.passages}
        if whole and everything
        else set(),
    )


def _ask(setting: _Setting) -> Probe:
    narrowing = setting.narrowing()
    polite = setting.draw.random() < 0.05
    question = "Can I talk to a person?" if polite else setting.question()
    body: dict[str, object] = {"question": question, "filters": _filters(narrowing)}
    if setting.draw.random() < 0.4:
        # Everybody uses the same names for conversations: they must not meet.
        body["conversation_id"] = f"shared-{setting.draw.randrange(5)}"
    readable = setting.readable(narrowing)
    status = _content_status(setting, narrowing)
    if polite and status == 422 and not setting.operation.endswith("stream"):
        # Nothing is searched for it, so no day is wrong.
        status = 200
    return setting.probe(
        setting.operation.partition(" ")[2],
        words_of(readable, with_text=True),
        status=status,
        body=body,
    )


def _passage(setting: _Setting) -> Probe:
    passages = [one for version in setting.document.versions for one in version.passages]
    wanted = setting.draw.choice(passages)
    narrowing = Narrowing(as_of=setting.narrowing().as_of)
    found = [one for one in setting.readable(narrowing) if wanted in one[1].passages]
    status = _content_status(setting, narrowing)
    owners = {_word(document.owner) for document, _ in found}
    return setting.probe(
        f"/v1/passages/{wanted}",
        words_of(found, with_text=True) | owners | _inner_words(setting.person, found),
        status=status if status != 200 or found else 404,
        query={"as_of": narrowing.as_of.isoformat()} if narrowing.as_of else None,
        nobodys=f"/v1/passages/{_NOBODYS['chunk']}" if status == 200 else "",
    )


def _inner_words(person: Person, readable: Sequence[Readable]) -> set[str]:
    """What only the owner's own people are told of a document: notes, audience, replaced ones."""
    words: set[str] = set()
    for document, version in readable:
        if document.owner == person.tenant:
            words |= version.note_words | version.approver_words
            words |= {_word(one) for one in version.audience if one.startswith("tenant:")}
            words |= version.supersedes_words
    return words


def _listed(setting: _Setting, readable: Sequence[Readable]) -> set[str]:
    person = setting.person
    words = words_of(readable, with_text=False) | _inner_words(person, readable)
    words |= {_word(document.owner) for document, _ in readable}
    for document in setting.world.oracle.own(person):
        every = [(document, version) for version in document.versions]
        words |= words_of(every, with_text=False) | _inner_words(person, every)
    return words


def _documents(setting: _Setting) -> Probe:
    readable = setting.readable()
    query = {"limit": str(setting.draw.choice([1, 100, 1000]))}
    if setting.draw.random() < 0.3:
        query["state"] = setting.draw.choice(["draft", "approved", "withdrawn", "in_review"])
    if setting.draw.random() < 0.3:
        query["q"] = setting.draw.choice(sorted(setting.world.canaries.meaning))
    complete = {document.id for document, _ in readable} if query == {"limit": "1000"} else set()
    return setting.probe(
        "/v1/documents",
        _listed(setting, readable),
        status=403 if setting.no_content else 200,
        query=query,
        complete=complete,
    )


def _document(setting: _Setting) -> Probe:
    wanted = setting.document
    readable = [one for one in setting.readable() if one[0] is wanted]
    may = bool(readable) or wanted in setting.world.oracle.own(setting.person)
    status = 200 if may else 404
    return setting.probe(
        f"/v1/documents/{wanted.id}",
        _listed(setting, readable),
        status=403 if setting.no_content else status,
        nobodys="" if setting.no_content else f"/v1/documents/{_NOBODYS['doc']}",
    )


def _conversation(setting: _Setting) -> Probe:
    known = setting.known.conversations
    wanted = _preferably(setting, [one for one, who in known.items() if setting.person.key in who])
    wanted = wanted or setting.draw.choice([*known, "shared-0", "nobodys"])
    mine = setting.person.key in known.get(wanted, set())
    again = setting.world.oracle.readable_again(setting.person, setting.world.today)
    status = 200 if mine else 404
    return setting.probe(
        f"/v1/conversations/{wanted}",
        words_of(again, with_text=True) | setting.known.cited(setting.person),
        status=403 if setting.no_content else status,
        nobodys="" if setting.no_content else "/v1/conversations/nobodys-either",
    )


def _preferably(setting: _Setting, mine: Sequence[str]) -> str:
    """One's own, half of the time: what was shown once has to be shown differently later."""
    return setting.draw.choice(mine) if mine and setting.draw.random() < 0.5 else ""


def _outcome(setting: _Setting) -> Probe:
    known = setting.known.outcomes
    wanted = _preferably(setting, [one for one, who in known.items() if who == setting.person])
    wanted = wanted or setting.draw.choice([*known, _NOBODYS["out"]])
    mine = known.get(wanted) == setting.person
    again = setting.world.oracle.readable_again(setting.person, setting.world.today)
    status = 200 if mine else 404
    door = setting.operation.rpartition("/")[2]
    said = setting.world.canaries.make(Kind.SAID, f"words of {setting.person.subject}")
    setting.known.words_of(setting.person).add(said)
    body: dict[str, object] = {"note": said}
    if door == "feedback":
        rating = setting.draw.choice(["up", "down"])
        body = {"rating": rating, "reason": said, "comment": f"It is {said}."}
    return setting.probe(
        f"/v1/outcomes/{wanted}/{door}",
        words_of(again, with_text=True) | setting.known.cited(setting.person),
        status=403 if setting.no_content else status,
        body=body,
        nobodys="" if setting.no_content else f"/v1/outcomes/{_NOBODYS['out']}/{door}",
    )


def _open(setting: _Setting) -> Probe:
    path = setting.operation.partition(" ")[2]
    return setting.probe(path, set())


def _metrics(setting: _Setting) -> Probe:
    may = setting.person.role in (Role.AUDITOR, Role.ADMIN)
    return setting.probe("/metrics", set(), status=200 if may else 403)


ATTACKED: Mapping[str, Callable[[_Setting], Probe]] = {
    "POST /v1/ask": _ask,
    "POST /v1/ask/stream": _ask,
    "POST /v1/search": _search,
    "GET /v1/passages/{passage_id}": _passage,
    "GET /v1/conversations/{conversation_id}": _conversation,
    "POST /v1/outcomes/{outcome_id}/escalate": _outcome,
    "POST /v1/outcomes/{outcome_id}/feedback": _outcome,
    "GET /v1/documents": _documents,
    "GET /v1/documents/{document_id}": _document,
    "GET /healthz": _open,
    "GET /readyz": _open,
    "GET /metrics": _metrics,
}
WEIGHTS: Mapping[str, int] = {
    "POST /v1/ask": 5,
    "POST /v1/ask/stream": 3,
    "POST /v1/search": 6,
    "GET /v1/passages/{passage_id}": 4,
    "GET /v1/documents/{document_id}": 3,
    "GET /v1/conversations/{conversation_id}": 3,
}
"""How often an operation is attacked; once where it is not named."""
