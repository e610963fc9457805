"""One labelled question: what is asked, by whom, and what a right reaction to it looks like."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from governance.principal import Principal, Role
from governance.schemas import FiltersBody
from governance.visibility import Filters

EVALUATOR = "evaluation"
"""The subject of every principal that asks in an evaluation."""

_EVERY_GOLD = "two_documents"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Expected(StrEnum):
    """Which kind of outcome is right."""

    ANSWER = "answer"
    ESCALATION = "escalation"
    CLARIFY = "clarify"
    COURTESY = "courtesy"

    @property
    def kind(self) -> str:
        """The same in the words of an outcome."""
        return "clarification" if self is Expected.CLARIFY else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """A document that answers the question; `quote` stands in it word for word, or is empty."""

    uri: str
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One labelled question.

    `history` holds the asker's earlier questions in the same conversation, oldest first.
    `must_not_cite` are URIs, `forbidden` strings that may appear in no outcome. The documents
    `held_out` are taken away while it is asked. URIs are relative to the folder that was ingested.
    """

    id: str
    question: str
    principal: Principal
    expected: Expected
    category: str
    history: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    reference: str = ""
    gold: tuple[Gold, ...] = ()
    must_not_cite: frozenset[str] = frozenset()
    forbidden: tuple[str, ...] = ()
    held_out: frozenset[str] = frozenset()

    @property
    def gold_uris(self) -> frozenset[str]:
        """The documents any of which (or all, see `needs_every_gold`) is a right source."""
        return frozenset(one.uri for one in self.gold)

    @property
    def needs_every_gold(self) -> bool:
        """Whether the answer needs each gold document, not just one of them."""
        return self.category == _EVERY_GOLD


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PrincipalLine(_Line):
    """Who asks."""

    tenant: Text
    roles: list[Role] = Field(min_length=1)
    attributes: dict[str, str] = Field(default_factory=dict)


class GoldLine(_Line):
    """A right source."""

    uri: Text
    quote: str = ""


class CaseLine(_Line):
    """A case as a line of a dataset has it. Unknown keys are mistakes worth telling."""

    id: Text
    question: Text
    history: list[Text] = Field(default_factory=list)
    principal: PrincipalLine
    filters: FiltersBody = Field(default_factory=FiltersBody)
    expected: Expected
    reference: str = ""
    gold: list[GoldLine] = Field(default_factory=list)
    must_not_cite: list[Text] = Field(default_factory=list)
    forbidden: list[Text] = Field(default_factory=list)
    held_out: list[Text] = Field(default_factory=list)
    category: Text

    @model_validator(mode="after")
    def _makes_sense(self) -> "CaseLine":
        gold = {one.uri for one in self.gold}
        if self.expected is Expected.ANSWER and not (gold or self.reference):
            message = "an expected answer needs gold or a reference, or it cannot be judged"
            raise ValueError(message)
        if self.expected is not Expected.ANSWER and gold:
            message = f"gold makes no sense where {self.expected.value} is expected"
            raise ValueError(message)
        if both := gold.intersection(self.must_not_cite):
            message = f"{min(both)} is both gold and must_not_cite"
            raise ValueError(message)
        if both := gold.intersection(self.held_out):
            message = f"{min(both)} is both gold and held_out"
            raise ValueError(message)
        return self

    def case(self) -> Case:
        """The noun behind the line."""
        return Case(
            id=self.id,
            question=self.question,
            history=tuple(self.history),
            principal=Principal(
                subject=EVALUATOR,
                tenant=self.principal.tenant,
                roles=frozenset(self.principal.roles),
                attributes=dict(self.principal.attributes),
            ),
            filters=self.filters.filters(),
            expected=self.expected,
            reference=self.reference,
            gold=tuple(Gold(uri=one.uri, quote=one.quote) for one in self.gold),
            must_not_cite=frozenset(self.must_not_cite),
            forbidden=tuple(self.forbidden),
            held_out=frozenset(self.held_out),
            category=self.category,
        )
