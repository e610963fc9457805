"""Every error the house raises on purpose has a row in the HTTP interface's table."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.errors import CopilotError
from problems import PROBLEMS, telling_of

ROOT = Path(__file__).parents[2]
FLOORS = ("foundation", "governance", "retrieval", "ingest", "copilot", "eval")


def leaves(error: type[CopilotError]) -> Iterator[type[CopilotError]]:
    children = error.__subclasses__()
    if not children:
        yield error
    for child in children:
        yield from leaves(child)


def every_leaf() -> list[type[CopilotError]]:
    for floor in FLOORS:
        package = importlib.import_module(floor)
        for module in pkgutil.walk_packages(package.__path__, f"{floor}."):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                # Without its optional library a module defines nothing that could be raised; one
                # of our own that cannot be found is a mistake.
                if (error.name or "").partition(".")[0] in FLOORS:
                    raise
    for path in ROOT.glob("*.py"):
        if path.stem != "demo":
            importlib.import_module(path.stem)
    # Only the house's own: other tests may define errors too.
    own = {one for one in leaves(CopilotError) if not one.__module__.startswith("test")}
    return sorted(own, key=lambda one: one.__qualname__)


@pytest.mark.parametrize("error", every_leaf(), ids=lambda one: one.__qualname__)
def test_an_error_has_a_row(error: type[CopilotError]) -> None:
    told = telling_of(error)
    assert told is not None, (
        f"{error.__qualname__} has no row in problems.PROBLEMS, nor has a parent"
    )
    assert 400 <= told.status <= 599


def test_the_table_has_no_row_for_everything() -> None:
    assert CopilotError not in PROBLEMS
    assert Exception not in PROBLEMS


def test_a_server_error_is_told_in_words_of_the_table_only() -> None:
    for error, told in PROBLEMS.items():
        if told.status >= 500 or told.status == 404:
            assert told.detail, f"{error.__qualname__} would show its own words to the asker"


def test_an_error_without_a_row_would_be_noticed() -> None:
    class StrangeError(CopilotError):
        pass

    assert telling_of(StrangeError) is None
