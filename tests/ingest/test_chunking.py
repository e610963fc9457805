import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking import chunk_document
from ingest.element import ParsedDocument
from ingest.stored_text import Block, assemble, code, heading, list_item, paragraph, table
from retrieval.chunk import Chunk

LIMIT = 64

words = st.text(alphabet="abcdefgäé.:-", min_size=1, max_size=12)
prose = st.lists(words, min_size=1, max_size=80).map(" ".join)
blocks = st.lists(
    st.one_of(
        st.builds(heading, prose, level=st.integers(1, 4)),
        st.builds(paragraph, prose),
        st.builds(list_item, prose, level=st.integers(0, 2)),
        st.builds(code, st.lists(prose, min_size=1, max_size=6).map("\n".join)),
        st.builds(table, st.lists(st.lists(prose, min_size=2, max_size=3), min_size=1, max_size=6)),
    ),
    max_size=12,
)


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def count_characters(texts: Sequence[str]) -> list[int]:
    """A tokenizer whose pieces do not add up: two characters to a token, rounded up."""
    return [(len(text) + 1) // 2 for text in texts]


def chunks_of(
    document: ParsedDocument, *, title: str = "Guide", limit: int = LIMIT
) -> tuple[Chunk, ...]:
    return chunk_document(
        document,
        title=title,
        document_id="northstar:guide.md",
        version=3,
        count_tokens=count_words,
        max_tokens=limit,
    )


def document(*parts: Block) -> ParsedDocument:
    return assemble(parts)


@given(blocks)
def test_every_chunk_is_its_span_of_the_text(parts: list[Block]) -> None:
    parsed = assemble(parts)

    for chunk in chunks_of(parsed):
        assert chunk.text == parsed.text[chunk.locator.start : chunk.locator.end]
        assert chunk.text.strip()


@given(blocks)
def test_no_text_is_lost_and_none_is_in_two_chunks(parts: list[Block]) -> None:
    parsed = assemble(parts)
    chunks = chunks_of(parsed)
    kept = "".join(chunk.text for chunk in chunks)

    assert "".join(kept.split()) == "".join(parsed.text.split())
    for one, following in pairwise(chunks):
        assert one.locator.end <= following.locator.start
        assert not parsed.text[one.locator.end : following.locator.start].strip()


@pytest.mark.parametrize("count_tokens", [count_words, count_characters])
@given(parts=blocks, title=prose)
def test_the_embedder_reads_every_chunk_to_its_end(
    count_tokens: object, parts: list[Block], title: str
) -> None:
    chunks = chunk_document(
        assemble(parts),
        title=title,
        document_id="d",
        version=1,
        count_tokens=count_tokens,
        max_tokens=LIMIT,
    )

    for tokens in count_tokens([chunk.indexed_text for chunk in chunks]):
        assert tokens + 2 <= LIMIT


@given(blocks)
def test_chunking_again_gives_the_same_chunks(parts: list[Block]) -> None:
    assert chunks_of(assemble(parts)) == chunks_of(assemble(parts))


@given(blocks)
def test_ids_are_unique_and_ordinals_run_from_0(parts: list[Block]) -> None:
    chunks = chunks_of(assemble(parts))

    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@given(blocks, prose)
def test_most_of_a_chunk_is_its_own_text(parts: list[Block], title: str) -> None:
    for chunk in chunks_of(assemble(parts), title=title):
        header = count_words([chunk.header])[0]
        assert header <= (LIMIT - 2) * 0.4


def test_a_document_without_text_has_no_chunks() -> None:
    assert chunks_of(document()) == ()


def test_each_section_is_a_chunk_with_its_headings_above_it() -> None:
    chunks = chunks_of(
        document(
            heading("Guide", level=1),
            paragraph("What this is about."),
            heading("Refunds", level=2),
            paragraph("Open the order."),
            heading("Partial refunds", level=3),
            paragraph("Choose the lines."),
        )
    )

    assert [(chunk.header, chunk.text, chunk.locator.heading_path) for chunk in chunks] == [
        ("", "Guide\n\nWhat this is about.", ("Guide",)),
        ("Guide", "Refunds\n\nOpen the order.", ("Guide", "Refunds")),
        (
            "Guide > Refunds",
            "Partial refunds\n\nChoose the lines.",
            ("Guide", "Refunds", "Partial refunds"),
        ),
    ]


def test_a_title_that_is_not_the_first_heading_stands_above_everything() -> None:
    chunk, *_ = chunks_of(
        document(heading("Overview", level=1), paragraph("Text.")), title="Returns policy"
    )

    assert chunk.header == "Returns policy"


def test_a_title_that_is_the_texts_first_line_is_not_said_twice() -> None:
    parsed = document(
        paragraph("Returns policy\nEverything can be returned."), paragraph("word " * 58)
    )
    first, second = chunks_of(parsed, title="Returns policy")

    assert first.header == ""
    assert second.header == "Returns policy"


def test_headings_in_a_row_stay_with_the_text_below_them() -> None:
    (chunk,) = chunks_of(
        document(heading("Guide", level=1), heading("Set-up", level=2), paragraph("Do this."))
    )

    assert chunk.text == "Guide\n\nSet-up\n\nDo this."
    assert chunk.locator.heading_path == ("Guide", "Set-up")


def test_a_long_section_is_cut_between_paragraphs_and_keeps_its_heading() -> None:
    long = [paragraph(" ".join([name] * 40)) for name in ("one", "two", "three")]
    first, *later = chunks_of(document(heading("Limits", level=1), *long))

    assert first.text.startswith("Limits\n\none")
    assert [chunk.header for chunk in later] == ["Guide > Limits"] * len(later)
    assert all(len(set(chunk.text.split()) - {"Limits"}) == 1 for chunk in (first, *later))


def test_a_table_is_cut_between_rows_and_its_header_row_comes_along() -> None:
    rows = [["Code", "Meaning"], *([f"E{number}", "a b c d e f"] for number in range(20))]
    parsed = document(heading("Errors", level=1), table(rows))
    chunks = chunks_of(parsed)

    assert len(chunks) > 1
    for chunk in chunks[1:]:
        assert chunk.header == "Guide > Errors\n| Code | Meaning |"
        assert all(
            line.startswith("| E") and line.endswith("|") for line in chunk.text.splitlines()
        )


def test_list_items_and_code_lines_stay_whole() -> None:
    items = [list_item(f"step {number} " + "do it " * 8, marker="1.") for number in range(12)]
    lines = "\n".join(f"call({number}, with, some, values)" for number in range(30))
    chunks = chunks_of(document(*items, code(lines)))

    for chunk in chunks:
        for line in chunk.text.splitlines():
            assert line in {"", "```"} or line.startswith(("1. step", "call("))
            assert line in {"", "```"} or line.endswith(("do it", ")"))


def test_a_row_that_no_chunk_could_hold_is_cut_between_sentences() -> None:
    cell = " ".join(f"Sentence {number} says this and that and more." for number in range(20))
    chunks = chunks_of(document(table([["Field", "Description"], ["Name", cell]])))

    assert all(chunk.text.endswith((".", "|")) for chunk in chunks)
    assert all(chunk.header.endswith("| Field | Description |") for chunk in chunks[1:])


def test_a_word_without_end_is_cut_into_passages_of_readable_size() -> None:
    parsed = document(paragraph("QUJD" * 5000))
    chunks = chunks_of(parsed)

    assert "".join(chunk.text for chunk in chunks) == parsed.text
    assert max(len(chunk.text) for chunk in chunks) < 8 * LIMIT


def test_a_title_without_end_leaves_room_for_the_text() -> None:
    (chunk,) = chunks_of(document(paragraph("The answer is 42.")), title="very long " * 300)

    assert chunk.text == "The answer is 42."
    assert chunk.header.startswith("very long")


def test_outer_headings_give_way_before_the_innermost() -> None:
    names = ["outer " * 15, "middle " * 8, "Returns"]
    parsed = document(
        *(heading(name, level=level) for level, name in enumerate(names, start=1)),
        paragraph("First."),
        paragraph("word " * 55),
    )
    last = chunks_of(parsed)[-1]

    assert last.header.startswith("Guide > ")
    assert last.header.endswith(" > Returns")
    assert "outer" not in last.header


def test_a_chunk_knows_its_page() -> None:
    chunks = chunks_of(
        document(
            heading("One", level=1, page=4),
            paragraph("Text.", page=4),
            heading("Two", level=1, page=5),
            paragraph("More.", page=5),
        )
    )

    assert [chunk.locator.page for chunk in chunks] == [4, 5]
