"""Names of persons: what the language model sees, weighed with what words and their places tell.

The small model alone finds three names in five, and takes products for people. So each run of
words that are written like a name is weighed: lists of names, the model's own opinion, and cues
such as a title before or "says" behind it. Where little speaks for a person, the text keeps it:
tickets are searched by the names of products and companies.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from governance.redaction import PersonalData
from governance.redaction_casing import Token, recased, tokens_of
from governance.redaction_cues import Cues
from governance.redaction_findings import Finding
from governance.redaction_words import Standing, Words

_SCORE = 0.55
_ENOUGH = 2.0
_LONGEST_RUN = 6
_PARTICLES = frozenset(
    "de van der den von vom zu zur da das do dos del della delle di du la le las los bin ibn al el "
    "y e ter ten af av op 't".split()
)
_ORGANISATION = frozenset(
    "inc incorporated ltd limited llc llp plc corp corporation co company gmbh ag kg ohg ug se sa "
    "sas sarl srl spa bv nv ab as asa oy oyj aps sp zoo kft zrt sro group holding holdings partners "
    "bank university college school academy institute hospital clinic church orchestra band "
    "foundation association society club team department agency studio studios software systems "
    "solutions services technologies technology labs media press news times post store stores shop "
    "hotel airlines airport station museum theatre theater court council ministry office county "
    "street st road avenue ave lane drive square park bridge tower building hall river lake mount "
    "island islands valley beach award prize act award cup open championship api sdk app".split()
)  # fmt: skip
_NO_SURNAME = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june "
    "july august september october november december i and or but the a an".split()
)
_FOR = {"PERSON": 2.0, "ORG": -1.0, "GPE": -1.0, "LOC": -1.0, "FAC": -1.0, "NORP": -1.0,
        "PRODUCT": -1.0, "WORK_OF_ART": -0.5, "EVENT": -1.0, "LAW": -1.0, "LANGUAGE": -1.0}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEntity:
    """What the language model takes for a name, and of which kind."""

    label: str
    start: int
    end: int


class Persons:
    """Weighs runs of words. Pure but for the lists it was given."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._cues = Cues()

    def recased(self, text: str) -> str:
        """Return the text as the language model should read it."""
        return recased(text, self._words)

    def find(self, text: str, shaped: str, entities: Sequence[NamedEntity]) -> list[Finding]:
        """Return the persons; `shaped` is the text recased, place by place the same."""
        runs = list(self._runs(shaped))
        mails = self._cues.mail_names(text)
        found = [run for run in runs if self._weight(text, shaped, run, entities, mails) >= _ENOUGH]
        known = {
            token.folded
            for run in found
            for token in run
            if len(token.folded) > 2 and not self._words.is_english(token.folded)
        }
        again = [
            run for run in runs if run not in found and all(one.folded in known for one in run)
        ]
        return [
            Finding(kind=PersonalData.PERSON, start=run[0].start, end=run[-1].end, score=_SCORE)
            for run in (*found, *again)
        ]

    def _runs(self, shaped: str) -> Iterator[list[Token]]:
        """Yield what is written like names, without what only stands before or behind them."""
        run: list[Token] = []
        for token in tokens_of(shaped):
            if run and not _joins(shaped, run[-1], token):
                yield from self._trimmed(run)
                run = []
            if self._is_shaped(token) or (run and token.folded in _PARTICLES):
                run.append(token)
            elif run:
                yield from self._trimmed(run)
                run = []
        yield from self._trimmed(run)

    def _is_shaped(self, token: Token) -> bool:
        text = token.text
        if not text[0].isupper():
            # Scripts without capitals are left to the model.
            return False
        if len(text) > 1 and text.isupper():
            return bool(self._words.given(token.folded) or self._words.family(token.folded))
        inner = text[1:]
        return (
            inner.islower()
            or len(text) == 1
            or bool(
                re.fullmatch(
                    r"(?:Mc|Mac|O['’]|D['’]|De|La|Le|Di|Du|Van|Von|Fitz)?[^\W\d_]['’a-zà-ž]+", text
                )
            )
        )

    def _trimmed(self, run: list[Token]) -> Iterator[list[Token]]:
        """Yield the run from its first name on; a run of plain words only is none."""
        words = self._words
        while run and (
            run[0].folded in words.function_words
            or run[0].folded in _PARTICLES
            and run[0].text.islower()
            or (
                len(run) > 1
                and words.is_english(run[0].folded)
                and words.given(run[0].folded) is Standing.NONE
                and words.family(run[0].folded) is Standing.NONE
            )
        ):
            run = run[1:]
        while run and (
            run[-1].folded in _PARTICLES
            or run[-1].folded in _NO_SURNAME
            or run[-1].folded in words.function_words
        ):
            run = run[:-1]
        if run and not all(len(token.text) == 1 for token in run):
            yield run[:_LONGEST_RUN]

    def _weight(
        self,
        text: str,
        shaped: str,
        run: list[Token],
        entities: Sequence[NamedEntity],
        mails: frozenset[str],
    ) -> float:
        """Return how much speaks for a person."""
        words = self._words
        start, end = run[0].start, run[-1].end
        names = [token for token in run if len(token.text) > 1 and token.folded not in _PARTICLES]
        weight = self._cues.before(text, start) + self._cues.behind(text, end)
        first = names[0]
        given, family = words.given(first.folded), words.family(first.folded)
        weight += {Standing.SURE: 3.0, Standing.MAYBE: 0.8, Standing.NONE: 0.0}[given]
        if given is Standing.NONE:
            weight += {Standing.SURE: 1.5, Standing.MAYBE: 0.5, Standing.NONE: 0.0}[family]
        for token in names[1:]:
            standing = max(words.family(token.folded), words.given(token.folded))
            if standing is Standing.SURE:
                weight += 1.5
            elif standing is Standing.MAYBE:
                weight += 1.0 if given else 0.3
            elif words.is_english(token.folded):
                weight -= 0.7 if given is Standing.SURE else 1.5
        if given is Standing.NONE and family is Standing.NONE and words.is_english(first.folded):
            weight -= 2.0
        if any(token.folded in _ORGANISATION for token in run[1:]) or self._cues.organisation(
            text, end
        ):
            weight -= 3.0
        if mails and all(token.folded in mails for token in names):
            weight += 3.0
        labels = {one.label for one in entities if one.start < end and start < one.end}
        if "PERSON" in labels:
            weight += _FOR["PERSON"]
        elif labels:
            weight += min(_FOR.get(label, 0.0) for label in labels)
        if len(names) in (2, 3) and not any(words.is_english(one.folded) for one in names):
            weight += 0.3
        if self._cues.own_line(text, start, end):
            weight += 1.0
        return weight


def _joins(text: str, left: Token, right: Token) -> bool:
    """Whether two words may be parts of one name."""
    between = text[left.end : right.start]
    if between in {" ", "  ", "\u00a0", "-"}:
        return True
    return between in {". ", "."} and len(left.text) == 1
