import pytest

from foundation.errors import InvalidRequestError
from governance.principal import Principal, Role
from governance.visibility import Filters
from retrieval.langchain import PartnerCopilotRetriever
from retrieval.query import Query
from tests.ingest.ingesting import PARTNER, House, house

PAGES = {
    "codes.md": "# Error codes\n\nERR-4012 means that the tax profile is missing.\n\n"
    "ERR-4013 means that the ledger is closed.\n",
    "agent.md": "# Agent\n\nVersion 2.4.6-p3 of the agent mends the handshake.\n\n"
    "Version 2.4.6 of the agent had a fault in the handshake.\n",
    "hooks.md": "# Webhooks\n\nThe event order.created is sent once for each order.\n",
    "long.md": "# Ledger\n\n"
    + "\n\n".join(f"## Ledger part {n}\n\nThe ledger of part {n} is closed." for n in range(12)),
    "short.md": "# Closing\n\nA ledger is closed at the end of the month.\n",
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retriever")
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, text in PAGES.items():
        (corpus / name).write_text(text)
    with house(folder / "data") as one:
        one.ingest(corpus)
        yield one


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("ERR-4012", "ERR-4012"),
        ("what does err-4013 mean", "ERR-4013"),
        ("agent 2.4.6-p3", "2.4.6-p3"),
        ("order.created", "order.created"),
    ],
)
def test_identifiers_match_exactly(opened: House, question: str, text: str):
    assert text in opened.search(question)[0].chunk.text


def test_one_long_document_does_not_crowd_out_the_rest(opened: House):
    # Four chunks stand in the other documents: with three of the long one that makes seven.
    first = opened.search("when is the ledger closed", limit=7)
    assert sum(p.uri == "long.md" for p in first) == 3
    assert "short.md" in {p.uri for p in first[:5]}


def test_every_passage_carries_its_own_cosine(opened: House):
    passages = opened.search("ERR-4012 ledger", limit=20)
    assert all(p.dense_score != 0.0 for p in passages)
    assert [p.rank for p in passages] == list(range(1, len(passages) + 1))


@pytest.mark.parametrize(("text", "limit"), [("", 10), ("  ", 10), ("tax", 0), ("tax", 101)])
def test_a_search_that_makes_no_sense_is_told_so(opened: House, text: str, limit: int):
    with pytest.raises(InvalidRequestError):
        opened.retriever.search(Query(text=text, principal=PARTNER, limit=limit))


def test_a_question_of_unknown_words_finds_something_or_nothing_and_never_fails(opened: House):
    for text in ("zzz qqq", "?", "😀", "a" * 3000, "\x00", "DROP TABLE chunks;--"):
        opened.retriever.search(Query(text=text, principal=PARTNER))


def test_langchain_sees_what_the_principal_may_read(opened: House):
    retriever = PartnerCopilotRetriever(retriever=opened.retriever, principal=PARTNER, k=3)
    documents = retriever.invoke("ERR-4012")
    first = documents[0]
    stored = opened.catalog.text(first.metadata["document_id"], first.metadata["version"])
    assert len(documents) == 3
    assert stored[first.metadata["start"] : first.metadata["end"]] == first.page_content
    stranger = Principal(subject="s", tenant="other", roles=frozenset({Role.AUDITOR}))
    narrowed = retriever.model_copy(
        update={"principal": stranger, "filters": Filters(doc_types=frozenset({"faq"}))}
    )
    assert narrowed.invoke("ERR-4012") == []


def test_langchain_documents_fit_into_the_context_they_are_given(opened: House):
    whole = PartnerCopilotRetriever(retriever=opened.retriever, principal=PARTNER)
    tight = whole.model_copy(update={"max_context_tokens": 60})
    everything, some = whole.invoke("ledger closed"), tight.invoke("ledger closed")
    assert 0 < len(some) < len(everything)
    assert everything[: len(some)] == some
