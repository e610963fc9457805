"""Instructions hidden in passages and in questions: neither is obeyed, both are told.

Passages go to whoever words an answer without their instructions, at their places, so that the
same answer comes of a document with planted text as of the document without it. What is quoted is
the document as it is stored; a quote that carries an instruction says so.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from copilot.evidence import Evidence
from retrieval.frames import Manner
from retrieval.instructions import blanked, instructions_in
from retrieval.manipulation import command_in
from retrieval.passage import Passage
from retrieval.plain_reading import folded, undisguised

Flag: TypeAlias = Literal["instruction"]
INSTRUCTION: Final = "instruction"
"""The flag of a quote that carries an instruction to whoever words answers."""


def attack_in(question: str) -> Manner | None:
    """How a question tries to command the assistant instead of asking; None where it asks.

    Disguises are taken off first: what is only said in base64 or backwards was meant to be hidden.
    """
    found = command_in(folded(question))
    if found is not None:
        return found.manner
    return Manner.HIDDEN if any(command_in(read) for read in undisguised(question)) else None


def silenced(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages with blanks for their instructions; every other character keeps its place."""
    return tuple(_silent(passage) for passage in passages)


def as_stored(evidence: Sequence[Evidence], passages: Sequence[Passage]) -> tuple[Evidence, ...]:
    """Evidence found in silenced passages, back in the passages as they are stored."""
    stored = {passage.chunk.id: passage for passage in passages}
    return tuple(replace(one, passage=stored[one.passage.chunk.id]) for one in evidence)


def flags_of(quote: str) -> tuple[Flag, ...]:
    """What a reader of a quote must know of it: `instruction`, or nothing."""
    return (INSTRUCTION,) if instructions_in(quote) else ()


def _silent(passage: Passage) -> Passage:
    text = blanked(passage.chunk.text)
    if text == passage.chunk.text:
        return passage
    return replace(passage, chunk=replace(passage.chunk, text=text))
