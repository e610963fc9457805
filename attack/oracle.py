"""Who may see what, worked out once more from the requirements and from nothing of the house.

Nothing here imports `governance.visibility`: a mistake in the rule must not be made twice. It is
slow and plain on purpose; worlds are small.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from attack.house import Person
from governance.principal import Role

_WITHOUT_CONTENT = frozenset({Role.AUDITOR})
_SEES_UNPUBLISHED = frozenset(
    {Role.PARTNER_ADMIN, Role.CONTENT_OWNER, Role.APPROVER, Role.ADMIN}
)  # fmt: skip


class Standing(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(slots=True, kw_only=True, eq=False)
class KnownVersion:
    """A version as whoever attacks knows it to be. `words` stand in its text or name its parts."""

    number: int
    standing: Standing
    published_on: date | None
    counts_from: date | None
    starts: date | None
    ends: date | None
    audience: frozenset[str]
    doc_type: str
    product: str
    releases: tuple[str, ...]
    supersedes: tuple[str, ...]
    supersedes_words: frozenset[str]
    text_words: frozenset[str]
    title_words: frozenset[str]
    passages: tuple[str, ...]
    note_words: set[str] = field(default_factory=set)
    approver_words: set[str] = field(default_factory=set)
    actor_words: set[str] = field(default_factory=set)
    submitted_by: str = ""
    expired_on: date | None = None
    looked_at: date | None = None

    @property
    def counts(self) -> bool:
        """Whether there are days on which readers see it, be they over."""
        if self.standing is Standing.WITHDRAWN:
            return False
        return self.standing is Standing.APPROVED or self.expired_on is not None

    @property
    def last_day(self) -> date:
        """The last day on which it counts by itself."""
        days = [self.ends or date.max]
        if self.expired_on is not None:
            days.append(_day_before(self.expired_on))
        return min(days)


@dataclass(slots=True, kw_only=True, eq=False)
class KnownDocument:
    """A document and all its versions, oldest first."""

    id: str
    owner: str
    uri: str
    words: frozenset[str]
    versions: list[KnownVersion]
    topic: str
    forgotten: list[KnownVersion] = field(default_factory=list)
    withdrawn_by_person: bool = False

    @property
    def newest(self) -> KnownVersion:
        """The version that people work on."""
        return self.versions[-1]

    @property
    def approved(self) -> list[KnownVersion]:
        """Its versions that are approved, or were until they expired, oldest first."""
        return [one for one in self.versions if one.counts]

    def audience_of(self, version: KnownVersion) -> frozenset[str]:
        """What bounds every version: the newest approved one's audience."""
        approved = self.approved
        return approved[-1].audience if approved else version.audience

    def start_of(self, version: KnownVersion) -> date:
        """The first day on which an approved version counts."""
        if version.starts is not None:
            return version.starts
        if version is self.approved[0] and not version.supersedes:
            return date.min
        return version.counts_from or version.published_on or date.max

    def counting_on(self, day: date) -> KnownVersion | None:
        """The one version that counts on a day: the newest that has begun, unless it has ended."""
        begun = [one for one in self.approved if self.start_of(one) <= day]
        return begun[-1] if begun and day <= begun[-1].last_day else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What a request asks to be narrowed to."""

    doc_types: frozenset[str] = frozenset()
    product: str = ""
    release: str = ""
    as_of: date | None = None


NOTHING_NARROWED = Narrowing()
Readable = tuple[KnownDocument, KnownVersion]


@dataclass(slots=True)
class Oracle:
    """Says what somebody may see of the documents it was told about."""

    documents: dict[str, KnownDocument] = field(default_factory=dict)

    def readable(
        self, person: Person, today: date, narrowing: Narrowing = NOTHING_NARROWED
    ) -> list[Readable]:
        """The versions that this person may read with such a request, sent today."""
        day = narrowing.as_of or today
        if person.role in _WITHOUT_CONTENT or day > today:
            return []
        gone = self._replaced(person, day)
        return [
            (document, version)
            for document in self.documents.values()
            if document.id not in gone
            and (version := document.counting_on(day)) is not None
            and _addressed(person, document, version)
            and _fits(version, narrowing)
        ]

    def readable_again(self, person: Person, today: date) -> list[Readable]:
        """The versions that this person may be shown again, if they were shown them once."""
        if person.role in _WITHOUT_CONTENT:
            return []
        return [
            (document, version)
            for document in self.documents.values()
            for version in document.approved
            if document.start_of(version) <= min(today, self.last_day(document, version))
            and _addressed(person, document, version)
        ]

    @staticmethod
    def reads_content(person: Person) -> bool:
        """Whether this role reads any content at all."""
        return person.role not in _WITHOUT_CONTENT

    def own(self, person: Person) -> list[KnownDocument]:
        """The documents of which this person may know whatever state they are in."""
        if person.role not in _SEES_UNPUBLISHED:
            return []
        return [one for one in self.documents.values() if one.owner == person.tenant]

    @staticmethod
    def last_day(document: KnownDocument, version: KnownVersion) -> date:
        """The last day on which a version counts, before a newer one takes its place."""
        later = document.approved[document.approved.index(version) + 1 :]
        begins = [document.start_of(one) for one in later]
        return min([version.last_day, *(_day_before(one) for one in begins)])

    def _replaced(self, person: Person, day: date) -> set[str]:
        """Documents that another one replaces by that day, for those who may read that one."""
        gone = set()
        for document in self.documents.values():
            published = [one for one in document.versions if one.published_on is not None]
            if not published:
                continue
            last = published[-1]
            if not _addressed(person, document, last):
                continue
            for replaced in last.supersedes:
                first = next(one for one in published if replaced in one.supersedes)
                begins = first.starts or first.published_on
                if begins is not None and begins <= day:
                    gone.add(replaced)
        return gone


def _day_before(day: date) -> date:
    return date.fromordinal(max(1, day.toordinal() - 1))


def _addressed(person: Person, document: KnownDocument, version: KnownVersion) -> bool:
    return all(
        named(person, audience, document.owner)
        for audience in (version.audience, document.audience_of(version))
    )


def named(person: Person, audience: Iterable[str], owner: str) -> bool:
    """Whether an audience, or ownership, lets somebody in."""
    wanted = set(audience)
    groups = {"partners", f"tenant:{person.tenant}"}
    groups |= {
        f"{name}:{person.attributes[name].casefold()}"
        for name in ("tier", "region")
        if name in person.attributes
    }
    if wanted & groups:
        return True
    if person.tenant != owner:
        return False
    if person.role is not Role.CHANNEL_MANAGER:
        return True
    partners = {one.removeprefix("tenant:") for one in wanted if one.startswith("tenant:")}
    about_partners_only = bool(partners) and len(partners) == len(wanted) and owner not in partners
    assigned = set(person.attributes.get("partners", "").split(","))
    return not about_partners_only or bool(partners & assigned)


def _fits(version: KnownVersion, narrowing: Narrowing) -> bool:
    kinds, product, release = narrowing.doc_types, narrowing.product, narrowing.release
    releases = {_release(one) for one in version.releases}
    return (
        (not kinds or version.doc_type in kinds)
        and (not product or version.product in ("", product))
        and (not release or not releases or _release(release) in releases)
    )


def _release(name: str) -> str:
    return name.lower().removeprefix("v")


def words_of(readable: Sequence[Readable], *, with_text: bool) -> set[str]:
    """The canaries and identifiers that come with what may be read."""
    words: set[str] = set()
    for document, version in readable:
        words |= {document.id} | document.words | version.title_words | version.approver_words
        if with_text:
            words |= version.text_words | set(version.passages)
    return words
