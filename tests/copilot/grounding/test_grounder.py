import pytest

from copilot.evidence import Claim, Evidence, Span
from copilot.grounding import Grounder, Unsupported, has_substance
from copilot.question import read_question
from tests.copilot.passages import passage

TEXT = (
    "A P1 has to be opened by telephone and in Partner Desk. It falls to P2 after 45 minutes.\n"
    "\n"
    "| Priority | First response | Target for workaround |\n"
    "| P1 | 30 minutes | 4 hours |\n"
    "| P2 | 2 business hours | 2 business days |\n"
    "\n"
    "Gold partners are called back in 2 hours, Silver partners in 4 hours."
)
QUESTION = read_question("How fast is a ticket answered?", {})


def evidence(text=TEXT, key=1):
    return Evidence(
        key=key,
        passage=passage(text, heading="Response targets"),
        start=0,
        end=len(text),
        sentences=(Span(start=0, end=len(text)),),
    )


def grounded(sentence, *keys, text=TEXT):
    return Grounder(None).ground(
        Claim(text=sentence, keys=keys or (1,)), [evidence(text)], QUESTION
    )


def test_a_sentence_in_other_words_is_kept_with_the_row_it_rests_on():
    result = grounded("P2 tickets get their first response within two business hours.")
    assert result.supported
    assert [one.quote for one in result.evidence] == ["| P2 | 2 business hours | 2 business days |"]


def test_a_number_of_another_row_falls():
    assert grounded("P2 tickets get their first response within 30 minutes.").reason


def test_a_number_of_another_column_falls():
    sentence = "The first response to a P1 comes within 4 hours."
    assert grounded(sentence).reason is Unsupported.BINDING


def test_a_number_of_another_part_of_the_sentence_falls():
    sentence = "Silver partners are called back in 2 hours."
    assert grounded(sentence).reason is Unsupported.BINDING


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (
            "-20 degrees are the least that the sensor bears.",
            "20 degrees are the least that the sensor bears.",
        ),
        (".5 percent of the revenue is paid back.", "5 percent of the revenue is paid back."),
    ],
)
def test_the_sign_and_the_point_before_a_number_are_part_of_it(stored, said):
    assert not grounded(said, text=stored).supported
    assert grounded(stored, text=stored).supported


def test_keys_that_do_not_exist_are_dropped_and_a_sentence_without_any_falls():
    sentence = "A P1 has to be opened by telephone and in Partner Desk."
    kept = grounded(sentence, 1, 7)
    assert kept.claim is not None
    assert kept.claim.keys == (1,)
    assert grounded(sentence, 7).reason is Unsupported.UNCITED


def test_what_answers_nothing_has_no_substance():
    question = read_question("How do I open a P1 ticket?", {})
    assert has_substance([Claim(text="A P1 is opened by telephone.", keys=(1,))], question)
    assert not has_substance([Claim(text="Here is what we know:", keys=(1,))], question)
    assert not has_substance([], question)
