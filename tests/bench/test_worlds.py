"""Taking documents out for a measurement must equal never having had them."""

from contextlib import closing
from functools import cached_property

import pytest

from bench.worlds import PARTNER, BenchAssembly
from retrieval.keywords import question_terms
from retrieval.query import Query
from tests.fakes.hash_embedder import HashEmbedder

PAGES = {
    "returns.md": "# Returns\n\nA return label is valid for thirty days.\n",
    "labels.md": "# Labels\n\nA label is printed by the warehouse. Labels of a return differ.\n",
    "stock.md": "# Stock\n\nStock is counted every night in each warehouse.\n",
    "tax.md": "# Tax\n\nTax is rounded by line.\n",
}
QUESTION = "How long is the label of a return valid?"


class Embedder(HashEmbedder):
    def close(self):
        pass


class SmallWorld(BenchAssembly):
    @cached_property
    def embedder(self):
        return Embedder()

    @cached_property
    def question_embedder(self):
        return self.embedder


@pytest.fixture
def world(tmp_path):
    def made(name, pages):
        folder = tmp_path / name / "docs"
        folder.mkdir(parents=True)
        for page in pages:
            (folder / page).write_text(PAGES[page])
        assembly = SmallWorld(tmp_path / name / "data")
        assembly.ingest([folder])
        return assembly

    return made


def found(assembly):
    visibility = assembly.visible_catalog.visibility(PARTNER)
    passages = assembly.retriever.search(Query(text=QUESTION, principal=PARTNER)).passages
    counts = assembly.visible_catalog.term_counts(visibility, question_terms(QUESTION))
    scores = [
        (one.uri, round(one.dense_score, 5), round(one.keyword_score, 5), one.rank)
        for one in passages
    ]
    return scores, counts


def test_without_a_document_everything_is_as_if_it_had_never_been_there(world):
    with closing(world("all", PAGES)) as whole:
        known = whole.catalog.known("vendor")
        with whole.visible_catalog.without(frozenset({known["returns.md"].document_id})):
            thinned = found(whole)
    with closing(world("less", [page for page in PAGES if page != "returns.md"])) as less:
        assert thinned == found(less)


def test_after_the_block_everything_is_back(world):
    with closing(world("all", PAGES)) as whole:
        before = found(whole)
        known = whole.catalog.known("vendor")
        with whole.visible_catalog.without(frozenset({known["returns.md"].document_id})):
            assert found(whole) != before
        assert found(whole) == before
