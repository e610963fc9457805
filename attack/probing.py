"""What whoever attacks keeps in mind: a request, what may come back, and what is known by now."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from attack.canary import Kind
from attack.house import Person
from attack.oracle import NOTHING_NARROWED, KnownDocument, Narrowing, Readable
from attack.worlds import PRODUCTS, RELEASES, World, word_of
from governance.document import DocType
from governance.principal import Role

if TYPE_CHECKING:
    import httpx2

NOBODYS = {"doc": "doc_" + "0" * 24, "chunk": "0" * 32, "out": "out_" + "0" * 32}
"""Identifiers that look right and were never given to anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request, the words that may come back, and the statuses that may.

    `complete` are words that have to come back, where all that may be read is asked for.
    `nobodys` is the same path for something that never was: what is hidden has to look like it.
    `files` are uploaded. `done` is told of a success, and says what is wrong with it, if anything.
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
    files: Sequence[tuple[str, str]] = ()
    done: Callable[["httpx2.Response"], str] | None = None

    @property
    def sent(self) -> str:
        """All that the request itself says."""
        return f"{self.path} {json.dumps(self.body)} {json.dumps(self.query)} {self.files}"


@dataclass(slots=True)
class Known:
    """Identifiers that requests gave away, with whose they are, and words that were said."""

    outcomes: dict[str, Person] = field(default_factory=dict)
    conversations: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    said: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    told: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    citing: dict[str, set[str]] = field(default_factory=dict)
    keys: dict[str, Person] = field(default_factory=dict)
    jobs: dict[str, Person] = field(default_factory=dict)
    uploaded: dict[str, set[str]] = field(default_factory=dict)

    def cited(self, person: Person) -> set[str]:
        """Ids of what was cited to somebody: those stay, so that people can talk about it."""
        return self.told.setdefault(person.key, set())

    def within(self, tenant: str) -> set[str]:
        """What anybody of a tenant said or was told: its record may hold it."""
        groups = [
            words
            for kept in (self.said, self.told)
            for key, words in kept.items()
            if key[0] == tenant
        ]
        return {word_of(tenant)}.union(*groups)

    def words_of(self, person: Person) -> set[str]:
        """What this very person said or was given."""
        return self.said.setdefault(person.key, {word_of(person.tenant), word_of(person.subject)})


@dataclass(frozen=True, slots=True)
class Setting:
    """Who asks for what, in which world, and with which luck."""

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
        status: int | Iterable[int] = 200,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        complete: set[str] | None = None,
        nobodys: str = "",
        files: Sequence[tuple[str, str]] = (),
        done: Callable[["httpx2.Response"], str] | None = None,
    ) -> Probe:
        """A probe by this person, with their own words always allowed."""
        statuses = frozenset({status} if isinstance(status, int) else status)
        told = min(statuses) < 400
        return Probe(
            person=self.person,
            method=self.operation.partition(" ")[0],
            path=path,
            operation=self.operation,
            allowed=(allowed if told else set()) | self.known.words_of(self.person),
            statuses=statuses,
            body=body,
            query=query,
            complete=(complete or set()) if told else set(),
            nobodys="" if told else nobodys,
            files=files,
            done=done,
        )

    def names_within(self) -> set[str]:
        """The names of the people of this person's tenant."""
        tenant = self.person.tenant
        return {word_of(one.subject) for one in self.world.people if one.tenant == tenant}

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
        draw, document = self.draw, self.document
        version = draw.choice(document.versions or document.forgotten)
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
            text = f"{text} My reference is {self.say()}."
        return text

    def say(self) -> str:
        """A word that this person says, and nobody else may hear."""
        said = self.world.canaries.make(Kind.SAID, f"words of {self.person.subject}")
        self.known.words_of(self.person).add(said)
        return said
