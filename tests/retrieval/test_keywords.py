import subprocess
import sys
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.keywords import (
    SparseVector,
    TermStatistics,
    chunk_vector,
    heading_agreement,
    question_terms,
    question_vector,
    term_id,
    terms,
)

NOTHING_KNOWN = TermStatistics(chunks=0, chunks_with_term={})


def score(question: str, text: str, statistics: TermStatistics | None = None) -> float:
    asked = question_vector(question, statistics or even_statistics(question))
    stored = chunk_vector(title="", heading_path=(), header="", text=text)
    return dot(asked, stored)


def dot(one: SparseVector, other: SparseVector) -> float:
    weights = dict(zip(other.indices, other.values, strict=True))
    return sum(
        value * weights.get(index, 0.0)
        for index, value in zip(one.indices, one.values, strict=True)
    )


def even_statistics(question: str) -> TermStatistics:
    return TermStatistics(chunks=1000, chunks_with_term=dict.fromkeys(question_terms(question), 10))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("ERR-4012", {"err", "4012"}),
        ("2.4.6-p3", {"2", "4", "6", "p3"}),
        ("order.created", {"order", "creat"}),
        ("snake_case_name", {"snake", "case", "name"}),
        ("POST/v2/orders", {"post", "v2", "order"}),
    ],
)
def test_a_joined_name_is_one_term_and_its_parts(name: str, parts: set[str]) -> None:
    found = terms(f"What does {name} mean?")

    assert found.count(name.lower()) == 1
    assert parts <= set(found)


@pytest.mark.parametrize("code", ["ERR-4012", "2.4.6-p3", "order.created", "SKU_77/b"])
def test_an_exact_code_beats_a_text_with_only_its_parts(code: str) -> None:
    parts = " ".join(terms(code)[1:])

    assert score(code, f"See {code} for this case") > score(code, f"See {parts} for this case")


def test_one_code_is_not_another() -> None:
    assert term_id("err-4012") not in question_terms("ERR-4013")


def test_case_accents_and_endings_do_not_matter() -> None:
    assert terms("ÜBERWEISUNG") == terms("überweisung") == terms("Uberweisung")
    assert terms("Créer les comptes") == terms("creer les compte")
    assert terms("posting orders") == terms("posted order")


@pytest.mark.parametrize(
    "text",
    [
        "Wie ändere ich die Größe der Straße im Überweisungsbeleg?",
        "Où trouve-t-on l\u2019état de la facture déjà réglée, s\u2019il vous plaît ?",
    ],
)
def test_no_word_of_german_or_french_is_lost(text: str) -> None:
    for word in text.replace("?", " ").replace(",", " ").replace("\u2019", " ").split():
        assert set(terms(word)) <= set(terms(text))
        assert terms(word)


def test_scripts_without_spaces_match_inside_a_run() -> None:
    assert set(terms("在庫")) <= set(terms("在庫の管理方法"))


def test_scripts_with_vowel_signs_stay_whole_words() -> None:
    assert len(terms("हिन्दी भाषा")) == 2


@given(st.text())
def test_terms_are_the_same_whatever_the_case(text: str) -> None:
    assert terms(text) == terms(text.casefold())


@given(st.text(), st.text())
def test_a_text_has_the_terms_of_its_paragraphs(one: str, other: str) -> None:
    assert terms(f"{one}\n{other}") == terms(one) + terms(other)


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1))
def test_every_word_gives_a_term(word: str) -> None:
    assert terms(word)


@given(st.text(), st.lists(st.text(), max_size=3), st.text())
def test_a_chunk_vector_is_sorted_unique_and_positive(
    title: str, path: list[str], text: str
) -> None:
    vector = chunk_vector(title=title, heading_path=path, header=title, text=text)

    assert list(vector.indices) == sorted(set(vector.indices))
    assert len(vector.indices) == len(vector.values)
    assert all(0 <= index < 2**32 for index in vector.indices)
    assert all(value > 0 for value in vector.values)


def test_a_text_without_words_has_an_empty_vector() -> None:
    assert chunk_vector(title="", heading_path=(), header="", text=" — … !") == SparseVector(
        indices=(), values=()
    )
    assert question_vector("???", NOTHING_KNOWN).indices == ()


def test_the_score_of_one_term_is_bm25() -> None:
    text = "refund " * 3 + "other " * 97
    found = dot(
        SparseVector(indices=(term_id("refund"),), values=(1.0,)),
        chunk_vector(title="", heading_path=(), header="", text=text),
    )

    # A text of the usual length; weights are rounded, see the next test.
    assert found == pytest.approx(3 * 2.2 / (3 + 1.2), abs=2**-9)


@given(
    st.lists(
        st.sampled_from(["refund", "order", "label", "return", "stock", "tax", "fee", "plan"]),
        max_size=90,
    ),
    st.lists(
        st.sampled_from(["refund", "order", "label", "return", "stock", "how", "do", "i"]),
        min_size=1,
    ),
    st.integers(0, 5000),
    st.randoms(),
)
def test_a_score_is_the_same_in_whatever_order_an_engine_adds_it_up(said, asked, rarity, order):
    statistics = TermStatistics(
        chunks=5000, chunks_with_term=dict.fromkeys(question_terms(" ".join(asked)), rarity)
    )
    weights = question_vector(" ".join(asked), statistics)
    chunk = chunk_vector(
        title=" ".join(said[:6]), heading_path=tuple(said[:3]), header="", text=" ".join(said)
    )
    stored = dict(zip(chunk.indices, chunk.values, strict=True))
    products = [
        np.float32(value) * np.float32(stored.get(index, 0.0))
        for index, value in zip(weights.indices, weights.values, strict=True)
    ]
    sums = set()
    for _ in range(5):
        order.shuffle(products)
        total = np.float32(0.0)
        for product in products:
            total += product
        sums.add(float(total))

    assert sums == {dot(weights, chunk)}


def test_saying_a_word_again_adds_less_each_time() -> None:
    once, twice, often = (
        score("refund", "refund " * times + "other " * (100 - times)) for times in (1, 2, 20)
    )

    assert once < twice < often
    assert twice - once < once


def test_a_word_in_title_or_heading_counts_more() -> None:
    def weight(title: str, path: tuple[str, ...]) -> float:
        vector = chunk_vector(title=title, heading_path=path, header="", text="a refund is due")
        return dict(zip(vector.indices, vector.values, strict=True))[term_id("refund")]

    assert weight("Refunds", ()) > weight("", ())
    assert weight("", ("Billing", "Refunds")) > weight("", ())


def test_the_title_of_a_text_without_headings_is_its_heading() -> None:
    said = {"title": "Refunds", "header": "", "text": "It is due in a week."}

    assert chunk_vector(heading_path=(), **said) == chunk_vector(heading_path=("Refunds",), **said)


def test_rare_words_weigh_more_than_common_ones() -> None:
    statistics = TermStatistics(
        chunks=1000, chunks_with_term={term_id("rare"): 2, term_id("common"): 900}
    )
    weights = question_vector("rare common", statistics)
    by_id = dict(zip(weights.indices, weights.values, strict=True))

    assert by_id[term_id("rare")] > by_id[term_id("common")] > 0
    assert by_id[term_id("rare")] == pytest.approx(
        sqrt(statistics.rarity(term_id("rare"))), rel=1e-3
    )


def test_function_words_weigh_less_and_are_not_lost() -> None:
    weights = question_vector("how refund", even_statistics("how refund"))
    by_id = dict(zip(weights.indices, weights.values, strict=True))

    assert 0 < by_id[term_id("how")] < by_id[term_id("refund")]


def test_repeating_a_word_in_the_question_changes_nothing() -> None:
    question = "refund refund refund please"

    assert question_vector(question, even_statistics(question)) == question_vector(
        "please refund", even_statistics(question)
    )


@given(st.dictionaries(st.integers(0, 2**32 - 1), st.integers(0, 10**6)), st.integers(0, 10**5))
def test_rarity_is_never_negative(counts: dict[int, int], chunks: int) -> None:
    statistics = TermStatistics(chunks=chunks, chunks_with_term=counts)

    assert all(statistics.rarity(term) >= 0 for term in (*counts, 1))


def agreement(question: str, heading: str, statistics: TermStatistics) -> float:
    return heading_agreement(question, [heading], statistics)[heading]


def test_a_heading_in_the_questions_words_agrees_fully() -> None:
    question = "How do I set up an approval workflow?"
    statistics = even_statistics(question)

    assert agreement(question, "How do I set up an approval workflow", statistics) == 1
    assert agreement(question, "Refunds", statistics) == 0
    assert 0 < agreement(question, "Set up email", statistics) < 0.5


def test_agreement_of_nothing_with_nothing_is_zero() -> None:
    assert agreement("?", "", NOTHING_KNOWN) == 0


@given(st.text(), st.text())
def test_agreement_lies_between_0_and_1(question: str, heading: str) -> None:
    assert 0 <= agreement(question, heading, even_statistics(question)) <= 1


def test_term_ids_are_the_same_in_every_process() -> None:
    command = "from retrieval.keywords import term_id; print(term_id('err-4012'))"
    told = {
        subprocess.run(
            [sys.executable, "-c", command],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert told == {str(term_id("err-4012"))}
