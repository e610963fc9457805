"""How a quoted span is read out to a person: no marks, no markup, nothing that dangles."""

import re
from dataclasses import dataclass

from copilot.evidence import Span
from copilot.sentences import Block, BlockKind, is_whole
from retrieval.keywords import terms as tokenize

_ROW_CELL = re.compile(r"(?<!\\)\|")
_MARKER = re.compile(r"^(\s*)(?:-|\*|\d{1,3}[.)])[ \t]+")
_WORDY = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_PROSE = 3
_LONG = 6
# Characters of what was not asked that may be said all the same.
_ASIDE = 90
# Columns that say what the key is; their name adds nothing when the value is read out.
_MEANING = re.compile(
    r"(?:what\s+it\s+)?means?|meaning|description|explanation|definition|details?|notes?|text|remarks?"
    r"|bedeutung|beschreibung",
    re.IGNORECASE,
)
_QUANTITY = re.compile(r"[A-Z]{3}\s?\d|[€$£¥]?\d[\d.,]*(?:\s|%|$)")
_SPACE = re.compile(r"\s+")
_GLUED_LABEL = re.compile(r"\b(Note|Notes|Important|Tip|Tips|Warning|Caution)(:)(?=[^\s/])")
_SPACED_MARK = re.compile(r"\s+([.,;:!?])(?=\s|$)")
_LEFTOVER = re.compile(r"<[a-zA-Z/!][^<>]{0,80}>|\[!\w+[^\]]*\]|\*\*|__")
_EMPHASIS = re.compile(r"(?<![\w*])(\*|`)(?=\S)([^*`\n]+?)(?<=\S)\1(?![\w*])")
_CALLOUT = re.compile(r"^(?:>\s*)+")


def prose(text: str) -> str:
    """A sentence or two on one line, with single spaces and without leftover markup."""
    text = _LEFTOVER.sub("", _CALLOUT.sub("", text.strip()))
    text = _EMPHASIS.sub(r"\2", text)
    text = _GLUED_LABEL.sub(r"\1\2 ", _SPACE.sub(" ", text).strip())
    return _SPACED_MARK.sub(r"\1", text)


def row(text: str, header: str | None, asked: frozenset[str] = frozenset()) -> str:
    """A table row as a person would say it: the key, what was asked, the rest where it is short.

    `asked` are the tokens of the question; columns that they name come first. Cells without a
    value are left out.
    """
    names = cells(header) if header else ()
    said = [
        _Cell(name=names[at] if at < len(names) else "", value=value)
        for at, value in enumerate(cells(text))
        if value
    ]
    if not said:
        return ""
    key, *rest = said
    lead = key.value if _WORDY.search(key.value) or not key.name else key.name + " " + key.value
    first = [cell for cell in rest if cell.asked(asked)]
    others = sorted((cell for cell in rest if cell not in first), key=lambda cell: cell.order)
    if first and sum(len(cell.text) for cell in others) > _ASIDE:
        others = [cell for cell in others if cell.is_meaning]
    told = [*first, *others]
    if not any(cell.is_prose or cell.is_meaning for cell in told):
        return f"{lead}: {'; '.join(cell.text for cell in told)}" if told else lead
    main = [cell for cell in told if cell in first or cell.is_prose or cell.is_meaning]
    short = [cell for cell in told if cell not in main]
    aside = f" ({'; '.join(cell.text for cell in short)})" if short else ""
    return f"{lead}: {_sentences(main)}{aside}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A cell under its column's name."""

    name: str
    value: str

    @property
    def is_prose(self) -> bool:
        words = len(self.value.split())
        return words >= _LONG or (words >= _PROSE and not _DIGIT.search(self.value))

    @property
    def is_meaning(self) -> bool:
        """Whether the column says what the key is."""
        return bool(_MEANING.fullmatch(self.name))

    @property
    def order(self) -> tuple[bool, bool]:
        """What says what the key is first, then what speaks in words."""
        return (not self.is_meaning, not self.is_prose)

    @property
    def text(self) -> str:
        """The value with its column's name where the value does not speak for itself."""
        if self.name in ("", self.value) or self.is_meaning or self.name.endswith((".", ":")):
            return self.value
        mark = "" if _QUANTITY.match(self.value) else ":"
        return f"{self.name}{mark} {self.value}"

    def asked(self, tokens: frozenset[str]) -> bool:
        """Whether the question names the column."""
        return not tokens.isdisjoint(tokenize(self.name))


def _sentences(said: list[_Cell]) -> str:
    texts = [one.text if is_whole(one.text) else f"{one.text}." for one in said]
    return " ".join([texts[0], *(text[:1].upper() + text[1:] for text in texts[1:])])


def cells(line: str) -> tuple[str, ...]:
    """The cells of a `| a | b |` line, trimmed."""
    return tuple(prose(cell) for cell in _ROW_CELL.split(line.strip().strip("|")))


def block(
    text: str,
    what: Block,
    parts: tuple[Span, ...] | None = None,
    asked: frozenset[str] = frozenset(),
) -> str:
    """A block (or some of its parts) as lines to send; `asked` as in `row`."""
    chosen = what.parts if parts is None else parts
    pieces = [text[part.start : part.end] for part in chosen]
    if what.kind is BlockKind.CODE:
        return "\n".join(line for line in pieces[0].split("\n") if not line.startswith("```"))
    if what.kind is BlockKind.TABLE:
        header = text[what.header.start : what.header.end] if what.header else None
        return "\n".join(_closed(row(piece, header, asked)) for piece in pieces)
    if what.kind is BlockKind.STEPS:
        return "\n".join(_numbered(pieces))
    if what.kind is BlockKind.BULLETS:
        return "\n".join(_bullet(piece) for piece in pieces)
    return " ".join(prose(piece) for piece in pieces)


def _numbered(pieces: list[str]) -> list[str]:
    """Steps with their numbers; where every one is written `1.`, they are counted."""
    lines: list[str] = []
    count = 0
    for piece in pieces:
        marker = _MARKER.match(piece)
        nested = bool(marker and marker.group(1))
        bullet = bool(marker and not marker.group().strip()[0].isdigit())
        if nested or bullet:
            lines.append("   - " + prose(_MARKER.sub("", piece)))
        else:
            written = int(re.sub(r"\D", "", marker.group())) if marker else count + 1
            count = max(count + 1, written)
            lines.append(f"{count}. " + prose(_MARKER.sub("", piece)))
    return lines


def _bullet(piece: str) -> str:
    marker = _MARKER.match(piece)
    indent = "  " if marker and marker.group(1) else ""
    return f"{indent}- " + prose(_MARKER.sub("", piece))


def _closed(line: str) -> str:
    return line if is_whole(line) or line.endswith(")") else f"{line}."
