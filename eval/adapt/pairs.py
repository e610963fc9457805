"""Questions that documents give by themselves, each with the section that answers it.

A heading (or the question of an FAQ entry) asks for its section, a sentence for what stands
around it. What the question was taken from is taken out of the section first, or finding it
would be a matter of equal words.

Only documents that are open to all partners are read: what is trained on them holds for
everybody, and nothing that one tenant keeps to itself may move what another one gets.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from governance.document import DocType, DocumentVersion
from governance.entries import ChunkRow
from retrieval.instructions import without_instructions
from retrieval.sentence_vectors import sentences_of

_HEADING_WORDS = range(3, 26)
_SENTENCE_WORDS = range(8, 41)
_SHORTEST_SECTION = 150
_FEWEST_SENTENCES = 4
_MOST_OF_A_DOCUMENT = 4


class PairKind(StrEnum):
    """What a question was taken from."""

    HEADING = "heading"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question and the chunk that answers it; `text` and `heading_path` as if never asked."""

    kind: PairKind
    question: str
    chunk: ChunkRow
    title: str
    text: str
    heading_path: tuple[str, ...]


def make_pairs(
    documents: Iterable[tuple[DocumentVersion, Sequence[ChunkRow]]], *, most: int, seed: int
) -> tuple[Pair, ...]:
    """At most so many pairs, headings and sentences in equal shares, the same for a seed."""
    rng = random.Random(seed)
    headings: list[Pair] = []
    sentences: list[Pair] = []
    for version, chunks in documents:
        # A ticket's headings are a form's, and what happened once is no rule.
        if version.metadata.doc_type is not DocType.TICKET:
            headings += _some(_from_headings(version, chunks), rng)
            sentences += _some(_from_sentences(version, chunks, rng), rng)
    headings = _asked_once(headings)
    rng.shuffle(headings)
    rng.shuffle(sentences)
    half = max(most // 2, most - len(sentences))
    headings = headings[:half]
    return (*headings, *sentences[: most - len(headings)])


def _from_headings(version: DocumentVersion, chunks: Sequence[ChunkRow]) -> Iterator[Pair]:
    title = version.metadata.title
    for chunk in chunks:
        heading = chunk.heading_path[-1] if chunk.heading_path else ""
        rest = without_instructions(chunk.text.removeprefix(heading)).strip()
        if (
            chunk.text.startswith(heading)
            and len(heading.split()) in _HEADING_WORDS
            and len(rest) >= _SHORTEST_SECTION
        ):
            yield Pair(
                kind=PairKind.HEADING,
                question=heading,
                chunk=chunk,
                title=title,
                text=rest,
                heading_path=chunk.heading_path[:-1],
            )


def _from_sentences(
    version: DocumentVersion, chunks: Sequence[ChunkRow], rng: random.Random
) -> Iterator[Pair]:
    for chunk in chunks:
        said = sentences_of(chunk.text)
        whole = [one for one in said if len(one.split()) in _SENTENCE_WORDS and one[-1] in ".!?"]
        if len(said) < _FEWEST_SENTENCES or not whole:
            continue
        asked = rng.choice(whole)
        yield Pair(
            kind=PairKind.SENTENCE,
            question=asked,
            chunk=chunk,
            title=version.metadata.title,
            text=re.sub(r"[ \t]+", " ", without_instructions(chunk.text).replace(asked, " ")),
            heading_path=chunk.heading_path,
        )


def _some(found: Iterator[Pair], rng: random.Random) -> list[Pair]:
    pairs = list(found)
    return rng.sample(pairs, min(len(pairs), _MOST_OF_A_DOCUMENT))


def _asked_once(pairs: Sequence[Pair]) -> list[Pair]:
    """Without headings that stand in several places ("Prerequisites"): they ask for no one."""
    times: dict[str, int] = {}
    for pair in pairs:
        times[pair.question.casefold()] = times.get(pair.question.casefold(), 0) + 1
    return [pair for pair in pairs if times[pair.question.casefold()] == 1]
