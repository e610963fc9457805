"""Words of a text, and capitals where names were written without them."""

import re
from dataclasses import dataclass

from governance.redaction.words import Standing, Words, fold

# A possessive is no part of a name; what is glued to digits, "@" or "_" is no word at all.
_WORD = re.compile(r"(?<![\w@])[^\W\d_]+(?:['\u2019](?!s\b)[^\W\d_]+)*(?![\w@])(?!\.[^\W\d_]{2})")
_FEW = 3
_SHORTEST_LOWER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word and where it stands."""

    start: int
    end: int
    text: str
    folded: str


def tokens_of(text: str) -> list[Token]:
    """Return the words of a text."""
    return [
        Token(start=match.start(), end=match.end(), text=match[0], folded=fold(match[0]))
        for match in _WORD.finditer(text)
    ]


def recased(text: str, words: Words) -> str:
    """Return the text with a capital on each name that has none, as long as before.

    A text all in capitals is put into small letters first.
    """
    tokens = tokens_of(text)
    shouted = len(tokens) >= _FEW and all(one.text.isupper() for one in tokens)
    small = all(one.text.islower() for one in tokens[1:])
    if shouted:
        text = "".join(_lower(character) for character in text)
    changed = list(text)
    after_name = False
    for at, token in enumerate(tokens):
        plain = shouted or token.text.islower()
        behind = tokens[at + 1] if at + 1 < len(tokens) else None
        is_name = _is_name(token, words, after_name=after_name, everywhere=shouted or small) or (
            # An initial, or a name that is a word too: what stands behind decides.
            plain
            and behind is not None
            and behind.start - token.end in {1, 2}
            and (
                (after_name and len(token.text) == 1)
                or words.given(token.folded) is not Standing.NONE
            )
            and words.family(behind.folded, behind.text) is Standing.SURE
        )
        if plain and is_name:
            changed[token.start] = _upper(changed[token.start])
        after_name = is_name and (plain or after_name)
    return "".join(changed)


def _is_name(token: Token, words: Words, *, after_name: bool, everywhere: bool) -> bool:
    """Whether a word without a capital is likely a name.

    Where nothing has capitals (`everywhere`), whatever is no English word may be one.
    """
    if token.folded in words.function_words or len(token.text) < _FEW:
        return False
    english = token.text.isascii() and words.is_english(token.folded)
    if words.given(token.folded) is Standing.SURE and (everywhere or not english):
        return len(token.text) >= _SHORTEST_LOWER or not english
    if after_name:
        return words.family(token.folded) is not Standing.NONE or not english
    return everywhere and not english


def _lower(character: str) -> str:
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


def _upper(character: str) -> str:
    raised = character.upper()
    return raised if len(raised) == 1 else character
