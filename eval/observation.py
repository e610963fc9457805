"""What was seen when a case was asked: an outcome, what search brought, or a crash as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedQuote:
    """A citation as the asker got it, and what checking it against the catalog showed.

    `exact`: the quote is the stored text at its place. `readable`: the catalog, asked on its own,
    lets this asker read that passage.
    """

    uri: str
    quote: str
    exact: bool
    readable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What came back for one case.

    `shown` is everything the asker gets to read but the quotes: text, what is missing, options,
    titles. `ranking` has the documents that search found, best first, each once; `nearest` the
    first passages' URIs with their raw cosine and BM25 scores. `error` is empty unless asking
    crashed; then all else is empty too.
    """

    kind: str = ""
    text: str = ""
    shown: str = ""
    confidence: float = 0.0
    citations: tuple[CitedQuote, ...] = ()
    ranking: tuple[str, ...] = ()
    nearest: tuple[tuple[str, float, float], ...] = ()
    search_ms: float = 0.0
    ask_ms: float = 0.0
    error: str = ""

    @property
    def cited(self) -> tuple[str, ...]:
        """The URIs of the citations, in their order."""
        return tuple(one.uri for one in self.citations)
