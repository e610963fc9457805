"""What stands at the end of a leg does not depend on how an engine orders equals."""

import random

from hypothesis import given
from hypothesis import strategies as st

from retrieval.foremost import foremost
from retrieval.index import LegHit, LegQuery
from tests.fakes.index_points import PARTNER, VECTOR


class Scored:
    """An index that knows scores, and shuffles what is equal each time it is asked."""

    def __init__(self, scores, draw):
        self.scores = scores
        self.draw = draw
        self.asked = 0

    def search(self, legs, visibility):
        del visibility
        self.asked += 1
        return tuple(self._best(leg.limit) for leg in legs)

    def _best(self, limit):
        hits = [LegHit(chunk_id=name, score=score) for name, score in self.scores.items()]
        self.draw.shuffle(hits)
        return tuple(sorted(hits, key=lambda hit: -hit.score)[:limit])


def leg(limit):
    return LegQuery(field=VECTOR, vector=[1.0], limit=limit)


def names(found):
    return [hit.chunk_id for hit in found]


@given(
    st.dictionaries(st.text("abc", min_size=1), st.sampled_from([1.0, 2.0, 3.0]), max_size=30),
    st.integers(1, 12),
    st.randoms(),
)
def test_the_best_come_back_in_one_order_whatever_the_engines(scores, limit, draw):
    (found,) = foremost(Scored(scores, draw), [leg(limit)], PARTNER)
    expected = sorted(scores, key=lambda name: (-scores[name], name))[:limit]
    assert names(found) == expected


def test_more_is_asked_for_only_where_the_limit_falls_among_equals():
    draw = random.Random(1)
    clear = Scored({"a": 3.0, "b": 2.0, "c": 1.0}, draw)
    equal = Scored({"a": 3.0, "b": 2.0, "c": 2.0}, draw)
    for index, times in ((clear, 1), (equal, 2)):
        foremost(index, [leg(2)], PARTNER)
        assert index.asked == times


def test_more_equals_than_can_be_fetched_say_nothing():
    scores = {"z": 9.0} | {f"same-{number}": 1.0 for number in range(2_500)}
    (found,) = foremost(Scored(scores, random.Random(1)), [leg(3)], PARTNER)
    assert names(found) == ["z"]
