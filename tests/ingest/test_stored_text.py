"""The invariant everything above stands on: elements are exact, ordered spans of one clean text."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ingest.element import ElementKind, ParsedDocument
from ingest.errors import ParseError
from ingest.parsing import parse
from ingest.stored_text import Block, assemble, code, heading, list_item, paragraph, table

HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\x00\r\n\t\x0b\u2028\ufeff\u200b|`#->*é́\ud800 ")),
    max_size=60,
)


def blocks() -> st.SearchStrategy[Block]:
    return st.one_of(
        st.builds(lambda text, level: heading(text, level=level), HOSTILE, st.integers(0, 9)),
        st.builds(paragraph, HOSTILE),
        st.builds(lambda text, level: list_item(text, level=level), HOSTILE, st.integers(0, 3)),
        st.builds(code, HOSTILE),
        st.builds(table, st.lists(st.lists(HOSTILE, max_size=3), max_size=3)),
    )


def parsed(data: bytes, uri: str) -> ParsedDocument | ParseError:
    try:
        return parse(data, uri=uri)
    except ParseError as error:
        return error


def assert_sound(document: ParsedDocument) -> None:
    end = 0
    for element in document.elements:
        assert element.text
        assert end <= element.locator.start < element.locator.end <= len(document.text)
        assert document.text[element.locator.start : element.locator.end] == element.text
        assert not document.text[end : element.locator.start].strip()
        end = element.locator.end
    assert end == len(document.text)
    assert unicodedata.is_normalized("NFC", document.text)
    assert not any(
        character != "\n" and unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        for character in document.text
    )
    document.text.encode()


@given(st.lists(blocks(), max_size=8))
def test_elements_are_ordered_exact_spans_of_a_clean_text(made: list[Block]) -> None:
    assert_sound(assemble(made))


@given(st.lists(blocks(), max_size=8))
def test_a_headings_path_ends_with_itself_and_levels_deepen(made: list[Block]) -> None:
    open_levels: list[int] = []
    for element in assemble(made).elements:
        if element.kind is ElementKind.HEADING:
            assert element.locator.heading_path[-1] == element.text
            open_levels = [
                *(level for level in open_levels if level < element.level),
                element.level,
            ]
        assert len(element.locator.heading_path) == len(open_levels)


@given(HOSTILE, st.sampled_from(["md", "mdx", "txt", "html", "rst", "csv", "json", "yml", "eml"]))
def test_any_text_is_read_soundly_or_refused_in_one_line(text: str, suffix: str) -> None:
    data = text.encode("utf-8", errors="replace")
    outcome = parsed(data, f"page.{suffix}")
    if isinstance(outcome, ParseError):
        assert str(outcome)
        assert "\n" not in str(outcome)
    else:
        assert_sound(outcome)


@given(st.lists(st.lists(HOSTILE, min_size=2, max_size=2), min_size=1, max_size=5))
def test_a_row_can_be_split_again_into_its_cells(rows: list[list[str]]) -> None:
    block = table([["Field", "Meaning"], *rows])
    for line in block.text.split("\n"):
        assert line.startswith("| ")
        assert line.endswith(" |")
        assert len(line[2:-2].split(" | ")) == 2


def test_blocks_are_parted_by_a_blank_line_and_list_items_by_one_break() -> None:
    document = assemble(
        [
            heading("Returns", level=1),
            list_item("Open the order.", marker="1."),
            list_item("Choose a reason.", level=1),
            paragraph("Done."),
            code("a = 1\n\nb = 2\n"),
            table([["Code", "Meaning"], ["ERR-4012", "No stock"]]),
        ]
    )
    assert document.text == (
        "Returns\n\n1. Open the order.\n  - Choose a reason.\n\nDone.\n\n"
        "```\na = 1\n\nb = 2\n```\n\n| Code | Meaning |\n| ERR-4012 | No stock |"
    )
    assert document.title == "Returns"
