"""PDF pages → lines with their place, size and weight, through PDFium.

PDFium (pypdfium2) and not unstructured, whose PDF support installs a CUDA build of torch, nor
pdfminer, which takes fifteen times as long for the same text.
"""

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_BOLD_WEIGHT = 600
_GAP_IN_SIZES = 1.1
_FONT_NAME_BYTES = 128
# Embedded fonts often carry their weight in their name alone.
_BOLD_NAME = re.compile(rb"bold|black|heavy|semibold|demi|cmbx", re.IGNORECASE)
# PDFium writes one of these where a word is hyphenated at a line's end.
HYPHENS = "\x02\ufffe\xad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of characters without a wide gap. Units are PDF points from the page's lower left."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a page; `top` is above `bottom` (y grows upwards)."""

    segments: tuple[Segment, ...]
    left: float
    right: float
    bottom: float
    top: float
    baseline: float
    size: float
    bold: bool

    @property
    def is_upright(self) -> bool:
        """Whether the line runs across the page, not up its margin (a stamp, an archive's mark)."""
        return self.top - self.bottom < 2.5 * self.size or self.right - self.left > 2 * self.size

    @property
    def text(self) -> str:
        """The line's text, its segments parted by a space."""
        return " ".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class _Glyph:
    text: str
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, slots=True)
class _Turn:
    """How a page is turned for showing (degrees clockwise); PDFium's places are from before it."""

    degrees: int
    shown_width: float
    shown_height: float

    def glyph(self, text: str, x0: float, y0: float, x1: float, y1: float) -> _Glyph:
        """Place a character as it is seen."""
        width, height = self.shown_width, self.shown_height
        match self.degrees:
            case 90:
                return _Glyph(text, y0, height - x1, y1, height - x0)
            case 180:
                return _Glyph(text, width - x1, height - y1, width - x0, height - y0)
            case 270:
                return _Glyph(text, width - y1, x0, width - y0, x1)
            case _:
                return _Glyph(text, x0, y0, x1, y1)


def page_lines(page: "PdfPage") -> list[Line]:
    """Read a page's lines in the order in which they were written."""
    from pypdfium2 import raw

    textpage = page.get_textpage()
    turn = _Turn(page.get_rotation(), *page.get_size())
    try:
        count = textpage.count_chars()
        text = _characters(textpage, count)
        lines: list[Line] = []
        start = 0
        for index, character in enumerate([*text, "\n"]):
            # PDFium joins a hyphenated word over the line's end; its place is lost that way.
            if (character and character in "\r\n" + HYPHENS) or index >= count:
                line = _line(raw, textpage.raw, text, (start, index), turn)
                if line:
                    lines.append(_hyphenated(line) if character in HYPHENS else line)
                start = index + 1
        return list(_merged(lines))
    finally:
        textpage.close()


def _hyphenated(line: Line) -> Line:
    *before, last = line.segments
    return replace(line, segments=(*before, replace(last, text=last.text + "-")))


def _characters(textpage: object, count: int) -> list[str]:
    from pypdfium2 import raw

    handle = textpage.raw  # type: ignore[attr-defined]
    codes = (raw.FPDFText_GetUnicode(handle, index) for index in range(count))
    return [chr(code) if 0 < code < 0x110000 else "" for code in codes]  # noqa: PLR2004


def _line(
    raw: Any,  # noqa: ANN401 - a ctypes module
    handle: object,
    text: list[str],
    span: tuple[int, int],
    turn: _Turn,
) -> Line | None:
    start, end = span
    box = [ctypes.c_double() for _ in range(4)]
    pointers = [ctypes.byref(value) for value in box]
    left, right, bottom, top = pointers
    glyphs: list[_Glyph] = []
    weights = 0
    for index in range(start, end):
        character = text[index]
        if not character:
            continue
        if character.isspace():
            glyphs.append(_Glyph(" ", 0, 0, 0, 0))
            continue
        if not raw.FPDFText_GetCharBox(handle, index, left, right, bottom, top):
            continue
        x0, x1, y0, y1 = (value.value for value in box)
        glyphs.append(turn.glyph(character, x0, y0, x1, y1))
    shown = [glyph for glyph in glyphs if glyph.text != " "]
    if not shown:
        return None
    middle = start + (end - start) // 2
    sample = [index for index in (start, middle, end - 1) if start <= index < end]
    sizes: list[float] = []
    for index in sample:
        if text[index].isspace() or not text[index]:
            continue
        weights += 1 if _is_bold(raw, handle, index) else -1
        sizes.append(_font_size(raw, handle, index))
    size = sorted(sizes)[len(sizes) // 2] if sizes else max(g.top - g.bottom for g in shown)
    return Line(
        segments=tuple(_segments(glyphs, size)),
        left=min(glyph.left for glyph in shown),
        right=max(glyph.right for glyph in shown),
        bottom=min(glyph.bottom for glyph in shown),
        top=max(glyph.top for glyph in shown),
        baseline=sorted(glyph.bottom for glyph in shown)[len(shown) // 2],
        size=round(size * 2) / 2,
        bold=weights > 0 and weights == len(sizes),
    )


def _font_size(raw: Any, handle: object, index: int) -> float:  # noqa: ANN401 - a ctypes module
    """Return the size as it appears: the font's, scaled by the text's matrix."""
    size = float(raw.FPDFText_GetFontSize(handle, index))
    matrix, box = raw.FS_MATRIX(), raw.FS_RECTF()
    if raw.FPDFText_GetMatrix(handle, index, ctypes.byref(matrix)):
        size *= math.hypot(matrix.b, matrix.d)
    if raw.FPDFText_GetLooseCharBox(handle, index, ctypes.byref(box)):
        # The matrix of a surrounding form is not told: where the two are far apart, the box is
        # right (it is rough otherwise, for it follows the font's own idea of its height).
        seen = max(abs(box.top - box.bottom), 0.1)
        if not 0.5 < size / seen < 2:  # noqa: PLR2004
            return float(seen / 1.2)
    return size


def _is_bold(raw: Any, handle: object, index: int) -> bool:  # noqa: ANN401 - a ctypes module
    if raw.FPDFText_GetFontWeight(handle, index) >= _BOLD_WEIGHT:
        return True
    name = ctypes.create_string_buffer(_FONT_NAME_BYTES)
    raw.FPDFText_GetFontInfo(handle, index, name, _FONT_NAME_BYTES, None)
    return bool(_BOLD_NAME.search(name.value))


def _segments(glyphs: list[_Glyph], size: float) -> Iterator[Segment]:
    """Split where the gap between two characters is wider than a space could be."""
    run: list[str] = []
    left = right = 0.0
    for glyph in glyphs:
        if glyph.text == " ":
            if run and run[-1] != " ":
                run.append(" ")
            continue
        if run and glyph.left - right > _GAP_IN_SIZES * size:
            yield Segment(text="".join(run).strip(), left=left, right=right)
            run = []
        if not run:
            left = glyph.left
        run.append(glyph.text)
        right = glyph.right
    if "".join(run).strip():
        yield Segment(text="".join(run).strip(), left=left, right=right)


def _merged(lines: list[Line]) -> Iterator[Line]:
    """Join neighbours that stand on one line: cells, or a number before its heading."""
    pending: Line | None = None
    for line in lines:
        if pending and _same_row(pending, line):
            pending = _joined(pending, line)
            continue
        if pending:
            yield pending
        pending = line
    if pending:
        yield pending


def _same_row(first: Line, second: Line) -> bool:
    overlap = min(first.top, second.top) - max(first.bottom, second.bottom)
    height = min(first.top - first.bottom, second.top - second.bottom)
    return height > 0 and overlap > 0.5 * height and second.left >= first.right - 1


def _joined(first: Line, second: Line) -> Line:
    wide = second.left - first.right > _GAP_IN_SIZES * first.size
    if wide:
        segments = first.segments + second.segments
    else:
        seam = "" if second.left - first.right < 0.15 * first.size else " "
        last, following = first.segments[-1], second.segments[0]
        joined = Segment(
            text=last.text + seam + following.text, left=last.left, right=following.right
        )
        segments = (*first.segments[:-1], joined, *second.segments[1:])
    return Line(
        segments=segments,
        left=first.left,
        right=second.right,
        bottom=min(first.bottom, second.bottom),
        top=max(first.top, second.top),
        baseline=first.baseline,
        size=max(first.size, second.size),
        bold=first.bold and second.bold,
    )


def join_lines(lines: Sequence[str]) -> str:
    """Re-flow lines into one, words that were hyphenated at a line's end in one piece."""
    joined = ""
    for raw in lines:
        line = raw.strip()
        if len(joined) > 1 and joined[-1] in "-\u2010" and joined[-2].isalnum():
            wrapped = joined[-2].islower() and line[:1].islower()
            joined = (joined[:-1] if wrapped else joined) + line
        else:
            joined = f"{joined} {line}" if joined else line
    return "".join(character for character in joined if character not in HYPHENS)
