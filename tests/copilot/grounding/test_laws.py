import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from copilot.evidence import Claim, Evidence, Span
from copilot.grounding import Grounder, has_substance
from copilot.question import read_question
from tests.copilot.passages import passage

QUESTION = read_question("How long does it take?", {})
SENTENCES = (
    "A P1 has to be opened by telephone and in Partner Desk.",
    "Tickets that wait for the partner for 15 calendar days are closed.",
    "They can be reopened within 30 days after closing.",
    "The credit is never paid out.",
    "An import file may hold 80,000 rows of at most 4 MB.",
    "Gold partners are called back in 2 hours, Silver partners in 4 hours.",
    "ERR-4012 means that the SKU has no mapping since release 24.1.",
    "Claims are made before 1 February 2026 unless the contract says otherwise.",
    "Only administrators should change `retry.limit`, which is 12.",
)
texts = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6, unique=True)
digits = st.integers(min_value=0, max_value=10**6).map(str)


def evidence(*sentences, key=1, document="doc_a"):
    text = " ".join(sentences)
    return Evidence(
        key=key,
        passage=passage(text, document=document),
        start=0,
        end=len(text),
        sentences=(Span(start=0, end=len(text)),),
    )


def grounded(text, keys, *found):
    return Grounder(None).ground(Claim(text=text, keys=tuple(keys)), found, QUESTION)


@given(texts, st.data())
def test_a_sentence_of_the_evidence_is_kept_and_quoted_as_it_stands(sentences, data):
    sentence = data.draw(st.sampled_from(sentences))
    result = grounded(sentence, [1], evidence(*sentences))
    assert result.supported, result.reason
    assert [one.quote for one in result.evidence] == [sentence]


@settings(max_examples=300)
@given(texts, st.data(), digits)
def test_a_number_that_the_evidence_does_not_hold_always_falls(sentences, data, number):
    sentence = data.draw(st.sampled_from(sentences))
    found = list(re.finditer(r"\d+", sentence))
    assume(found)
    place = data.draw(st.sampled_from(found))
    changed = sentence[: place.start()] + number + sentence[place.end() :]
    whole = " ".join(sentences)
    held = {one.lstrip("0") for one in re.findall(r"\d+", whole.replace(",", ""))}
    assume(number.lstrip("0") not in held)
    assume(not set(re.findall(r"\d+", changed.replace(",", ""))) <= held)
    assert not grounded(changed, [1], evidence(*sentences)).supported


@given(texts, texts, st.data())
def test_the_order_of_the_evidence_does_not_matter(one, other, data):
    first, second = evidence(*one), evidence(*other, key=2, document="doc_b")
    sentence = data.draw(st.sampled_from([*one, *other, f"{one[0][:-1]}, and {other[0]}"]))
    there = grounded(sentence, [1, 2], first, second)
    back = grounded(sentence, [2, 1], second, first)
    assert there.reason == back.reason
    assert there.evidence == back.evidence


@settings(max_examples=300)
@given(
    st.text(max_size=300), st.text(min_size=1, max_size=400), st.lists(st.integers(), max_size=3)
)
def test_no_text_makes_it_raise(claim, source, keys):
    result = grounded(claim, [1, *keys], evidence(source))
    assert (result.claim is None) == (result.reason is not None)
    has_substance([Claim(text=claim, keys=(1,))], QUESTION)
    for one in result.evidence:
        assert one.quote in source


@pytest.mark.parametrize(
    "disguise", ["\uff12 hours", "2\u200b hours", "\u0662 hours", "two hours", "2 hrs"]
)
def test_a_disguised_number_is_read_as_what_it_shows(disguise):
    told = evidence("Gold partners are called back in 2 hours.")
    wrong = evidence("Gold partners are called back in 3 hours.")
    sentence = f"Gold partners are called back in {disguise}."
    assert grounded(sentence, [1], told).supported
    assert not grounded(sentence, [1], wrong).supported


def test_a_long_sentence_takes_no_longer_than_its_length_asks_for():
    long = ", and ".join(SENTENCES[:4]) * 40
    assert grounded(long, [1], evidence(*SENTENCES)).reason == "too_long"
