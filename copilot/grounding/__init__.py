"""Whether what a chat model wrote is supported by the evidence it cites, sentence by sentence.

A model's words are untrusted: a sentence is shown only if its numbers, dates, codes, names,
negations and duties stand in the cited evidence, with the same words, and its content is close to
it. What passes carries the evidence narrowed to the very spans that support it.
"""

from copilot.grounding.grounder import LONGEST_SENTENCE, Grounded, Grounder, Unsupported
from copilot.grounding.ports import Closeness, FactChecker
from copilot.grounding.substance import has_substance

__all__ = [
    "LONGEST_SENTENCE",
    "Closeness",
    "FactChecker",
    "Grounded",
    "Grounder",
    "Unsupported",
    "has_substance",
]
