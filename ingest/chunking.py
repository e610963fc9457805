"""From a parsed document to the chunks that are indexed. Pure: nothing is read, nothing kept.

One chunk is one section, the text from a heading to the next, so that it speaks of one thing and
an answer can be cut from it; a section that is too long is cut between elements. Fixed windows
of 1,000 characters were measured too, and found less.

Where cuts fall, from best to worst: before a heading, between paragraphs, list items, table rows
and code lines, between sentences, between words, and inside a word only where the word alone is
too long. Nothing overlaps and nothing is left out: every character that is not white space lies
in exactly one chunk.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.element import ElementKind, ParsedDocument
from ingest.pieces import CountTokens, Gauge, Piece, pieces_of, split
from retrieval.chunk import Chunk, Locator, chunk_id
from retrieval.instructions import without_instructions

# The model puts its own marks around a text (BERT: [CLS] and [SEP]).
_MARKS = 2
# The header may take this much of the limit, so that most of a chunk is its own text.
_HEADER_SHARE = 0.4
_BETWEEN_HEADINGS = " > "
# A text as short as this is not cut further to make room for a header; the header goes.
_SHORT = 40


def chunk_document(  # noqa: PLR0913 (what a chunk must know of its document, each by name)
    document: ParsedDocument,
    *,
    title: str,
    document_id: str,
    version: int,
    count_tokens: CountTokens,
    max_tokens: int = 256,
) -> tuple[Chunk, ...]:
    """Cut a document into chunks that the embedder can read to the end, in reading order.

    `count_tokens` counts a batch of texts with the embedder's tokenizer, without the model's own
    marks; `max_tokens` is what the embedder reads, marks and header included. `title` is what
    people call the document. A document without text has no chunks.
    """
    gauge = Gauge(count_tokens)
    cutter = _Cutter(document.text, title, max_tokens - _MARKS, gauge)
    spans = [
        span for section in _sections(pieces_of(document, gauge)) for span in cutter.cut(section)
    ]
    return tuple(
        Chunk(
            id=chunk_id(document_id, version, span.start, span.end),
            document_id=document_id,
            version=version,
            ordinal=ordinal,
            header=span.header,
            text=document.text[span.start : span.end],
            locator=Locator(
                heading_path=span.heading_path, page=span.page, start=span.start, end=span.end
            ),
        )
        for ordinal, span in enumerate(cutter.within_limit(spans))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A chunk in the making."""

    header: str
    start: int
    end: int
    heading_path: tuple[str, ...]
    page: int | None


def _sections(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Part the pieces before each heading; headings that follow each other stay together."""
    section: list[Piece] = []
    for piece in pieces:
        if (
            section
            and piece.kind is ElementKind.HEADING
            and section[-1].kind is not ElementKind.HEADING
        ):
            yield section
            section = []
        section.append(piece)
    if section:
        yield section


class _Cutter:
    """Fills chunks of one document up to the embedder's limit."""

    def __init__(self, text: str, title: str, budget: int, gauge: Gauge) -> None:
        self._text = text
        self._title = title
        self._budget = budget
        self._gauge = gauge
        self._headers: dict[tuple[tuple[str, ...], str, str], str] = {}

    def cut(self, section: Sequence[Piece]) -> Iterator[_Span]:
        """Pack a section's pieces into chunks, one after the other, each as far as it goes."""
        waiting = deque(section)
        packed: list[Piece] = []
        header, used = "", 0
        while waiting:
            piece = waiting.popleft()
            own_header = self._header(piece)
            own_tokens = self._gauge.measure([own_header])[0]
            room = max(self._budget - own_tokens, 1)
            if piece.tokens > room and piece.end - piece.start > 1:
                waiting.extendleft(reversed(split(piece, self._text, room, self._gauge)))
                continue
            if packed and used + piece.tokens > self._budget:
                yield _span(header, packed)
                packed = []
            if not packed:
                header, used = own_header, own_tokens
            packed.append(piece)
            used += piece.tokens
        if packed:
            yield _span(header, packed)

    def within_limit(self, spans: Sequence[_Span]) -> Iterator[_Span]:
        """Halve the chunks that are too long after all, until none is.

        The tokens of pieces add up to those of the whole where a tokenizer parts words at white
        space; for other tokenizers, this makes the limit hold.
        """
        indexed = [
            "\n".join(
                filter(None, (span.header, without_instructions(self._text[span.start : span.end])))
            )
            for span in spans
        ]
        for span, tokens in zip(spans, self._gauge.measure(indexed), strict=True):
            if tokens <= self._budget or (not span.header and span.end - span.start == 1):
                yield span
            elif span.header and span.end - span.start <= _SHORT:
                yield from self.within_limit([replace(span, header="")])
            else:
                yield from self.within_limit(self._halves(span))

    def _halves(self, span: _Span) -> list[_Span]:
        middle = (span.start + span.end) // 2
        for at in range(middle, span.start, -1):
            if self._text[at].isspace() and self._text[span.start : at].strip():
                middle = at
                break
        after = middle
        while self._text[after].isspace():
            after += 1
        end = span.start + len(self._text[span.start : middle].rstrip())
        return [replace(span, end=end), replace(span, start=after)]

    def _header(self, piece: Piece) -> str:
        """Title and headings above a piece, each once; for a table's later rows its header row."""
        is_heading = piece.kind is ElementKind.HEADING
        path = piece.heading_path[:-1] if is_heading else piece.heading_path
        # What the text says first need not stand above it too: a document's first line is most
        # often its title over again.
        own = without_instructions(self._text[piece.start : piece.end]).partition("\n")[0]
        if not is_heading and not _same(own, path[-1] if path else self._title):
            own = ""
        key = (path, own, piece.table_header)
        known = self._headers.get(key)
        if known is None:
            known = self._headers[key] = self._write_header(path, own, piece.table_header)
        return known

    def _write_header(self, path: tuple[str, ...], own: str, table_header: str) -> str:
        names: list[str] = []
        for name in (self._title, *path):
            if name.strip() and (not names or not _same(name, names[-1])):
                names.append(" ".join(name.split()))
        if names and _same(own, names[-1]):
            names.pop()
        limit = int(self._budget * _HEADER_SHARE)
        headings = self._shorten(names, limit)
        if not table_header:
            return headings
        left = limit - self._gauge.measure([headings])[0]
        return "\n".join(filter(None, (headings, self._cut_words(table_header, left))))

    def _shorten(self, names: Sequence[str], limit: int) -> str:
        """Join names; where that is too long, leave out the outer headings, then cut words."""
        kept = list(names)
        while True:
            joined = _BETWEEN_HEADINGS.join(kept)
            if self._gauge.measure([joined])[0] <= limit:
                return joined
            if len(kept) <= 2:  # noqa: PLR2004 (the title and the innermost heading)
                share = limit // max(len(kept), 1)
                return _BETWEEN_HEADINGS.join(
                    filter(None, (self._cut_words(name, share - 1) for name in kept))
                )
            del kept[1]

    def _cut_words(self, words: str, limit: int) -> str:
        kept = words.split(" ")
        while kept and (tokens := self._gauge.measure([" ".join(kept)])[0]) > limit:
            del kept[min(len(kept) - 1, len(kept) * max(limit, 0) // tokens) :]
        return " ".join(kept)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _span(header: str, packed: Sequence[Piece]) -> _Span:
    # Of several headings in a row, the innermost says where the text stands.
    leading = packed[0]
    for piece in packed:
        if piece.kind is not ElementKind.HEADING:
            break
        leading = piece
    return _Span(
        header=header,
        start=packed[0].start,
        end=packed[-1].end,
        heading_path=leading.heading_path,
        page=packed[0].page,
    )
