"""What was seen when a case was asked: an outcome, what search brought, or a crash as data."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """Whether a document version may be cited to an asker, by the catalog's own rows."""

    IN_FORCE = "in force"
    UNKNOWN = "not in the catalog"
    UNAPPROVED = "not approved"
    NOT_VALID = "not valid on the day"
    SUPERSEDED = "superseded"
    NOT_FOR_ASKER = "not for this asker"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedQuote:
    """A citation as the asker got it, and what checking it against the catalog showed.

    `exact`: the quote is the stored text at its place. `readable`: the catalog, asked on its own,
    lets this asker read that passage. `standing` is worked out a second time, from the catalog's
    rows and without the rule that search goes by, so that a hole in the rule is seen too.
    """

    uri: str
    quote: str
    exact: bool
    readable: bool
    doc_type: str = ""
    standing: Standing = Standing.IN_FORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPassage:
    """A passage that search found, with its raw scores (cosine; BM25 from 0). `rank` is from 1."""

    rank: int
    uri: str
    doc_type: str
    heading_path: tuple[str, ...]
    text: str
    dense_score: float
    keyword_score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One of the raw signals that confidence was made from (`copilot.confidence.Signals`)."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How long a part of the way took, in milliseconds."""

    name: str
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What came back for one case.

    `standalone` is the question as the copilot understood it in its conversation. `shown` is
    everything the asker gets to read but the quotes: text, what is missing, options, titles.
    `reason` is an escalation's, in the words of an outcome. `ranking` has the documents that a
    search for `standalone` found, best first, each once; `passages` the first passages behind it.
    `gold_types` are the kinds of the case's gold documents in its order, empty where the catalog
    shows the asker no such document. `error` is empty unless asking crashed; then all else is
    empty too.
    """

    kind: str = ""
    standalone: str = ""
    text: str = ""
    shown: str = ""
    reason: str = ""
    writer: str = ""
    confidence: float = 0.0
    citations: tuple[CitedQuote, ...] = ()
    ranking: tuple[str, ...] = ()
    passages: tuple[SeenPassage, ...] = ()
    gold_types: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    stages: tuple[Stage, ...] = ()
    error: str = ""

    @property
    def cited(self) -> tuple[str, ...]:
        """The URIs of the citations, in their order."""
        return tuple(one.uri for one in self.citations)

    @property
    def doc_type(self) -> str:
        """The kind of document that the case is about: gold's, else the first cited or found."""
        kinds = (
            *self.gold_types,
            *(one.doc_type for one in self.citations),
            *(one.doc_type for one in self.passages),
        )
        return next((kind for kind in kinds if kind), "")

    @property
    def search_ms(self) -> float:
        """How long a search for the question took, milliseconds."""
        return self._ms("search")

    @property
    def ask_ms(self) -> float:
        """How long the whole way from question to outcome took, milliseconds."""
        return self._ms("ask")

    def _ms(self, name: str) -> float:
        return next((one.ms for one in self.stages if one.name == name), 0.0)
