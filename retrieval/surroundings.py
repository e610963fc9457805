"""A passage in its surroundings: how much of the text around it is shown, and where it stands."""

from dataclasses import dataclass

REACH = 600
"""Characters shown on each side of a passage, about."""

_BORDER_SEARCH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A window on a document's text. `start` is where it begins in the document.

    `highlight_start` and `highlight_end` are offsets into `text`.
    """

    text: str
    start: int
    highlight_start: int
    highlight_end: int


def surroundings(
    text: str, passage: tuple[int, int], highlight: tuple[int, int], *, reach: int = REACH
) -> Surroundings:
    """The window of `text` around a passage, cut at the border of a line or at least of a word.

    `passage` and `highlight` are offsets into `text`, end exclusive, the second within the first.
    """
    start = _opening(text, passage[0], reach)
    end = _closing(text, passage[1], reach)
    return Surroundings(
        text=text[start:end],
        start=start,
        highlight_start=highlight[0] - start,
        highlight_end=highlight[1] - start,
    )


def _opening(text: str, passage_start: int, reach: int) -> int:
    at = passage_start - reach
    if at <= 0:
        return 0
    stop = min(at + _BORDER_SEARCH, passage_start)
    line = text.find("\n", at - 1, stop)
    if line >= 0:
        return line + 1
    word = next((place for place in range(at - 1, stop) if text[place].isspace()), None)
    return at if word is None else word + 1


def _closing(text: str, passage_end: int, reach: int) -> int:
    at = passage_end + reach
    if at >= len(text):
        return len(text)
    stop = max(at - _BORDER_SEARCH, passage_end)
    line = text.rfind("\n", stop, at + 1)
    if line >= 0:
        return line
    word = next((place for place in range(at, stop - 1, -1) if text[place].isspace()), None)
    return at if word is None else word
