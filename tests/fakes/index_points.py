"""Made-up points, accesses and questions for tests of an index."""

import random
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from governance.visibility import ALWAYS_FROM, ALWAYS_TO, Access, Visibility
from retrieval.index import (
    DenseField,
    IndexPoint,
    KnowledgeIndex,
    LegHit,
    LegQuery,
    SparseField,
)
from retrieval.keywords import SparseVector

DIMENSIONS = 8
TODAY = 739_000
PARTNER = Visibility(readers=frozenset({"partners", "tenant:acme", "owner:acme"}), day=TODAY)
VECTOR = next(iter(DenseField))
KEYWORDS = next(iter(SparseField))


def access(**changes: object) -> Access:
    everybody = Access(
        tenant="northstar",
        audience=frozenset({"partners"}),
        document_audience=frozenset({"partners"}),
        approved=True,
        valid_from=ALWAYS_FROM,
        valid_to=ALWAYS_TO,
        doc_type="faq",
        product="",
        releases=frozenset(),
    )
    return replace(everybody, **changes)  # type: ignore[arg-type]


OPEN = access()


def point(
    number: int,
    document_id: str = "guide",
    version: int = 1,
    may_read: Access = OPEN,
    *,
    shift: int = 0,
) -> IndexPoint:
    """A point whose vectors follow from its number and from nothing else."""
    draw = random.Random(number + shift)
    return IndexPoint(
        id=UUID(int=number).hex,
        document_id=document_id,
        version=version,
        access=may_read,
        dense={field: [draw.gauss() for _ in range(DIMENSIONS)] for field in DenseField},
        sparse={field: _keywords(draw) for field in SparseField},
    )


def _keywords(draw: random.Random) -> SparseVector:
    terms = (1, *sorted(draw.sample(range(2, 2**32 - 1), 3)))
    return SparseVector(indices=terms, values=tuple(draw.uniform(0.1, 3.0) for _ in terms))


def legs(limit: int, number: int = 0) -> list[LegQuery]:
    """One leg per field; the keyword legs ask for term 1, which every point has."""
    draw = random.Random(-1 - number)
    asked: list[LegQuery] = [
        LegQuery(field=field, vector=[draw.gauss() for _ in range(DIMENSIONS)], limit=limit)
        for field in DenseField
    ]
    term = SparseVector(indices=(1,), values=(draw.uniform(0.5, 2.0),))
    return [*asked, *(LegQuery(field=field, vector=term, limit=limit) for field in SparseField)]


def ids(hits: Sequence[LegHit]) -> set[str]:
    return {hit.chunk_id for hit in hits}


def found(index: KnowledgeIndex, visibility: Visibility = PARTNER, limit: int = 100) -> set[str]:
    """Ids that a search finds, having checked that its legs agree on them."""
    sets = [ids(hits) for hits in index.search(legs(limit), visibility)]
    assert all(each == sets[0] for each in sets)
    return sets[0]
