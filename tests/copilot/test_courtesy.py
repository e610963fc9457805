import pytest

from copilot.courtesy import courtesy, wants_person


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
        ("Super, ciao!", "Goodbye"),
        ("ok", "All right"),
        ("no thanks", "All right"),
        ("What can you do?", "I answer questions"),
        ("Wer bist du?", "Ich beantworte"),
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


@pytest.mark.parametrize(
    "text",
    [
        "Can I talk to a person?",
        "I want to speak to a human",
        "human please",
        "Kann ich mit einem Menschen sprechen?",
        "Je voudrais parler à une personne",
        "Quiero hablar con una persona",
    ],
)
def test_the_wish_for_a_person_is_understood(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", ["Who can talk to a person at Velora about refunds?", "agent p3"])
def test_a_question_about_people_is_a_question(text: str) -> None:
    assert not wants_person(text)
