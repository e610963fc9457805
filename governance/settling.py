"""What follows from a document's versions, kept in step with them: windows, classes, counts.

Each function works inside the transaction of the change that makes it necessary.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import Connection, insert, select, update

from governance import statistics, validity
from governance.document import DocumentVersion
from governance.entries import CHANGED_ACCESS
from governance.rows import history_of
from governance.statistics import TermCounts
from governance.tables import index_changes, texts, versions
from governance.visibility import Access


def settle(
    connection: Connection,
    document: str,
    indexed: Mapping[int, Access] = MappingProxyType({}),
) -> None:
    """Derive windows and classes again, and move the counts of versions that changed class."""
    history = history_of(connection, document)
    for version, access in zip(history, validity.effective_access(history), strict=True):
        row = connection.execute(
            select(versions.c.class_id).where(
                versions.c.document_id == document, versions.c.version == version.version
            )
        ).one()
        class_id = statistics.class_for(connection, access)
        if row.class_id == class_id:
            continue
        counts = _counts(connection, document, version.version)
        if row.class_id is not None:
            statistics.count(connection, row.class_id, counts, -1)
        statistics.count(connection, class_id, counts, 1)
        connection.execute(
            update(versions)
            .where(versions.c.document_id == document, versions.c.version == version.version)
            .values(
                class_id=class_id,
                document_audience=sorted(access.document_audience),
                valid_from=access.valid_from,
                valid_to=access.valid_to,
            )
        )
        if indexed.get(version.version) != access:
            connection.execute(
                insert(index_changes).values(
                    document_id=document, version=version.version, action=CHANGED_ACCESS
                )
            )


def uncount(connection: Connection, version: DocumentVersion) -> None:
    """Take a version's counts away, because its chunks are about to go."""
    key = (versions.c.document_id == version.document_id) & (versions.c.version == version.version)
    class_id = connection.execute(select(versions.c.class_id).where(key)).scalar()
    if class_id is not None:
        counts = _counts(connection, version.document_id, version.version)
        statistics.count(connection, class_id, counts, -1)


def _counts(connection: Connection, document: str, number: int) -> TermCounts:
    packed = connection.execute(
        select(texts.c.terms).where(texts.c.document_id == document, texts.c.version == number)
    ).scalar_one()
    return statistics.unpack(packed)
