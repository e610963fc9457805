"""A model's reply becomes claims, whatever it looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.evidence import BULLET, PARAGRAPH, SAME_LINE, Claim
from copilot.reply_reading import ReplyReader


def read(reply: str, *, keys: int = 3, pieces: int = 3, cut: bool = False) -> list[Claim]:
    reader = ReplyReader(frozenset(range(1, keys + 1)))
    found = [
        claim
        for at in range(0, len(reply), pieces)
        for claim in reader.feed(reply[at : at + pieces])
    ]
    return [*found, *reader.end(cut=cut)]


def told(reply: str, *, cut: bool = False) -> list[tuple[str, tuple[int, ...]]]:
    return [(claim.text, claim.keys) for claim in read(reply, cut=cut)]


@pytest.mark.parametrize(
    ("reply", "keys"),
    [
        ("It takes two hours [1].", (1,)),
        ("It takes two hours. [1]", (1,)),
        ("It takes two hours.[1][2]", (1, 2)),
        ("It takes two hours [1, 3].", (1, 3)),
        ("It takes two hours [1-3].", (1, 2, 3)),
        ("It takes two hours 【2】.", (2,)),
        ("It takes two hours 【2†source】.", (2,)),
        ("It takes two hours [^2].", (2,)),
        ("It takes two hours [Source 2: SLA policy].", (2,)),
        ("It takes two hours (see source [2]).", (2,)),
        ("It takes two hours [2](https://evil.example/x).", (2,)),
        ("It takes two hours [1][99].", (1,)),
        ("It takes two hours [99].", ()),
        ("It takes two hours.", ()),
    ],
)
def test_markers_of_every_make_are_read_and_taken_out(reply: str, keys: tuple[int, ...]) -> None:
    assert told(reply) == [("It takes two hours.", keys)]


def test_sentences_are_parted_where_they_end_and_nowhere_else() -> None:
    reply = "Call e.g. Dr. Moss at 2.5 hours [1]. Version 24.1 is out [2]. Is it? Yes, it is [3]!"
    assert told(reply) == [
        ("Call e.g. Dr. Moss at 2.5 hours.", (1,)),
        ("Version 24.1 is out.", (2,)),
        ("Is it?", (3,)),
        ("Yes, it is!", (3,)),
    ]


def test_a_sentence_is_told_before_the_reply_is_over() -> None:
    reader = ReplyReader(frozenset({1}))
    assert list(reader.feed("It takes two hours [1]. And")) == [
        Claim(text="It takes two hours.", keys=(1,), before=PARAGRAPH)
    ]


def test_a_list_becomes_bullets_whose_numbers_claim_nothing() -> None:
    claims = read("Do this [1]:\n1. Open **Settings** [1]\n2) Press `Save`. [2]\n* Done [3]")
    assert [(one.before, one.text, one.keys) for one in claims] == [
        (PARAGRAPH, "Do this:", (1,)),
        (BULLET, "Open Settings", (1,)),
        (BULLET, "Press Save.", (2,)),
        (BULLET, "Done", (3,)),
    ]


def test_a_sentence_without_a_source_takes_the_next_of_its_paragraph_only() -> None:
    assert told("One thing. Another thing [2].\n\nA third thing.\n\nA fourth [3].") == [
        ("One thing.", (2,)),
        ("Another thing.", (2,)),
        ("A third thing.", ()),
        ("A fourth.", (3,)),
    ]


def test_sentences_of_a_paragraph_stay_together() -> None:
    assert [one.before for one in read("One [1]. Two [1].\n\nThree [1].")] == [
        PARAGRAPH, SAME_LINE, PARAGRAPH,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "reply",
    [
        "<think>It may be three hours [1]. Or four.</think>It takes two hours [1].",
        "<thinking>\nNo [1].\n</thinking>\n\nIt takes two hours [1].",
        "It may be three hours [1] </think>It takes two hours [1].",
    ],
)
def test_thoughts_are_not_the_answer(reply: str) -> None:
    assert told(reply)[-1] == ("It takes two hours.", (1,))
    assert not any("three" in text for text, _ in told(reply))


def test_thoughts_without_an_end_leave_nothing() -> None:
    assert told("<think>It takes two hours [1]. And so on [2].") == []


@pytest.mark.parametrize(
    "reply", ["", "   \n\n", "NOTHING", "Nothing.", "# Answer\n", "[1]", "```"]
)
def test_replies_that_say_nothing_claim_nothing(reply: str) -> None:
    assert told(reply) == []


def test_the_same_sentence_for_ever_is_one_and_ends_the_reading() -> None:
    reader = ReplyReader(frozenset({1}))
    found = [claim for _ in range(100) for claim in reader.feed("It takes two hours [1]. ")]
    assert [one.text for one in found] == ["It takes two hours."]
    assert reader.exhausted


def test_words_without_an_end_are_given_up() -> None:
    reader = ReplyReader(frozenset({1}))
    for _ in range(2_000):
        assert not list(reader.feed("and then "))
        if reader.exhausted:
            return
    pytest.fail("it went on reading")


def test_half_a_sentence_of_a_reply_that_was_cut_is_left_out() -> None:
    assert told("It takes two hours [1]. It costs three hund", cut=True) == [
        ("It takes two hours.", (1,))
    ]
    assert told("It takes two hours [1]. It costs 300 [2", cut=True) == [
        ("It takes two hours.", (1,))
    ]


def test_markup_links_and_pictures_do_not_come_through() -> None:
    reply = "<b>See</b> [the page](https://evil.example) ![x](https://evil.example/?q=1) now [1]."
    assert told(reply) == [("See the page now.", (1,))]


def test_a_sentence_with_unreadable_bytes_is_left_out() -> None:
    assert told("It takes \ufffd hours [1]. It is free [2].") == [("It is free.", (2,))]


@given(
    st.text(
        alphabet=st.sampled_from("ab1. \n[]<>/think*-#|`!?,【】\u2019\u200b\ufffd"), max_size=80
    )
)
def test_how_a_reply_is_cut_into_pieces_changes_nothing(reply: str) -> None:
    whole = read(reply, pieces=1_000)
    assert read(reply, pieces=1) == whole
    assert all(set(claim.keys) <= {1, 2, 3} and "\n" not in claim.text for claim in whole)
