"""Random worlds: tenants with their people and documents, and all that happens to documents.

Every move is made in the house and in the oracle. All randomness comes from the seeds that are
passed in, so that a world and its history can be made again.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from attack.canary import Canaries, Kind
from attack.hands import Deed, request_of
from attack.house import OVERDUE_DAYS, REVIEW_DAYS, REVIEWED, Door, Page, Person
from attack.oracle import KnownDocument, KnownVersion, Oracle, Standing, named
from governance.document import ApprovalState, DocType, document_id
from governance.principal import Role

_LATELY = 5
PRODUCTS = ("", "meridian", "solstice")
RELEASES = ("1.0", "v2.0", "2.1")
TIERS = ("gold", "silver")
REGIONS = ("emea", "apac")
_TOPICS = (
    "orchid", "tulip", "copper", "falcon", "harbor", "lantern", "maple", "nickel", "pebble",
    "quartz", "saddle", "timber",
)  # fmt: skip
_THINGS = ("limit", "discount", "deadline", "quota", "surcharge")
_KINDS = (
    DocType.REFERENCE, DocType.POLICY, DocType.FAQ, DocType.PRICING, DocType.PLAYBOOK,
    DocType.TICKET,
)  # fmt: skip


@dataclass(slots=True)
class World:
    """A house with people in it, and everything that whoever attacks knows about it."""

    door: Door
    draw: Random
    canaries: Canaries
    oracle: Oracle = field(default_factory=Oracle)
    tenants: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    operator: str = ""
    """The first tenant that owned a document: it runs this house."""
    deleted: list[KnownDocument] = field(default_factory=list)
    touched: deque[KnownDocument] = field(default_factory=lambda: deque(maxlen=_LATELY))
    """What was changed last: mistakes show where something has just changed."""
    journal: list[str] = field(default_factory=list)
    """What happened, in order, for the report."""

    @property
    def today(self) -> date:
        """The day that it is in this world."""
        return self.door.house.calendar.today

    def day_before(self, days: int) -> date:
        """The day so many days ago."""
        return self.today - timedelta(days=days)

    def any_document(self, draw: Random) -> KnownDocument:
        """A document that is, or was, anywhere; often one that was changed lately."""
        if self.touched and draw.random() < 0.6:
            return draw.choice(list(self.touched))
        return draw.choice([*self.oracle.documents.values(), *self.deleted])

    def anybody(self, draw: Random, document: KnownDocument) -> Person:
        """Somebody; often somebody for whom a version of this document is, or was."""
        if draw.random() < 0.6:
            readers = [
                one
                for one in self.people
                if any(
                    named(one, version.audience, document.owner) for version in document.versions
                )
            ]
            if readers:
                return draw.choice(readers)
        return draw.choice(self.people)

    def person(self, role: Role, tenant: str) -> Person:
        """The one who has this role there."""
        return next(one for one in self.people if (one.role, one.tenant) == (role, tenant))

    def add(self, draw: Random) -> KnownDocument:
        """Take in a new document of any tenant."""
        owner = draw.choice(self.tenants)
        self.operator = self.operator or owner
        word = self.canaries.make(Kind.ADDRESS, f"the URI of a document of {owner}")
        topic = f"{draw.choice(_TOPICS)} {draw.choice(_THINGS)}"
        uri = f"pages/{word}.md"
        document = KnownDocument(
            id=document_id(owner, uri),
            owner=owner,
            uri=uri,
            words=frozenset({word}),
            versions=[],
            topic=topic,
        )
        self.canaries.learn(document.id, f"the id of {uri} of {owner}")
        older = [one for one in self.oracle.documents.values() if one.owner == owner]
        replaced = [draw.choice(older)] if older and draw.random() < 0.2 else []
        self._version(draw, document, _audience(draw, self.tenants), replaced)
        self.oracle.documents[document.id] = document
        return document

    def revise(self, draw: Random) -> None:
        """Take in a new text of a document, perhaps for other people."""
        document = self._any(draw)
        if document is None:
            return
        before = document.newest.audience
        audience = draw.choice(
            [
                before,
                _narrower(draw, before),
                _audience(draw, self.tenants),
                frozenset({"internal"}),
            ]
        )
        known = self.oracle.documents
        replaced = [known[one] for one in document.newest.supersedes if one in known]
        if draw.random() < 0.2:
            replaced = []
        self._version(draw, document, audience, replaced)

    def attempt(self, draw: Random, deed: Deed) -> None:
        """Let somebody who may do a deed try it, whatever state the document is in."""
        document = self._any(draw)
        if document is None:
            return
        role = Role.APPROVER if deed in (Deed.APPROVE, Deed.REJECT) else Role.CONTENT_OWNER
        person = self.person(role, document.owner)
        version = draw.choice([document.newest, draw.choice(document.versions)])
        self.try_as(person, deed, document, version)

    def try_as(
        self,
        person: Person,
        deed: Deed,
        document: KnownDocument,
        version: KnownVersion | None = None,
    ) -> None:
        """Let somebody try a deed; the oracle learns of it where it was done."""
        note = self.note_on(document)
        chosen = version or document.newest
        asking = request_of(deed, document.id, note, chosen.number)
        response = self.door.send(person, asking.method, asking.path, body=asking.body)
        self.tell_deed(person, deed, document, chosen, response.status_code)
        if response.status_code < 300:
            self.happened(person, deed, document, chosen, note)

    def note_on(self, document: KnownDocument) -> str:
        """A note that nobody but the owner's people may see."""
        return self.canaries.make(Kind.NOTE, f"a note on {document.uri} of {document.owner}")

    def publish(self, document: KnownDocument) -> None:
        """Take a document's newest version all the way to its readers."""
        self.try_as(self.person(Role.CONTENT_OWNER, document.owner), Deed.SUBMIT, document)
        self.try_as(self.person(Role.APPROVER, document.owner), Deed.APPROVE, document)

    def bring_back(self, draw: Random) -> None:
        """Take in a document again that was deleted, under the same name."""
        if not self.deleted:
            return
        document = draw.choice(self.deleted)
        self.deleted.remove(document)
        document.forgotten += document.versions
        document.versions = []
        document.withdrawn_by_person = False
        self.oracle.documents[document.id] = document
        self._version(draw, document, _audience(draw, self.tenants), [])

    def see_to_reviews(self) -> None:
        """What housekeeping does about approvals whose time is over."""
        house = self.door.house
        house.documents.reviews.run(house.calendar.now)
        for document in self.oracle.documents.values():
            for version in document.approved:
                self._review(document, version)
        self.journal.append("housekeeping has looked at approvals")

    def wait(self, draw: Random) -> None:
        """Let days pass."""
        days = draw.choice([1, 1, 3, 10, 30])
        self.door.house.calendar.now += timedelta(days=days)
        self.journal.append(f"{days} days pass, it is {self.today}")

    # -- inside --------------------------------------------------------------------------------

    def _any(self, draw: Random) -> KnownDocument | None:
        known = list(self.oracle.documents.values())
        return draw.choice(known) if known else None

    def _review(self, document: KnownDocument, version: KnownVersion) -> None:
        if version.standing is not Standing.APPROVED:
            return
        looked_at = version.looked_at or version.published_on
        overdue = (
            version.doc_type in REVIEWED
            and looked_at is not None
            and looked_at + timedelta(days=REVIEW_DAYS + OVERDUE_DAYS) <= self.today
            and self.oracle.last_day(document, version) >= self.today
        )
        if overdue:
            version.standing, version.expired_on = Standing.EXPIRED, self.today
        elif version.ends is not None and version.ends < self.today:
            version.standing = Standing.EXPIRED
            version.expired_on = version.ends + timedelta(days=1)

    def happened(
        self,
        person: Person,
        deed: Deed,
        document: KnownDocument,
        version: KnownVersion,
        note: str,
    ) -> None:
        """Let the oracle know of a deed that was done."""
        version.note_words.add(note)
        self.touched.append(document)
        match deed:
            case Deed.SUBMIT:
                version.standing = Standing.IN_REVIEW
                version.submitted_by = person.subject
                version.actor_words.add(word_of(person.subject))
            case Deed.APPROVE:
                self._approved(person, document, version)
            case Deed.REJECT:
                version.standing = Standing.DRAFT
                version.actor_words.add(word_of(person.subject))
            case Deed.WITHDRAW:
                for one in document.versions:
                    one.standing, one.expired_on, one.counts_from = Standing.WITHDRAWN, None, None
                    one.note_words.add(note)
                    one.actor_words.add(word_of(person.subject))
                document.withdrawn_by_person = True
            case Deed.DELETE:
                del self.oracle.documents[document.id]
                self.deleted.append(document)
        if deed in (Deed.SUBMIT, Deed.REJECT) and version.expired_on is None:
            version.counts_from = None

    def _approved(self, person: Person, document: KnownDocument, version: KnownVersion) -> None:
        version.actor_words.add(word_of(person.subject))
        version.looked_at = self.today
        if version.standing is Standing.APPROVED:
            return
        version.approver_words = {word_of(person.subject)}
        version.standing, version.expired_on = Standing.APPROVED, None
        version.published_on = self.today
        version.counts_from = version.counts_from or self.today
        document.withdrawn_by_person = False

    def _version(
        self,
        draw: Random,
        document: KnownDocument,
        audience: frozenset[str],
        replaced: Sequence[KnownDocument],
    ) -> None:
        number = len(document.forgotten) + len(document.versions) + 1
        what = f"version {number} of {document.uri} of {document.owner}"
        title_word = self.canaries.make(Kind.TITLE, f"the title of {what}")
        text_words = [self.canaries.make(Kind.TEXT, f"the text of {what}") for _ in range(2)]
        starts, ends = _window(draw, self.today)
        approval = draw.choice(
            [ApprovalState.DRAFT, ApprovalState.APPROVED, ApprovalState.APPROVED]
        )
        page = Page(
            tenant=document.owner,
            uri=document.uri,
            title=f"{document.topic.title()} {title_word}",
            text=_text(document.topic, title_word, text_words, draw),
            doc_type=draw.choice(_KINDS),
            audience=audience,
            approval=approval,
            effective_from=starts,
            effective_to=ends,
            product=draw.choice(PRODUCTS),
            releases=tuple(draw.sample(RELEASES, draw.choice([0, 0, 1, 2]))),
            supersedes=tuple(one.uri for one in replaced),
        )
        self.door.house.ingest(page)
        if document.withdrawn_by_person:
            # A crawl does not bring back what a person withdrew.
            approval = ApprovalState.DRAFT
        catalog = self.door.house.catalog
        # What was deleted leaves a gap.
        number = catalog.history(document.id)[-1].version
        chunks = catalog.chunks_of(document.id, number)
        for one in chunks:
            self.canaries.learn(one.id, f"a passage's id in {what}")
        document.versions.append(
            KnownVersion(
                number=number,
                standing=Standing(approval.value),
                published_on=self.today if approval is ApprovalState.APPROVED else None,
                counts_from=self.today if approval is ApprovalState.APPROVED else None,
                starts=starts,
                ends=ends,
                audience=audience,
                doc_type=page.doc_type.value,
                product=page.product,
                releases=page.releases,
                supersedes=tuple(one.id for one in replaced),
                supersedes_words=frozenset(word for one in replaced for word in one.words),
                text_words=frozenset(text_words),
                title_words=frozenset({title_word}),
                passages=tuple(one.id for one in chunks),
            )
        )
        self.touched.append(document)
        days = f"{starts or '…'} to {ends or '…'}"
        shown = ", ".join(sorted(audience))
        self.journal.append(f"{approval.value} {what}, for {shown}, {days}")

    def tell_deed(
        self,
        person: Person,
        deed: Deed,
        document: KnownDocument,
        version: KnownVersion,
        status: int,
    ) -> None:
        """Write a deed into the journal."""
        what = f"{deed.value} version {version.number} of {document.uri}"
        self.journal.append(f"{person.role.value} of {person.tenant}: {what} → {status}")


def word_of(name: str) -> str:
    """The canary in the name of a tenant or a person."""
    return name.rpartition("-")[2]


def new_world(door: Door, seed: int, *, tenants: int = 4, documents: int = 10) -> World:
    """A world with people and documents in every tenant."""
    draw = Random(seed)
    canaries = Canaries(draw)
    names = []
    for number in range(tenants):
        word = canaries.make(Kind.TENANT, f"the name of tenant {number}")
        names.append(f"org{number}-{word}")
    people = tuple(one for name in names for one in _people(draw, canaries, name, names))
    world = World(door, draw, canaries, tenants=tuple(names), people=people)
    for _ in range(documents):
        world.add(draw)
    return world


def _people(
    draw: Random, canaries: Canaries, tenant: str, tenants: Sequence[str]
) -> Iterable[Person]:
    others = [one for one in tenants if one != tenant]
    # Two of those who ask, so that people of one tenant attack each other as well.
    for role in (*Role, Role.PARTNER_CONSULTANT):
        word = canaries.make(Kind.SUBJECT, f"the name of a {role.value} of {tenant}")
        attributes = {"tier": draw.choice(TIERS), "region": draw.choice(REGIONS).upper()}
        if role is Role.CHANNEL_MANAGER:
            attributes["partners"] = ",".join(draw.sample(others, min(len(others), 2)))
        yield Person(tenant=tenant, role=role, subject=f"user-{word}", attributes=attributes)


def _audience(draw: Random, tenants: Sequence[str]) -> frozenset[str]:
    one = draw.choice(
        [
            "partners",
            "internal",
            f"tenant:{draw.choice(tenants)}",
            f"tenant:{draw.choice(tenants)}",
            f"tier:{draw.choice(TIERS)}",
            f"region:{draw.choice(REGIONS)}",
        ]
    )
    if draw.random() < 0.25:
        return frozenset({one, f"tenant:{draw.choice(tenants)}"})
    return frozenset({one})


def _narrower(draw: Random, audience: frozenset[str]) -> frozenset[str]:
    if len(audience) > 1:
        return frozenset({draw.choice(sorted(audience))})
    if audience == {"partners"}:
        return frozenset({f"tier:{draw.choice(TIERS)}"})
    return frozenset({"internal"})


def _window(draw: Random, today: date) -> tuple[date | None, date | None]:
    starts = draw.choice([None, None, None, -30, -5, 0, 2, 8])
    ends = draw.choice([None, None, None, None, -2, 0, 1, 6, 40])
    begin = None if starts is None else today + timedelta(days=starts)
    end = None if ends is None else today + timedelta(days=ends)
    return (begin, None) if begin and end and end < begin else (begin, end)


def _text(topic: str, title_word: str, words: Sequence[str], draw: Random) -> str:
    number = draw.randrange(2, 90)
    return (
        f"# {topic.title()} {title_word}\n\n"
        f"The {topic} is {number} units a month under the code {words[0]}.\n\n"
        f"## How to change the {topic}\n\n"
        f"1. Open the console and choose {topic}.\n"
        f"2. Enter {words[1]} and press Save.\n"
    )
