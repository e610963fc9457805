"""Documents as evidence, and sentences out of them that a chat model might have written.

Read straight from the files, cut as ingest cuts them; no index and no model is involved.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from copilot.evidence import Evidence, Span
from copilot.sentences import BlockKind, is_whole, sections_of
from foundation.errors import CopilotError
from ingest.chunking import chunk_document
from ingest.parsing import parse
from retrieval.chunk import Chunk
from retrieval.passage import Passage

_SUFFIXES = frozenset({".md", ".html", ".docx", ".pdf", ".pptx", ".xlsx", ".eml"})
_WORDS = re.compile(r"\w+")
_LEAST, _MOST = 6, 45
_MARKS = re.compile(r"\*\*|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|^(?:>\s*)+|\[!\w+\]\s*")
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]*\)")
_MARKER = re.compile(r"^\s*(?:-|\*|\d{1,3}[.)])[ \t]+")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A table row: its cells under their columns' names."""

    names: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A sentence or row of a document, and the passage it stands in.

    `near` are other sentences of the passage, `rows` the other rows of the table; `half` says on
    which side of the split the document lies: rules are looked at on 0 only.
    """

    uri: str
    passage: Passage
    text: str
    row: Row | None
    rows: tuple[Row, ...]
    near: tuple[str, ...]
    half: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One sentence with the keys it cites, the evidence at hand, and whether it is true.

    `rule` says how it was made.
    """

    text: str
    keys: tuple[int, ...]
    evidence: tuple[Evidence, ...]
    true: bool
    rule: str
    half: int


@lru_cache(maxsize=2)
def sources_in(folder: Path, *, most: int = 10_000) -> tuple[Source, ...]:
    """Every usable sentence and row of the documents in a folder, in the order of their paths."""
    found: list[Source] = []
    paths = sorted(one for one in folder.rglob("*") if one.suffix in _SUFFIXES)
    for path in paths:
        uri = path.relative_to(folder).as_posix()
        if path.name == "README.md":
            continue
        try:
            chunks = _chunks(path, uri)
        except CopilotError:
            continue
        for chunk in chunks:
            found.extend(_sources(uri, chunk))
        if len(found) >= most:
            break
    return tuple(found)


def half_of(name: str) -> int:
    """The side of the split that a document or a rule lies on: 0 to develop with, 1 to judge by."""
    return zlib.crc32(name.encode()) % 2


def evidence_for(source: Source, others: Sequence[Source], random: Random) -> tuple[Evidence, ...]:
    """The source's passage under a key among two others', as an ask has them."""
    passages = [source.passage]
    while len(passages) < 3:
        other = random.choice(others).passage
        if all(other.chunk.id != one.chunk.id for one in passages):
            passages.append(other)
    random.shuffle(passages)
    return tuple(
        Evidence(
            key=key,
            passage=one,
            start=0,
            end=len(one.chunk.text),
            sentences=(Span(start=0, end=len(one.chunk.text)),),
        )
        for key, one in enumerate(passages, start=1)
    )


def key_of(source: Source, evidence: Iterable[Evidence]) -> int:
    """The key under which a source's passage stands."""
    return next(one.key for one in evidence if one.passage is source.passage)


def words(text: str) -> list[str]:
    """The words of a text, casefolded."""
    return [one.casefold() for one in _WORDS.findall(text)]


def _chunks(path: Path, uri: str) -> tuple[Chunk, ...]:
    document = parse(path, uri=uri)
    title = next((one.text for one in document.elements if one.text), uri)[:80]
    return chunk_document(
        document, title=title, document_id=uri, version=1, count_tokens=_count_tokens
    )


def _count_tokens(texts: Sequence[str]) -> list[int]:
    return [len(_WORDS.findall(text)) * 4 // 3 + 2 for text in texts]


def _sources(uri: str, chunk: Chunk) -> Iterator[Source]:
    passage = Passage(
        chunk=chunk, uri=uri, title=chunk.header.split("\n")[0], doc_type="reference",
        dense_score=0.5, keyword_score=5.0, fused_score=0.5, rank=1,
    )  # fmt: skip
    said: list[str] = []
    tables: list[tuple[Row, ...]] = []
    for section in sections_of(chunk.text, chunk.locator.heading_path):
        for block in section.blocks:
            parts = [chunk.text[part.start : part.end] for part in block.parts]
            if block.kind is BlockKind.TABLE and block.header is not None:
                names = _cells(chunk.text[block.header.start : block.header.end])
                tables.append(tuple(Row(names=names, values=_cells(one)) for one in parts))
            elif block.kind is not BlockKind.CODE:
                said.extend(_clean(one) for one in parts)
    usable = tuple(one for one in said if _is_usable(one))
    half = half_of(uri)
    for text in usable:
        near = tuple(one for one in usable if one != text)
        yield Source(uri=uri, passage=passage, text=text, row=None, rows=(), near=near, half=half)
    for rows in tables:
        for row in rows:
            whole = len(row.names) == len(row.values) > 1 and all((*row.names, *row.values))
            if whole and max(len(one.split()) for one in row.values) < 14:
                others = tuple(one for one in rows if one != row)
                yield Source(
                    uri=uri, passage=passage, text="", row=row, rows=others, near=(), half=half
                )


def _is_usable(text: str) -> bool:
    count = len(text.split())
    return (
        _LEAST <= count <= _MOST
        and is_whole(text)
        and text[:1].isupper()
        and text.endswith(".")
        and "?" not in text
        and "\n" not in text
    )


def _clean(text: str) -> str:
    return " ".join(_MARKS.sub("", _LINK.sub(r"\1", _MARKER.sub("", text))).split())


def _cells(line: str) -> tuple[str, ...]:
    return tuple(_clean(one) for one in _CELL.split(line.strip().strip("|")))
