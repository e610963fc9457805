from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import (
    AGREEMENT_WEIGHT,
    LEG_WEIGHTS,
    FusedHit,
    Leg,
    LegResult,
    favour_agreement,
    fuse,
    spread,
)

chunk_ids = st.text(alphabet="abcdef", min_size=1, max_size=2)
scores = st.dictionaries(chunk_ids, st.floats(-1, 50), max_size=12)
results = st.lists(
    st.builds(LegResult, leg=st.sampled_from(Leg), scores=scores),
    max_size=3,
    unique_by=lambda result: result.leg,
)


def document_of(hit: FusedHit) -> str:
    return hit.chunk_id[0]


def legs(**by_leg: dict[str, float]) -> list[LegResult]:
    return [LegResult(leg=Leg(name), scores=found) for name, found in by_leg.items()]


def ids(hits: tuple[FusedHit, ...]) -> list[str]:
    return [hit.chunk_id for hit in hits]


@given(results, st.randoms())
def test_the_order_of_legs_and_hits_does_not_matter(found: list[LegResult], random: Random) -> None:
    shuffled = []
    for result in found:
        items = list(result.scores.items())
        random.shuffle(items)
        shuffled.append(LegResult(leg=result.leg, scores=dict(items)))
    random.shuffle(shuffled)

    assert fuse(shuffled) == fuse(found)


@given(results)
def test_every_chunk_that_a_leg_found_is_ranked_once(found: list[LegResult]) -> None:
    ranked = ids(fuse(found))

    assert sorted(ranked) == sorted({one for result in found for one in result.scores})


@given(results)
def test_raw_scores_come_out_as_they_went_in(found: list[LegResult]) -> None:
    for hit in fuse(found):
        assert hit.raw == {
            result.leg: result.scores[hit.chunk_id]
            for result in found
            if hit.chunk_id in result.scores
        }


@given(results, st.floats(0.5, 4))
def test_the_unit_of_a_leg_does_not_matter(found: list[LegResult], factor: float) -> None:
    stretched = [
        LegResult(leg=one.leg, scores={key: score * factor for key, score in one.scores.items()})
        for one in found
    ]
    before = {hit.chunk_id: hit.score for hit in fuse(found)}
    after = {hit.chunk_id: hit.score for hit in fuse(stretched)}

    assert after.keys() == before.keys()
    if all(_well_spread(one.scores) for one in (*found, *stretched)):
        assert after == pytest.approx(before, abs=1e-6)


def _well_spread(found: dict[str, float]) -> bool:
    values = sorted(found.values())
    return not values or values[-1] - values[0] > 1e-3


def test_ties_go_by_chunk_id() -> None:
    assert ids(fuse(legs(text={"b": 0.5, "c": 0.5, "a": 0.5}))) == ["a", "b", "c"]


def test_nothing_found_is_an_empty_ranking() -> None:
    assert fuse([]) == ()
    assert fuse(legs(text={}, keywords={})) == ()


def test_a_chunk_that_two_legs_like_beats_one_that_one_leg_likes() -> None:
    found = legs(
        text={"both": 0.7, "one": 0.71, "c": 0.2, "d": 0.1},
        keywords={"both": 9.0, "c": 2.0, "d": 1.0},
    )

    assert ids(fuse(found))[0] == "both"


def test_the_only_chunk_with_the_asked_code_comes_first() -> None:
    dense = {f"near-{number:02}": 0.6 - number / 200 for number in range(100)}

    ranked = fuse(legs(text=dense, context=dense, keywords={"exact": 7.5}))

    assert ranked[0].chunk_id == "exact"
    assert ranked[0].raw == {Leg.KEYWORDS: 7.5}


def test_a_leg_that_cannot_tell_chunks_apart_has_no_say() -> None:
    apart = legs(text={"a": 0.4, "b": 0.6, "c": 0.5})
    even = legs(keywords={"a": 3.0, "b": 3.0, "c": 3.0})

    assert ids(fuse([*apart, *even])) == ids(fuse(apart))


def test_the_weights_are_shares_of_one() -> None:
    assert sum(LEG_WEIGHTS.values()) == pytest.approx(1)
    assert set(LEG_WEIGHTS) == set(Leg)


def test_a_heading_in_the_questions_words_moves_a_chunk_up() -> None:
    hits = fuse(legs(text={"a": 0.61, "b": 0.6, "c": 0.1}))

    favoured = favour_agreement(hits, {"b": 1.0})

    assert ids(favoured) == ["b", "a", "c"]
    assert favoured[0].score == pytest.approx(hits[1].score + AGREEMENT_WEIGHT)
    assert favoured[0].raw == hits[1].raw


@given(results)
def test_spreading_keeps_every_hit_and_the_best_first(found: list[LegResult]) -> None:
    hits = fuse(found)

    spread_out = spread(hits, document_of)

    assert sorted(ids(spread_out)) == sorted(ids(hits))
    assert spread_out[:1] == hits[:1]


@given(results)
def test_the_first_places_show_as_many_documents_as_there_are(found: list[LegResult]) -> None:
    hits = fuse(found)
    documents = {document_of(hit) for hit in hits}

    first = spread(hits, document_of)[:5]

    assert len({document_of(hit) for hit in first}) == min(5, len(documents))


@given(results, st.integers(1, 4))
def test_one_document_does_not_crowd_out_the_rest(found: list[LegResult], share: int) -> None:
    hits = fuse(found)
    documents = Counter(map(document_of, hits))
    admitted = min(10, sum(min(count, share) for count in documents.values()))

    first = spread(hits, document_of, shares=((10, share),))[:admitted]

    assert max(Counter(map(document_of, first)).values(), default=0) <= share


def test_a_held_back_passage_comes_right_after_the_first_places() -> None:
    scores_of = {"a1": 0.99, "a2": 0.98, **{f"{name}1": 0.5 for name in "bcdefg"}}
    ranked = ids(spread(fuse(legs(text=scores_of)), document_of))

    assert ranked[:5] == ["a1", "b1", "c1", "d1", "e1"]
    assert ranked[5] == "a2"


def test_a_single_document_may_fill_the_ranking() -> None:
    hits = fuse(legs(text={f"a{number}": number / 10 for number in range(8)}))

    assert ids(spread(hits, document_of)) == ids(hits)
