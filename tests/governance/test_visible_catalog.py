"""The catalog through an asker's eyes: cached, and never behind."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from foundation.database import open_database
from governance.catalog import Catalog, ChunkRow, NewVersion
from governance.document import ApprovalState, DocumentMetadata, document_id
from governance.principal import Principal, Role
from governance.statistics import TermCounts
from governance.visible_catalog import VisibleCatalog

ACME = Principal(subject="a", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
BOLT = Principal(subject="b", tenant="bolt", roles=frozenset({Role.PARTNER_CONSULTANT}))
TERMS = (7, 8, 9)


def noon() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    database = open_database(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield Catalog(database, noon)
    database.close()


def add(catalog: Catalog, uri: str, audience: str, *terms: int) -> str:
    metadata = DocumentMetadata(
        title=uri, audience=frozenset({audience}), approval=ApprovalState.APPROVED
    )
    planned = catalog.planned("northstar", uri, metadata)
    chunk = ChunkRow(
        id=f"{abs(hash((uri, planned.version))):032x}"[:32],
        document_id=planned.document_id,
        version=planned.version,
        ordinal=0,
        header="",
        text=uri,
        heading_path=(),
        page=None,
        start=0,
        end=len(uri),
    )
    new = NewVersion(
        tenant="northstar",
        uri=uri,
        fingerprint=uri,
        blob_key="0" * 64,
        metadata=metadata,
        access=planned.access,
        text=uri,
        elements=b"",
        chunks=(chunk,),
        terms=TermCounts(chunks=1, chunks_with_term=dict.fromkeys(terms, 1)),
    )
    catalog.record([new])
    return chunk.id


def test_cached_counts_are_the_catalogs_own_after_every_change(catalog: Catalog) -> None:
    visible = VisibleCatalog(catalog, noon)

    def agree() -> list[TermCounts]:
        found = []
        for who in (ACME, BOLT):
            rule = visible.visibility(who)
            fresh = catalog.term_counts(catalog.access_classes(), rule, TERMS)
            for terms in ((7,), TERMS, TERMS):
                cached = visible.term_counts(rule, terms)
                assert cached.chunks == fresh.chunks
                assert cached.chunks_with_term == {
                    term: number for term, number in fresh.chunks_with_term.items() if term in terms
                }
            found.append(fresh)
        return found

    add(catalog, "open.md", "partners", 7)
    agree()
    add(catalog, "acme.md", "tenant:acme", 7, 8)
    acme, bolt = agree()
    assert (acme.chunks_with_term, bolt.chunks_with_term) == ({7: 2, 8: 1}, {7: 1})
    catalog.set_approval(
        document_id("northstar", "open.md"), 1, state=ApprovalState.WITHDRAWN, by="owner"
    )
    acme, bolt = agree()
    assert (acme.chunks_with_term, bolt.chunks_with_term) == ({7: 1, 8: 1}, {})


def test_many_readers_at_once_never_see_what_was_withdrawn_before_they_asked(
    catalog: Catalog,
) -> None:
    visible = VisibleCatalog(catalog, noon)
    ids = [add(catalog, f"{number}.md", "partners", number) for number in range(8)]

    def read(_number: int) -> None:
        for _ in range(20):
            before = catalog.newest("northstar")
            gone = {one.document_id for one in before if not one.access.approved}
            rule = visible.visibility(ACME)
            found = visible.chunks(rule, ids)
            visible.term_counts(rule, range(8))
            assert not gone & {one.chunk.document_id for one in found.values()}

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, number) for number in range(7)]
        for number in range(8):
            catalog.set_approval(
                document_id("northstar", f"{number}.md"),
                1,
                state=ApprovalState.WITHDRAWN,
                by="owner",
            )
        for reader in readers:
            reader.result(timeout=300)
    assert visible.chunks(visible.visibility(ACME), ids) == {}
