import pytest

from ingest.parsing import parse
from ingest.stored_text import assemble, list_item, paragraph
from ingest.title import title_of


def test_a_title_that_the_format_gives_is_kept() -> None:
    document = assemble([paragraph("Some line"), paragraph("More.")], title="Returns policy")

    assert title_of(document, "a/b.md") == "Returns policy"


def test_plain_text_is_called_by_its_first_line() -> None:
    document = parse(b"Receiving your payouts\nPayouts arrive on weekdays.\n", uri="4f2a.txt")

    assert title_of(document, "4f2a.txt") == "Receiving your payouts"


@pytest.mark.parametrize(
    "first",
    [
        "Payouts arrive on weekdays.",
        "Dear partner,",
        "To set this up:",
        "2024-03-01",
        "a line that goes on and on " * 5,
        "one word and then a word and then one more and so on for far more than a title",
    ],
)
def test_a_first_line_that_is_prose_is_no_title(first: str) -> None:
    document = assemble([paragraph(first), paragraph("More.")])

    assert title_of(document, "notes/payout-times.txt") == "payout-times"


def test_a_list_item_is_no_title() -> None:
    assert title_of(assemble([list_item("Milk"), list_item("Bread")]), "shopping.md") == "shopping"


def test_a_single_line_is_the_text_and_not_its_title() -> None:
    assert title_of(assemble([paragraph("Closed on Monday")]), "hours.txt") == "hours"


def test_a_name_that_is_all_suffix_is_kept_whole() -> None:
    assert title_of(assemble([]), "folder/README") == "README"
