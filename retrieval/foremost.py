"""The best hits of each leg, cut so that chance has no say in what stands at the end.

An engine that is asked for a hundred hits may choose among equals, and chooses by how it stores
them: by everything it holds, what the asker may not see included. Which of several equal hits
come back would tell of that.
"""

from collections.abc import Sequence
from dataclasses import replace

from governance.visibility import Visibility
from retrieval.index import KnowledgeIndex, LegHit, LegQuery

_MOST_EQUALS = 2_000


def foremost(
    index: KnowledgeIndex, legs: Sequence[LegQuery], visibility: Visibility
) -> tuple[tuple[LegHit, ...], ...]:
    """Hits per leg, best first, equal ones by id: at most as many as each leg's limit.

    Where the limit falls among equals, more are fetched and the first by id are taken. Where
    there are too many equals for that, none of them comes back: they say nothing.
    """
    found = list(index.search([_one_more(leg) for leg in legs], visibility))
    cut = [number for number, leg in enumerate(legs) if _falls_among_equals(found[number], leg)]
    if cut:
        deeper = [replace(legs[number], limit=_MOST_EQUALS) for number in cut]
        for number, hits in zip(cut, index.search(deeper, visibility), strict=True):
            found[number] = hits if len(hits) < _MOST_EQUALS else _above_the_last(hits)
    return tuple(
        tuple(sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[: leg.limit])
        for hits, leg in zip(found, legs, strict=True)
    )


def _one_more(leg: LegQuery) -> LegQuery:
    return replace(leg, limit=leg.limit + 1)


def _falls_among_equals(hits: Sequence[LegHit], leg: LegQuery) -> bool:
    return len(hits) > leg.limit and hits[leg.limit].score == hits[leg.limit - 1].score


def _above_the_last(hits: Sequence[LegHit]) -> tuple[LegHit, ...]:
    return tuple(hit for hit in hits if hit.score > hits[-1].score)
