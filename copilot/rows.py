"""Which rows of a table answer: those that carry what the question names, or none of them.

A table's rows are near misses of one another by construction, so a row may only speak for
itself where it is told apart from its siblings by the question's own words.
"""

import re
from collections import Counter
from collections.abc import Sequence

from copilot import reading
from copilot.definition import codes_of, definition
from copilot.form import in_range
from copilot.question import Question
from copilot.sentences import Block, BlockKind
from copilot.terms import TermWeights
from retrieval.keywords import terms as tokenize

_MOST_ROWS = 8
_MOST_WORDS = 120
_TOGETHER = 4
_CLEARLY = 0.15
_MUCH = 0.4
# What a word of grammar is worth that tells two keys apart (`odd weeks`, `even weeks`).
_GRAMMAR = 1.0


def rows_for(
    question: Question, weights: TermWeights, text: str, block: Block, around: frozenset[str]
) -> tuple[int, ...]:
    """The positions of the rows to read out, consecutive; empty where the table cannot answer.

    `around` are the words of title and heading, which tell no row from another. One row or a few
    that carry what is asked for; where none does clearly, the whole table if it is small.
    """
    rows = [text[part.start : part.end] for part in block.parts]
    keys = [_key(row) for row in rows]
    if len(rows) == 1:
        return (0,)
    named = _named(question, rows)
    if named:
        return _together(named, rows)
    header = text[block.header.start : block.header.end] if block.header else ""
    said = around | frozenset(tokenize(header))
    grammar = frozenset(tokenize(question.text)) - weights.weights.keys()
    apart = [(_own_words(keys, at), _own_words(rows, at) - said) for at in range(len(rows))]
    scores = [
        # The weight of the question's words in this row that not every row has.
        weights.weight(key | row) + _GRAMMAR * len(grammar & key)
        for key, row in apart
    ]
    best = max(scores)
    chosen = [at for at, score in enumerate(scores) if score >= best - 1e-9]
    second = max((score for score in scores if score < best - 1e-9), default=0.0)
    asked = weights.total - weights.weight(said)
    own = [_share_of_key(question, keys, at) for at in chosen]
    says_it = max(own) >= _MUCH or best >= _MUCH * asked
    clear = best - second >= _CLEARLY * weights.heaviest
    if best > 0 and clear and says_it and len(chosen) <= _TOGETHER:
        return _together(chosen, rows)
    return _whole(rows)


def lacks_the_key(question: Question, text: str, block: Block) -> bool:
    """Whether the question names a key of the same make as the table's, which the table lacks.

    `P5` is of the make of `P1`, `P2`, `P3`; a table about these has nothing to say of it.
    """
    if block.kind is not BlockKind.TABLE or not question.identifiers:
        return False
    keys = [_key(text[part.start : part.end]) for part in block.parts]
    makes = Counter(_make(key) for key in keys)
    make, count = makes.most_common(1)[0] if makes else ("", 0)
    if count < max(2, len(keys) - 1) or not re.search(r"[a-z]", make) or "9" not in make:
        return False
    present = {key.casefold() for key in keys}
    alike = {one for one in question.identifiers if _make(one) == make}
    return bool(alike) and alike.isdisjoint(present)


def _named(question: Question, rows: Sequence[str]) -> list[int]:
    """Rows that define an asked code, hold an asked number in their range, or are the asker's."""
    codes = codes_of(question)
    for found in (
        [at for at, row in enumerate(rows) if definition(row, codes)],
        [at for at, row in enumerate(rows) if in_range(question.text, row)],
        [at for at, row in enumerate(rows) if question.meant <= frozenset(tokenize(row))],
    ):
        if 0 < len(found) < len(rows):
            return found
    return []


def _share_of_key(question: Question, keys: Sequence[str], at: int) -> float:
    own = _own_words(keys, at)
    return len(own & frozenset(tokenize(question.text))) / len(own) if own else 0.0


def _own_words(texts: Sequence[str], at: int) -> frozenset[str]:
    common = frozenset.intersection(*(frozenset(tokenize(text)) for text in texts))
    return frozenset(tokenize(texts[at])) - common


def _together(chosen: Sequence[int], rows: Sequence[str]) -> tuple[int, ...]:
    """The chosen rows if they follow one another, else the table from the first to the last."""
    reach = range(chosen[0], chosen[-1] + 1)
    return tuple(reach) if len(reach) <= _TOGETHER else _whole(rows) or (chosen[0],)


def _whole(rows: Sequence[str]) -> tuple[int, ...]:
    words = sum(len(row.replace("|", " ").split()) for row in rows)
    return tuple(range(len(rows))) if len(rows) <= _MOST_ROWS and words <= _MOST_WORDS else ()


def _key(row: str) -> str:
    return next((cell for cell in reading.cells(row) if cell), "")


def _make(key: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", key.casefold()))
