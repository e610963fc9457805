"""What was made of documents is kept for a while, and never beyond a deletion."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foundation.database import Database, open_database
from governance.derived_texts import KEPT_FOR, DerivedTexts, forget_derived, forget_old

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "a" * 64


def opened(folder: Path) -> Database:
    return open_database(f"sqlite:///{folder}/copilot.db")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(opened(tmp_path)) as made:
        yield made


def kept_at(database: Database, moment: datetime) -> DerivedTexts:
    return DerivedTexts(database, lambda: moment)


def test_what_is_kept_is_there_for_the_next_one(database: Database) -> None:
    kept_at(database, NOW).put(KEY, "first")
    kept_at(database, NOW).put(KEY, "second")
    assert kept_at(database, NOW).get(KEY) == "second"
    assert kept_at(database, NOW).get("b" * 64) is None


def test_what_was_begun_before_a_deletion_elsewhere_keeps_nothing_after_it(
    database: Database, tmp_path: Path
) -> None:
    texts = kept_at(database, NOW)
    texts.put(KEY, "words")
    with closing(opened(tmp_path)) as elsewhere, elsewhere.write() as connection:
        forget_derived(connection)
    assert texts.get(KEY) is None
    texts.put(KEY, "words")
    assert texts.get(KEY) is None
    later = kept_at(database, NOW)
    later.put(KEY, "other words")
    texts.put(KEY, "words")
    assert later.get(KEY) == "other words"


def test_after_its_time_it_goes_and_keeping_goes_on(database: Database) -> None:
    texts = kept_at(database, NOW)
    texts.put(KEY, "words")
    assert forget_old(database, NOW + KEPT_FOR) == 0
    assert kept_at(database, NOW + KEPT_FOR).get(KEY) == "words"
    kept_at(database, NOW + KEPT_FOR + timedelta(seconds=1))
    assert texts.get(KEY) is None
    # The mark is as old, and stays.
    texts.put(KEY, "words")
    assert texts.get(KEY) == "words"


def test_a_text_that_no_database_takes_is_not_kept(database: Database) -> None:
    texts = kept_at(database, NOW)
    texts.put(KEY, "broken \ud800")
    assert texts.get(KEY) is None
