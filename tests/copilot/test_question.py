import pytest

from copilot.question import Wants, read_question


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("How do I connect a shop?", Wants.STEPS),
        ("I'm trying to connect my shop", Wants.STEPS),
        ("How many warehouses can be set up?", Wants.NUMBER),
        ("How long is the log kept?", Wants.DURATION),
        ("lifetime of an OAuth access token?", Wants.DURATION),
        ("What does the overflow cost?", Wants.AMOUNT),
        ("When will the release be available?", Wants.MOMENT),
        ("Who approves a go-live?", Wants.PERSON),
        ("Where do I see the rebate?", Wants.PLACE),
        ("What is the difference between hiding and removing views?", Wants.COMPARISON),
        ("Can I use views on a phone?", Wants.STATEMENT),
    ],
)
def test_the_form_of_answer_is_read_off_the_words(text: str, wants: Wants) -> None:
    assert read_question(text).wants is wants


def test_pleasantries_and_grammar_are_no_telling_words() -> None:
    question = read_question("Hi, could you please help me? I am struggling with the fonts.")
    assert [term.word for term in question.terms] == ["fonts"]


def test_an_error_code_is_one_word_that_must_match() -> None:
    question = read_question("Why do I get ERR-4012 in order.created?")
    assert question.identifiers == {"err-4012", "order.created"}


def test_capitalised_words_inside_a_sentence_are_names() -> None:
    assert read_question("Does Boxhaul ship to Falkenberg?").names[-1] == ("falkenberg",)


def test_a_question_of_any_length_has_a_bounded_number_of_words() -> None:
    assert len(read_question(" ".join(f"word{n}" for n in range(5000))).terms) <= 48
