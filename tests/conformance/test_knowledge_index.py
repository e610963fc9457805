"""What every index must do. One suite, run on the fake and on every real adapter."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from foundation.errors import StorageError
from governance.visibility import ALWAYS_FROM, ALWAYS_TO, Access, Visibility
from retrieval.edge_index import EdgeIndex
from retrieval.index import (
    DenseField,
    KnowledgeIndex,
    LegQuery,
    SparseField,
)
from retrieval.keywords import SparseVector
from retrieval.server_index import ServerIndex
from tests.fakes.index_points import (
    DIMENSIONS,
    KEYWORDS,
    OPEN,
    PARTNER,
    VECTOR,
    access,
    found,
    ids,
    legs,
    point,
)
from tests.fakes.memory_index import MemoryIndex

# The client's in-memory mode says what it does without; a server would use both.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]

SERVER_URL = os.environ.get("COPILOT_TEST_QDRANT_URL", "")


def _server(_folder: Path) -> KnowledgeIndex:
    if not SERVER_URL:
        pytest.skip("set COPILOT_TEST_QDRANT_URL to run this on a Qdrant server")
    return ServerIndex(QdrantClient(url=SERVER_URL), f"test-{uuid4().hex}", DIMENSIONS)


ADAPTERS: dict[str, Callable[[Path], KnowledgeIndex]] = {
    "fake": lambda _folder: MemoryIndex(),
    "edge": lambda folder: EdgeIndex(folder / "index", DIMENSIONS),
    "local": lambda _folder: ServerIndex(QdrantClient(":memory:"), "test", DIMENSIONS),
    "server": _server,
}


@pytest.fixture(scope="module", params=ADAPTERS)
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KnowledgeIndex]:
    index = ADAPTERS[request.param](tmp_path_factory.mktemp(request.param))
    yield index
    index.clear()
    index.close()


@pytest.fixture
def index(opened: KnowledgeIndex) -> KnowledgeIndex:
    opened.clear()
    return opened


def test_an_index_begins_empty(index: KnowledgeIndex) -> None:
    assert index.count() == 0
    assert list(index.versions()) == []
    assert found(index) == set()


def test_written_points_are_counted_listed_and_found(index: KnowledgeIndex) -> None:
    index.upsert([point(1), point(2), point(3, "policy", 4)])
    assert index.count() == 3
    assert set(index.versions()) == {("guide", 1), ("policy", 4)}
    assert found(index) == {point(number).id for number in (1, 2, 3)}


def test_writing_nothing_is_no_error(index: KnowledgeIndex) -> None:
    index.upsert([])
    assert index.count() == 0


def test_each_leg_ranks_by_its_own_raw_score(index: KnowledgeIndex) -> None:
    points = [point(number) for number in range(1, 60)]
    index.upsert(points)
    expected = MemoryIndex()
    expected.upsert(points)
    asked = legs(10)
    for got, wanted in zip(
        index.search(asked, PARTNER), expected.search(asked, PARTNER), strict=True
    ):
        assert [hit.chunk_id for hit in got] == [hit.chunk_id for hit in wanted]
        assert [hit.score for hit in got] == pytest.approx([hit.score for hit in wanted], rel=1e-4)


def test_a_leg_gets_no_more_than_it_asked_for(index: KnowledgeIndex) -> None:
    index.upsert([point(number) for number in range(1, 20)])
    asked = [replace(leg, limit=limit) for limit, leg in enumerate(legs(1))]
    assert [len(hits) for hits in index.search(asked, PARTNER)] == list(range(len(asked)))


def test_a_search_without_legs_finds_nothing(index: KnowledgeIndex) -> None:
    index.upsert([point(1)])
    assert index.search([], PARTNER) == ()


def test_an_empty_keyword_leg_has_no_hits_and_leaves_the_others_alone(
    index: KnowledgeIndex,
) -> None:
    index.upsert([point(1)])
    dense, *_ = legs(5)
    empty = LegQuery(field=KEYWORDS, vector=SparseVector(indices=(), values=()), limit=5)
    got = index.search([empty, dense, empty], PARTNER)
    assert [len(hits) for hits in got] == [0, 1, 0]


def test_a_keyword_leg_finds_only_points_that_have_a_term(index: KnowledgeIndex) -> None:
    index.upsert([point(1), point(2)])
    rare = point(2).sparse[KEYWORDS]
    asked = LegQuery(
        field=KEYWORDS,
        vector=SparseVector(indices=rare.indices[-1:], values=(2.0,)),
        limit=5,
    )
    [hits] = index.search([asked], PARTNER)
    assert ids(hits) == {point(2).id}
    assert hits[0].score == pytest.approx(2.0 * rare.values[-1], rel=1e-4)


def test_a_point_without_keywords_is_found_by_its_vector_alone(index: KnowledgeIndex) -> None:
    bare = replace(point(1), sparse={KEYWORDS: SparseVector(indices=(), values=())})
    index.upsert([bare])
    dense, *keywords = index.search(legs(5), PARTNER)[len(DenseField) - 1 :]
    assert ids(dense) == {bare.id}
    assert keywords == [()] * len(SparseField)


def test_writing_a_known_id_replaces_everything_it_had(index: KnowledgeIndex) -> None:
    index.upsert([point(1, "old")])
    renewed = replace(point(1, "new", 2, shift=1000), sparse={})
    index.upsert([renewed])
    assert index.count() == 1
    assert list(index.versions()) == [("new", 2)]
    assert index.score(VECTOR, renewed.dense[VECTOR], [renewed.id])[renewed.id] == pytest.approx(
        1.0, abs=1e-4
    )
    assert all(not hits for hits in index.search(legs(5)[len(DenseField) :], PARTNER))


def test_writing_twice_equals_once(index: KnowledgeIndex) -> None:
    points = [point(number) for number in range(1, 6)]
    index.upsert(points)
    before = index.search(legs(10), PARTNER)
    index.upsert(points)
    assert index.count() == 5
    assert index.search(legs(10), PARTNER) == before


def test_deleting_a_version_leaves_the_others(index: KnowledgeIndex) -> None:
    index.upsert([point(1), point(2, version=2), point(3, version=11), point(4, "policy")])
    index.delete("guide", 1)
    assert set(index.versions()) == {("guide", 2), ("guide", 11), ("policy", 1)}
    assert found(index) == {point(number).id for number in (2, 3, 4)}


def test_deleting_a_document_removes_all_its_versions(index: KnowledgeIndex) -> None:
    index.upsert([point(1), point(2, version=2), point(3, "guide2")])
    index.delete("guide")
    assert list(index.versions()) == [("guide2", 1)]
    assert found(index) == {point(3).id}


def test_the_points_of_a_document_are_counted(index: KnowledgeIndex) -> None:
    index.upsert([point(1), point(2, version=2), point(3, "guide2")])
    assert [index.points_of(name) for name in ("guide", "guide2", "nobody")] == [2, 1, 0]
    index.delete("guide")
    index.flush()
    assert [index.points_of(name) for name in ("guide", "guide2")] == [0, 1]


def test_deleting_what_is_not_there_is_no_error(index: KnowledgeIndex) -> None:
    index.upsert([point(1)])
    index.delete("nobody")
    index.delete("guide", 9)
    assert index.count() == 1


def test_document_ids_may_hold_any_sign(index: KnowledgeIndex) -> None:
    names = ["a:1", "1:a", 'quo"te', "naïve ☂", "northstar/policies/sla.md", "x\x1fy"]
    index.upsert([point(number, name, number + 1) for number, name in enumerate(names)])
    assert set(index.versions()) == {(name, number + 1) for number, name in enumerate(names)}
    index.delete("a:1", 1)
    assert index.count() == len(names) - 1


def test_a_new_access_replaces_the_old_one_on_every_point_of_the_version(
    index: KnowledgeIndex,
) -> None:
    index.upsert([point(1), point(2), point(3, version=2)])
    index.set_access("guide", 1, access(approved=False))
    assert found(index) == {point(3).id}
    index.set_access("guide", 1, access(product="erp", releases=frozenset({"24.1"})))
    assert found(index) == {point(number).id for number in (1, 2, 3)}
    assert found(index, replace(PARTNER, release="25.0")) == {point(3).id}
    index.set_access("guide", 1, OPEN)
    assert len(found(index, replace(PARTNER, release="25.0"))) == 3


def test_clearing_leaves_an_index_that_works(index: KnowledgeIndex) -> None:
    index.upsert([point(1)])
    index.clear()
    assert index.count() == 0
    assert list(index.versions()) == []
    index.upsert([point(2)])
    assert found(index) == {point(2).id}


def test_optimising_changes_no_result(index: KnowledgeIndex) -> None:
    index.upsert([point(number) for number in range(1, 50)])
    before = index.search(legs(10), PARTNER)
    index.optimize()
    assert index.search(legs(10), PARTNER) == before


def test_scores_are_those_of_the_search(index: KnowledgeIndex) -> None:
    index.upsert([point(number) for number in range(1, 20)])
    for leg in legs(100):
        if isinstance(leg.field, DenseField) and not isinstance(leg.vector, SparseVector):
            [hits] = index.search([leg], PARTNER)
            asked = [hit.chunk_id for hit in hits[5:10]]
            scores = index.score(leg.field, leg.vector, asked)
            assert dict(scores) == pytest.approx(
                {hit.chunk_id: hit.score for hit in hits[5:10]}, abs=1e-5
            )


def test_points_that_do_not_exist_have_no_score(index: KnowledgeIndex) -> None:
    index.upsert([point(1)])
    vector = point(1).dense[VECTOR]
    assert set(index.score(VECTOR, vector, [point(1).id, point(2).id])) == {point(1).id}
    assert index.score(VECTOR, vector, []) == {}


def test_a_vector_of_the_wrong_length_is_a_storage_error(index: KnowledgeIndex) -> None:
    if isinstance(index, MemoryIndex):
        pytest.skip("the fake has no dimensions of its own")
    with pytest.raises(StorageError):
        index.upsert([replace(point(1), dense={VECTOR: [1.0, 2.0]})])
    assert index.count() == 0


def test_a_document_for_every_product_and_release_is_found_under_each(
    index: KnowledgeIndex,
) -> None:
    accesses = [
        OPEN,
        access(product="erp"),
        access(product="pos", releases=frozenset({"24.1", "24.2"})),
        access(releases=frozenset({"24.1"})),
    ]
    index.upsert([point(number, may_read=each) for number, each in enumerate(accesses)])
    expected = {("", ""): 4, ("erp", ""): 3, ("pos", "24.2"): 2, ("", "24.1"): 4, ("x", "1"): 1}
    for (product, release), number in expected.items():
        assert len(found(index, replace(PARTNER, product=product, release=release))) == number


# A few words in every place, so that accesses and rules meet often and miss often, and so that a
# marker of our own encoding ("every", the prefix of a release) is tried as a name.
WORDS = ("", "acme", "partners", "every", "release:", "24.1")
words = st.sampled_from(WORDS)
word_sets = st.frozensets(words, max_size=2)
days = st.integers(min_value=ALWAYS_FROM, max_value=4) | st.just(ALWAYS_TO)
accesses = st.builds(
    Access,
    tenant=words,
    audience=word_sets,
    document_audience=word_sets | st.just(frozenset({"partners"})),
    approved=st.sampled_from([True, True, True, False]),
    valid_from=st.just(ALWAYS_FROM) | days,
    valid_to=st.just(ALWAYS_TO) | days,
    doc_type=words,
    product=words,
    releases=word_sets,
)
visibilities = st.builds(
    Visibility,
    readers=st.frozensets(st.sampled_from([*WORDS, "owner:acme", "owner:"]), max_size=4)
    | st.just(frozenset({"partners", "owner:acme"})),
    day=days,
    doc_types=st.just(frozenset()) | word_sets,
    product=st.just("") | words,
    release=st.just("") | words,
    superseded=st.frozensets(st.sampled_from(["doc-0", "doc-1"]), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(
    stored=st.lists(accesses, max_size=25),
    rules=st.lists(visibilities, min_size=1, max_size=8),
)
def test_the_filter_lets_through_exactly_what_the_rule_admits(
    opened: KnowledgeIndex, stored: list[Access], rules: list[Visibility]
) -> None:
    opened.clear()
    points = [
        point(number + 1, f"doc-{number % 3}", number, each) for number, each in enumerate(stored)
    ]
    opened.upsert(points)
    for rule in rules:
        admitted = {
            each.id for each in points if rule.admits_document(each.document_id, each.access)
        }
        assert found(opened, rule, limit=len(points) + 1) == admitted


@settings(max_examples=15, deadline=None)
@given(
    visible=st.integers(min_value=1, max_value=30),
    hidden=st.lists(accesses.filter(lambda each: not PARTNER.admits(each)), max_size=60),
    limit=st.integers(min_value=1, max_value=12),
    seed=st.integers(min_value=0, max_value=1000),
)
def test_points_that_the_asker_may_not_see_change_nothing(
    opened: KnowledgeIndex, visible: int, hidden: list[Access], limit: int, seed: int
) -> None:
    opened.clear()
    opened.upsert([point(number + 1) for number in range(visible)])
    before = opened.search(legs(limit, seed), PARTNER)
    opened.upsert([point(1000 + number, "hidden", 1, each) for number, each in enumerate(hidden)])
    assert opened.search(legs(limit, seed), PARTNER) == before
