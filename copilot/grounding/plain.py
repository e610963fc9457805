"""Text as it is compared: one way to write a character, and nothing that cannot be seen.

A draft may say "2 hours" in full-width digits, or hide a zero-width space in an order number, so
that a careless comparison finds no number to check. Both sides are read through `plain`.
"""

import re
import unicodedata

_UNSEEN = frozenset({"Cf", "Cc", "Co", "Cs", "Cn"})
_KEPT = "\n\t"
_MARKS = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
    "\u00ab": '"', "\u00bb": '"', "\u2010": "-", "\u2011": "-", "\u2212": "-", "\u2012": "-",
    "\u2013": "-", "\u2014": "\u2014", "\u00d7": "x", "\u2044": "/",
})  # fmt: skip
# Letters that stand in for digits between digits, and Cyrillic and Greek ones for Latin ones.
_DIGIT_LOOKALIKES = str.maketrans({
    "O": "0", "o": "0", "l": "1", "I": "1", "|": "1", "\u041e": "0", "\u043e": "0",
    "\u0417": "3", "\u0437": "3", "\u0406": "1", "\u0456": "1", "\u04c0": "1",
})  # fmt: skip
_LETTER_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0410\u0412\u0415\u041a\u041c"
    "\u041d\u041e\u0420\u0421\u0422\u0425\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d"
    "\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03b1\u03c1",
    "aeopcyxijsABEKMHOPCTXABEZHIKMNOPTYXoap",
)
_MIXED = re.compile(
    r"(?<![^\W\d_])\d[\dOolI\u041e\u043e\u0417\u0437\u0406\u0456\u04c0]*\d(?![^\W\d_])"
)
_FOREIGN = re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")
_WORD = re.compile(r"[^\W_]+")
_LATIN = re.compile(r"[A-Za-z0-9]")
_SPACE = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


def plain(text: str) -> str:
    """The text in NFKC with plain marks, single spaces, and nothing invisible."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_MARKS)
        text = "".join(_shown(one) for one in text)
        if _FOREIGN.search(text):
            text = _WORD.sub(_in_one_script, text)
    else:
        text = "".join(one if one.isprintable() or one in _KEPT else " " for one in text)
    text = _MIXED.sub(lambda found: found.group().translate(_DIGIT_LOOKALIKES), text)
    return _LINES.sub("\n", _SPACE.sub(" ", text)).strip()


def _shown(one: str) -> str:
    if one.isascii():
        return one if one.isprintable() or one in _KEPT else " "
    if one.isdigit() and not one.isascii():
        value = unicodedata.digit(one, None)
        return str(value) if value is not None else one
    category = unicodedata.category(one)
    if category in _UNSEEN or category in {"Mn", "Me"}:
        return ""
    return " " if category.startswith("Z") else one


def _in_one_script(found: re.Match[str]) -> str:
    """A word whose foreign letters all look like Latin ones, beside Latin ones or alone."""
    word = found.group()
    if not _FOREIGN.search(word):
        return word
    latin = word.translate(_LETTER_LOOKALIKES)
    return latin if _LATIN.search(word) and not _FOREIGN.search(latin) else word
