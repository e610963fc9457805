import pytest

from copilot.courtesy import courtesy


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Hi", "Hello!"),
        ("Hello there, good morning!", "Hello!"),
        ("Thanks, that helped a lot.", "You are welcome"),
        ("Thank you very much, have a nice weekend", "Goodbye"),
        ("Vielen Dank für Ihre Hilfe!", "Gern geschehen"),
        ("Guten Morgen", "Guten Tag!"),
        ("Merci beaucoup", "Avec plaisir"),
        ("Bonjour à tous", "Bonjour"),
        ("¡Muchas gracias!", "De nada"),
        ("Hola, buenos días", "¡Hola!"),
    ],
)
def test_a_courtesy_is_returned_in_its_language(text: str, reply: str) -> None:
    found = courtesy(text)
    assert found is not None
    assert found.text.startswith(reply)


@pytest.mark.parametrize(
    "text",
    [
        "Hi, how do I refund an order?",
        "Thanks. And what about P2 tickets?",
        "hello world example for the API",
        "Danke, wie lange dauert das?",
        "Thank you page of the shop",
        "good",
        "",
        "hi " * 100,
    ],
)
def test_whatever_may_be_a_question_is_treated_as_one(text: str) -> None:
    assert courtesy(text) is None
