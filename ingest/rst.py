"""reStructuredText → elements: underlined headings, directives, grid and simple tables, literals.

Read by lines and not with docutils, which executes what a file asks for (includes from anywhere,
raw output) and stops at the roles that every project defines for itself.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from ingest.block_writer import BlockWriter
from ingest.element import ParsedDocument
from ingest.includes import included_path
from ingest.markdown_source import IncludeResolver
from ingest.plain_text import BULLET, RULE, write_lines
from ingest.stored_text import Block, assemble, heading, table

_DIRECTIVE = re.compile(
    r"^(?P<indent>\s*)\.\.\s+(?P<name>[\w-]+(?::[\w-]+)?)::\s*(?P<argument>.*)$"
)
_ROLE = re.compile(r":[\w:+-]+:`([^`<]*?)(?:\s*<[^`>]*>)?`")
_REFERENCE = re.compile(r"`([^`<]+?)\s*<[^`>]+>`__?")
_NAMED_REFERENCE = re.compile(r"`([^`]+)`__?|(?<!\w)([A-Za-z][\w-]*\w)__?(?!\w)")
_LITERAL = re.compile(r"``(.+?)``")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,2})(?=\S)(.+?)(?<=\S)\1(?!\w)")
_SUBSTITUTION = re.compile(r"\|([^|\n]+)\|_{0,2}")
_ADMONITIONS = frozenset(
    [
        "note",
        "tip",
        "important",
        "warning",
        "caution",
        "danger",
        "attention",
        "hint",
        "error",
        "seealso",
        "admonition",
    ]
)
_CODE_DIRECTIVES = frozenset(
    ["code", "code-block", "sourcecode", "literalinclude", "parsed-literal"]
)
_GRID_RULE = re.compile(r"^\s*\+(?:[-=]+\+)+\s*$")
_SIMPLE_RULE = re.compile(r"^\s*=+(?:\s+=+)+\s*$")
_OPTION = re.compile(r"^\s*:[\w-]+:")


def parse_rst(text: str, *, uri: str, resolve_include: IncludeResolver | None) -> ParsedDocument:
    """Read reStructuredText: underlined headings, directives, grid and simple tables, literals."""
    return assemble(_Rst(uri, resolve_include).read(text))


class _Rst:
    """Reads by lines; only what changes the reading order or the structure is interpreted."""

    def __init__(self, uri: str, resolve_include: IncludeResolver | None, depth: int = 0) -> None:
        self._uri, self._resolve, self._depth = uri, resolve_include, depth
        self._writer = BlockWriter()
        self._marks: list[str] = []
        self._buffer: list[str] = []

    def read(self, text: str) -> list[Block]:
        lines = text.replace("\r\n", "\n").expandtabs(4).split("\n")
        index = 0
        while index < len(lines):
            index = self._step(lines, index)
        self._flush()
        return self._writer.blocks

    def _step(self, lines: list[str], index: int) -> int:  # noqa: PLR0911 - one case a block
        """Read what begins at a line; return the index of the line after it."""
        line = lines[index]
        following = lines[index + 1] if index + 1 < len(lines) else ""
        after = lines[index + 2] if index + 2 < len(lines) else ""
        if not line.strip():
            self._flush()
            return index + 1
        if RULE.match(line) and following.strip() and after.strip() == line.strip():
            self._heading(following, "over" + line[0])
            return index + 3
        if _is_underline(following, line):
            self._heading(line, following[0])
            return index + 2
        if _GRID_RULE.match(line):
            return self._table(lines, index, _grid_rows)
        if _SIMPLE_RULE.match(line):
            return self._table(lines, index, _simple_rows)
        directive = _DIRECTIVE.match(line)
        if directive:
            return self._directive(directive, lines, index)
        if line.lstrip().startswith(".. ") or line.strip() == "..":
            self._flush()
            return _block_end(lines, index + 1, _indent(line))
        if line.rstrip().endswith("::"):
            self._buffer.append(line.rstrip()[:-1] if line.strip() != "::" else "")
            self._flush()
            end = _block_end(lines, index + 1, _indent(line))
            self._writer.code(_dedented(lines[index + 1 : end]))
            return end
        self._buffer.append(line)
        return index + 1

    def _heading(self, text: str, mark: str) -> None:
        self._flush()
        if mark not in self._marks:
            self._marks.append(mark)
        self._writer.blocks.append(heading(_rst_inline(text), level=self._marks.index(mark) + 1))

    def _directive(self, match: re.Match[str], lines: list[str], index: int) -> int:
        self._flush()
        end = _block_end(lines, index + 1, _indent(lines[index]))
        name, argument = match["name"].lower(), match["argument"].strip()
        body = [line for line in lines[index + 1 : end] if not _OPTION.match(line)]
        if name in _CODE_DIRECTIVES:
            self._writer.code(_dedented(body))
        elif name == "include":
            self._include(argument)
        elif name in _ADMONITIONS:
            label = "See also" if name == "seealso" else name.capitalize()
            if name == "admonition":
                label, argument = argument, ""
            self._nested([f"{label}: {argument}".rstrip(), *_dedented(body).split("\n")])
        elif name in {"image", "figure"}:
            alt = next(
                (line.split(":alt:")[1] for line in lines[index + 1 : end] if ":alt:" in line), ""
            )
            self._writer.text(_rst_inline(alt))
            self._nested(_dedented(body).split("\n"))
        elif name not in {
            "toctree",
            "contents",
            "raw",
            "highlight",
            "meta",
            "index",
            "currentmodule",
        }:
            self._nested(
                [
                    argument if name in {"topic", "rubric", "csv-table", "list-table"} else "",
                    "",
                    *_dedented(body).split("\n"),
                ]
            )
        return end

    def _nested(self, lines: list[str]) -> None:
        joined = "\n".join(lines).strip("\n")
        if joined.strip() and self._depth < 20:  # noqa: PLR2004 - deeper is not a document
            inner = _Rst(self._uri, self._resolve, self._depth + 1)
            self._writer.blocks.extend(inner.read(joined))

    def _include(self, argument: str) -> None:
        target = included_path(argument, self._uri)
        snippet = self._resolve(target) if self._resolve and target and self._depth < 5 else None  # noqa: PLR2004
        if target and snippet:
            inner = _Rst(target, self._resolve, self._depth + 1)
            self._writer.blocks.extend(inner.read(snippet))

    def _table(
        self, lines: list[str], index: int, split: Callable[[list[str]], list[list[str]]]
    ) -> int:
        self._flush()
        end = index
        while end < len(lines) and lines[end].strip():
            end += 1
        rows = split(lines[index:end])
        self._writer.add(table([[_rst_inline(cell) for cell in row] for row in rows]))
        return end

    def _flush(self) -> None:
        if not self._buffer:
            return
        lines = [line if BULLET.match(line) else line.strip() for line in self._buffer]
        self._buffer.clear()
        write_lines(
            [_rst_inline(line) if line else line for line in _joined_wraps(lines)], self._writer
        )


def _joined_wraps(lines: list[str]) -> list[str]:
    """Join wrapped lines first, for roles and references may span a line's end."""
    joined: list[str] = []
    for line in lines:
        if joined and not BULLET.match(line) and joined[-1]:
            joined[-1] += " " + line
        else:
            joined.append(line)
    return joined


def _is_underline(rule: str, title: str) -> bool:
    return bool(
        RULE.match(rule)
        and not title.startswith(" ")
        and len(rule.rstrip()) >= len(title.rstrip()) - 1
        and not RULE.match(title)
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block_end(lines: list[str], index: int, indent: int) -> int:
    end = index
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > indent):
        end += 1
    return end


def _dedented(lines: list[str]) -> str:
    import textwrap

    return textwrap.dedent("\n".join(lines)).strip("\n")


def _grid_rows(lines: list[str]) -> list[list[str]]:
    """Split a grid table at the columns of its first rule; rows between rules are joined."""
    columns = [position for position, mark in enumerate(lines[0]) if mark == "+"]
    rows: list[list[str]] = [[]]
    for line in lines[1:]:
        if _GRID_RULE.match(line):
            rows.append([])
            continue
        cells = [line[left + 1 : right].strip(" |") for left, right in pairwise(columns)]
        rows[-1] = [
            f"{old} {new}".strip()
            for old, new in zip(rows[-1] or [""] * len(cells), cells, strict=True)
        ]
    return [row for row in rows if row]


def _simple_rows(lines: list[str]) -> list[list[str]]:
    spans = [match.span() for match in re.finditer(r"=+", lines[0])]
    rows: list[list[str]] = []
    for line in lines[1:]:
        if _SIMPLE_RULE.match(line):
            continue
        cells = [
            line[left : right if number + 1 < len(spans) else None].strip()
            for number, (left, right) in enumerate(spans)
        ]
        if rows and not cells[0] and any(cells):
            rows[-1] = [f"{old} {new}".strip() for old, new in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return rows


def _rst_inline(text: str) -> str:
    for pattern in (_ROLE, _REFERENCE):
        text = pattern.sub(r"\1", text)
    text = _LITERAL.sub(r"\1", text)
    text = _NAMED_REFERENCE.sub(lambda match: match[1] or match[2], text)
    text = _EMPHASIS.sub(r"\2", text)
    return _SUBSTITUTION.sub(r"\1", text)
