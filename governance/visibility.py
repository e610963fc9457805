"""THE rule for who may read what. Nothing can search without the `Visibility` it builds.

A reader sees a document version when its owner is the reader's own tenant or its audience names
the reader (a channel manager sees what the own tenant keeps for single partners only where those
are assigned), and it is approved, and it is valid on the asked day, and it fits the product and
release that were asked for. The index adapters translate a `Visibility` into their filter
language; the retriever applies `admits` again to what the catalog says now.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from foundation.errors import InvalidRequestError
from governance.principal import Principal

ALWAYS_FROM = 0
ALWAYS_TO = date.max.toordinal()
INTERNAL = "internal"
_TENANT = "tenant:"


def owner_audience(tenant: str) -> str:
    """The marker under which an index payload lists a document's owner among its readers."""
    return f"owner:{tenant}"


def _general_audience(tenant: str) -> str:
    """The marker for an owner's people who read what is not about single partners."""
    return f"general:{tenant}"


def _assigned_audience(tenant: str, partner: str) -> str:
    """The marker for an owner's people who read what is about a partner assigned to them."""
    return f"about:{tenant}/{partner}"


def _markers(tenant: str, audience: frozenset[str]) -> frozenset[str]:
    """Everybody an audience lets in, in the index's words: itself, the owner, the owner's staff.

    `internal` is never among them: it names the owner's own people, whom the owner's markers
    already let in.
    """
    partners = {
        name
        for one in audience
        if one.startswith(_TENANT) and (name := one.removeprefix(_TENANT)) != tenant
    }
    about_partners_only = 0 < len(partners) == len(audience)
    return (
        (audience - {INTERNAL})
        | {owner_audience(tenant)}
        | (set() if about_partners_only else {_general_audience(tenant)})
        | {_assigned_audience(tenant, partner) for partner in partners}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the asker narrows the search to. Filters only ever take away."""

    doc_types: frozenset[str] = frozenset()
    product: str | None = None
    release: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What decides who may read one document version.

    `audience` is the version's own, `document_audience` that of the document's newest approved
    version: an old version must not stay open to people whom a newer one shut out. Days are
    proleptic ordinals (`date.toordinal`), both ends inclusive. `product` and `releases` are empty
    where the version holds for all of them.
    """

    tenant: str
    audience: frozenset[str]
    document_audience: frozenset[str]
    approved: bool
    valid_from: int
    valid_to: int
    doc_type: str
    product: str
    releases: frozenset[str]

    @property
    def readers(self) -> frozenset[str]:
        """The version's own readers in the index's words."""
        return _markers(self.tenant, self.audience)

    @property
    def document_readers(self) -> frozenset[str]:
        """The document's present readers in the index's words."""
        return _markers(self.tenant, self.document_audience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """The rule, bound to one asker and one question.

    `readers` are the markers of which a document must carry one; `day` is an ordinal.
    `internal` is never among them: it names the owner's own people, whom the owner marker
    already lets in, so that no tenant's internal text opens to another tenant's staff.
    `superseded` lists documents that another document, visible to this asker, replaces.
    """

    readers: frozenset[str]
    day: int
    doc_types: frozenset[str] = frozenset()
    product: str = ""
    release: str = ""
    superseded: frozenset[str] = frozenset()

    def admits(self, access: Access) -> bool:
        """Whether a version with this access may be read."""
        return (
            access.approved
            and self.addresses(access)
            and access.valid_from <= self.day <= access.valid_to
            and (not self.doc_types or access.doc_type in self.doc_types)
            and (not self.product or not access.product or access.product == self.product)
            and (not self.release or not access.releases or self.release in access.releases)
        )

    def addresses(self, access: Access) -> bool:
        """Whether the asker is among those a version is for, whatever its state and days."""
        return not self.readers.isdisjoint(access.readers) and not self.readers.isdisjoint(
            access.document_readers
        )

    def admits_document(self, document_id: str, access: Access) -> bool:
        """Whether a version of this document may be read, supersession included."""
        return document_id not in self.superseded and self.admits(access)


def visible_to(
    principal: Principal,
    *,
    today: date,
    filters: Filters | None = None,
    superseded: Iterable[str] = (),
) -> Visibility:
    """Build the rule for one asker. The only constructor of a `Visibility` outside tests.

    `today` is used unless the filters ask for another day; the future cannot be asked for,
    because what will be published is not yet for everybody to read.
    """
    filters = filters or Filters()
    day = filters.as_of or today
    if day > today:
        message = f"as_of {day.isoformat()} is in the future; ask for today or an earlier day"
        raise InvalidRequestError(message)
    return Visibility(
        readers=(principal.audiences - {INTERNAL}) | _as_owner(principal),
        day=day.toordinal(),
        doc_types=filters.doc_types,
        product=normalise_product(filters.product or ""),
        release=normalise_release(filters.release or ""),
        superseded=frozenset(superseded),
    )


def _as_owner(principal: Principal) -> frozenset[str]:
    """The markers under which the owner's people read its documents."""
    if not principal.reads_assigned_only:
        return frozenset({owner_audience(principal.tenant)})
    return frozenset(
        {_general_audience(principal.tenant)}
        | {_assigned_audience(principal.tenant, one) for one in principal.assigned_partners}
    )


def normalise_product(product: str) -> str:
    """Products are compared without regard to case or surrounding space."""
    return product.strip().casefold()


def normalise_release(release: str) -> str:
    """Releases are compared without regard to case, surrounding space or a leading `v`."""
    release = release.strip().casefold()
    return release[1:] if release[:1] == "v" and release[1:2].isdigit() else release
