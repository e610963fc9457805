"""Where a text defines a code, as a code list does, and where it merely mentions it."""

import re
from collections.abc import Iterable

from copilot.question import Question

# Letters and digits in one token (`ERR-4012`, `2.4.6-p3`, not `30-day`), or a dotted name.
_CODE = re.compile(r"(?!\d+-[^\W\d_]+$)(?=.*\d)(?=.*[^\W\d_]).*[-._/:]|[^\W\d_][._:][^\W\d_]")
_ROW, _LISTED, _SAID = 1.0, 0.8, 0.7
_BARE = 4
# What may stand before the code: a row's bar, a list marker, emphasis.
_OPENING = re.compile(r"(?:\||[-*]\s|\d{1,3}[.)]\s)?[\s*`_]*")
_ITEM = re.compile(r"(?:[-*]|\d{1,3}[.)])\s")
_PREDICATE = re.compile(
    r"[\s*`_)\"'\u201d]*(?:[:=\u2013\u2014]|-\s|(?:means?|is|are|says?|stands\s+for|denotes?|indicates?"
    r"|signals?|refers?\s+to|bedeutet|hei\u00dft|steht\s+f\u00fcr|signifie|significa)\b)",
    re.IGNORECASE,
)


def codes_of(question: Question) -> tuple[str, ...]:
    """The codes that a question asks about, as its tokens are written."""
    return tuple(token for token in question.tokens if _is_code(question, token))


def _is_code(question: Question, token: str) -> bool:
    return token in question.identifiers and bool(_CODE.search(token))


def definition(text: str, codes: Iterable[str]) -> float:
    """How surely a row, an item or a sentence defines one of `codes` (casefolded), from 0 to 1.

    A row defines best, an item well. A sentence that opens with a code says something about it;
    only with a defining predicate (`ERR-1 means`, `ERR-1: `) does it say what the code is.
    """
    opening = _OPENING.match(text)
    rest = text[opening.end() :] if opening else text
    for code in codes:
        following = rest[len(code) :]
        if not rest.casefold().startswith(code) or re.match(r"[-._/]?\w", following):
            continue
        if text.startswith("|"):
            return _ROW
        if _ITEM.match(text):
            return _LISTED
        if _PREDICATE.match(following):
            return _SAID
    return 0.0


def heading_defines(heading: str, codes: Iterable[str]) -> float:
    """How surely what stands under a heading defines one of `codes`.

    A heading that opens with a code, or is hardly more than it, is about the code.
    """
    words = heading.casefold().split()
    lead = words if len(words) <= _BARE else words[:1]
    return _LISTED if any(word.strip("`*:,.()") in set(codes) for word in lead) else 0.0
