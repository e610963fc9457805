import threading
from collections.abc import Iterator

import pytest

from governance.kept_words import KeptText, KeptWords
from governance.policy import Policy, RedactionPolicy, load_policy
from governance.redaction import PersonalData, Redacted


class Shouting:
    """Puts what it may take out in capitals, and notes who asked it what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, frozenset[PersonalData], str]] = []

    def redact(self, text: str, kinds: frozenset[PersonalData]) -> Redacted:
        self.asked.append((text, kinds, threading.current_thread().name))
        return Redacted(text=text.upper(), counts={})


def policy(*kinds: PersonalData) -> Policy:
    section = RedactionPolicy(questions=frozenset(kinds))
    return load_policy().model_copy(update={"redaction": section})


@pytest.fixture
def redactor() -> Shouting:
    return Shouting()


@pytest.fixture
def words(redactor: Shouting) -> Iterator[KeptWords]:
    words = KeptWords(redactor, lambda: policy(PersonalData.EMAIL))
    yield words
    words.close()


def test_a_text_is_redacted_by_the_policy_of_the_moment(redactor: Shouting):
    now = policy(PersonalData.EMAIL)
    words = KeptWords(redactor, lambda: now)
    assert words.of("a") == "A"
    now = policy()
    assert words.of("b") == "b"
    assert [(text, kinds) for text, kinds, _ in redactor.asked] == [
        ("a", frozenset({PersonalData.EMAIL}))
    ]
    words.close()


def test_begun_early_it_goes_on_in_another_thread(words: KeptWords, redactor: Shouting):
    begun = words.begin("who is ann?")
    assert begun() == KeptText(said="who is ann?", kept="WHO IS ANN?")
    [(_, _, thread)] = redactor.asked
    assert thread != threading.current_thread().name


def test_where_nothing_is_to_go_nothing_is_asked(redactor: Shouting):
    words = KeptWords(redactor, policy)
    assert words.begin("ann")() == KeptText(said="ann", kept="ann")
    assert redactor.asked == []


def test_a_redactor_that_fails_is_not_passed_over():
    class Broken:
        def redact(self, text: str, kinds: frozenset[PersonalData]) -> Redacted:
            raise ZeroDivisionError(text, kinds)

    words = KeptWords(Broken(), lambda: policy(PersonalData.EMAIL))
    begun = words.begin("ann")
    with pytest.raises(ZeroDivisionError):
        begun()
    words.close()
