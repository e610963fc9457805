"""From a model's reply, as it comes, to claims: one a sentence, with the sources that it names.

A reply may be anything: markdown, lists, markers in many forms or none, half a sentence, the same
sentence for ever. What cannot be read as a sentence is left out; nothing here judges truth.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from copilot.evidence import BULLET, PARAGRAPH, SAME_LINE, Claim
from copilot.prompt import OPENING
from copilot.thoughts import Thoughts

_LONGEST_SENTENCE = 700
_LONGEST_UNREAD = 4_000
_MOST_SENTENCES = 60
_MOST_REPETITIONS = 3
_WIDEST_RANGE = 10
_ITEM_MARK = 8

_MARKS = r"(?:[ \t]*[\[【][^\[\]【】\n]{0,40}[\]】])*"
_END = re.compile(
    rf"[.!?…][\"'\u201d\u2019»)*_`]*{_MARKS}[.!?]?[*_]*(?=[ \t]+[^\s\[【]|[ \t]*\n)"
    rf"|[。\uff01\uff1f]{_MARKS}(?=[^\[【\s])"
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|fig|approx|min|max|incl|excl|dept|mr|mrs|ms|dr|prof|st|no|nos"
    r"|inc|ltd|co|corp|u\.s|u\.k|z\.b|d\.h|bzw|ca|nr|p|pp|sec|art|vol|ed)|(?:^|\s)[A-Za-z])\.$",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[ \t>]*(?:[-*•\u2013+·]|\d{1,3}[.)])[ \t]+")
_HEADING = re.compile(r"[ \t>]*#{1,6}(?:\s|$)")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_NUMBERS = (
    r"\d{1,3}(?:\s*(?:,|;|/|&|and|und|et|-|\u2013|to)\s*(?:(?:source|src|doc)s?\s*)?\d{1,3})*"
)
_MARK = re.compile(
    r"[ \t]*[\[【]\s*[\^#]?(?:(?:sources?|src|docs?|documents?|passages?|refs?)[\s:#]*)?"
    rf"\[?({_NUMBERS})\]?(?:[†:][^\[\]【】]{{0,30}})?\s*[\]】](?:\([^()\s]{{0,300}}\))?",
    re.IGNORECASE,
)
_PAIR = re.compile(r"(\d{1,3})(?:\s*(?:-|\u2013|to)\s*(\d{1,3}))?")
_UNCLOSED = re.compile(r"[ \t]*[\[【]\s*[\d,;\s-]*$")
_IMAGE = re.compile(r"!\[[^\]\n]*\](?:\([^)\n]*\))?")
_LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\([^()\n]{0,500}\)")
_HTML = re.compile(r"</?[a-zA-Z!][^<>\n]{0,200}>")
_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)|`+")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_LETTER = re.compile(r"[^\W_]")
_WHOLE = re.compile(r"[.!?…。\uff01\uff1f:][\"'\u201d\u2019»)]*$")
# What is left of `(see source [2])` when its marker is taken out.
_HOLLOW = re.compile(r"[ \t]*\((?:see|cf\.?|source|sources|from|,|\s)*\)", re.IGNORECASE)
_MOJIBAKE = "\ufffd"
_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    before: str


class ReplyReader:
    """Feed it a reply in pieces; it yields claims as soon as their sentence is complete.

    `keys` are those of the evidence that the model was shown; others count as none. A sentence
    without a source takes that of the next one that has some in its paragraph. `exhausted` says
    that nothing new is to be expected, however long the model goes on; `unfinished`, after the
    end, that half a sentence was left out.
    """

    def __init__(self, keys: frozenset[int]) -> None:
        self.exhausted = False
        self._keys = keys
        self._thoughts = Thoughts()
        self._unread = ""
        self._line_start = True
        self._before = PARAGRAPH
        self._held: list[_Sentence] = []
        self._seen: set[str] = set()
        self._repeated = 0
        self.unfinished = False

    def feed(self, text: str) -> Iterator[Claim]:
        """Claims that this piece completes."""
        outside, all_before = self._thoughts.outside(text.replace("\r\n", "\n"))
        if all_before:
            self._unread, self._line_start, self._held = "", True, []
        self._unread += outside
        yield from self._claims(ended=False)
        if len(self._unread) > _LONGEST_UNREAD:
            self._unread = ""
            self.exhausted = True

    def end(self, *, cut: bool) -> Iterator[Claim]:
        """Claims of what is left. Where the reply was cut, half a sentence is none."""
        self._unread += self._thoughts.rest()
        left = _MARK.sub("", self._unread).strip()
        self.unfinished = cut and bool(left) and not _WHOLE.search(left)
        if not self.unfinished:
            self._unread += "\n"
        yield from self._claims(ended=True)
        yield from self._released(())

    def _claims(self, *, ended: bool) -> Iterator[Claim]:
        while not self.exhausted:
            if self._line_start and not self._begin_line(ended=ended):
                return
            found = self._next_end()
            newline = self._unread.find("\n")
            if found is not None and (newline < 0 or found <= newline):
                piece, self._unread = self._unread[:found], self._unread[found:].lstrip(" \t")
                yield from self._read(piece)
            elif newline >= 0:
                piece, self._unread = self._unread[:newline], self._unread[newline + 1 :]
                self._line_start = True
                yield from self._read(piece)
            else:
                return

    def _begin_line(self, *, ended: bool) -> bool:
        """Take a list's mark or a heading's off a line; false where more of it must come."""
        line, newline, _ = self._unread.partition("\n")
        if not newline and not ended and len(line) < _ITEM_MARK:
            return False
        if not line and not newline:
            return False
        self._line_start = False
        item = _ITEM.match(line)
        if _HEADING.match(line) or _FENCE.match(line):
            # Read as a paragraph's end: a heading claims nothing.
            return self._skip_line(line, whole=bool(newline) or ended)
        if item:
            self._before = BULLET
            self._unread = self._unread[item.end() :]
        return True

    def _skip_line(self, line: str, *, whole: bool) -> bool:
        if not whole:
            self._line_start = True
            return False
        self._unread = self._unread[len(line) :]
        return True

    def _next_end(self) -> int | None:
        at = 0
        while (found := _END.search(self._unread, at)) is not None:
            if not _ABBREVIATED.search(self._unread[: found.start() + 1][-12:]):
                return found.end()
            at = found.start() + 1
        return None

    def _read(self, piece: str) -> Iterator[Claim]:
        if not piece.strip():
            if self._before != BULLET:
                self._before = PARAGRAPH
            yield from self._released(())
            return
        named = [number for mark in _MARK.finditer(piece) for number in _numbers(mark[1])]
        keys = tuple(dict.fromkeys(key for key in named if key in self._keys))
        text = _plain(_UNCLOSED.sub("", _MARK.sub("", piece)))
        if _LETTER.search(text) and len(text) <= _LONGEST_SENTENCE and _MOJIBAKE not in text:
            yield from self._sentence(text, keys, named=bool(named))
        elif keys:
            yield from self._released(keys)

    def _sentence(self, text: str, keys: tuple[int, ...], *, named: bool) -> Iterator[Claim]:
        if text.casefold().strip(" .!\"'") == _NOTHING:
            return
        if self._is_repeated(text):
            return
        sentence = _Sentence(text=text, before=self._before)
        self._before = SAME_LINE
        if keys:
            yield from self._released(keys)
            yield Claim(text=sentence.text, keys=keys, before=sentence.before)
        elif named:
            # It names sources that there are not: nobody else's count for it.
            yield Claim(text=sentence.text, keys=(), before=sentence.before)
        else:
            self._held.append(sentence)

    def _is_repeated(self, text: str) -> bool:
        words = " ".join(re.findall(r"\w+", text.casefold()))
        if words in self._seen:
            self._repeated += 1
            self.exhausted = self.exhausted or self._repeated >= _MOST_REPETITIONS
            return True
        self._seen.add(words)
        self.exhausted = self.exhausted or len(self._seen) >= _MOST_SENTENCES
        return False

    def _released(self, keys: tuple[int, ...]) -> Iterator[Claim]:
        held, self._held = self._held, []
        for one in held:
            yield Claim(text=one.text, keys=keys, before=one.before)


def _numbers(written: str) -> Iterator[int]:
    for first, last in _PAIR.findall(written):
        start, stop = int(first), int(last or first)
        if 0 <= stop - start <= _WIDEST_RANGE:
            yield from range(start, stop + 1)
        else:
            yield from (start, stop)


def _plain(text: str) -> str:
    """A sentence without markup, on one line."""
    text = _LINK.sub(r"\1", _IMAGE.sub("", _UNSEEN.sub("", text)))
    text = _EMPHASIS.sub("", _HTML.sub("", text)).replace(OPENING, "<")
    text = _HOLLOW.sub("", text).strip().strip("|>").strip()
    cells = " ".join(re.sub(r"\s*\|\s*", ", ", text).split())
    return re.sub(r"\s+([.,;:!?](?:\s|$))", r"\1", cells)
