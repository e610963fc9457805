"""Whether a text tries to command the assistant: frames of `manipulation.toml`.

For questions and documents alike. What only a document should not say is in `instructions`.
"""

import re
from functools import lru_cache

from retrieval.frames import Found, Manner, Rules, rules_of

# Marks that part a model's turns, and tags that pretend to close what the assistant was given.
_MARKS = re.compile(
    r"""
    <\|[a-z][\w\s-]{1,30}\|> | <\|?(?:im_start|im_end|endoftext|eot_id|start_header_id)\|?>
    | \[/?inst\] | <</?sys>>
    | \#{2,}\s*(?:system|instructions?|new\ instructions?|assistant|human)\s*[:\#\n]
    | </(?:system|context|instructions?|user_?input|document|prompt|user|data|query|question
        |tool_(?:response|result|output))>
    | <(?:system|override|system_?prompt|admin)>
    | (?:^|[-=\#*>.\]]\ ?)\[(?:system|admin|assistant|developer)\]
    """,
    re.VERBOSE,
)
_WITHOUT_SPACES = re.compile(
    r"(?:ignore|disregard|forget)(?:all|any|every|the|your|of|previous|prior|above|earlier|safety)*"
    r"(?:previous|prior|above|earlier|your|all)(?:instructions|rules|directives|guidelines|prompts)"
    r"|(?:reveal|show|print|repeat|output)(?:me|the|your|hidden|full)*systemprompt"
)
# A person's question about such things: "how do I ...", "can we ...", "..., right?".
_ASKS = re.compile(
    r"""
    ^\W*(?:how|where|when|why|which|who|what|do|does|did|is|are|was|will\ the|should|may|must
        |(?:can|could|would)(?!\ you)
        |wie|wo|wann|warum|welche\w*|kann|konnen\ wir|darf|muss|gilt|gelten
        |comment|ou|quand|pourquoi|quel\w*|puis-je|peut-on|est-ce
        |como|donde|cuando|por\ que|cual\w*|puedo|podemos|se\ puede
        |come|dove|quando|perche|qual\w*|posso|possiamo|si\ puo)\b
    |\b(?:how\ (?:do|can|to|does)|can\ (?:i|we)|do\ (?:i|we)|should\ (?:i|we)|but\ (?:i|it)
        |wie\ kann)\b
    |\b(?:right|correct|yes|oder|richtig|non|verdad|vero)\?\W*$
    """,
    re.VERBOSE,
)
_LONG_WORD = re.compile(r"[a-z]{14}")


def command_in(text: str) -> Found | None:
    """How and where a folded text tries to command an assistant; None where it does not.

    For questions and documents alike: neither people with a question nor manuals talk like this.
    """
    for found in _rules().matches(text):
        if not found.askable or not _ASKS.search(_sentence_around(text, found)):
            return found
    return _marked(text)


def may_command(text: str) -> bool:
    """Whether anything in a folded text of many sentences is worth a closer look."""
    return next(_rules().matches(text), None) is not None or _marked(text) is not None


def _marked(text: str) -> Found | None:
    mark = _MARKS.search(text) if "<" in text or "[" in text or "##" in text else None
    if mark:
        return Found(manner=Manner.FALSE_FRAME, start=mark.start(), end=mark.end())
    if _LONG_WORD.search(text) and _WITHOUT_SPACES.search(re.sub(r"[^a-z]", "", text)):
        return Found(manner=Manner.OVERRIDE, start=0, end=len(text))
    return None


@lru_cache(maxsize=1)
def _rules() -> Rules:
    return Rules([
        *rules_of("surely"),
        *rules_of("unless_asked", askable=True),
        *rules_of("opening", askable=True, opening=True),
    ])  # fmt: skip


def _sentence_around(text: str, found: Found) -> str:
    first = max(text.rfind(mark, 0, found.start) for mark in ".!?")
    last = [at for mark in ".!?" if (at := text.find(mark, found.end)) >= 0]
    return text[first + 1 : min(last, default=len(text)) + 1]
