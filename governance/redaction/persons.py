"""Names of persons: what the language model sees, weighed with what words and their places tell.

The small model alone finds three names in five, and takes products for people. So each run of
words that are written like a name is weighed: lists of names, the model's own opinion, and cues
such as a title before or "says" behind it. Where little speaks for a person, the text keeps it:
tickets are searched by the names of products and companies.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from governance.redaction.casing import Token, recased, tokens_of
from governance.redaction.cues import Cues
from governance.redaction.findings import Finding
from governance.redaction.language_model import Entities
from governance.redaction.redactor import InDoubt, PersonalData
from governance.redaction.words import Standing, Words

_SCORE = 0.55
_ENOUGH = 2.0
_LONGEST_RUN = 6
_INITIAL = 2
_LONGEST_ACRONYM = 4
_SAMPLE = 1000
_ENUMERATES = frozenset({", ", " and ", ", and ", " & ", " und ", " et ", " y ", " or "})
_LIKELY_TOO, _PERSON_BESIDE = 1.5, 0.6
_AGAINST = frozenset(
    {"ORG", "GPE", "LOC", "FAC", "NORP", "PRODUCT", "WORK_OF_ART", "EVENT", "LAW", "LANGUAGE"}
)
_BORN_WITH = frozenset({"van", "von", "der", "den", "ter", "ten", "bin", "ibn"})
_GIVEN = {Standing.SURE: 3.0, Standing.MAYBE: 0.8, Standing.NONE: 0.0}
_FAMILY_ALONE = {Standing.SURE: 1.7, Standing.MAYBE: 0.5, Standing.NONE: 0.0}
_TOLD, _TITLED = 2.0, 4.0
_INNER_CAPITALS = re.compile(
    r"(?:Mc|Mac|O['\u2019]|D['\u2019]|De|La|Le|Di|Du|Van|Von|Fitz)[^\W\d_][\w'\u2019]*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Belief:
    """How much the model's word for a person weighs where no list knows the name.

    `pair` and `one` are for names of several words and of one, `word` for one that is an everyday
    word too, `small` for those written without a capital.
    """

    pair: float
    one: float
    word: float
    small: float


_LISTED = 2.0
_BELIEF = {
    InDoubt.TAKE_OUT: _Belief(pair=2.0, one=1.2, word=1.4, small=0.8),
    InDoubt.LEAVE: _Belief(pair=1.4, one=1.0, word=1.2, small=0.5),
}


class Persons:
    """Weighs runs of words. Pure but for the lists it was given."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._cues = Cues()

    def recased(self, text: str) -> str:
        """Return the text as the language model should read it."""
        return recased(text, self._words)

    def find(self, text: str, shaped: str, entities: Entities, in_doubt: InDoubt) -> list[Finding]:
        """Return the persons; `shaped` is the text recased, place by place the same."""
        runs = list(self._runs(shaped))
        mails = self._cues.mail_names(text)
        belief = _BELIEF[in_doubt if self._reads_english(shaped) else InDoubt.LEAVE]
        weights = [self._weight(text, run, entities, mails, belief) for run in runs]
        chosen = {
            at
            for at in range(len(runs))
            if weights[at] + self._company_of_others(text, runs, weights, at) >= _ENOUGH
        }
        known = {
            token.folded
            for at in chosen
            for token in runs[at]
            if len(token.text) > _INITIAL and not self._is_english(token)
        }
        return [
            Finding(kind=PersonalData.PERSON, start=run[0].start, end=run[-1].end, score=_SCORE)
            for at, run in enumerate(runs)
            if at in chosen or all(one.folded in known for one in run)
        ]

    def _reads_english(self, text: str) -> bool:
        """Whether a text is in the language of the model, which elsewhere takes nouns for names."""
        small = [one for one in tokens_of(text[:_SAMPLE]) if one.text.islower()]
        return 2 * sum(self._is_english(one) for one in small) > len(small)

    def _runs(self, shaped: str) -> Iterator[list[Token]]:
        """Yield what is written like names, without what only stands before or behind them."""
        run: list[Token] = []
        for token in tokens_of(shaped):
            if run and not _joins(shaped, run[-1], token):
                yield from self._trimmed(run)
                run = []
            if self._is_shaped(token) or (run and token.folded in self._words.particles):
                run.append(token)
            elif run:
                yield from self._trimmed(run)
                run = []
        yield from self._trimmed(run)

    def _is_shaped(self, token: Token) -> bool:
        text, words = token.text, self._words
        # Scripts without capitals are left to the model, and "I'm" is no name.
        head = re.split(r"['\u2019]", token.folded, maxsplit=1)[0]
        if not text[0].isupper() or (head != token.folded and head in words.function_words):
            return False
        if len(text) > 1 and text.isupper():
            listed = words.given(token.folded) or words.family(token.folded)
            return bool(listed) and len(text) > _LONGEST_ACRONYM
        return text[1:].islower() or len(text) == 1 or bool(_INNER_CAPITALS.fullmatch(text))

    def _trimmed(self, run: list[Token]) -> Iterator[list[Token]]:
        """Yield the run from its first name on; a run of plain words only is none."""
        first, last = 0, len(run)
        while first < last and self._only_precedes(run[first], alone=last - first == 1):
            first += 1
        while first < last and run[last - 1].folded in self._words.no_names:
            last -= 1
        for at in range(first, last, _LONGEST_RUN):
            piece = run[at : min(at + _LONGEST_RUN, last)]
            if any(len(token.text) > 1 for token in piece):
                yield piece

    def _only_precedes(self, first: Token, *, alone: bool) -> bool:
        """Whether a word stands before the name: the start of a sentence, an office."""
        words = self._words
        if first.folded in words.function_words:
            return True
        if first.folded in words.particles:
            return first.text.islower()
        return (
            not alone
            and self._is_english(first)
            and words.given(first.folded) is Standing.NONE
            and words.family(first.folded) is Standing.NONE
        )

    def _weight(
        self,
        text: str,
        run: list[Token],
        entities: Entities,
        mails: frozenset[str],
        belief: _Belief,
    ) -> float:
        """Return how much speaks for a person."""
        start, end = run[0].start, run[-1].end
        names = [
            one for one in run if len(one.text) > 1 and one.folded not in self._words.particles
        ]
        if not names:
            return 0.0
        told = self._cues.before(text, start, end)
        weight = told + self._cues.behind(text, end) + self._by_words(run, names, told)
        if any(one.folded in self._words.organisations for one in run[1:]) or (
            self._cues.organisation(text, end)
        ):
            weight -= 3.0
        if mails and all(one.folded in mails for one in names):
            weight += 3.0
        listed = self._words.given(names[0].folded) or self._words.family(names[0].folded)
        small = text[start].islower()
        if (listed or (len(names) > 1 and not small)) and self._cues.own_line(text, start, end):
            weight += 1.0
        if not listed and len(names) == 1 and self._cues.place(text, start):
            weight -= 1.0
        believed = self._believed(names, belief)
        if small and believed < _LISTED:
            # Written without a capital: it has one by our own guess only.
            believed = belief.small
        return weight + self._opinion(names, entities, weight, believed, told)

    def _opinion(
        self, names: list[Token], entities: Entities, weight: float, believed: float, told: float
    ) -> float:
        """Return what the model adds. It is not asked where it could change nothing."""
        first, last = names[0], names[-1]
        family = self._words.family(last.folded, last.text)
        against = 0.3 if family is Standing.SURE else 1.0
        if told >= _TOLD:
            against = 0.0
        if weight + believed + _PERSON_BESIDE < _ENOUGH or weight - against >= _ENOUGH:
            return 0.0
        labels = entities.labels(first.start, last.end)
        if "PERSON" in labels:
            return believed
        return -against if labels & _AGAINST else 0.0

    def _by_words(self, run: list[Token], names: list[Token], told: float) -> float:
        """Return how much the words themselves speak for a person."""
        words, first = self._words, names[0]
        given, family = words.given(first.folded), words.family(first.folded, first.text)
        weight = _GIVEN[given] or _FAMILY_ALONE[family]
        english = self._is_english(first)
        if not (given or family) and english and told < _TITLED:
            weight -= 4.0
        for token in names[1:]:
            standing = max(words.family(token.folded, token.text), words.given(token.folded))
            if standing is Standing.SURE:
                weight += 2.2 if not english or given else 1.5
            elif standing is Standing.MAYBE:
                weight += 1.0 if given else 0.3
            elif self._is_english(token):
                weight -= 3.2
            elif not given and family:
                # Shops are called after a family and what they sell.
                weight -= 3.0
        if len(names) > 1 and not any(self._is_english(one) for one in names):
            weight += 0.3
        inner = run[1:-1]
        if any(len(one.text) == 1 for one in inner) or any(
            one.folded in _BORN_WITH and one.text.islower() for one in inner
        ):
            weight += 1.5
        return weight

    def _believed(self, names: list[Token], belief: _Belief) -> float:
        """Return how far the model is believed that takes products for people, too."""
        words, first = self._words, names[0]
        given, family = words.given(first.folded), words.family(first.folded, first.text)
        if len(names) == 1 and Standing.SURE not in {given, family} and self._is_english(first):
            return belief.word
        if (
            given
            or family
            or any(words.family(one.folded, one.text) is Standing.SURE for one in names[1:])
        ):
            return _LISTED
        return belief.pair if len(names) > 1 else belief.one

    def _is_english(self, token: Token) -> bool:
        return token.text.isascii() and self._words.is_english(token.folded)

    def _company_of_others(
        self, text: str, runs: list[list[Token]], weights: list[float], at: int
    ) -> float:
        """Return what neighbours in an enumeration add: persons are named with persons."""
        beside = 0.0
        for other in (at - 1, at + 1):
            if not 0 <= other < len(runs):
                continue
            first, second = sorted((runs[at], runs[other]), key=lambda run: run[0].start)
            if text[first[-1].end : second[0].start] not in _ENUMERATES:
                continue
            if any(one.folded in self._words.organisations for one in runs[other]):
                sure = self._words.given(runs[at][0].folded) is Standing.SURE
                return 0.0 if sure and len(runs[at]) > 1 else -2.0
            if weights[other] >= _LIKELY_TOO:
                beside = _PERSON_BESIDE
        return beside


def _joins(text: str, left: Token, right: Token) -> bool:
    """Whether two words may be parts of one name."""
    between = text[left.end : right.start]
    if between in {" ", "  ", "\u00a0", "-"}:
        return True
    return between in {". ", "."} and len(left.text) == 1
