"""How many readable chunks contain a term: kept per access class, so that it can be scoped.

Rare words weigh more in keyword search. Counted over the whole index, one tenant's documents
would move another tenant's ranking; so the counts are kept apart for every distinct combination
of access facts (a class), and a question sums only the classes its asker may see. Term ids are
opaque 32-bit numbers made by the retrieval floor.
"""

import json
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, text, update

from governance.tables import access_classes, term_frequencies
from governance.visibility import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class TermCounts:
    """Counts over a set of chunks: how many there are, and how many contain each term."""

    chunks: int
    chunks_with_term: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClass:
    """A combination of access facts that some version has or had."""

    id: int
    access: Access
    chunks: int


def class_key(access: Access) -> str:
    """The canonical text of an access, equal for equal accesses."""
    return json.dumps(
        [
            access.tenant,
            sorted(access.audience),
            sorted(access.document_audience),
            access.approved,
            access.valid_from,
            access.valid_to,
            access.doc_type,
            access.product,
            sorted(access.releases),
        ],
        separators=(",", ":"),
        ensure_ascii=False,
    )


def _access_of(key: str) -> Access:
    values = json.loads(key)
    return Access(
        tenant=values[0],
        audience=frozenset(values[1]),
        document_audience=frozenset(values[2]),
        approved=values[3],
        valid_from=values[4],
        valid_to=values[5],
        doc_type=values[6],
        product=values[7],
        releases=frozenset(values[8]),
    )


def class_for(connection: Connection, access: Access) -> int:
    """The id of the class with this access, made if it is new."""
    key = class_key(access)
    found = connection.execute(
        select(access_classes.c.id).where(access_classes.c.key == key)
    ).scalar()
    if found is not None:
        return int(found)
    made = insert(access_classes).values(key=key, chunks=0).returning(access_classes.c.id)
    return int(connection.execute(made).scalar_one())


def count(connection: Connection, class_id: int, counts: TermCounts, sign: int) -> None:
    """Add (`sign` 1) a version's counts to a class, or take them away (`sign` -1)."""
    connection.execute(
        update(access_classes)
        .where(access_classes.c.id == class_id)
        .values(chunks=access_classes.c.chunks + sign * counts.chunks)
    )
    rows = [
        {"term": term, "class_id": class_id, "chunks": sign * number}
        for term, number in counts.chunks_with_term.items()
    ]
    if rows:
        # The same statement on SQLite and PostgreSQL.
        connection.execute(
            text(
                "INSERT INTO term_frequencies (term, class_id, chunks) "
                "VALUES (:term, :class_id, :chunks) ON CONFLICT (term, class_id) "
                "DO UPDATE SET chunks = term_frequencies.chunks + excluded.chunks"
            ),
            rows,
        )


def load_classes(connection: Connection) -> tuple[AccessClass, ...]:
    """All classes that have chunks."""
    rows = connection.execute(
        select(access_classes.c.id, access_classes.c.key, access_classes.c.chunks).where(
            access_classes.c.chunks > 0
        )
    )
    return tuple(
        AccessClass(id=row.id, access=_access_of(row.key), chunks=row.chunks) for row in rows
    )


def sum_terms(
    connection: Connection, class_ids: Sequence[int], terms: Iterable[int]
) -> Mapping[int, int]:
    """How many chunks of these classes contain each of the terms; absent terms are left out."""
    wanted = sorted(set(terms))
    if not wanted or not class_ids:
        return {}
    rows = connection.execute(
        select(term_frequencies.c.term, func.sum(term_frequencies.c.chunks).label("chunks"))
        .where(term_frequencies.c.term.in_(wanted), term_frequencies.c.class_id.in_(class_ids))
        .group_by(term_frequencies.c.term)
    )
    return {row.term: int(row.chunks) for row in rows if row.chunks > 0}


def pack(counts: TermCounts) -> bytes:
    """A version's counts as bytes, so that they can be taken away again."""
    flat = array("Q", [counts.chunks])
    for term in sorted(counts.chunks_with_term):
        flat.extend((term, counts.chunks_with_term[term]))
    return zlib.compress(flat.tobytes())


def unpack(data: bytes) -> TermCounts:
    """Read what `pack` wrote."""
    flat = array("Q")
    flat.frombytes(zlib.decompress(data))
    return TermCounts(
        chunks=flat[0], chunks_with_term=dict(zip(flat[1::2], flat[2::2], strict=True))
    )
