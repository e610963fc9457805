"""How a quoted span is read out to a person: no marks, no markup, nothing that dangles."""

import re

from copilot.evidence import Span
from copilot.sentences import Block, BlockKind, is_whole

_ROW_CELL = re.compile(r"(?<!\\)\|")
_MARKER = re.compile(r"^(\s*)(?:-|\*|\d{1,3}[.)])[ \t]+")
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


def row(text: str, header: str | None) -> str:
    """A table row as `Header: value; Header: value`. Cells without a value are left out."""
    values = cells(text)
    names = cells(header) if header else ()
    said: list[str] = []
    for position, value in enumerate(values):
        name = names[position] if position < len(names) else ""
        if value:
            said.append(f"{name}: {value}" if name and name != value else value)
    return "; ".join(said)


def cells(line: str) -> tuple[str, ...]:
    """The cells of a `| a | b |` line, trimmed."""
    return tuple(prose(cell) for cell in _ROW_CELL.split(line.strip().strip("|")))


def block(text: str, what: Block, parts: tuple[Span, ...] | None = None) -> str:
    """A block (or some of its parts) as lines to send."""
    chosen = what.parts if parts is None else parts
    pieces = [text[part.start : part.end] for part in chosen]
    if what.kind is BlockKind.CODE:
        return "\n".join(line for line in pieces[0].split("\n") if not line.startswith("```"))
    if what.kind is BlockKind.TABLE:
        header = text[what.header.start : what.header.end] if what.header else None
        return "\n".join(_closed(row(piece, header)) for piece in pieces)
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
    return line if is_whole(line) else f"{line}."
