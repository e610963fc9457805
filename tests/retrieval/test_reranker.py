from copilot.extractive import ExtractiveWriter
from copilot.question import read_question
from retrieval.reranker import reordered
from tests.copilot.passages import passage, statistics_of

FIRST = passage(
    "Copies are deleted after 60 days.", document="doc_a", rank=1, cosine=0.6, keywords=9.0
)
SECOND = passage(
    "Copies are deleted after 90 days.", document="doc_b", rank=2, cosine=0.5, keywords=8.0
)


def test_passages_stand_in_the_order_of_the_new_scores_and_keep_their_raw_ones():
    found = reordered([FIRST, SECOND], [0.1, 4.0])
    assert [one.chunk.document_id for one in found] == ["doc_b", "doc_a"]
    assert [(one.rank, one.fused_score) for one in found] == [(1, 4.0), (2, 0.1)]
    assert [one.dense_score for one in found] == [0.5, 0.6]


def test_equal_scores_keep_the_old_order():
    assert [one.rank for one in (FIRST, SECOND)] == [1, 2]
    assert [one.chunk.document_id for one in reordered([SECOND, FIRST], [1.0, 1.0])] == [
        "doc_a",
        "doc_b",
    ]


def test_the_answer_rests_on_what_was_put_first():
    question = read_question("When are copies deleted?")
    statistics = statistics_of(FIRST, SECOND)
    for scores, expected in (([2.0, 1.0], "doc_a"), ([1.0, 2.0], "doc_b")):
        draft = ExtractiveWriter().write(question, reordered([FIRST, SECOND], scores), statistics)
        assert draft.evidence[0].passage.chunk.document_id == expected
