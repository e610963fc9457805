"""What a point carries beside its vectors, and the filter that every leg of a search carries.

Both engines filter on the same payload, and both filters come from here: a mistake in the rule's
translation can only be made, found and mended in one place. The law that this translation and
`Visibility.admits_document` agree is tests/conformance/test_knowledge_index.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from governance.visibility import Access, Visibility
from retrieval.index import LegQuery
from retrieval.keywords import SparseVector

_EVERY = "every"
# No tenant, tier or region can contain it.
_AND = "\x1f"


class PayloadKey(StrEnum):
    """The keys of a point's payload."""

    DOCUMENT = "document_id"
    EDITION = "edition"
    READERS = "readers"
    VALID_FROM = "valid_from"
    VALID_TO = "valid_to"
    DOC_TYPE = "doc_type"
    PRODUCT = "product"
    RELEASES = "releases"


class KeyIndex(StrEnum):
    """How an engine should index a payload key.

    READERS is the keyword by which searches are told apart: engines lay out storage and extra
    graph links by it. Every other key only thins out what that one has found.
    """

    READERS = "readers"
    KEYWORD = "keyword"
    DAY = "day"


KEY_INDEXES: tuple[tuple[PayloadKey, KeyIndex], ...] = tuple(
    (
        key,
        KeyIndex.READERS
        if key is PayloadKey.READERS
        else KeyIndex.DAY
        if key in {PayloadKey.VALID_FROM, PayloadKey.VALID_TO}
        else KeyIndex.KEYWORD,
    )
    for key in PayloadKey
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """The key holds at least one of the values; without values nothing matches."""

    key: PayloadKey
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneOf:
    """The key holds none of the values."""

    key: PayloadKey
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """The day under the key is this one or an earlier one."""

    key: PayloadKey
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The day under the key is this one or a later one."""

    key: PayloadKey
    day: int


Condition = AnyOf | NoneOf | Until | Since


def access_payload(access: Access) -> dict[str, list[str] | str | int]:
    """Spell an access out as payload. Every key is present, so that writing it replaces the old.

    Under a filter most of a search's time goes into checking conditions, in every leg for every
    point it meets. So approval and both audiences are folded into one keyword list: `READERS`
    holds a marker for each way to be a reader of an approved version, and nothing where it is
    not approved. Days are integers. A release is prefixed, and "every" stands for all of them,
    so that no release name can be mistaken for the marker.
    """
    return {
        PayloadKey.READERS: sorted(_markers_of(access)),
        PayloadKey.VALID_FROM: access.valid_from,
        PayloadKey.VALID_TO: access.valid_to,
        PayloadKey.DOC_TYPE: access.doc_type,
        PayloadKey.PRODUCT: access.product,
        PayloadKey.RELEASES: sorted(map(_release, access.releases)) or [_EVERY],
    }


def point_payload(
    document_id: str, version: int, access: Access
) -> dict[str, list[str] | str | int]:
    """Spell out all that a point carries beside its vectors."""
    return {
        PayloadKey.DOCUMENT: document_id,
        PayloadKey.EDITION: edition(document_id, version),
        **access_payload(access),
    }


def edition(document_id: str, version: int) -> str:
    """Name one version of one document in a single keyword, which an engine can count by."""
    return f"{version}:{document_id}"


def parse_edition(value: str) -> tuple[str, int]:
    """Read (document id, version) back from `edition`."""
    version, _, document_id = value.partition(":")
    return document_id, int(version)


def visibility_conditions(visibility: Visibility) -> tuple[Condition, ...]:
    """Translate the rule into conditions that must all hold."""
    pairs = tuple(
        sorted(
            _pair(own, of_document) for own, of_document in product(visibility.readers, repeat=2)
        )
    )
    conditions: list[Condition] = [
        AnyOf(key=PayloadKey.READERS, values=pairs),
        Until(key=PayloadKey.VALID_FROM, day=visibility.day),
        Since(key=PayloadKey.VALID_TO, day=visibility.day),
    ]
    if visibility.doc_types:
        conditions.append(
            AnyOf(key=PayloadKey.DOC_TYPE, values=tuple(sorted(visibility.doc_types)))
        )
    if visibility.product:
        conditions.append(AnyOf(key=PayloadKey.PRODUCT, values=("", visibility.product)))
    if visibility.release:
        conditions.append(
            AnyOf(key=PayloadKey.RELEASES, values=(_EVERY, _release(visibility.release)))
        )
    if visibility.superseded:
        conditions.append(
            NoneOf(key=PayloadKey.DOCUMENT, values=tuple(sorted(visibility.superseded)))
        )
    return tuple(conditions)


def document_condition(document_id: str, version: int | None) -> Condition:
    """Pick the points of one version, or of all versions of a document."""
    if version is None:
        return AnyOf(key=PayloadKey.DOCUMENT, values=(document_id,))
    return AnyOf(key=PayloadKey.EDITION, values=(edition(document_id, version),))


def may_hit(leg: LegQuery) -> bool:
    """Whether a leg is worth sending: engines differ on a limit of 0 and on an empty vector."""
    return leg.limit > 0 and not (isinstance(leg.vector, SparseVector) and not leg.vector.indices)


def _markers_of(access: Access) -> Iterable[str]:
    if not access.approved:
        return ()
    if access.readers == access.document_readers:
        # Whoever is in the one is in the other, so equal pairs say it all.
        return access.readers
    # A reader may be in the version's audience by one marker and in the document's by another.
    return [_pair(*both) for both in product(access.readers, access.document_readers)]


def _pair(own: str, of_document: str) -> str:
    return own if own == of_document else f"{own}{_AND}{of_document}"


def _release(name: str) -> str:
    return f"release:{name}"
