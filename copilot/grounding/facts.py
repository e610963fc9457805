"""Evidence as the facts it states: its sentences, list items and table rows, each with its context.

A table row is a fact of its own, so that no row lends its value to another.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from copilot.evidence import Evidence, Span
from copilot.grounding.lexemes import Kind, Lexeme, read
from copilot.grounding.plain import plain
from copilot.grounding.quantities import Limit, limit_in
from copilot.sentences import Block, BlockKind, Section, sections_of

_CELL = re.compile(r"(?<!\\)\|")
_MARKUP = re.compile(
    r"\*\*|__|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|^(?:>\s*)+|^#+\s+|\[!\w+\]", re.MULTILINE
)
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]*\)")
_MARKER = re.compile(r"^\s*(?:-|\*|\d{1,3}[.)])[ \t]+")
_REFERS = re.compile(
    r"(?:it|its|they|them|their|this|that|these|those|such|he|she|his|her|both|each|either"
    r"|neither|one|the same|here|there|then|none|for this|of these|of them|in this case)\b",
    re.IGNORECASE,
)
_REFERS_INSIDE = re.compile(
    r"\b(?:it|its|they|them|their|this|these|those|such|former|latter)\b", re.IGNORECASE
)
_DENIES = re.compile(r"no\b|never\b|not\b|unfortunately", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a row under its column's name; `limits` are those that the name speaks of."""

    name: tuple[Lexeme, ...]
    value: tuple[Lexeme, ...]
    limits: frozenset[Limit]
    is_key: bool

    @property
    def forms(self) -> frozenset[str]:
        """What its words are compared by."""
        return forms_of((*self.name, *self.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One sentence, item or row of the evidence: what a claim can rest on.

    `spans` index the passage's text: the fact's own, and before it the lead or the sentence that
    it refers back to where this reading includes it. `around` are the words it stands under
    (title, headings, a table's column names), which a claim may use too. `denied` are those of a
    heading's question that the fact answers with no; `lead` are the lexemes of the lead,
    `siblings` the words of the other rows of its table; `refers_back`
    tells that it opens with a pronoun.
    """

    key: int
    passage_id: str
    spans: tuple[Span, ...]
    text: str
    lexemes: tuple[Lexeme, ...]
    cells: tuple[Cell, ...]
    around: frozenset[str]
    header: Span | None
    header_lexemes: tuple[Lexeme, ...]
    denied: frozenset[str]
    limits: frozenset[Limit]
    lead: tuple[Lexeme, ...] = ()
    siblings: frozenset[str] = frozenset()
    refers_back: bool = False

    @property
    def own(self) -> tuple[Lexeme, ...]:
        """Its lexemes without those of the lead."""
        return self.lexemes[len(self.lead) :]

    @property
    def forms(self) -> frozenset[str]:
        """What its own words are compared by."""
        return _forms(self.lexemes)

    @property
    def place(self) -> tuple[str, int, int, int]:
        """An order that does not depend on how the evidence was handed over."""
        return (self.passage_id, self.spans[-1].start, len(self.spans), self.key)


@lru_cache(maxsize=20_000)
def _forms(lexemes: tuple[Lexeme, ...]) -> frozenset[str]:
    return frozenset(one.form for one in lexemes if one.telling)


def forms_of(lexemes: Sequence[Lexeme]) -> frozenset[str]:
    """What the telling words of a row of lexemes are compared by."""
    return _forms(tuple(lexemes))


def readable(text: str) -> str:
    """A source's sentence without the marks of its markup, as plain text."""
    return plain(_MARKUP.sub("", _LINK.sub(r"\1", _MARKER.sub("", text))))


def facts_of(evidence: Evidence) -> tuple[Fact, ...]:
    """Every sentence, item and row of the evidence."""
    chunk = evidence.passage.chunk
    return _facts(
        evidence.key, chunk.id, chunk.text, evidence.start, evidence.end,
        evidence.passage.title, chunk.header, chunk.locator.heading_path,
    )  # fmt: skip


@lru_cache(maxsize=512)
def _facts(  # noqa: PLR0913, PLR0917 - what a fact depends on
    key: int,
    passage_id: str,
    text: str,
    start: int,
    end: int,
    title: str,
    header: str,
    path: tuple[str, ...],
) -> tuple[Fact, ...]:
    above = forms_of(read(plain(f"{title}\n{header}\n" + "\n".join(path))))
    found: list[Fact] = []
    for section in sections_of(text, path):
        heading = read(plain(section.heading))
        around = above | forms_of(heading)
        lead: Span | None = None
        for position, block in enumerate(section.blocks):
            opens = position == 0
            found.extend(
                _of_block(_Place(key, passage_id, text, around, lead), section, block, opens=opens)
            )
            last = block.parts[-1]
            is_lead = block.kind is BlockKind.PARAGRAPH and text[last.start : last.end].rstrip(
                "* "
            ).endswith(":")
            if is_lead:
                lead = last
            elif block.kind is BlockKind.PARAGRAPH:
                lead = None
    return tuple(one for one in found if start <= one.spans[-1].start and one.spans[-1].end <= end)


@dataclass(frozen=True, slots=True)
class _Place:
    key: int
    passage_id: str
    text: str
    around: frozenset[str]
    lead: Span | None


def _of_block(place: _Place, section: Section, block: Block, *, opens: bool) -> Iterator[Fact]:
    if block.kind is BlockKind.TABLE:
        yield from _rows(place, block)
        return
    if block.kind is BlockKind.CODE:
        yield from (_plain_fact(place, (line,)) for line in _lines(place.text, block))
        return
    before: Span | None = None
    denied: frozenset[str] = frozenset()
    for part in block.parts:
        words = place.text[part.start : part.end]
        if opens and part is block.parts[0] and section.heading.rstrip().endswith("?"):
            denied = forms_of(read(plain(section.heading))) if _DENIES.match(words) else denied
        yield _plain_fact(place, (part,), denied=denied)
        if block.kind is BlockKind.PARAGRAPH:
            if before is not None and _refers_back(words):
                yield _plain_fact(place, (before, part), denied=denied)
        elif place.lead is not None:
            yield _plain_fact(place, (place.lead, part))
        before = part


def _refers_back(words: str) -> bool:
    bare = _MARKUP.sub("", words)
    return bool(_REFERS.match(bare) or _REFERS_INSIDE.search(bare))


def _plain_fact(
    place: _Place, spans: tuple[Span, ...], *, denied: frozenset[str] = frozenset()
) -> Fact:
    texts = [readable(place.text[one.start : one.end]) for one in spans]
    lead = tuple(one for text in texts[:-1] for one in read(text))
    text = " ".join(texts)
    return Fact(
        key=place.key,
        passage_id=place.passage_id,
        spans=spans,
        text=text,
        lexemes=(*lead, *read(texts[-1])),
        lead=lead,
        refers_back=bool(_REFERS.match(texts[-1])),
        cells=(),
        around=place.around,
        header=None,
        header_lexemes=(),
        denied=denied,
        limits=limit_in(text),
    )


def _lines(text: str, block: Block) -> Iterator[Span]:
    for match in re.finditer(r"[^\n]+", text[block.start : block.end]):
        if match.group().strip() and not match.group().startswith("```"):
            yield Span(start=block.start + match.start(), end=block.start + match.end())


def _rows(place: _Place, block: Block) -> Iterator[Fact]:
    text = place.text
    header = block.header
    names = _cells(text[header.start : header.end]) if header else ()
    header_lexemes = tuple(one for name in names for one in read(name))
    words = {part: forms_of(read(plain(text[part.start : part.end]))) for part in block.parts}
    for part in block.parts:
        values = _cells(text[part.start : part.end])
        cells = tuple(
            Cell(
                name=read(names[at]) if at < len(names) else (),
                value=read(value),
                limits=limit_in(names[at]) if at < len(names) else frozenset(),
                is_key=at == 0,
            )
            for at, value in enumerate(values)
        )
        row = " | ".join(values)
        yield Fact(
            key=place.key,
            passage_id=place.passage_id,
            spans=(part,),
            text=row,
            lexemes=read(row),
            cells=cells,
            around=place.around | forms_of(header_lexemes),
            header=header,
            header_lexemes=header_lexemes,
            denied=frozenset(),
            limits=frozenset(),
            siblings=frozenset().union(*(words[one] for one in block.parts if one is not part)),
        )


def _cells(line: str) -> tuple[str, ...]:
    return tuple(readable(cell) for cell in _CELL.split(line.strip().strip("|")))


def clauses_of(lexemes: Sequence[Lexeme]) -> Iterator[tuple[Lexeme, ...]]:
    """The clauses of a sentence, each with the joint that opens it."""
    piece: list[Lexeme] = []
    for one in lexemes:
        if one.kind is Kind.JOINT and piece:
            yield tuple(piece)
            piece = []
        piece.append(one)
    if piece:
        yield tuple(piece)
