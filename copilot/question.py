"""A question as the rest of the floor reads it: its telling words and what kind of answer it wants.

Everything here is read off the words; nothing is looked up. What a word is worth is decided
later from the documents the asker may read (`copilot.terms`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from retrieval.keywords import terms as tokenize

MAX_CHARACTERS = 4000
MAX_TERMS = 48
_SHORTEST = 2


class Wants(StrEnum):
    """The form of answer a question asks for; decides which spans can answer it."""

    STEPS = "steps"
    NUMBER = "number"
    AMOUNT = "amount"
    DURATION = "duration"
    MOMENT = "moment"
    PERSON = "person"
    PLACE = "place"
    COMPARISON = "comparison"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One telling word of a question: as the index knows it, and as the asker wrote it.

    `parts` are the pieces of a joined word (`sign-up`), which stand in for it where the documents
    do not join it; empty for a plain word and for an identifier with a digit, which is one thing.
    """

    token: str
    word: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A standalone question, read once.

    `terms` are its telling words without repetition, in their order; `identifiers` the tokens
    that must match as they stand (numbers, years, error codes, API names); `names` the things it
    calls by a capitalised name, each as its tokens. `meant` are the tokens of what the asker calls
    its own ("our region"), as far as that is known of the asker.
    """

    text: str
    wants: Wants
    terms: tuple[Term, ...]
    identifiers: frozenset[str]
    names: tuple[tuple[str, ...], ...]
    meant: frozenset[str] = frozenset()

    @property
    def tokens(self) -> tuple[str, ...]:
        """The telling words as the index knows them."""
        return tuple(term.token for term in self.terms)


# Words that carry no topic: grammar, and what people wrap around a question when they write to
# a help desk. A word missing here costs little; a topic word listed here would be ignored.
_GRAMMAR = """
a about above after again against all already also although always am among an and another any
anyone anything are aren't around as at away be became because become been before being below
between both but by can can't cannot come could couldn't did didn't do does doesn't doing don't
done down during each either else etc even ever every everything few for from further given
gives go goes going had has hasn't have haven't having he her here hers him his how however i
i'd i'll i'm i've if in inside instead into is isn't it it's its itself just let like ll made
make makes making many may me might mine more most much must my myself neither no nor not now of
off often on once one only onto or other others our ours out over own per rather re s same
several shall she should shouldn't since so some someone something soon still such t than that
that's the their theirs them themselves then there these they they're thing things this those
though through thus to together too toward towards under until up upon us using ve very via was
wasn't way we we're well were weren't what what's when where whether which while who whom whose
why will with within without won't would wouldn't yes yet you you're your yours
der die das den dem des ein eine einen einem einer und oder aber ist sind wie was wer wo wann
warum welche welcher welches ich wir sie ihr mein unser kann können muss mit von für auf im zu
le la les un une des du de et ou est sont comment quel quelle quels quelles quand où pourquoi qui
je nous vous mon notre peut puis avec pour dans sur
el los las una unos y es son cómo como qué cuál cuáles cuándo dónde por quién yo nosotros mi
nuestro puedo puede con para en
"""
_CHAT = """
able actually advance advise anybody appreciate appreciated ask asking assist assistance
assistant basically best bit bye can't clarification clarify clear confused could curious
currently dear difficulties difficulty easily encountering exactly experiencing explain
explanation facing figure find found getting glad good got great guidance guide happy hello help
helpful hey hi hoping idea im ive interested issue issues kind kindly know knowing learn let lot
love maybe mean meant need needed needing needs okay ok perhaps please possible possibly
problem problems properly provide question questions quick really reason regarding right seem
seems somehow sorry struggling sure tell thank thanks think tried tries trouble troubles try
trying understand unable unsure upfront useful usually want wanted wanting wants wish wonder
wondering work working works wrong
"""


def _stop_tokens() -> frozenset[str]:
    plain = set((_GRAMMAR + _CHAT).split())
    return frozenset(plain | {token for word in plain for token in tokenize(word)})


_STOP = _stop_tokens()

# The keyword leg's idea of a token, so that its statistics know every term found here.
_TOKEN = re.compile(r"[^\W_]+(?:[-._/:@+#][^\W_]+|_+[^\W_]+)*")
_DIGIT = re.compile(r"\d")
_IDENTIFIER = re.compile(r".*\d|[^\W_]+[._:@#][^\W_]|[A-Z]{2,}s?$|[a-z]+[A-Z]")
_STEPS = re.compile(
    r"\bhow\s+(?:do|can|could|should|would|might|must|to|does\s+one)\b|\bsteps?\b"
    r"|\bprocedure\b|\bset(?:ting)?\s+up\b|\bwhat\s+do\s+(?:i|we)\s+(?:do|need\s+to\s+do)\b"
    r"|\bi(?:'d|\s+would)?\s+(?:want|need|like|am\s+trying|'m\s+trying)\s+to\b|\bi'?m\s+trying\s+to\b"
    r"|\bis\s+there\s+(?:a|any)\s+way\s+to\b|\bwie\s+kann\b|\bcomment\s+(?:puis|faire)\b",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"\bhow\s+(?:long|often|soon|quickly|fast|frequently|far\s+in\s+advance|far\s+ahead"
    r"|much\s+(?:time|notice)|many\s+(?:\w+\s+)?(?:seconds|minutes|hours|days|weeks|months|years))\b"
    r"|\b(?:what|which)\s+(?:idle\s+|grace\s+)?(?:time|hour|period|interval|deadline|notice)\b"
    r"|\b(?:by|until|till)\s+when\b"
    r"|\bwie\s+lange\b|\bcombien\s+de\s+temps\b|\bcuánto\s+tiempo\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\bhow\s+(?:much|high|expensive|big|large)\b|\bwieviel\b|\bwie\s+viel\b|\bcombien\b"
    r"|\bcuánto\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\bhow\s+(?:many|old|far)\b|\bwie\s*viele\b|\bcuánt[oa]s\b", re.IGNORECASE)
# Nouns that ask for a figure, unless the question opens with a verb or asks how or where.
_NAMED_DURATION = re.compile(r"\b(?:lifetime|validity|timeout|deadline|retention)\b", re.IGNORECASE)
_NAMED_AMOUNT = re.compile(
    r"\b(?:price|costs?|fees?|surcharge|penalty|rate|rebate|discount|charge|percentage|percent"
    r"|share|margin|budget|reserve|threshold)\b",
    re.IGNORECASE,
)
_NAMED_NUMBER = re.compile(
    r"\bnumber\s+of\b|\b(?:maximum|minimum|max|min|limit|amount|port|size|score|quota|mark|uptime|level"
    r"|target|default)\b",
    re.IGNORECASE,
)
_OPENS_WITH_A_VERB = re.compile(
    r"\W*(?:what\s+are|how|where|why|who|can|could|do|does|did|is|are|was|were|will|would|may|must|should|has"
    r"|have|i|i'm|we|our|my|user)\b",
    re.IGNORECASE,
)
_MOMENT = re.compile(
    r"\bwhen\s+(?:is|was|were|will|does|did|do|are|can|must|should|has)\b"
    r"|\b(?:what|which)\s+(?:\w+\s+)?(?:date|days?|year|month|quarter|weekdays?)\b"
    r"|\bsince\s+when\b|\bwann\b|\bquand\b|\bcuándo\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"^\W*who(?:m|se)?\b|\bwho\s+(?:is|was|approves?|owns?|can|must|should)\b", re.IGNORECASE
)
_PLACE = re.compile(r"^\W*where\b|\bwhere\s+(?:do|can|is|are|does|should)\b", re.IGNORECASE)
_COMPARISON = re.compile(
    r"\bdifferen(?:ce|ces|t)\b|\bcompare[ds]?\b|\bcomparison\b|\bversus\b|\bvs\b\.?"
    r"|\bboth\b.+\band\b|\bwhich\s+(?:is|are)\s+(?:better|faster|cheaper)\b|\brespectively\b",
    re.IGNORECASE,
)


def read_question(text: str, own: Mapping[str, str] | None = None) -> Question:
    """Read a question. Anything beyond `MAX_CHARACTERS` is ignored: no honest question needs it.

    `own` is what is known of the asker (`region`: `emea`), so that "our region" can be resolved.
    """
    text = " ".join(text[:MAX_CHARACTERS].split())
    terms: dict[str, Term] = {}
    identifiers: set[str] = set()
    for match in _TOKEN.finditer(text):
        word = match.group()
        whole, *parts = tokenize(word) or [""]
        exact = bool(_IDENTIFIER.match(word))
        if not exact and (whole in _STOP or len(whole) < _SHORTEST):
            continue
        if len(terms) < MAX_TERMS and whole:
            pieces = () if _DIGIT.search(word) else tuple(p for p in parts if p not in _STOP)
            terms.setdefault(whole, Term(token=whole, word=word, parts=pieces))
            if exact:
                identifiers.add(whole)
    return Question(
        text=text,
        wants=_wants(text),
        terms=tuple(terms.values()),
        identifiers=frozenset(identifiers),
        names=_names(text),
        meant=_meant(text, own or {}),
    )


def _meant(text: str, own: Mapping[str, str]) -> frozenset[str]:
    found: set[str] = set()
    for name, value in own.items():
        if re.search(rf"\b(?:our|my)\s+(?:\w+\s+)?{re.escape(name)}\b", text, re.IGNORECASE):
            found.update(tokenize(value))
    return frozenset(found)


def telling(tokens: Sequence[str]) -> tuple[str, ...]:
    """The tokens of any text that carry topic: what remains without grammar and pleasantries."""
    return tuple(token for token in tokens if token not in _STOP)


def _wants(text: str) -> Wants:
    """The most particular form first: "how many steps" wants a number."""
    opens_with_a_verb = bool(_OPENS_WITH_A_VERB.match(text))
    for wants, pattern, is_noun in (
        (Wants.COMPARISON, _COMPARISON, False),
        (Wants.DURATION, _DURATION, False),
        (Wants.NUMBER, _NUMBER, False),
        (Wants.AMOUNT, _AMOUNT, False),
        (Wants.DURATION, _NAMED_DURATION, True),
        (Wants.AMOUNT, _NAMED_AMOUNT, True),
        (Wants.NUMBER, _NAMED_NUMBER, True),
        (Wants.MOMENT, _MOMENT, False),
        (Wants.PERSON, _PERSON, False),
        (Wants.STEPS, _STEPS, False),
        (Wants.PLACE, _PLACE, False),
    ):
        if pattern.search(text) and not (is_noun and opens_with_a_verb):
            return wants
    return Wants.STATEMENT


def _names(text: str) -> tuple[tuple[str, ...], ...]:
    """Runs of capitalised words that do not merely start a sentence."""
    names: list[tuple[str, ...]] = []
    run: list[str] = []
    previous_end = 0
    for match in _TOKEN.finditer(text):
        word, gap = match.group(), text[previous_end : match.start()]
        starts = previous_end == 0 or any(mark in gap for mark in ".?!:")
        previous_end = match.end()
        capital = word[:1].isupper() and word.casefold() not in _STOP and not starts
        if run and (not capital or gap != " "):
            names.append(tuple(run))
            run = []
        if capital:
            run.extend(tokenize(word))
    if run:
        names.append(tuple(run))
    return tuple(dict.fromkeys(names))
