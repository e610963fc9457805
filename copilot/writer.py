"""The port to whoever words an answer: a quoting writer by default, a chat model by setting."""

from collections.abc import Sequence
from typing import Protocol

from copilot.evidence import Draft
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
