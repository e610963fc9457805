from hypothesis import given
from hypothesis import strategies as st

from retrieval.surroundings import surroundings

texts = st.text(st.sampled_from("ab \n\té😀"), min_size=1, max_size=400)


@st.composite
def passages(draw: st.DrawFn) -> tuple[str, tuple[int, int], tuple[int, int]]:
    text = draw(texts)
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    first = draw(st.integers(start, end - 1))
    return text, (start, end), (first, draw(st.integers(first + 1, end)))


@given(passages(), st.integers(0, 200))
def test_the_window_is_of_the_text_and_holds_the_passage(
    given_: tuple[str, tuple[int, int], tuple[int, int]], reach: int
) -> None:
    text, passage, highlight = given_
    window = surroundings(text, passage, highlight, reach=reach)
    end = window.start + len(window.text)
    assert text[window.start : end] == window.text
    assert window.start <= passage[0]
    assert end >= passage[1]
    assert passage[0] - window.start <= reach
    assert end - passage[1] <= reach
    marked = window.text[window.highlight_start : window.highlight_end]
    assert marked == text[highlight[0] : highlight[1]]


def test_it_is_cut_at_a_line_where_one_is_near() -> None:
    lines = "".join(f"line number {number} of the text\n" for number in range(100))
    at = lines.index("line number 50")
    window = surroundings(lines, (at, at + 10), (at, at + 10))
    assert window.text.startswith("line number")
    assert window.text.endswith("of the text")


def test_it_is_cut_at_a_word_where_there_are_no_lines() -> None:
    words = "word " * 1000
    window = surroundings(words, (2500, 2504), (2500, 2504))
    assert window.text.startswith("word")
    assert window.text.endswith("word")


def test_a_short_text_is_shown_whole() -> None:
    window = surroundings("a short text", (2, 7), (2, 7))
    assert window.text == "a short text"
