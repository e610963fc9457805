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

from retrieval.frames import Manner, Rules, rules_of
from retrieval.manipulation import command_in
from retrieval.plain_reading import decoded, folded

_KNOWN = 4096
_SHORT = 8000
_FENCE = "```"
_LINE = re.compile(r"[^\n]+")
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
_CODE_LEAD = re.compile(
    r"\b(?:following|subsequent|below|next)\b(?:\W+\w+){0,2}?\W+code\W+(?:snippets?|blocks?|excerpts?"
    r"|sections?|fragments?|segments?)\b"
)
_SENDS = (
    r"requests\.(?:post|get|put)|urllib|http\.client|httpx|aiohttp|socket|smtplib|yagmail|ftplib|ftp\b"
    r"|paramiko|\bscp\b|paho|bluetooth|\bcurl\b|\bwget\b|invoke-webrequest|xmlhttprequest|fetch\("
)
_FETCHES = r"urlretrieve|urlopen|urllib|\bwget\b|\bcurl\b|requests\.get|http\.request|https?://"
_TAKES = (
    r"cookie|environ|getenv|psutil|virtual_memory|\btrash\b|usb\.core|sounddevice|disk_info|driver"
    r"|net_info|devices?\.find|keyboard|pynput|clipboard|screenshot|imagegrab|sniff|/etc/passwd"
    r"|id_rsa|wallet"
)
_RUNS = r"\bexec\b|\beval\b|subprocess|os\.system|chmod|popen|os\.exec|cron"
_WRITES_TO = r"smtp|yagmail|sendmail|send_message"
_CARRIES_ON = (
    r"ftplib|paramiko|\bscp\b|bluetooth|\bsmb|telnet|sock\.send|storbinary|sftp|for \w+ in range"
    r"|broadcast|files="
)
_BREAKS = (
    r"rm -rf|dd if=|mkfs|systemctl|shutil\.rmtree|os\.remove|reboot|shutdown|format c:|init\.d"
    r"|:\(\)\{"
)
# What code does that no guide asks for, each as two things that come together.
_HARM = (
    (_TAKES, _SENDS),
    (_FETCHES, _RUNS),
    (_WRITES_TO, r"csv|contacts|for \w+ in"),
    (_FETCHES, _CARRIES_ON),
    (_BREAKS, ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """A piece of a text that commands: `text[start:end]`, and how it tries."""

    start: int
    end: int
    manner: Manner


def instructions_in(text: str) -> tuple[Instruction, ...]:
    """The sentences, cells and code blocks of a document's text that command, in their order.

    Neighbours are joined. What a sentence hides (base64, reversed, ...) counts as if it were said.
    """
    return _known(text) if len(text) <= _SHORT else _joined(text)


@lru_cache(maxsize=_KNOWN)
def _known(text: str) -> tuple[Instruction, ...]:
    # The same passages are found again and again.
    return _joined(text)


def _joined(text: str) -> tuple[Instruction, ...]:
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
    inside = [one for one in found if start < one.end and one.start < end]
    if not inside:
        return text[start:end]
    kept = ""
    for one in inside:
        kept = _parted(kept, text[start : max(start, one.start)])
        start = min(one.end, end)
    kept = _parted(kept, text[start:end])
    return kept if _SAYS_SOMETHING.search(kept) else ""


def blanked(text: str) -> str:
    """The text with spaces for its instructions, so that every other character keeps its place."""
    found = instructions_in(text)
    if not found:
        return text
    written = list(text)
    for one in found:
        written[one.start : one.end] = [
            "\n" if mark == "\n" else " " for mark in text[one.start : one.end]
        ]
    return "".join(written)


def is_instruction(text: str) -> bool:
    """Whether a text is nothing but instructions."""
    found = instructions_in(text)
    return bool(found) and not said(text, 0, len(text), found)


def _found(text: str) -> Iterator[Instruction]:
    lines = [match.span() for match in _LINE.finditer(text)]
    lead: Instruction | None = None
    at = 0
    while at < len(lines):
        start, end = lines[at]
        line = text[start:end]
        if line.lstrip().startswith(_FENCE):
            last = _fence_end(text, lines, at)
            code = Instruction(start=start, end=lines[last][1], manner=Manner.CODE)
            if lead is not None and _does_harm(text[code.start : code.end]):
                yield lead
                yield code
            lead = None
            at = last + 1
            continue
        lead = None
        for sentence in _sentences(text, start, end):
            said = text[sentence.start : sentence.end]
            manner = _manner(said)
            if manner is not None:
                yield Instruction(start=sentence.start, end=sentence.end, manner=manner)
            if _CODE_LEAD.search(said.casefold()):
                lead = Instruction(start=sentence.start, end=sentence.end, manner=Manner.CODE)
        at += 1


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
    """The sentences of a line; of a table's row, those of each cell."""
    if text[start] != "|":
        yield from _sentences_of(text, start, end)
        return
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


def _manner(sentence: str) -> Manner | None:
    plain = folded(sentence)
    manner = command_in(plain) or _task_in(plain)
    if manner is not None:
        return manner
    return Manner.HIDDEN if any(command_in(read) for read in decoded(sentence)) else None


def _task_in(plain: str) -> Manner | None:
    for rule, _ in _to_reader().matches(plain):
        if rule.manner is not Manner.TASK or not _ON_SCREEN.search(plain):
            return rule.manner
    return None


@lru_cache(maxsize=1)
def _to_reader() -> Rules:
    return Rules([*rules_of("to_reader"), *rules_of("to_reader_opening", opening=True)])


def _does_harm(code: str) -> bool:
    code = code.casefold()
    return any(re.search(one, code) and re.search(other, code) for one, other in _HARM)


def _parted(kept: str, rest: str) -> str:
    """Two pieces as they would stand without what was between them: the wider gap of the two."""
    left, right = kept.rstrip(" \n"), rest.lstrip(" \n")
    if not left or not right:
        return left or right or kept
    gaps = (kept[len(left) :], rest[: len(rest) - len(right)])
    return left + max(gaps, key=lambda gap: (gap.count("\n"), len(gap))) + right
