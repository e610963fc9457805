"""Whether two moments saw the same documents, without keeping what they were called.

A sketch is the smallest so-many hashes of a corpus' document versions. Of two sketches, the share
of the smallest hashes of their union that both have estimates how much the corpora share
(bottom-k sketch of the Jaccard index; Cohen and Kaplan, 2007).
"""

from collections.abc import Iterable
from hashlib import sha256

from governance.document import DocumentVersion

_SIZE = 256
_DIGITS = 12


def sketch(versions: Iterable[DocumentVersion]) -> tuple[str, ...]:
    """The sketch of the newest versions of a corpus: hashes of document and content."""
    hashes = {
        sha256(f"{one.document_id}\n{one.blob_key}".encode()).hexdigest()[:_DIGITS]
        for one in versions
    }
    return tuple(sorted(hashes)[:_SIZE])


def likeness(one: Iterable[str], other: Iterable[str]) -> float:
    """The share of documents that two corpora have in common, from 0 to 1; 1 for two empty ones."""
    first, second = frozenset(one), frozenset(other)
    smallest = sorted(first | second)[:_SIZE]
    if not smallest:
        return 1.0
    return sum(item in first and item in second for item in smallest) / len(smallest)
