"""The writer that needs no model: it quotes."""

from collections.abc import Sequence
from dataclasses import dataclass

from copilot.evidence import Claim, Draft, Evidence
from copilot.question import Question
from copilot.selection import select
from copilot.terms import weigh
from retrieval.keywords import TermStatistics
from retrieval.passage import Passage

EXTRACTIVE = "extractive"


@dataclass(frozen=True, slots=True)
class ExtractiveWriter:
    """Writes an answer out of the documents' own words, each part with its exact quote."""

    name: str = EXTRACTIVE

    def write(
        self, question: Question, passages: Sequence[Passage], statistics: TermStatistics
    ) -> Draft:
        """A draft of at most a few claims; none where the passages hold nothing to quote."""
        picks = select(question, passages, weigh(question, statistics))
        evidence = tuple(
            Evidence(
                key=key,
                passage=pick.passage,
                start=pick.start,
                end=pick.end,
                sentences=pick.parts,
            )
            for key, pick in enumerate(picks, start=1)
        )
        claims = tuple(
            Claim(text=pick.text, keys=(key,)) for key, pick in enumerate(picks, start=1)
        )
        return Draft(claims=claims, evidence=evidence, writer=self.name)
