"""Decides of one sentence whether the evidence it cites supports it, and by which words exactly."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from copilot.evidence import Claim, Evidence, Span
from copilot.grounding import binding, negation, scope, substance
from copilot.grounding.alignment import Part, align, joins_whole_facts
from copilot.grounding.facts import Fact, clauses_of, facts_of, forms_of, readable
from copilot.grounding.lexemes import Kind, Lexeme, read
from copilot.grounding.plain import plain
from copilot.grounding.ports import Closeness, FactChecker
from copilot.grounding.words import form
from copilot.question import Question

LONGEST_SENTENCE = 800
"""Characters; what a chat model writes without an end is not a sentence."""
_ENOUGH = 0.6
_CLEAR = 0.8
_LEAST = 0.45
_NEAR = 0.72
_SUPPORTED = 0.5
_RUN = 3
_WORDS = 2
_AROUND = 0.7
# Marks before a sentence; the sign and the point of a number are part of it.
_OPENING = re.compile(r"(?:[ *]|[.-](?!\.?\d))+")


class Unsupported(StrEnum):
    """Why a sentence is dropped."""

    UNCITED = "uncited"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    QUESTION = "question"
    CONNECTIVE = "connective"
    PROMISE = "promise"
    ITSELF = "itself"
    INSTRUCTION = "instruction"
    MARKUP = "markup"
    NUMBER = "number"
    NAME = "name"
    BINDING = "binding"
    NEGATION = "negation"
    MODALITY = "modality"
    SCOPE = "scope"
    CONTENT = "content"
    CHECKER = "checker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounded:
    """What became of a sentence.

    Supported: `claim` with the keys that support it, and under each of them the `evidence`
    narrowed to the span that does (`sentences` tells the sentences or rows inside). Dropped:
    `claim` is None, `evidence` empty, and `reason` says why.
    """

    claim: Claim | None
    evidence: tuple[Evidence, ...]
    reason: Unsupported | None

    @property
    def supported(self) -> bool:
        """Whether the sentence may be shown."""
        return self.claim is not None


class Grounder:
    """Passes sentences that their evidence supports.

    `closeness` is asked where words alone do not decide; without one, fewer paraphrases pass.
    `checker` is asked last and can only drop.
    """

    def __init__(self, closeness: Closeness | None, checker: FactChecker | None = None) -> None:
        self._closeness = closeness
        self._checker = checker

    def ground(self, claim: Claim, evidence: Sequence[Evidence], question: Question) -> Grounded:
        """Check one sentence against the evidence under the keys it cites."""
        text = readable(claim.text)
        cited = _cited(claim, evidence)
        facts = sorted(
            (fact for one in cited for fact in facts_of(one)), key=lambda fact: fact.place
        )
        reason = _no_sentence(text, cited) or (None if facts else Unsupported.UNCITED)
        if reason is not None:
            return _dropped(reason)
        verbatim = _verbatim(text, facts)
        if verbatim is not None:
            return _passed(claim, text, cited, [(verbatim, None)])
        parts = align(read(text), facts)
        failed = (
            _no_statement(text, cited)
            or _unsupported(parts, facts, frozenset(form(term.word) for term in question.terms))
            or self._too_far(text, parts)
        )
        if failed is not None:
            return _dropped(failed)
        return _passed(claim, text, cited, [(part.fact, part.lexemes) for part in parts])

    def _too_far(self, text: str, parts: Sequence[Part]) -> Unsupported | None:
        covers = [_covered(part) for part in parts]
        quote = " ".join(dict.fromkeys(part.fact.text for part in parts))
        if min(covers) < _LEAST:
            return Unsupported.CONTENT
        if min(covers) < _CLEAR:
            if self._closeness is None:
                if min(covers) < _ENOUGH:
                    return Unsupported.CONTENT
            elif self._closeness([text], [quote])[0] < _NEAR:
                return Unsupported.CONTENT
        if self._checker is not None and self._checker.supports(text, quote) < _SUPPORTED:
            return Unsupported.CHECKER
        return None


def _cited(claim: Claim, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence under the claim's keys, in an order that does not depend on the caller's."""
    keys = set(claim.keys)
    found = {one.key: one for one in sorted(evidence, key=_order) if one.key in keys}
    return tuple(found[key] for key in sorted(found))


def _order(one: Evidence) -> tuple[int, str, int, int]:
    return (one.key, one.passage.chunk.id, one.start, one.end)


def _no_sentence(text: str, cited: Sequence[Evidence]) -> Unsupported | None:
    """Why a text cannot be a statement, whatever the evidence says."""
    checks: tuple[tuple[Callable[[], bool], Unsupported], ...] = (
        (lambda: not text, Unsupported.EMPTY),
        (lambda: not cited, Unsupported.UNCITED),
        (lambda: len(text) > LONGEST_SENTENCE, Unsupported.TOO_LONG),
        (lambda: substance.is_question(text), Unsupported.QUESTION),
        (lambda: substance.leads(text), Unsupported.CONNECTIVE),
        (lambda: substance.commands(text), Unsupported.INSTRUCTION),
    )
    return _first(checks)


def _no_statement(text: str, cited: Sequence[Evidence]) -> Unsupported | None:
    """Why a text that no document has word for word is none of the documents' statements."""
    checks: tuple[tuple[Callable[[], bool], Unsupported], ...] = (
        (lambda: substance.connects(text), Unsupported.CONNECTIVE),
        (lambda: len([one for one in read(text) if one.telling]) < _WORDS, Unsupported.EMPTY),
        (lambda: substance.speaks_of_itself(text), Unsupported.ITSELF),
        (
            lambda: substance.foreign_markup(text, [plain(one.quote) for one in cited]),
            Unsupported.MARKUP,
        ),
        (lambda: substance.promises(text), Unsupported.PROMISE),
    )
    return _first(checks)


def _first(
    checks: Iterable[tuple[Callable[[], bool], Unsupported]],
) -> Unsupported | None:
    return next((reason for fails, reason in checks if fails()), None)


def _verbatim(text: str, facts: Sequence[Fact]) -> Fact | None:
    said = _bare(text)
    return next((fact for fact in facts if said == _bare(fact.text)), None)


def _bare(text: str) -> str:
    words = " ".join(text.replace("|", " ").split())
    return _OPENING.sub("", words).rstrip(" .*-")


def _unsupported(
    parts: Sequence[Part], facts: Sequence[Fact], asked: frozenset[str]
) -> Unsupported | None:
    if not joins_whole_facts(parts):
        return Unsupported.BINDING
    if any(binding.names_another(part.lexemes, part.fact, facts) for part in parts):
        return Unsupported.BINDING
    return next((failed for part in parts if (failed := _fails(part, asked))), None)


def _fails(part: Part, asked: frozenset[str]) -> Unsupported | None:
    claim, fact = part.lexemes, part.fact
    checks: tuple[tuple[Callable[[], bool], Unsupported], ...] = (
        (lambda: binding.unsupported_number(claim, fact), Unsupported.NUMBER),
        (lambda: binding.unsupported_name(claim, fact), Unsupported.NAME),
        (lambda: not _speaks_of_row(claim, fact, asked), Unsupported.BINDING),
        (lambda: binding.wrong_column(claim, fact), Unsupported.BINDING),
        (lambda: binding.wrongly_bound(claim, fact), Unsupported.BINDING),
        (lambda: negation.turns_round(claim, fact), Unsupported.NEGATION),
        (lambda: scope.changes_duty(claim, fact), Unsupported.MODALITY),
        (lambda: scope.changes_scope(claim, fact, asked), Unsupported.SCOPE),
        (lambda: _longest_foreign_run(claim, fact) >= _RUN, Unsupported.CONTENT),
        (lambda: _adds_a_clause(claim, fact), Unsupported.CONTENT),
    )
    return _first(checks)


def _speaks_of_row(claim: Sequence[Lexeme], fact: Fact, asked: frozenset[str]) -> bool:
    """Whether the claim, or the question, names the row it takes a value from."""
    key = next((forms_of(cell.value) for cell in fact.cells if cell.is_key), frozenset())
    return not key or bool(key & (forms_of(claim) | asked))


def _known(one: Lexeme, fact: Fact) -> bool:
    return one.form in fact.forms or one.form in fact.around


def _longest_foreign_run(claim: Sequence[Lexeme], fact: Fact) -> int:
    """How many telling words in a row the fact does not have: an invented clause."""
    longest = run = 0
    for one in claim:
        if one.telling:
            run = 0 if _known(one, fact) or one.kind is not Kind.WORD else run + 1
            longest = max(longest, run)
    return longest


def _adds_a_clause(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a clause after the first, or an item of a list, has no word of the fact."""
    clauses = [[one for one in clause if one.telling] for clause in clauses_of(claim)]
    return any(
        clause and not any(_known(one, fact) or one.kind is not Kind.WORD for one in clause)
        for clause in clauses[1:]
    )


def _covered(part: Part) -> float:
    """The share of the part's telling words that its fact has."""
    telling = [one for one in part.lexemes if one.telling]
    if not telling:
        return 1.0
    own = part.fact.forms | forms_of(part.fact.header_lexemes)
    found = sum(
        1.0 if one.form in own or one.kind is not Kind.WORD
        else _AROUND if one.form in part.fact.around else 0.0
        for one in telling
    )  # fmt: skip
    return found / len(telling)


def _dropped(reason: Unsupported) -> Grounded:
    return Grounded(claim=None, evidence=(), reason=reason)


def _passed(
    claim: Claim,
    text: str,
    cited: Sequence[Evidence],
    rests_on: Iterable[tuple[Fact, Sequence[Lexeme] | None]],
) -> Grounded:
    spans: dict[int, set[tuple[int, int]]] = {}
    for fact, said in rests_on:
        own = spans.setdefault(fact.key, set())
        own.update((one.start, one.end) for one in fact.spans)
        if fact.header is not None and said is not None and binding.uses_header(said, fact):
            own.add((fact.header.start, fact.header.end))
    narrowed = tuple(_narrowed(one, spans[one.key]) for one in cited if one.key in spans)
    keys = tuple(dict.fromkeys(key for key in claim.keys if key in spans))
    return Grounded(claim=Claim(text=text, keys=keys), evidence=narrowed, reason=None)


def _narrowed(evidence: Evidence, spans: Iterable[tuple[int, int]]) -> Evidence:
    found = tuple(Span(start=start, end=end) for start, end in sorted(spans))
    return replace(
        evidence, start=found[0].start, end=max(one.end for one in found), sentences=found
    )
