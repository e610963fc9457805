"""What the documents do not say, in one sentence: for the asker and for who takes over."""

import re
from collections.abc import Sequence

from copilot.question import Question
from copilot.terms import passage_tokens, weigh
from retrieval.keywords import TermStatistics
from retrieval.keywords import terms as tokenize
from retrieval.passage import Passage

NOTHING_FOUND = "No passage I may use states this clearly."

_NAMED = 3
_SHORTEST = 4
# Words that stand where a noun could and name nothing.
_FILLER = (
    "actual allowed best certain correct current different exact existing general maximum minimum"
    " new normal old possible proper right same specific standard supposed usual whole asap pls"
    " plz total"
)
# A noun phrase opens behind these; its last word is its head.
_WORD = (
    r"(?!(?:the|an?|of|for|to|is|are|was|does|do|did|can|in|on|at|and|or|with|by|from|when|if)\b)"
    r"[^\W\d_][\w-]*"
)
_OPENS = re.compile(
    r"\b(?:the|an?|what|which|how\s(?:many|much)|our|my|your|any|of|for)"
    rf"\s({_WORD}(?:\s{_WORD}){{0,3}})",
    re.IGNORECASE,
)
_VERBAL = re.compile(r"(?:ed|ing|ly)$", re.IGNORECASE)
_NOT_ENGLISH = re.compile(
    r"\b(?:der|die|das|den|dem|ein|eine|einen|und|ist|wie|wer|wann|welche|le|les|une|des|est|quel"
    r"|quelle|comment|el|los|las|una|cómo|qué|cuál|cuándo)\b",
    re.IGNORECASE,
)


def missing(
    question: Question,
    passages: Sequence[Passage],
    statistics: TermStatistics,
    within: str = "",
) -> str:
    """One sentence on what the readable documents do not say, naming only what has a name.

    Only identifiers, figures, names and head nouns are named; `statistics` are those of what the
    asker may read within its filters, which `within` puts into words.
    """
    nothing = f"Nothing within your filters ({within})" if within else "No passage you may read"
    if not passages:
        return f"{nothing} deals with this question."
    weights = weigh(question, statistics)
    naming = _naming(question)
    words = {part: part for term in question.terms for part in term.parts}
    words |= {term.token: term.word for term in question.terms}
    named = [token for token in words if token in naming]
    unseen = _distinct([words[token] for token in named if token in weights.unseen])
    if unseen:
        return f"{nothing} mentions {_listed(unseen[:_NAMED])}."
    exact = question.identifiers.union(*question.names)
    together = frozenset[str]().union(*(passage_tokens(passage) for passage in passages))
    absent = [words[token] for token in words if token in exact and token not in together]
    if absent:
        return f"None of the nearest passages mentions {_listed(_distinct(absent)[:_NAMED])}."
    return NOTHING_FOUND


def _naming(question: Question) -> frozenset[str]:
    """The tokens of identifiers, names and head nouns."""
    found = set(question.identifiers.union(*question.names))
    if _NOT_ENGLISH.search(question.text):
        return frozenset(found)
    for phrase in _OPENS.finditer(question.text):
        last = phrase.group(1).split()[-1].casefold()
        if len(last) >= _SHORTEST and last not in _FILLER.split() and not _VERBAL.search(last):
            found.update(tokenize(last)[:1])
    return frozenset(found)


def _distinct(words: Sequence[str]) -> list[str]:
    """Words once each, without those that are a part of a longer one (`4012` in `ERR-4012`)."""
    unique = list(dict.fromkeys(words))
    return [
        word
        for word in unique
        if not any(word != other and word.casefold() in other.casefold() for other in unique)
    ]


def _listed(words: Sequence[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    if len(quoted) < 2:  # noqa: PLR2004 (one word needs no joiner)
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + f" or {quoted[-1]}"
