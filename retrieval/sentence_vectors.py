"""The sentences of chunks as vectors, for looking twice at the best hits of a search.

A chunk's vector is the mean of all that it says, so one sentence that answers a question drowns in
the nine around it. Only a ranker that was switched on reads these; they are filled by whoever
switches it on and by every ingest after that.

A row belongs to its chunk and goes with it, whoever deletes that: the database sees to it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, func, select

from foundation.database import Database, metadata, put
from retrieval.instructions import without_instructions

if TYPE_CHECKING:
    import numpy as np

sentence_vectors = Table(
    "sentence_vectors",
    metadata,
    Column("chunk_id", ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True),
    Column("embedder", String(255), nullable=False),
    Column("vectors", LargeBinary, nullable=False),
)

_FEWEST_WORDS: Final = 3
_MOST_SENTENCES: Final = 24
_END = re.compile(r"(?<=[.!?])\s+")
_BATCH: Final = 256
# One byte a number: the cosine of a sentence moves by less than a thousandth.
_STEPS: Final = 127.0


class SentenceEmbedder(Protocol):
    """What turns sentences into vectors."""

    @property
    def name(self) -> str:
        """What the vectors were made with."""

    def embed_documents(self, texts: Sequence[str]) -> "np.ndarray":
        """Unit vectors, float32, one row a text."""


class SentenceVectors:
    """The kept vectors of one embedder, by chunk."""

    def __init__(self, database: Database, embedder: SentenceEmbedder) -> None:
        self._database = database
        self._embedder = embedder

    def nearest(self, vector: "np.ndarray", chunk_ids: Sequence[str]) -> Mapping[str, float]:
        """The cosine of each chunk's nearest sentence; chunks that are not filled are left out.

        The caller has checked that the asker may read them.
        """
        if not chunk_ids:
            return {}
        table = sentence_vectors
        with self._database.read() as connection:
            rows = connection.execute(
                select(table.c.chunk_id, table.c.vectors).where(
                    table.c.chunk_id.in_(list(chunk_ids)),
                    table.c.embedder == self._embedder.name,
                )
            ).all()
        return {row.chunk_id: nearest_sentence(vector, row.vectors) for row in rows}

    def missing(self) -> int:
        """How many chunks have no vectors of this embedder yet."""
        from governance.tables import chunks

        with self._database.read() as connection:
            filled = connection.execute(
                select(func.count())
                .select_from(sentence_vectors)
                .where(sentence_vectors.c.embedder == self._embedder.name)
            ).scalar_one()
            return int(
                connection.execute(select(func.count()).select_from(chunks)).scalar_one() - filled
            )

    def fill(self, chunk_ids: Sequence[str] | None = None) -> Iterator[int]:
        """Make what is missing, of these chunks or of all; yields how many were made so far."""
        done = 0
        while batch := self._unfilled(chunk_ids):
            self._write(batch)
            done += len(batch)
            yield done

    def _unfilled(self, chunk_ids: Sequence[str] | None) -> list[tuple[str, str]]:
        from governance.tables import chunks

        table = sentence_vectors
        filled = select(table.c.chunk_id).where(table.c.embedder == self._embedder.name)
        wanted = select(chunks.c.id, chunks.c.text).where(chunks.c.id.not_in(filled))
        with self._database.read() as connection:
            if chunk_ids is None:
                rows = connection.execute(wanted.order_by(chunks.c.id).limit(_BATCH)).all()
                return [(row.id, row.text) for row in rows]
            found: list[tuple[str, str]] = []
            for start in range(0, len(chunk_ids), _BATCH):
                part = list(chunk_ids[start : start + _BATCH])
                rows = connection.execute(wanted.where(chunks.c.id.in_(part))).all()
                found.extend((row.id, row.text) for row in rows)
                if len(found) >= _BATCH:
                    break
            return found[:_BATCH]

    def _write(self, batch: Sequence[tuple[str, str]]) -> None:
        packed = self.packed([text for _, text in batch])
        from governance.tables import chunks

        with self._database.write() as connection:
            # What was deleted while its sentences were read must not come back.
            ids = [one for one, _ in batch]
            there = set(
                connection.execute(select(chunks.c.id).where(chunks.c.id.in_(ids))).scalars()
            )
            for chunk_id, vectors in zip(ids, packed, strict=True):
                if chunk_id in there:
                    row = {
                        "chunk_id": chunk_id,
                        "embedder": self._embedder.name,
                        "vectors": vectors,
                    }
                    put(connection, sentence_vectors, row, replace=True)

    def packed(self, texts: Sequence[str]) -> list[bytes]:
        """The vectors of each text's sentences, as they are kept."""
        cut = [sentences_of(text) for text in texts]
        vectors = self._embedder.embed_documents([one for part in cut for one in part])
        at, out = 0, []
        for part in cut:
            out.append(pack(vectors[at : at + len(part)]))
            at += len(part)
        return out


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of a chunk that say something; the whole text where there is none.

    What commands whoever answers is not among them: nothing is found by it.
    """
    return tuple(_cut(without_instructions(text)))[:_MOST_SENTENCES] or (text,)


def _cut(text: str) -> Iterable[str]:
    for line in text.splitlines():
        for part in _END.split(line):
            if len(part.split()) >= _FEWEST_WORDS:
                yield part.strip()


def pack(vectors: "np.ndarray") -> bytes:
    """Unit vectors, one row a sentence, as bytes: four of scale, then one a dimension."""
    import numpy as np

    scales = np.abs(vectors).max(axis=1, keepdims=True).astype(np.float32) / _STEPS
    steps = np.rint(vectors / np.maximum(scales, 1e-12)).astype(np.int8)
    return b"".join(
        scale.tobytes() + row.tobytes() for scale, row in zip(scales, steps, strict=True)
    )


def nearest_sentence(vector: "np.ndarray", packed: bytes) -> float:
    """The greatest cosine of a unit vector to the sentences of one chunk."""
    import numpy as np

    rows = np.frombuffer(packed, dtype=np.uint8).reshape(-1, 4 + len(vector))
    scales = np.ascontiguousarray(rows[:, :4]).view(np.float32)[:, 0]
    steps = rows[:, 4:].view(np.int8).astype(np.float32)
    return float((steps @ vector * scales).max())
