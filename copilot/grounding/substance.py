"""What is no statement of the documents: questions, connecting phrases, promises, talk of itself.

Such a sentence may be polite or planted; either way no document supports it, so nobody sees it.
"""

import re
from collections.abc import Sequence

from copilot.evidence import Claim
from copilot.grounding.lexemes import Kind, read
from copilot.grounding.plain import plain
from copilot.question import Question
from retrieval.instructions import instructions_in
from retrieval.keywords import terms

_LINK = re.compile(
    r"(?:(?:https?|ftp)://|(?:mailto|javascript|data):(?=\S)|www\.)[^\s)>\]\"']*", re.IGNORECASE
)
_MARKUP = re.compile(
    r"<[a-z/!][^<>]*>?|!\[[^\]]*\]|\[[^\]]*\]\s*\([^)]*\)|\[[^\]]*\]:\s*\S|&#x?[0-9a-f]+;"
    r"|\{\{|\}\}|```|<\|[^|]*\|>",
    re.IGNORECASE,
)
_CONNECTS = re.compile(
    r"(?:(?:sure|certainly|of course|okay|ok|great question|hello|hi|thanks|thank you"
    r"|sorry)\b[^.:]{0,60}"
    r"|here (?:is|are|'s)\b[^.]{0,90}:?"
    r"|(?:according to|based on|as per|per) (?:the )?(?:\w+\s){0,4}(?:documents?|documentation"
    r"|sources?|passages?"
    r"|evidence|information|context|text|material)[^.]{0,40}"
    r"|(?:the )?(?:documents?|documentation|sources?|passages?|evidence) (?:says?|states?"
    r"|tells?|shows?|provides?"
    r"|contains?|mentions?)[^.]{0,50}:"
    r"|(?:in (?:summary|short|conclusion|other words)|to summari[sz]e|overall|therefore"
    r"|please note|note that)"
    r"|(?:i |we )?hope (?:this|that) helps[^.]{0,40}|let me know[^.]{0,80}|feel free[^.]{0,80}"
    r"|(?:the )?(?:answer|steps?|details?|following)[^.]{0,60}:|yes|no|it depends)[.:!,]*",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(
    r"\b(?:I|I'm|I've|I'll|I'd|me|myself|my)\b|\blet me\b|\bas an? (?:AI|assistant"
    r"|language model)\b"
    r"|\b(?:[Ww]e|[Ww]e've|[Ww]e'll) (?:have|will|are going to|can|'ll)? ?(?:just |now "
    r"|already )*(?:escalat|contact|forward"
    r"|notif|inform|refund|credit|process|schedul|look into|get back|follow up|reach out"
    r"|call you|e?-?mail you)\w*",
)
_SPEAKS_OF_ITSELF = re.compile(
    r"\b(?:system|developer|hidden|initial) (?:prompt|message|instructions?)\b"
    r"|\bmy (?:instructions|prompt|rules)\b"
    r"|\b(?:language model|AI (?:model|assistant)|chat ?bot|training data|knowledge cutoff"
    r"|prompt injection)\b"
    r"|\b(?:ignore|disregard|forget) (?:all |any |the )?(?:previous|prior|above|earlier)\b"
    r"|\b(?:evidence|passages?|documents?|sources?|context) (?:above|below|provided|given"
    r"|you (?:gave|provided))\b"
    r"|\b(?:provided|given|supplied) (?:evidence|passages?|documents?|sources?|context)\b"
    r"|^\s*(?:assistant|user|system|human)\s*:",
    re.IGNORECASE,
)
_ENOUGH = 2
_SHARED = 1


def is_question(text: str) -> bool:
    """Whether a sentence asks instead of telling."""
    return text.rstrip("\"')] ").endswith("?")


def leads(text: str) -> bool:
    """Whether a sentence announces something that is to follow."""
    return text.rstrip("* ").endswith(":")


def connects(text: str) -> bool:
    """Whether a sentence only leads to others, or is politeness."""
    return bool(_CONNECTS.fullmatch(text.strip())) or not any(one.telling for one in read(text))


def promises(text: str) -> bool:
    """Whether a sentence speaks for whoever writes it: what it has done, will do, or thinks."""
    return bool(_FIRST_PERSON.search(text))


def speaks_of_itself(text: str) -> bool:
    """Whether a sentence is about prompts, models or the evidence as such."""
    return bool(_SPEAKS_OF_ITSELF.search(text))


def commands(text: str) -> bool:
    """Whether a sentence carries an instruction of the kind that is planted in documents."""
    return bool(instructions_in(text))


def foreign_markup(text: str, sources: Sequence[str]) -> bool:
    """Whether a sentence holds a link or markup that none of the sources holds."""
    for pattern in (_LINK, _MARKUP):
        for found in pattern.finditer(text):
            if not any(found.group() in source for source in sources):
                return True
    return False


def has_substance(claims: Sequence[Claim], question: Question) -> bool:
    """Whether what is left of an answer says anything to the question.

    A claim does that says something beyond the question and shares one of its telling words; where
    the question has hardly any (a follow-up, a code), one that says something at all.
    """
    asked = frozenset(token for term in question.terms for token in (term.token, *term.parts))
    for claim in claims:
        text = plain(claim.text)
        if is_question(text) or leads(text) or connects(text):
            continue
        telling = {one.form for one in read(text) if one.kind is not Kind.JOINT and one.telling}
        shares = not asked or not asked.isdisjoint(terms(text)) or len(asked) < _ENOUGH
        if telling and len(telling) >= _SHARED and shares:
            return True
    return False
