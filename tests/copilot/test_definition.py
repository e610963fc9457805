import pytest

from copilot.definition import codes_of, definition, heading_defines
from copilot.question import read_question


@pytest.mark.parametrize(
    "text",
    [
        "| ERR-4012 | 422 | SKU has no mapping |",
        "- **ERR-4012** The SKU has no mapping.",
        "ERR-4012 means that the SKU has no mapping.",
        "`ERR-4012`: the SKU has no mapping.",
    ],
)
def test_a_row_an_item_or_a_defining_sentence_defines_a_code(text: str) -> None:
    assert definition(text, ["err-4012"]) > 0


@pytest.mark.parametrize(
    "text",
    [
        "ERR-4012 keeps its number; only its text changed.",
        "| ERR-40121 | 422 | Something else |",
        "| ERR-4009 | ERR-4012 | renamed |",
        "The order stopped with ERR-4012.",
    ],
)
def test_a_mention_defines_nothing(text: str) -> None:
    assert definition(text, ["err-4012"]) == 0


def test_a_row_defines_better_than_a_sentence() -> None:
    row = definition("| ERR-4012 | No mapping |", ["err-4012"])
    assert row > definition("ERR-4012 means that there is no mapping.", ["err-4012"])


def test_a_heading_is_about_the_code_that_opens_it() -> None:
    assert heading_defines("ERR-4012: no mapping for the article", ["err-4012"])
    assert not heading_defines("What to do on a busy day about ERR-4012", ["err-4012"])


def test_abbreviations_and_counts_are_not_codes() -> None:
    assert codes_of(read_question("Does ERR-4012 stop NCC people for a 30-day trial in 2026?")) == (
        "err-4012",
    )
