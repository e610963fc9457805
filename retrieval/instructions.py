"""Text in a document that commands whoever words the answer, instead of telling its readers.

Documents are data: whatever they say, nobody here obeys it. But planted text must not steer what
is found either, so it is left out of what is searched, and what is quoted with it is flagged. A
manual's own imperatives ("Click Save", "Ignore the warning and press OK") are not meant: what
counts is that answers, prompts, rules and hidden things are spoken of, or a task is set that no
reader of a manual has.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from retrieval.frames import Found, Manner, Rules, rules_of
from retrieval.harmful_code import announces_code, does_harm, looks_like_code
from retrieval.manipulation import command_in, may_command
from retrieval.plain_reading import decoded, folded

_KNOWN = 16_384
_SHORT = 8000
_LATELY = 4
_LONG_LINE = 160
_FENCE = "```"
# A line break inside a sentence: nothing closes before it, and a small letter follows.
_BROKEN = r"(?<![.!?:;|\n])\n(?=[^\W\d_A-Z])"
_BREAK = re.compile(_BROKEN)
_LINE = re.compile(rf"[^\n]+(?:{_BROKEN}[^\n]+)*")
_SENTENCE = re.compile(r"\S(?:.*?[.!?][\"')\]]{0,2}(?=\s+[^\sa-z]|\s*$)|.*$)", re.DOTALL)
_SAYS_SOMETHING = re.compile(r"\w")
_MARKER = re.compile(r"\W*(?:\d{1,3}|[a-z])[.)]")
_CELL = re.compile(r"[^|]+")
_ABBREVIATED = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|cf|no|approx|incl|z\.b|d\.h|bzw|ca|mr|ms|dr)\.$", re.IGNORECASE
)
# A task of a manual's: it is about something on the screen.
_ON_SCREEN = re.compile(
    r"\b(?:fields?|pages?|box|tabs?|columns?|reports?|forms?|tickets?|cases?|lines?|records?|steps?|issues?"
    r"|problems?|requests?|customers?|settings?|options?|click|select|enter|dialog|window|card|menu"
    r"|button|feld|seite|champ|campo|pagina)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """A piece of a text that commands: `text[start:end]`, and how it tries."""

    start: int
    end: int
    manner: Manner


def instructions_in(text: str, offset: int = 0) -> tuple[Instruction, ...]:
    """The sentences, cells and code blocks of a document's text that command, in their order.

    Neighbours are joined. What a sentence hides (base64, reversed, ...) counts as if it were said.
    `offset` is where the text starts in a longer one, by whose characters the places then are.
    """
    found = _known(text) if len(text) <= _SHORT else _lately(text)
    if not offset:
        return found
    return tuple(
        Instruction(start=one.start + offset, end=one.end + offset, manner=one.manner)
        for one in found
    )


@lru_cache(maxsize=_KNOWN)
def _known(text: str) -> tuple[Instruction, ...]:
    # The same passages are found again and again.
    return _joined(text)


@lru_cache(maxsize=_LATELY)
def _lately(text: str) -> tuple[Instruction, ...]:
    # A document on its way in is looked at for its title, its pieces and its owner.
    return _joined(text)


def _joined(text: str) -> tuple[Instruction, ...]:
    if len(text) <= _SHORT and not _may_command(text):
        return ()
    joined: list[Instruction] = []
    for one in _found(text):
        before = joined[-1] if joined else None
        if before is not None and not text[before.end : one.start].strip(" \t\n|"):
            end = max(before.end, one.end)
            joined[-1] = Instruction(start=before.start, end=end, manner=before.manner)
        else:
            joined.append(one)
    return tuple(joined)


def without_instructions(text: str) -> str:
    """The text as if the instructions had never been in it; the text itself where all of it is."""
    found = instructions_in(text)
    return (said(text, 0, len(text), found) or text) if found else text


def said(text: str, start: int, end: int, found: Sequence[Instruction]) -> str:
    """What `text[start:end]` says besides the instructions found in the text; empty for nothing."""
    left = left_of(text, start, end, found)
    whole = left == text[start:end]
    return left if whole or _SAYS_SOMETHING.search(left) else ""


def left_of(text: str, start: int, end: int, found: Sequence[Instruction]) -> str:
    """`text[start:end]` without the instructions found in the text, gaps closed."""
    inside = [one for one in found if start < one.end and one.start < end]
    if not inside:
        return text[start:end]
    kept = ""
    for one in inside:
        kept = _parted(kept, text[start : max(start, one.start)])
        start = min(one.end, end)
    return _parted(kept, text[start:end])


def blanked(text: str) -> str:
    """The text with spaces for its instructions, so that every other character keeps its place.

    Line ends and the bars of tables stay: they are the frame that other text stands in.
    """
    found = instructions_in(text)
    if not found:
        return text
    written = list(text)
    for one in found:
        written[one.start : one.end] = [
            mark if mark in "\n|" else " " for mark in text[one.start : one.end]
        ]
    return "".join(written)


def is_instruction(text: str) -> bool:
    """Whether a text is nothing but instructions."""
    found = instructions_in(text)
    return bool(found) and not said(text, 0, len(text), found)


def _found(text: str) -> Iterator[Instruction]:
    lines = [match.span() for match in _LINE.finditer(text)]
    at = 0
    while at < len(lines):
        start, end = lines[at]
        at += 1
        if end - start > _LONG_LINE and not _may_command(text[start:end]):
            continue
        lead: Instruction | None = None
        found: list[Instruction] = []
        for sentence in _sentences(text, start, end):
            command = _command(text, sentence)
            if command is not None:
                found.append(command)
            if announces_code(text[sentence.start : sentence.end]):
                lead = Instruction(start=sentence.start, end=sentence.end, manner=Manner.CODE)
        if found and not said(text, start, end, found):
            # A row without words, a list's mark without an item: they go too.
            found = [Instruction(start=start, end=end, manner=found[0].manner)]
        yield from found
        last = _code_end(text, lines, at) if lead is not None else at
        if lead is not None and last > at:
            code = Instruction(start=lines[at][0], end=lines[last - 1][1], manner=Manner.CODE)
            if does_harm(text[lead.start : code.end]):
                yield lead
                yield code
            at = last


def _code_end(text: str, lines: list[tuple[int, int]], at: int) -> int:
    """Where the code that begins with a line ends; the line itself where it is none."""
    if at < len(lines) and text[slice(*lines[at])].lstrip().startswith(_FENCE):
        return _fence_end(text, lines, at) + 1
    # Not every format keeps the marks around code.
    while at < len(lines) and looks_like_code(text[slice(*lines[at])]):
        at += 1
    return at


def _may_command(text: str) -> bool:
    """Whether a text is worth looking at sentence by sentence: most are not, and that is cheap.

    The ends of lines and cells count as those of sentences.
    """
    plain = folded(_BREAK.sub(" ", text).replace("\n", " . ").replace("|", " . "))
    return (
        may_command(plain)
        or next(_to_reader().matches(plain), None) is not None
        or announces_code(plain)
        or any(may_command(read) for read in decoded(text))
    )


def _fence_end(text: str, lines: list[tuple[int, int]], at: int) -> int:
    for position in range(at + 1, len(lines)):
        if text[lines[position][0] : lines[position][1]].strip().startswith(_FENCE):
            return position
    return len(lines) - 1


@dataclass(frozen=True, slots=True)
class _Stretch:
    start: int
    end: int


def _sentences(text: str, start: int, end: int) -> Iterator[_Stretch]:
    """The sentences of a line, of each of its cells where bars part it."""
    for cell in _CELL.finditer(text, start, end):
        yield from _sentences_of(text, *cell.span())


def _sentences_of(text: str, start: int, end: int) -> Iterator[_Stretch]:
    opened: int | None = None
    for match in _SENTENCE.finditer(text, start, end):
        first = match.start() if opened is None else opened
        stop = match.end()
        is_marker = _MARKER.fullmatch(text, first, stop)
        if is_marker or _ABBREVIATED.search(text, max(first, stop - 8), stop):
            opened = first
            continue
        opened = None
        yield _trimmed(text, first, stop)
    if opened is not None:
        yield _trimmed(text, opened, end)


def _trimmed(text: str, start: int, end: int) -> _Stretch:
    while end > start and text[end - 1].isspace():
        end -= 1
    return _Stretch(start, end)


def _command(text: str, sentence: _Stretch) -> Instruction | None:
    """A sentence of the text that commands, from where it does."""
    words = text[sentence.start : sentence.end]
    plain = folded(words)
    found = command_in(plain) or _task_in(plain)
    if found is not None:
        start = sentence.start + _begins(words, plain, found)
        return Instruction(start=start, end=sentence.end, manner=found.manner)
    if any(command_in(read) for read in decoded(words)):
        return Instruction(start=sentence.start, end=sentence.end, manner=Manner.HIDDEN)
    return None


def _begins(words: str, plain: str, found: Found) -> int:
    """Where in a sentence a command begins that was written into it, with a capital of its own."""
    before = len(plain[: found.start].split())
    starts = [match.start() for match in re.finditer(r"\S+", words)]
    if before == 0 or len(starts) != len(plain.split()):
        return 0
    at = starts[before]
    return at if words[at:].lstrip("\"'([*_")[:1].isupper() else 0


def _task_in(plain: str) -> Found | None:
    for found in _to_reader().matches(plain):
        if found.manner is not Manner.TASK or not _ON_SCREEN.search(plain):
            return found
    return None


@lru_cache(maxsize=1)
def _to_reader() -> Rules:
    return Rules([*rules_of("to_reader"), *rules_of("to_reader_opening", opening=True)])


def _parted(kept: str, rest: str) -> str:
    """Two pieces as they would stand without what was between them: the wider gap of the two."""
    left, right = kept.rstrip(" \n"), rest.lstrip(" \n")
    if not left or not right:
        return left or right or kept
    gaps = (kept[len(left) :], rest[: len(rest) - len(right)])
    return left + max(gaps, key=lambda gap: (gap.count("\n"), len(gap))) + right
