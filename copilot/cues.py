"""What in a message says that it goes on from another: openings, pronouns, gaps (en, de, fr, es).

Words of grammar only. What a conversation is about is never listed here.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from copilot.question import read_question
from retrieval.keywords import terms as tokenize


class Opening(StrEnum):
    """How a message sets out from what was said before."""

    PLAIN = "plain"
    CARRIES_ON = "carries_on"
    """`And …`, `What about …`, `Same for …`: the question before, with something else in it."""
    CHANGES = "changes"
    """`Something else: …`: the topic changes."""
    RESTATES = "restates"
    """`I mean …`, `In other words …`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message without its opening. `back_to` is the topic that it names to return to."""

    opening: Opening
    rest: str
    back_to: str = ""


_GAP = r"[\s,;:.!…–—-]*"  # noqa: RUF001 (people type all of them)
_POLITE = re.compile(
    r"(?:ok(?:ay)?|thanks(?: a lot)?|thank you|thx|great|perfect|fine|good|cool|nice|all ?right"
    r"|right|sure|yes|yeah|no|nope|well|oh|ah|hm+|sorry|got it|i see|understood|danke|gut|ja|nein"
    r"|merci|d'accord|oui|non|gracias|vale|sí|bueno)\b" + _GAP,
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"(?:now )?(?:on )?(?:to )?(?:something|sth|anything) "
    r"(?:completely |entirely |totally |quite )?(?:else|different|new)\b"
    r"|(?:(?:now|and) )?(?:a |an |one )?(?:completely |entirely |totally )?"
    r"(?:other|another|new|next|different|unrelated|separate|further) "
    r"(?:topic|question|subject|matter|issue|thing)\b(?! (?:about|on|regarding|concerning)\b)"
    r"|change of (?:topic|subject)\b|changing (?:the )?(?:topic|subject)\b"
    r"|(?:let's |let us )?(?:change|switch) (?:the )?(?:topic|subject)s?\b"
    r"|on (?:another|a different) (?:note|subject|topic)\b|by the way\b|btw\b|unrelated(?:ly)?\b"
    r"|moving on\b|(?:eine )?andere frage\b|etwas (?:ganz )?anderes\b|anderes thema\b|übrigens\b"
    r"|(?:une )?autre (?:question|sujet)\b|autre chose\b|(?:otra pregunta|otro tema|otra cosa)\b",
    re.IGNORECASE,
)
_RESTATES = re.compile(
    r"(?:what )?i (?:actually |really )?(?:mean|meant|was asking|am asking|wanted to (?:know|ask))"
    r"(?: (?:is|was))?\b"
    r"|let me (?:put|phrase|say|ask|rephrase) (?:it|that|this)"
    r"(?: (?:differently|another way|again|otherwise|in other words))?"
    r"|(?:to )?put (?:it )?(?:differently|another way)|in other words|to rephrase|rather"
    r"|ich meine?|ich meinte|anders gesagt|je veux dire|autrement dit|quiero decir|es decir",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"(?:and |now |so )?(?:(?:to )?(?:go|going|come|coming|get|getting|jump|jumping|circling) )?"
    r"back to (?P<to>[^,;:?!–—]{2,80}?)\s*(?:[,;:!–—]|\s-\s)\s*(?P<then>\S.*)"  # noqa: RUF001
    r"|(?:and |now |so )?(?:returning to|coming to|regarding|concerning|as (?:for|to)|about|on"
    r"|zurück zu[mr]?|zum thema|bezüglich|pour revenir à|concernant|volviendo a|sobre) "
    r"(?P<on>[^,;:?!–—]{2,60}?)\s*(?:[,;:!–—]|\s-\s)\s*(?P<there>\S.*)",  # noqa: RUF001
    re.IGNORECASE | re.DOTALL,
)
_ABOUT = (
    r"(?:what|how) about|what of|how does (?:that|this|it) look (?:for|in|on|with)"
    r"|(?:and )?what(?: is|'s) it for"
    r"|(?:the )?same (?:thing|question|story|one|again)?\s*(?=for|with|in|on|about|at|from|under)"
    r"|(?:is|are|was|does) (?:it|that|this|they|these) (?:also )?the same"
    r"|(?:does|do|would|will) (?:that|this|the same|it|they) (?:also )?(?:apply|hold|go|count)"
    r"|und wie (?:ist|sieht) (?:es|das) (?:aus )?(?:mit|bei|für)|wie sieht es mit|was ist mit"
    r"|gilt das auch|et pour|qu'en est-il|y para|y en|qué tal|qué hay de|qué pasa con"
)
_CARRIES_ON = re.compile(
    rf"¿?(?:(?:and|but|so|or|then|also|plus|und|aber|oder|et|ou|mais|y|e|o|pero)\b{_GAP})?"
    rf"(?:{_ABOUT})\b{_GAP}|¿?(?:and|or|but|plus|also|und|et|y)\b{_GAP}",
    re.IGNORECASE,
)
_LAST_WORDS = re.compile(
    r"[\s,;:]*\b(?:then|instead|too|as well|though|please|pls|also|i think|i guess|i believe"
    r"|i mean|dann|auch|bitte|alors|aussi|también|entonces)\s*(?=[.?!\s]*$)",
    re.IGNORECASE,
)

_ASKS = re.compile(
    r"\b(?:what|what's|which|who|who's|whom|whose|where|where's|when|when's|why|why's|how|how's"
    r"|was|wer|wie|wann|warum|wieso|welche[rsnm]?|quel(?:le)?s?|qui|quand|comment|pourquoi|combien"
    r"|qué|cuál(?:es)?|quién|cuándo|cómo|cuánt[oa]s?)\b",
    re.IGNORECASE,
)
_ASKS_FIRST = re.compile(
    r"\W*(?:is|are|was|were|do|does|did|can|could|may|might|must|shall|should|will|would|has|have"
    r"|had|am|isn't|aren't|doesn't|don't|can't|won't|ist|sind|kann|können|darf|muss|hat|gibt|est-ce"
    r"|peut-on|puis-je|hay|puedo|puede|es|son)\b",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|do|does|did|can|cannot|could|may|might|must|shall|should|will"
    r"|would|has|have|had|am|get|gets|need|needs|want|wants|use|uses|tell|show|give|explain"
    r"|describe|list|find|\w+n't|i'm|we're|they're|it's|that's)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\W*(?:what |and |but |or )?(?:if|when|unless|in case|falls|wenn|si)\b", re.IGNORECASE
)
_WHY = re.compile(
    r"\b(?:why|why's|how come|what for|reason|warum|wieso|weshalb|pourquoi|por qué)\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|it's|they|them|they're|he|she|him|this|that|that's|these|those|there"
    r"|(?:the|this|that|which|other|these|those) (?:[\w-]+ ){0,2}ones?|latter|former"
    r"|sie|dessen|deren|dafür|dazu|damit|davon|elle|ils|elles|cela|ça|celui|celle|eso|ello)\b"
    r"|\b(?:then|das|es|dort)(?=[\s?.!]*$)",
    re.IGNORECASE,
)
_OWNED = re.compile(r"\b(?:its|their|theirs|his|her|leur|leurs|ihre?[rsmn]?)\b", re.IGNORECASE)
_DOES = re.compile(
    r"(?:take|cost|mean|work|happen|need|appl(?:y|ie)|hold|last|look|help|go|get|count|begin|start"
    r"|end|run|cover|include|come|stay|matter|affect|require|depend|follow|change|expire)s?",
    re.IGNORECASE,
)
# `this window`: a thing that is named, so that it can be looked for in what was said.
_POINTED_AT = re.compile(
    r"\b(?:this|that|these|those|such(?: an?)?|dies(?:e|er|es|em|en)|cette|ces|este|esta|estos"
    r"|estas)\s+([^\W\d_][\w-]*)",
    re.IGNORECASE,
)
_LEANS_BACK = re.compile(
    r"\b(?:more|longer|shorter|less|else|another|again|both|otherwise|instead|the other|exceptions?"
    r"|same|such|further|exactly|mehr|länger|sonst|plus|davantage|más)\b",
    re.IGNORECASE,
)
# `it` that stands for nothing, or for what follows; and pointers that are something else.
_POINTS_NOWHERE = re.compile(
    r"\b(?:is|was|be|would be|makes?|made|find) it (?:[\w-]+ ){0,3}(?:to|that|if|when|for|from)\b"
    r"|\bit(?:'s| is| was| would be) (?:[\w-]+ ){0,2}(?:to|that|if)\b"
    r"|\b(?:does|do|did|will|would|can) it (?:take|cost|matter|mean|make sense|help)\b"
    r"(?=.*\b(?:to|if|for|until|till|when|that)\b)|\bhow far is it\b|\bworth it\b"
    r"|\bit (?:\w+ )?(?:takes?|costs?|makes? sense)\b(?=.*\b(?:to|for|if)\b)"
    r"|\b(?:is|are|was|were|isn't|aren't|will|can) there\b|\bthere(?:'s| is| are| was| were)\b"
    r"|\b(?:so|such|now|given|provided|than|like|only|all|except) that\b"
    r"|\b(?:this|these|that|last) (?:years?|months?|weeks?|quarters?|morning|time|days?|season)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"(?:it's|they're|(?:it|they|he|she) (?:is|are|was|were|has|have|had|does|do|did|can|will|would"
    r"|should|must|may|isn't|doesn't|can't))\b",
    re.IGNORECASE,
)
_MEASURES = frozenset(tokenize("long soon fast far quick quickly lang lange longtemps"))
_CLAUSE = re.compile(
    r"[,;:.?!()–—]|\s-\s|\b(?:if|when|because|and|but|so|that|which|who|while|after|before|until"  # noqa: RUF001
    r"|since|whether|although|or|wenn|weil|und|aber|oder|si|parce|et|mais|y|pero)\b",
    re.IGNORECASE,
)


def content(text: str) -> frozenset[str]:
    """The tokens of a text that tell what it is about."""
    return frozenset(read_question(text).tokens) - _MEASURES


def opened(text: str) -> Opened:
    """Take a message's opening off. What remains is never empty unless the message is."""
    rest = text.strip()
    while (polite := _POLITE.match(rest)) and polite.end() < len(rest):
        rest = rest[polite.end() :]
    for pattern, opening in ((_CHANGES, Opening.CHANGES), (_RESTATES, Opening.RESTATES)):
        found = re.match(rf"(?:{pattern.pattern}){_GAP}", rest, pattern.flags)
        if found and found.end() < len(rest):
            return Opened(opening=opening, rest=rest[found.end() :])
    back = _BACK.match(rest)
    if back:
        topic = back["to"] or back["on"]
        return Opened(
            opening=Opening.CARRIES_ON,
            rest=_carried(back["then"] or back["there"])[0],
            back_to=topic,
        )
    carried, carries = _carried(rest)
    if carries:
        return Opened(opening=Opening.CARRIES_ON, rest=carried)
    return Opened(opening=Opening.PLAIN, rest=rest)


def _carried(text: str) -> tuple[str, bool]:
    found = _CARRIES_ON.match(text)
    if not found or found.end() >= len(text):
        return text, False
    return text[found.end() :], True


def without_last_words(text: str) -> str:
    """The text without `then`, `though`, `please` and the mark at its end."""
    shorter = text.strip(" \t\n?!.,;:¿¡")
    while (cut := _LAST_WORDS.sub("", shorter).rstrip(" ,;:")) != shorter and cut:
        shorter = cut
    return shorter


def is_fragment(text: str) -> bool:
    """Whether a text is less than a sentence: it neither asks nor has a verb."""
    return not (_ASKS.search(text) or _ASKS_FIRST.match(text) or _VERB.search(text))


def is_question(text: str) -> bool:
    """Whether a text asks in words, not only by a mark at its end."""
    return bool(_ASKS.search(text) or _ASKS_FIRST.match(text))


def is_condition(text: str) -> bool:
    """Whether a text is nothing but a condition (`if it is only one day before`)."""
    found = _CONDITION.match(text)
    return bool(found) and not _ASKS.search(text[found.end() :]) if found else False


def asks_why(text: str) -> bool:
    """Whether a reason is asked for."""
    return bool(_WHY.search(text))


def points_back(text: str, said: Collection[str]) -> bool:
    """Whether a pronoun or the like has nothing in the same text to stand for.

    What stands in an earlier clause of the text can be what a later one points to; the subject of
    the same clause cannot, unless it owns something. `said` are the tokens of what was said
    before: `this window` points back only where a window was spoken of.
    """
    plain = _POINTS_NOWHERE.sub(lambda found: " " * len(found.group()), text)
    owned = _OWNED.search(plain)
    if owned:
        return not content(text[: owned.start()])
    for found in _POINTS_BACK.finditer(plain):
        before = text[: found.start()]
        if found.group().casefold() == "that" and _is_relative(before):
            continue
        at = _POINTED_AT.match(plain, found.start())
        if at and not _DOES.fullmatch(at.group(1)) and (named := read_question(at.group(1)).tokens):
            if not said or frozenset(named).isdisjoint(said):
                continue
            return True
        embedded = _SUBJECT.match(plain, found.start()) and bool(content(before))
        if not embedded and not any(content(one) for one in _CLAUSE.split(before)[:-1]):
            return True
    return False


def _is_relative(before: str) -> bool:
    words = before.split()
    return bool(words) and bool(read_question(words[-1]).terms)


def leans_back(text: str) -> bool:
    """Whether a text compares with, or adds to, something that it does not name."""
    return bool(_LEANS_BACK.search(text))
