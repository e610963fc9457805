"""What publishing systems add to Markdown, brought back to Markdown before it is parsed.

DocFX and Microsoft Learn (includes, `:::image`, `[!VIDEO]`, tabs), Adobe (`[!UICONTROL]`),
Docusaurus and VitePress (`:::note`), MkDocs (`!!! note`), MDX (imports, JSX). Code is left alone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.front_matter import split_front_matter
from ingest.includes import included_path

IncludeResolver = Callable[[str], str | None]

# A line that starts with `#` inside a code block is no heading; the block is matched first.
_HEADING = re.compile(r"(?:^```.*?^```[ \t]*$)|^(#{1,6})([ \t])", re.MULTILINE | re.DOTALL)
_MAX_DEPTH = 6
_MAX_INCLUDES = 2_000
_MAX_INCLUDED_CHARACTERS = 2_000_000

_SPECIAL = re.compile(r"\[!|:::|<!--|^[!?]{3}|<table", re.MULTILINE | re.IGNORECASE)
# The first line only says where a match can begin; it halves the time.
_TOKEN = re.compile(
    r"""
    (?:(?=[`<\[:])|^(?=[ \t>~!?\-*+\d]))
    (?:
    (?P<fence>^[ \t>]*(?:[-*+]\s+|\d+[.)]\s+)?(?P<mark>`{3,}|~{3,})[^\n]*\n
        (?:.*?\n)??[ \t>]*(?P=mark)[`~]*[ \t]*$)
    | (?P<span>(?P<ticks>`+)(?!`)[^\n]*?[^`\n](?P=ticks)(?!`))
    | (?P<comment><!--.*?(?:-->|\Z))
    | \[!INCLUDE[ ]*\[(?P<label>[^\]\n]*)\][ ]*\((?P<target>[^)\n]*)\)[ ]*\]
    | (?P<video>\[!VIDEO[^\]\n]*\])
    | \[!(?:UICONTROL|DNL)[ ]+(?P<term>[^\]\n]*)\]
    | (?P<snippet>\[!code[\w-]*\s*\[[^\]\n]*\]\([^)\n]*\)[ ]*\])
    | :::[ ]*image\b(?P<image>[^\n]*?):::
    | ^(?P<indent>[ \t]*):::+[ ]*(?P<admonition>note|tip|info|important|warning|danger|caution)\b
        (?P<caption>[^\n]*)\n\s*
    | (?P<colons>^[ \t>]*:::[^\n]*$)
    | ^[!?]{3}\+?[ ]+(?P<mkdocs>\w+)(?:[ ]+"(?P<mktitle>[^"\n]*)")?[^\n]*\n
        (?P<mkbody>(?:(?:[ ]{4}|\t)[^\n]*(?:\n|\Z)|[ \t]*\n(?=[ ]{4}|\t))+)
    | (?P<table><table\b.*?</table\s*>)
    )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_ALT = re.compile(r"""\balt-text=(?:"([^"]*)"|'([^']*)')""")
_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")
_BLOCK_PREFIX = re.compile(r"[\s>]*(?:[-*+]\s+|\d+[.)]\s+)?\Z")
_DELIMITER_ROW = re.compile(
    r"^(?P<head>[^|\n]*\|[^\n]*)\n(?P<lead>[ \t>]*)"
    r"(?P<delimiters>\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?)[ \t]*$",
    re.MULTILINE,
)
_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(slots=True)
class SourcePreparer:
    """Prepares one page; counts what it includes, so that includes cannot multiply for ever."""

    resolve_include: IncludeResolver | None
    _count: int = 0
    _characters: int = 0
    _open: list[str] = field(default_factory=list)

    def prepare(self, text: str, path: str) -> str:
        """Return the page at `path` as plain Markdown, includes in place."""
        text = _DELIMITER_ROW.sub(_matching_delimiters, text)
        if not _SPECIAL.search(text):
            return text

        def replace(match: re.Match[str]) -> str:
            return self._replace(match, text, path)

        return _TOKEN.sub(replace, text)

    def _replace(self, match: re.Match[str], text: str, path: str) -> str:  # noqa: PLR0911
        kind = match.lastgroup
        found = match.groupdict()
        if found["fence"] is not None or found["span"] is not None:
            return match[0]
        if found["target"] is not None:
            return self._include(match, text, path)
        if found["term"] is not None:
            return found["term"]
        if found["image"] is not None:
            alt = _ALT.search(found["image"])
            words = self.prepare((alt[1] or alt[2] or "").replace("**", ""), path) if alt else ""
            return f"![{_escaped(words)}](x)" if words else ""
        if found["admonition"] is not None:
            return _admonition(found["indent"], found["admonition"], found["caption"])
        if found["mkdocs"] is not None:
            body = re.sub(r"^(?: {4}|\t)", "", found["mkbody"], flags=re.MULTILINE)
            return _admonition("", found["mkdocs"], found["mktitle"] or "") + self.prepare(
                body, path
            )
        if kind == "table":
            # A blank line would end the HTML for a Markdown parser, in the middle of a table.
            return "\n\n" + _BLANK_LINES.sub("\n", match[0]) + "\n\n"
        return ""

    def _include(self, match: re.Match[str], text: str, path: str) -> str:
        label = match["label"].strip()
        target = included_path(match["target"].split(" ")[0], path)
        snippet = self._resolve(target) if target else None
        if snippet is None:
            return _escaped(label)
        start = text.rfind("\n", 0, match.start()) + 1
        line_end = text.find("\n", match.end())
        rest = text[match.end() : line_end if line_end >= 0 else len(text)]
        prefix = text[start : match.start()]
        if not rest.strip() and _BLOCK_PREFIX.fullmatch(prefix):
            placed = _below(snippet, _level_at(text[: match.start()]))
            return placed.replace("\n", "\n" + re.sub(r"[^\s>]", " ", prefix))
        return " ".join(snippet.split())

    def _resolve(self, target: str) -> str | None:
        if (
            self.resolve_include is None
            or target in self._open
            or len(self._open) >= _MAX_DEPTH
            or self._count >= _MAX_INCLUDES
            or self._characters >= _MAX_INCLUDED_CHARACTERS
        ):
            return None
        raw = self.resolve_include(target)
        if raw is None:
            return None
        self._count += 1
        self._characters += len(raw)
        _, body = split_front_matter(raw.replace("\r\n", "\n"))
        self._open.append(target)
        try:
            return self.prepare(body, target).strip()
        finally:
            self._open.pop()


def _matching_delimiters(match: re.Match[str]) -> str:
    """Give a table as many delimiters as its header has cells.

    Publishing systems read such a table; CommonMark's parsers take it for a paragraph.
    """
    head = match["head"].strip(" \t>").removeprefix("|").removesuffix("|")
    delimiters = match["delimiters"].strip().removeprefix("|").removesuffix("|")
    cells = len(_UNESCAPED_BAR.split(head))
    if "|" not in match["delimiters"] or delimiters.count("|") + 1 == cells:
        return match[0]
    return f"{match['head']}\n{match['lead']}|{'---|' * cells}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\\[\]*_`<])", r"\\\1", text)


def _admonition(indent: str, name: str, caption: str) -> str:
    label = name.capitalize()
    caption = caption.strip().strip("[]")
    if caption.startswith("{") or not caption:
        return f"\n{indent}{label}: "
    return f"\n{indent}{label}: {caption}\n\n"


_MDX_STATEMENT = re.compile(
    r"^(?:import\s[^\n]*(?:\n(?![ \t]*\n|#)[^\n]*)*?(?:from\s+)?['\"][^'\"\n]+['\"];?[ \t]*$"
    r"|export\s[^\n]*(?:\n(?![ \t]*\n)[^\n]*)*)",
    re.MULTILINE,
)
_MDX_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)
_JSX_TAG = re.compile(
    r"</?(?:[A-Z][\w.]*)?(?:\s+(?:\{\.\.\.[^}]*\}|[\w:-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{(?:[^{}]|\{[^{}]*\})*\}))?))*\s*/?>"
)
_JSX_TITLE = re.compile(r"""\b(?:title|label|summary|question|header)=(?:"([^"]+)"|'([^']+)')""")
_CODE = re.compile(
    r"(^[ \t]*(?P<mark>`{3,}|~{3,})[^\n]*\n(?:.*?\n)??[ \t]*(?P=mark)[ \t]*$|`[^`\n]+`)",
    re.MULTILINE | re.DOTALL,
)


def strip_mdx(text: str) -> str:
    """Take imports, exports, JSX tags and comments out of MDX; keep titles and what is between."""
    pieces: list[str] = []
    position = 0
    for match in _CODE.finditer(text):
        pieces.append(_strip_jsx(text[position : match.start()]))
        pieces.append(match[0])
        position = match.end()
    pieces.append(_strip_jsx(text[position:]))
    return "".join(pieces)


def _strip_jsx(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        title = _JSX_TITLE.search(match[0])
        alone = "\n" in match[0] or match[0][1:2].isupper() or match[0][2:3].isupper()
        if title:
            return f"\n\n{title[1] or title[2]}\n\n"
        return "\n" if alone and match.start() == text.rfind("\n", 0, match.start()) + 1 else ""

    return _JSX_TAG.sub(replace, _MDX_STATEMENT.sub("", _MDX_COMMENT.sub("", text)))


def _level_at(before: str) -> int:
    """The level of the heading under which a text ends; 0 where there is none."""
    levels = [len(found[1]) for found in _HEADING.finditer(before) if found[1]]
    return levels[-1] if levels else 0


def _below(snippet: str, level: int) -> str:
    """A snippet whose headings stand below `level`.

    A snippet's own title would otherwise take the page's place over all that follows it.
    """
    levels = [len(found[1]) for found in _HEADING.finditer(snippet) if found[1]]
    shift = level + 1 - min(levels, default=level + 1)
    if shift <= 0:
        return snippet
    return _HEADING.sub(
        lambda found: "#" * min(6, len(found[1]) + shift) + found[2] if found[1] else found[0],
        snippet,
    )
