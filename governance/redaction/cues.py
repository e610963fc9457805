"""What stands beside a name and tells that it is a person's, or a company's."""

import re

from governance.redaction.phrases import either
from governance.redaction.words import fold

_REACH = 48
_MAIL = re.compile(r"([\w.+-]{2,64})@")
_TITLE, _TOLD, _GREETED, _OFTEN = 4.0, 2.5, 2.0, 0.7
_ALONE, _SPOKEN, _DOES = 2.0, 1.2, 0.9
_SHORTEST_PART = 3


class Cues:
    """Reads the places before and behind a run of words."""

    def __init__(self) -> None:
        self._title = _before(rf"(?:^|[^\w]){either('titles')}\.?\s{{1,2}}")
        self._name_is = _before(
            r"\b(?:(?:(?:sur|maiden |last |first |full |given |family )?name\b"
            rf"(?:'s| is| was|[:=?])*)|{either('name is')})\s*[\s:=?]\s*"
        )
        self._of_a_thing = _before(rf"\b{either('names of things')} name\b[^\n]{{0,8}}")
        self._greeting = _before(rf"(?:^|[\n.!?>]\s*){either('greetings')}[,:]?\s+")
        self._greeted = re.compile(r"\s*(?:[,.!;:\n]|$| [-\u2013])")
        self._label = _before(rf"(?:^|\n)[\s>*-]*{either('labels')}\s*[:=]\s*")
        self._often = _before(rf"\b{either('often before a person')}[,:]?\s+")
        self._place = _before(r"\b(?:in|at|near|nach|aus|à)\s")
        self._alone = re.compile(
            rf"['\u2019]s {either('whose')}\b|,? {either('people alone')}\b", re.IGNORECASE
        )
        self._speaks = re.compile(
            r"(?<=\w):\s?[\"\u201c\u00ab]|, (?:can|could|would|will|please|you)\b", re.IGNORECASE
        )
        self._does = re.compile(
            r"['\u2019]?\s*(?:\([^)]{0,30}\)\s*)?,?\s*" + rf"{either('often behind a person')}\b"
        )
        self._company = re.compile(
            rf",? {either('companies')}\b"
            r"|(?i: (?:&|and|und|et|y|e) (?:sons?|co|söhne|fils|partners?)\b)"
        )

    def before(self, text: str, start: int, end: int) -> float:
        """Return how much what stands before speaks for a person."""
        left = text[max(0, start - _REACH) : start]
        if self._title.search(left):
            return _TITLE
        if self._name_is.search(left) and not self._of_a_thing.search(left):
            return _TOLD
        if self._label.search(left):
            return _GREETED
        if self._greeting.search(left) and self._greeted.match(text, end):
            return _GREETED
        return _OFTEN if self._often.search(left) else 0.0

    def behind(self, text: str, end: int) -> float:
        """Return how much what stands behind speaks for a person."""
        if self._alone.match(text, end, end + _REACH):
            return _ALONE
        if self._speaks.match(text, end, end + _REACH):
            return _SPOKEN
        return _DOES if self._does.match(text, end, end + _REACH) else 0.0

    def place(self, text: str, start: int) -> bool:
        """Whether what stands before is rather followed by a place."""
        return bool(self._place.search(text[max(0, start - _REACH) : start]))

    def organisation(self, text: str, end: int) -> bool:
        """Whether what stands behind makes a company of it."""
        return bool(self._company.match(text, end, end + _REACH))

    def mail_names(self, text: str) -> frozenset[str]:
        """Return the words of which mail addresses in the text are made."""
        return frozenset(
            fold(part)
            for match in _MAIL.finditer(text)
            for part in re.split(r"[._+-]", match[1])
            if len(part) >= _SHORTEST_PART
        )

    def own_line(self, text: str, start: int, end: int) -> bool:
        """Whether it stands alone in a line of a text that has several, as in a signature."""
        if "\n" not in text:
            return False
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", end)
        line_end = len(text) if line_end < 0 else line_end
        rest = text[line_start:start] + text[end:line_end]
        return not any(character.isalnum() for character in rest)


def _before(pattern: str) -> re.Pattern[str]:
    """Return a pattern for what stands right before a place."""
    return re.compile(f"(?:{pattern})$", re.IGNORECASE)
