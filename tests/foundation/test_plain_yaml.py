import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.plain_yaml import PlainYamlError, read_plain_yaml


def test_text_stays_as_it_was_typed_and_numbers_are_at_hand() -> None:
    found = read_plain_yaml("releases: [24.10, 007]\non: yes\nsince: 2026-01-05\nnote:\n", "m.yaml")
    assert found.text == {
        "releases": ["24.10", "007"], "on": "yes", "since": "2026-01-05", "note": None,
    }  # fmt: skip
    assert found.typed["releases"] == [24.1, 7]
    assert found.typed["on"] is True


def test_what_stands_in_quotes_is_text() -> None:
    assert read_plain_yaml("a: '24.10'\nb: \"null\"\n", "m").typed == {"a": "24.10", "b": "null"}


def test_every_value_knows_its_line() -> None:
    found = read_plain_yaml("a: 1\nb:\n  - c: 2\n    d: 3\n", "m.yaml", first_line=10)
    assert found.line_of(("a",)) == 10
    assert found.line_of(("b", 0, "d")) == 13
    assert found.line_of(("b", 0, "unknown")) == 12
    assert found.line_of(("nowhere",)) == 10


@pytest.mark.parametrize("text", ["", "# only a comment\n", "~", "null\n", "---\n"])
def test_nothing_is_an_empty_mapping(text: str) -> None:
    assert read_plain_yaml(text, "m.yaml").text == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2\n", r"line 2: the key 'a' stands twice, first in line 1"),
        ("a: &x 1\nb: *x\n", r"line 1: anchors and aliases"),
        ("a: !!python/object:os.system x\n", r"line 1: the tag .* is not read"),
        ("a: 1\n---\nb: 2\n", r"line 2: a second document"),
        ("- a\n- b\n", r"line 1: must hold"),
        ("just text\n", r"line 1: must hold"),
        ("a: [1\nb: 2\n", r"is not valid YAML"),
        ("a:\n\t- b\n", r"line 2: is not valid YAML"),
        ("? [a, b]\n: 1\n", r"line 1: a key must be a word"),
        ("[" * 30 + "]" * 30, r"nested deeper than 20"),
        ("a: 1\n" * 250_000, r"longer than 1,000,000 characters"),
        ("a: \x00\n", r"is not valid YAML"),
    ],
    ids=lambda one: one[:16],
)
def test_what_could_mean_two_things_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(PlainYamlError, match=says) as caught:
        read_plain_yaml(text, "m.yaml")
    assert str(caught.value).startswith("m.yaml")
    assert "\n" not in str(caught.value)


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LAUGHS, "anchors and aliases"),
        ("a: &a {b: *a}\n", "anchors and aliases"),
        ("base: &b {x: 1}\nchild: {<<: *b}\n", "anchors and aliases"),
        ("".join(f"{'  ' * at}k:\n" for at in range(900)), "nested deeper"),
        ("- " * 300_000 + "x", "nested deeper"),
        ("{" * 400_000, "nested deeper"),
        ("a: " + "[" * 400_000, "nested deeper"),
        ("a: !!binary aGk=\n", "the tag"),
        ("a: !!python/name:os.system\n", "the tag"),
        ("%TAG ! tag:evil,2000:\n---\na: !x 1\n", "the tag"),
    ],
    ids=lambda one: one[:12],
)
def test_a_bomb_is_refused_before_it_goes_off(text: str, says: str) -> None:
    started = time.process_time()
    with pytest.raises(PlainYamlError, match=says):
        read_plain_yaml(text, "m.yaml")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text", ["x: " + "9" * 900_000, "x: 1e" + "9" * 900_000, "x: " + "1:" * 9_000 + "1"]
)
def test_a_number_beyond_all_measure_stays_text_or_is_refused(text: str) -> None:
    started = time.process_time()
    with suppress(PlainYamlError):
        assert isinstance(read_plain_yaml(text, "m.yaml").typed["x"], str | float | int)
    assert time.process_time() - started < 5


@given(st.text())
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with suppress(PlainYamlError):
        found = read_plain_yaml(text, "m.yaml")
        assert set(found.text) == set(found.typed)
