from hypothesis import given
from hypothesis import strategies as st

from copilot.sentences import BlockKind, sections_of, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentence_spans(text, 0, len(text))]


def test_abbreviations_and_versions_do_not_end_a_sentence() -> None:
    text = "Use release 2.4.6, e.g. On one server. It is No. 5 in the list. Done."
    assert sentences(text) == [
        "Use release 2.4.6, e.g. On one server.",
        "It is No. 5 in the list.",
        "Done.",
    ]


def test_no_as_an_answer_ends_a_sentence() -> None:
    assert sentences("No. The app only works online.") == ["No.", "The app only works online."]


def test_glued_paragraphs_of_a_pasted_page_are_parted() -> None:
    assert sentences("You can add it for free.Whether you sell or not, it works.") == [
        "You can add it for free.",
        "Whether you sell or not, it works.",
    ]


def test_headings_part_sections_and_lists_keep_their_items() -> None:
    text = "Set up\n\nTo set it up:\n\n1. Stop.\n2. Start.\n\nLimits\n\n| A | B |\n| 1 | 2 |"
    first, second = sections_of(text, ("Guide", "Set up"))
    assert (first.heading, second.heading) == ("Set up", "Limits")
    assert [block.kind for block in first.blocks] == [BlockKind.PARAGRAPH, BlockKind.STEPS]
    assert len(first.blocks[1].parts) == 2
    assert second.blocks[0].header is not None


def test_a_numbered_heading_is_no_list() -> None:
    (section,) = sections_of(
        "6. Chargebacks\n\nThey come as an event.", ("Guide", "6. Chargebacks")
    )
    assert section.heading == "6. Chargebacks"
    assert section.blocks[0].kind is BlockKind.PARAGRAPH


def test_a_code_block_that_is_not_closed_ends_with_the_text() -> None:
    (section,) = sections_of("Run it.\n\n```\nharborctl start")
    assert section.blocks[1].kind is BlockKind.CODE


@given(st.text(alphabet="ab. \n-|1`?A", max_size=200))
def test_blocks_lie_in_order_inside_the_text_and_never_overlap(text: str) -> None:
    position = 0
    for section in sections_of(text, ("A",)):
        for block in section.blocks:
            assert position <= block.start < block.end <= len(text)
            position = block.end
            for part in block.parts:
                assert block.start <= part.start < part.end <= block.end
