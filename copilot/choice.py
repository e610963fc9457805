"""A reply to a clarifying question: which of the options it takes."""

from collections.abc import Sequence

from copilot import cues, slots
from copilot.question import read_question
from retrieval.keywords import terms as tokenize

_FEW = 2
_SOME = 4
_ORDINALS = tuple(
    frozenset(tokenize(words))
    for words in (
        "first 1st former erste ersten première premier primera primero",
        "second 2nd latter zweite zweiten deuxième segunda segundo",
        "third 3rd dritte dritten troisième tercera tercero",
        "fourth 4th vierte vierten quatrième cuarta cuarto",
    )
)
_LAST = frozenset(tokenize("last letzte letzten dernière dernier última último"))


def chosen(reply: str, options: Sequence[str]) -> str | None:
    """The option that a reply takes, or what it says in an option's place; None for a question.

    An option is taken by its words or a part of them that no other option has, by its number or
    by its place in the list.
    """
    terms = read_question(reply).terms
    if cues.is_question(reply) and len(terms) > _SOME:
        return None
    named = _named(_words(reply), options)
    if named is not None:
        return named
    if len(terms) > _FEW:
        return None
    counted = _counted(reply, options)
    if counted is None and cues.is_fragment(reply) and terms and slots.things_in(reply):
        return cues.without_last_words(reply)
    return counted


def _named(said: frozenset[str], options: Sequence[str]) -> str | None:
    tokens = [_words(one) for one in options]
    common = frozenset[str].intersection(*tokens) if tokens else frozenset[str]()
    shares = [len((one - common) & said) / max(1, len(one - common)) for one in tokens]
    best = max(shares, default=0.0)
    return options[shares.index(best)] if best > 0 and shares.count(best) == 1 else None


def _counted(reply: str, options: Sequence[str]) -> str | None:
    said = frozenset(tokenize(reply))
    number = reply.strip(" .)#")
    for place, option in enumerate(options[: len(_ORDINALS)]):
        if said & _ORDINALS[place] or number == str(place + 1):
            return option
    return options[-1] if options and said & _LAST else None


def _words(text: str) -> frozenset[str]:
    """The words, each as a whole: `24.1` has nothing in common with `25.1`."""
    return frozenset(token for word in text.split() for token in tokenize(word)[:1])
