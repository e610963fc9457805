"""A question in its conversation, made to stand on its own: pure, and without a model.

Nothing is taken away from a question that stands on its own already; that is most of them, in a
conversation too. What goes on from an earlier question gets that question's words: one thing put
in another's place ("and for Gold partners?"), or its topic behind what is asked now ("why?").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from copilot import cues, slots
from copilot.choice import chosen
from copilot.cues import Opened, Opening
from copilot.question import MAX_CHARACTERS, Question, read_question
from retrieval.keywords import terms as tokenize

MOST_TURNS = 8
"""How many turns are looked back at; older ones are forgotten."""

_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*>")
_ASIDE = re.compile(r"\(([^()]*)\)")
_MOST_TOPIC_WORDS = 24
_FEW = 2
_SOME = 4
_MANY = 6
CLARIFICATION = "clarification"
_COURTESY = "courtesy"
_CAPITAL = re.compile(r"[A-Z][\w-]*")


class Relation(StrEnum):
    """What a message is to the conversation before it."""

    NEW = "new"
    FOLLOW_UP = "follow_up"
    TOPIC_CHANGE = "topic_change"
    CHOICE = "choice"
    """It answers the clarifying question that was asked back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An earlier turn of the same asker's conversation.

    `question` stands on its own, as it was kept: without personal data. `kind` is the outcome's.
    `said` is what of its sources the asker was shown and may still read; it helps to see what a
    message goes on from, and none of its words get into a question. `options` are those of a
    clarifying question.
    """

    question: str
    kind: str
    said: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standalone:
    """The question on its own. `sure` is False where a model may word it better."""

    text: str
    relation: Relation
    sure: bool = True


class Rewriter(Protocol):
    """Words a follow-up as a question of its own; a chat model behind an adapter."""

    def rewrite(self, text: str, turns: Sequence[Turn]) -> str:
        """The question on its own, or nothing where it cannot say."""


def resolve(text: str, turns: Sequence[Turn], rewriter: Rewriter | None = None) -> Standalone:
    """Read a message in its conversation; `turns` are the earlier ones, oldest first.

    A rewriter is only asked where the reading from words is unsure, and its wording is only taken
    where `adds_nothing`.
    """
    known = tuple(_cleaned(one) for one in turns[-MOST_TURNS:])
    found = _resolved(text, tuple(one for one in known if one.question))
    if rewriter is None or found.sure:
        return found
    offered = rewriter.rewrite(text, known).strip()
    if not offered or not adds_nothing(offered, text, known):
        return found
    return Standalone(text=offered, relation=found.relation)


def adds_nothing(offered: str, text: str, turns: Sequence[Turn]) -> bool:
    """Whether a rewrite names no number, identifier or name that was not said before."""
    if len(offered) > MAX_CHARACTERS or _PLACEHOLDER.search(offered):
        return False
    said = " ".join([text, *(f"{one.question} {' '.join(one.options)}" for one in turns)])
    tokens, read = frozenset(tokenize(said)), read_question(offered)
    capitals = {token for word in _CAPITAL.findall(offered)[1:] for token in tokenize(word)}
    named = {token for token in capitals if token in read.tokens}
    figures = {token for token in tokenize(offered) if any(mark.isdigit() for mark in token)}
    return (read.identifiers | named | figures) <= tokens


def _resolved(text: str, turns: tuple[Turn, ...]) -> Standalone:
    new = Standalone(text=text, relation=Relation.NEW)
    usable = tuple(one for one in turns if one.kind != _COURTESY)
    if not usable:
        return new
    message = cues.opened(text)
    if message.opening is Opening.CHANGES:
        return Standalone(text=message.rest, relation=Relation.TOPIC_CHANGE)
    last = turns[-1]
    if last.kind == CLARIFICATION:
        option = chosen(message.rest, last.options)
        if option is not None:
            return Standalone(text=_asked_of(last, option), relation=Relation.CHOICE)
    if message.opening is Opening.RESTATES:
        return _restated(text, message, usable)
    return _carried_on(message, usable) or new


def _restated(text: str, message: Opened, turns: tuple[Turn, ...]) -> Standalone:
    if len(read_question(message.rest).terms) > _FEW:
        return Standalone(text=message.rest, relation=Relation.FOLLOW_UP)
    return _carried_on(message, turns) or Standalone(text=text, relation=Relation.NEW)


def _carried_on(message: Opened, turns: tuple[Turn, ...]) -> Standalone | None:
    """The follow-up on its own; None where the message stands on its own already."""
    rest = cues.without_last_words(message.rest)
    if not rest:
        return None
    read = read_question(rest)
    if message.back_to:
        return _returned(rest, message, turns)
    if not cues.is_question(rest) and not cues.is_condition(rest):
        completed = _completed(rest, read, message, turns)
        if completed is not None or cues.is_fragment(rest):
            return completed
    carries = message.opening is not Opening.PLAIN
    if not _leans(message.rest, read, turns[-1], carries=carries):
        return None
    return Standalone(
        text=_about(rest, _continued(rest, turns).question),
        relation=Relation.FOLLOW_UP,
        sure=False,
    )


def _returned(rest: str, message: Opened, turns: tuple[Turn, ...]) -> Standalone | None:
    """A message that names the topic it comes back to; None where nothing before was about it."""
    turn = _continued(f"{message.back_to} {rest}", turns, kinds=rest)
    if frozenset(read_question(message.back_to).tokens).isdisjoint(
        tokenize(f"{turn.question} {turn.said}")
    ) and not slots.same_kinds(turn.question, rest):
        return None
    changed = slots.exchanged(turn.question, rest) if cues.is_fragment(rest) else None
    if changed is not None:
        return Standalone(text=changed, relation=Relation.FOLLOW_UP)
    asked = rest if cues.is_question(rest) else turn.question
    context = turn.question if cues.is_question(rest) else rest
    return Standalone(
        text=_about(asked, f"{message.back_to} {context}"), relation=Relation.FOLLOW_UP, sure=False
    )


def _completed(
    rest: str, read: Question, message: Opened, turns: tuple[Turn, ...]
) -> Standalone | None:
    """A message that asks nothing by itself, in the question it belongs to."""
    turn = _continued(rest, turns, kinds=rest)
    carries = message.opening is not Opening.PLAIN and cues.is_fragment(rest)
    if not carries:
        things = slots.things_in(rest)
        foreign = frozenset(read.tokens) - frozenset(tokenize(turn.question))
        foreign -= {token for one in things for token in tokenize(one.said)}
        scoped = slots.scopes_in(rest)
        if len(read.terms) > _SOME or len(foreign) > (_FEW if scoped else 0):
            return None
        if not scoped and not slots.same_kinds(turn.question, rest):
            return None
    changed = slots.exchanged(turn.question, rest)
    if changed is not None:
        return Standalone(text=changed, relation=Relation.FOLLOW_UP)
    if len(read.terms) > _FEW and frozenset(read.tokens).isdisjoint(
        tokenize(f"{turn.question} {turn.said}")
    ):
        return None
    return Standalone(text=_about(turn.question, rest), relation=Relation.FOLLOW_UP, sure=False)


def _leans(text: str, read: Question, last: Turn, *, carries: bool) -> bool:
    """Whether a whole sentence needs something that was said before."""
    content = cues.content(text)
    telling = len(content)
    known = frozenset(tokenize(f"{last.question} {last.said}"))
    named = bool(read.identifiers.union(*read.names))
    if cues.points_back(text, known):
        return telling <= (_SOME if named else _MANY)
    if carries and cues.is_condition(text):
        return True
    if named or telling > _SOME:
        return False
    if not telling:
        return len(text.split()) <= _SOME and not _CAPITAL.search(text[1:])
    return (
        (telling == 1 and cues.asks_why(text))
        or (telling <= _FEW and (carries or cues.leans_back(text)))
        or (telling > 1 and known.issuperset(content))
    )


def _continued(rest: str, turns: tuple[Turn, ...], kinds: str = "") -> Turn:
    """The turn that a message goes on from: the last one, unless an earlier one says more of it."""
    asked = frozenset(read_question(rest).tokens)

    def worth(place: int) -> float:
        turn = turns[place]
        shared = len(asked & frozenset(tokenize(turn.question)))
        said = len(asked & frozenset(tokenize(turn.said)))
        alike = bool(kinds) and slots.same_kinds(turn.question, kinds)
        return 2.0 * shared + 0.5 * said + 2.0 * alike + (place == len(turns) - 1)

    return turns[max(range(len(turns)), key=lambda place: (worth(place), place))]


def _asked_of(turn: Turn, option: str) -> str:
    tokens = frozenset(tokenize(turn.question))
    if frozenset(tokenize(option)) <= tokens:
        return turn.question
    return _about(turn.question.rstrip(" ?.!"), option)


def _about(asked: str, context: str) -> str:
    """What is asked, and behind it what it is about."""
    topic = _topic(context, asked)
    asked = asked.rstrip(" ?.!")
    return (f"{asked} ({topic})?" if topic else f"{asked}?")[:MAX_CHARACTERS]


def _topic(question: str, asked: str) -> str:
    """What a question is about, as far as what is asked does not say it."""
    plain = _ASIDE.sub(r" \1 ", question)
    return slots.topic_of(plain, frozenset(read_question(asked).tokens), _MOST_TOPIC_WORDS)


def _cleaned(turn: Turn) -> Turn:
    """The turn without the placeholders that stand for personal data."""
    return Turn(
        question=" ".join(_PLACEHOLDER.sub(" ", turn.question).split()),
        kind=turn.kind,
        said=turn.said,
        options=turn.options,
    )
