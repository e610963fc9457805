"""An embedder without a model: words hashed to directions, so that shared words mean nearness."""

import re
import zlib
from collections.abc import Sequence

import numpy as np

_WORD = re.compile(r"\w+")


class HashEmbedder:
    """A bag of words as a unit vector; each word is a fixed random direction."""

    dimensions = 64
    max_tokens = 256
    name = "hash"

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self.embed_question(text) for text in texts])

    def embed_question(self, text: str) -> np.ndarray:
        total = np.zeros(self.dimensions, dtype=np.float32)
        for word in _WORD.findall(text.casefold()):
            seed = zlib.crc32(word.encode())
            total += np.random.default_rng(seed).standard_normal(self.dimensions)
        norm = float(np.linalg.norm(total))
        if norm == 0.0:
            total[0] = norm = 1.0
        return (total / norm).astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_WORD.findall(text)) for text in texts]
