"""What an answer is made of before anybody trusts it: evidence, claims, a draft."""

from dataclasses import dataclass

from retrieval.passage import Passage

PARAGRAPH = "\n\n"
SAME_LINE = " "
BULLET = "\n- "


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of a passage's text: `text[start:end]`, Python string indices."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A contiguous piece of one passage that a claim rests on.

    `key` counts from 1 and is what `[1]` in an answer's text refers to. `start` and `end` index
    the passage's own text; `sentences` are the sentences, steps or rows inside.
    """

    key: int
    passage: Passage
    start: int
    end: int
    sentences: tuple[Span, ...]

    @property
    def quote(self) -> str:
        """The exact text: a substring of the passage, and so of the stored document."""
        return self.passage.chunk.text[self.start : self.end]

    @property
    def document_start(self) -> int:
        """Where the quote starts in the stored text of the document version."""
        return self.passage.chunk.locator.start + self.start

    @property
    def document_end(self) -> int:
        """Where the quote ends (exclusive) in the stored text of the document version."""
        return self.passage.chunk.locator.start + self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One part of an answer as the person reads it, and the evidence keys it rests on.

    `before` is what parts it from the claim before it: `PARAGRAPH`, `SAME_LINE` or `BULLET`.
    """

    text: str
    keys: tuple[int, ...]
    before: str = PARAGRAPH

    @property
    def marked(self) -> str:
        """The text with its `[1]` markers."""
        return self.text + " " + "".join(f"[{key}]" for key in self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a writer made of a question and its passages. Untrusted until grounded.

    No claims means that the writer found nothing to say. `prompt_version` is empty for a writer
    that has no prompt.
    """

    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    writer: str
    prompt_version: str = ""

    @property
    def text(self) -> str:
        """The answer with its `[1]` markers."""
        return "".join(claim.before + claim.marked for claim in self.claims).lstrip()

    def cited(self, key: int) -> Evidence:
        """The evidence under a key; `KeyError` where a claim cites what is not there."""
        for evidence in self.evidence:
            if evidence.key == key:
                return evidence
        raise KeyError(key)
