"""What chunks are put together from: the smallest parts of a text that are worth keeping whole."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ingest.element import Element, ElementKind, ParsedDocument
from retrieval.instructions import Instruction, instructions_in, left_of, said

CountTokens: TypeAlias = Callable[[Sequence[str]], Sequence[int]]

_LINES = re.compile(r"[^\n]+")
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|(?<=[。！？])")  # noqa: RUF001
_WORDS = re.compile(r"\S+")
# Text that people write has four or five characters to a token. A tokenizer may call a long run
# of characters one unknown token, and nobody wants a page of base64 as a passage.
_CHARACTERS_PER_TOKEN = 8


class Gauge:
    """Measures texts in tokens, a batch at a time, each text once."""

    def __init__(self, count_tokens: CountTokens) -> None:
        self._count_tokens = count_tokens
        self._known: dict[str, int] = {}

    def measure(self, texts: Sequence[str]) -> list[int]:
        """How much of the limit each text takes."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            for text, tokens in zip(new, self._count_tokens(new), strict=True):
                self._known[text] = max(tokens, len(text) // _CHARACTERS_PER_TOKEN)
        return [self._known[text] for text in texts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a document's text that fits into a chunk as it is, or is split.

    `table_header` is the header row of the table that this piece continues, empty elsewhere.
    """

    kind: ElementKind
    start: int
    end: int
    tokens: int
    heading_path: tuple[str, ...]
    page: int | None
    table_header: str


def pieces_of(document: ParsedDocument, gauge: Gauge) -> list[Piece]:
    """Take a document apart: table rows and code lines each for itself, the rest by element."""
    parts = [
        (element, start, end, table_header)
        for element in document.elements
        for start, end, table_header in _parts(element)
    ]
    unsaid = instructions_in(document.text)
    says = [said(document.text, start, end, unsaid) for _, start, end, _ in parts]
    if not any(says):
        says = [document.text[start:end] for _, start, end, _ in parts]
    sizes = gauge.measure(says)
    pieces: list[Piece] = []
    opening: int | None = None
    for (element, start, end, table_header), says_here, tokens in zip(
        parts, says, sizes, strict=True
    ):
        # An instruction is no piece: it goes with its neighbour, and cuts fall as without it.
        if not says_here and pieces:
            pieces[-1] = replace(pieces[-1], end=end)
        elif not says_here:
            opening = start if opening is None else opening
        else:
            pieces.append(
                Piece(
                    kind=element.kind,
                    start=start if opening is None else opening,
                    end=end,
                    tokens=tokens,
                    heading_path=element.locator.heading_path,
                    page=element.locator.page,
                    table_header=table_header,
                )
            )
            opening = None
    return pieces


def split(piece: Piece, text: str, limit: int, gauge: Gauge) -> list[Piece]:
    """Cut a piece that takes more than `limit` tokens between its sentences.

    A sentence that is still too long is cut between words, a word between characters.
    """
    spans: list[tuple[int, int, int]] = []
    unsaid = instructions_in(text[piece.start : piece.end], piece.start)
    sentences = _glued(_between(_SENTENCE_END, piece, text), unsaid)
    for start, end, tokens in _sized(sentences, text, gauge, unsaid):
        if tokens <= limit:
            spans.append((start, end, tokens))
            continue
        words = [match.span() for match in _WORDS.finditer(text, start, end)]
        glued = _glued(words, unsaid)
        for word_start, word_end, word_tokens in _sized(glued, text, gauge, unsaid):
            if word_tokens <= limit:
                spans.append((word_start, word_end, word_tokens))
            else:
                spans.extend(_characters(word_start, word_end, text, limit, gauge))
    return [
        Piece(
            kind=piece.kind,
            start=start,
            end=end,
            tokens=tokens,
            heading_path=piece.heading_path,
            page=piece.page,
            table_header=piece.table_header,
        )
        for start, end, tokens in spans
    ]


def _parts(element: Element) -> Iterator[tuple[int, int, str]]:
    start, end = element.locator.start, element.locator.end
    if element.kind not in (ElementKind.TABLE, ElementKind.CODE):
        yield start, end, ""
        return
    table_header = ""
    for line in _LINES.finditer(element.text):
        if not line.group().strip():
            continue
        yield start + line.start(), start + line.end(), table_header
        if element.kind is ElementKind.TABLE and not table_header:
            table_header = line.group()


def _between(mark: re.Pattern[str], piece: Piece, text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = piece.start
    for match in mark.finditer(text, piece.start, piece.end):
        if start < match.start():
            spans.append((start, match.start()))
        start = match.end()
    if start < piece.end:
        spans.append((start, piece.end))
    return spans


def _sized(
    spans: Sequence[tuple[int, int]],
    text: str,
    gauge: Gauge,
    unsaid: Sequence[Instruction] = (),
) -> Iterable[tuple[int, int, int]]:
    sizes = gauge.measure([left_of(text, start, end, unsaid) for start, end in spans])
    return [(start, end, tokens) for (start, end), tokens in zip(spans, sizes, strict=True)]


def _glued(
    spans: Sequence[tuple[int, int]], unsaid: Sequence[Instruction]
) -> list[tuple[int, int]]:
    """The spans without those that are instructions, which go with a neighbour."""
    if not unsaid:
        return list(spans)
    kept: list[tuple[int, int]] = []
    opening: int | None = None
    for start, end in spans:
        if not any(one.start <= start and end <= one.end for one in unsaid):
            kept.append((start if opening is None else opening, end))
            opening = None
        elif kept:
            kept[-1] = (kept[-1][0], end)
        elif opening is None:
            opening = start
    return kept or list(spans)


def _characters(
    start: int, end: int, text: str, limit: int, gauge: Gauge
) -> list[tuple[int, int, int]]:
    step = max(limit, 1)
    spans = [(at, min(at + step, end)) for at in range(start, end, step)]
    while True:
        sized = list(_sized(spans, text, gauge))
        if all(tokens <= limit or stop - at == 1 for at, stop, tokens in sized):
            return sized
        spans = [
            part
            for at, stop, tokens in sized
            for part in (
                [(at, stop)]
                if tokens <= limit or stop - at == 1
                else [(at, (at + stop) // 2), ((at + stop) // 2, stop)]
            )
        ]
