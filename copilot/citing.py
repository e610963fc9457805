"""Which outcomes cite which document, and how its words are taken out of them.

An outcome tells an asker's story and stays when a document goes. What it quotes does not: after a
deletion no word of the document may be left, wherever it was copied to.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from copilot.record_tables import escalations, outcome_citations, outcomes
from copilot.withdrawn import holds_words_of, without_words_of
from foundation.database import Database
from governance.answers import CitedBy, CitingOutcome
from governance.rows import aware
from governance.tables import documents, tombstones

_BATCH = 500


class Answers:
    """The kept outcomes, as governance asks for them (`governance.answers.AnswerRecord`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def citing(
        self, document_id: str, version: int | None = None, *, limit: int, offset: int = 0
    ) -> CitedBy:
        """The outcomes that cite a document, in one version or in any, the newest first."""
        cited = outcome_citations.c.document_id == document_id
        if version is not None:
            cited &= outcome_citations.c.version == version
        ids = select(outcome_citations.c.outcome_id).where(cited).distinct()
        page = (
            select(
                outcomes.c.id, outcomes.c.kind, outcomes.c.tenant, outcomes.c.confidence,
                outcomes.c.created_at,
            )
            .where(outcomes.c.id.in_(ids))
            .order_by(outcomes.c.created_at.desc(), outcomes.c.id.desc())
            .limit(limit)
            .offset(offset)
        )  # fmt: skip
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(ids.subquery())).scalar()
            rows = connection.execute(page).all()
            versions = _versions(connection, document_id, [row.id for row in rows])
        return CitedBy(
            total=int(total or 0),
            newest=tuple(
                CitingOutcome(
                    id=row.id,
                    kind=row.kind,
                    tenant=row.tenant,
                    confidence=row.confidence,
                    created_at=aware(row.created_at),
                    versions=tuple(sorted(versions[row.id])),
                )
                for row in rows
            ),
        )

    def forget(self, connection: Connection, document_id: str) -> int:
        """Empty what outcomes hold of a document's words; returns how many held any."""
        found = 0
        for batch in _citing_bodies(connection, document_id):
            quoting = {one: body for one, body in batch if holds_words_of(body, {document_id})}
            found += len(quoting)
            _empty(connection, quoting, {document_id})
        return found

    def cited_to(self, connection: Connection, document_id: str, tenants: Collection[str]) -> bool:
        """Whether anybody of these tenants was given an outcome that cites a document."""
        if not tenants:
            return False
        query = (
            select(outcomes.c.id)
            .join(outcome_citations, outcome_citations.c.outcome_id == outcomes.c.id)
            .where(outcome_citations.c.document_id == document_id, outcomes.c.tenant.in_(tenants))
            .limit(1)
        )
        return connection.execute(query).first() is not None

    def still_quoting(self, document_id: str) -> int:
        """How many outcomes hold words of a document."""
        with self._database.read() as connection:
            return sum(
                holds_words_of(body, {document_id})
                for batch in _citing_bodies(connection, document_id)
                for _, body in batch
            )


def lock_cited(connection: Connection, outcome_id: str) -> None:
    """Hold what an outcome cites as it is until the end of the transaction.

    A deletion that is under way holds these rows; whoever has them first, the other sees it. Taken
    before the outcome's own row, because a deletion takes them in this order too.
    """
    cited = select(outcome_citations.c.document_id).where(
        outcome_citations.c.outcome_id == outcome_id
    )
    connection.execute(
        select(documents.c.id)
        .where(documents.c.id.in_(cited))
        .order_by(documents.c.id)
        .with_for_update(read=True)
    ).all()


def forget_deleted(connection: Connection, outcome_id: str) -> None:
    """Take out of an outcome, in the transaction that writes it, what was deleted meanwhile.

    Who asks while a document is deleted has read it before; what is kept of it must not stay.
    """
    lock_cited(connection, outcome_id)
    cited = connection.execute(
        select(outcome_citations.c.document_id, outcome_citations.c.version).where(
            outcome_citations.c.outcome_id == outcome_id
        )
    ).all()
    ids = {row.document_id for row in cited}
    if not ids:
        return
    rows = connection.execute(select(tombstones).where(tombstones.c.document_id.in_(ids)))
    last = {row.document_id: row.last_version for row in rows}
    gone = {row.document_id for row in cited if row.version <= last.get(row.document_id, 0)}
    if gone:
        body = connection.execute(
            select(outcomes.c.body).where(outcomes.c.id == outcome_id)
        ).scalar_one()
        _empty(connection, {outcome_id: body}, gone)


def _empty(connection: Connection, bodies: Mapping[str, Mapping[str, Any]], gone: set[str]) -> None:
    if not bodies:
        return
    connection.execute(
        update(outcomes).where(outcomes.c.id == bindparam("of")).values(body=bindparam("left")),
        [{"of": one, "left": without_words_of(body, gone)} for one, body in bodies.items()],
    )
    connection.execute(
        update(escalations).where(escalations.c.outcome_id.in_(bodies.keys())).values(missing="")
    )


def _citing_bodies(
    connection: Connection, document_id: str
) -> Iterator[Sequence[tuple[str, Mapping[str, Any]]]]:
    """The outcomes that cite a document, with their bodies, so many at a time."""
    ids = [
        row.outcome_id
        for row in connection.execute(
            select(outcome_citations.c.outcome_id)
            .where(outcome_citations.c.document_id == document_id)
            .distinct()
        )
    ]
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        query = select(outcomes.c.id, outcomes.c.body).where(outcomes.c.id.in_(batch))
        yield [(row.id, row.body) for row in connection.execute(query)]


def _versions(connection: Connection, document_id: str, ids: list[str]) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {one: set() for one in ids}
    query = select(outcome_citations.c.outcome_id, outcome_citations.c.version).where(
        outcome_citations.c.document_id == document_id, outcome_citations.c.outcome_id.in_(ids)
    )
    for row in connection.execute(query):
        found[row.outcome_id].add(row.version)
    return found
