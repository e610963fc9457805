"""What English words are worth when a sentence is compared with its source (`words.toml`)."""

import tomllib
from functools import lru_cache
from importlib.resources import files

from retrieval.keywords import terms

_PAIR = 2


@lru_cache(maxsize=50_000)
def form(word: str) -> str:
    """What stands for a casefolded word in comparisons: its stem, or that of its synonyms."""
    stemmed = _stem(word)
    return _classes().get(stemmed, stemmed)


@lru_cache(maxsize=1)
def glue() -> frozenset[str]:
    """Words that say nothing by themselves, as they are written."""
    return frozenset(_lists()["glue"].split())


@lru_cache(maxsize=1)
def role_forms() -> frozenset[str]:
    """The forms of the words that call somebody by what they do."""
    return frozenset(form(word) for word in _lists()["roles"].split())


@lru_cache(maxsize=1)
def closed_forms() -> frozenset[str]:
    """The forms of words that have no synonym: another one of their kind is another fact."""
    return frozenset(form(word) for word in _lists()["closed"].split())


@lru_cache(maxsize=1)
def skipped_forms() -> frozenset[str]:
    """The forms of adverbs that may stand between a negation and what it denies."""
    return frozenset(form(word) for word in _lists()["skipped"].split())


@lru_cache(maxsize=1)
def denying_forms() -> frozenset[str]:
    """The forms of words that deny without a "not"."""
    return frozenset(form(word) for word in _lists()["denying"].split())


@lru_cache(maxsize=1)
def opposites() -> dict[str, frozenset[str]]:
    """The forms that say the contrary of a form."""
    found: dict[str, set[str]] = {}
    for line in _lists()["opposites"].splitlines():
        words = line.split()
        if len(words) == _PAIR and form(words[0]) != form(words[1]):
            one, other = form(words[0]), form(words[1])
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    found = terms(word)
    return found[0] if found else word


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    classes: dict[str, str] = {}
    for line in _lists()["same"].splitlines():
        words = line.split()
        for word in words:
            classes.setdefault(_stem(word), _stem(words[0]))
    return classes


@lru_cache(maxsize=1)
def _lists() -> dict[str, str]:
    source = files("copilot.grounding").joinpath("words.toml")
    lists: dict[str, str] = tomllib.loads(source.read_text("utf-8"))
    return lists
