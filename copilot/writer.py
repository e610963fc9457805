"""The ports to whoever words an answer: a quoting writer by default, a chat model by setting."""

from collections.abc import Generator, Sequence
from typing import Protocol

from copilot.evidence import Claim, Draft, Evidence
from copilot.question import Question
from retrieval.keywords import TermStatistics
from retrieval.passage import Passage


class Writer(Protocol):
    """Words a draft from passages that the asker may read. What it returns is untrusted."""

    @property
    def name(self) -> str:
        """What an outcome records as its writer."""

    def write(
        self, question: Question, passages: Sequence[Passage], statistics: TermStatistics
    ) -> Draft:
        """A draft whose claims cite the passages; without claims where they hold no answer."""


class SentenceWriter(Protocol):
    """Words an answer one sentence after another. Each is untrusted until it is grounded."""

    @property
    def name(self) -> str:
        """What an outcome records as its writer."""

    @property
    def prompt_version(self) -> str:
        """Which prompt words the answers."""

    def sentences(
        self, question: Question, evidence: Sequence[Evidence], *, tenant: str
    ) -> Generator[Claim]:
        """Claims as they come; raises `ModelUnavailableError`, at once or after some."""


class GroundedSentence(Protocol):
    """What is left of a sentence when the evidence was looked at: its claim, or None."""

    @property
    def claim(self) -> Claim | None:
        """The claim, with the keys of the evidence that supports it; None: unsupported."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence under these keys, narrowed to what supports the claim."""


class Grounds(Protocol):
    """Decides sentence by sentence whether the evidence supports it."""

    def ground(
        self, claim: Claim, evidence: Sequence[Evidence], question: Question
    ) -> GroundedSentence:
        """The claim as far as the evidence it cites supports it."""


class HasSubstance(Protocol):
    """Decides whether claims together say anything to the question."""

    def __call__(self, claims: Sequence[Claim], question: Question) -> bool:
        """Whether there is an answer in them."""
