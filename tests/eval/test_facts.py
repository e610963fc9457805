import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.facts import Fact, compare, facts


def values(text):
    return {one.value for one in facts(text)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("EUR 1,250; free otherwise", Fact(kind="eur", value="1250")),
        ("€5.50 a day", Fact(kind="eur", value="5.5")),
        ("15 percent", Fact(kind="percent", value="15")),
        ("99.90%", Fact(kind="percent", value="99.9")),
        ("within two hours", Fact(kind="hour", value="2")),
        ("within 4h", Fact(kind="hour", value="4")),
        ("a 3-day notice", Fact(kind="day", value="3")),
        ("for 10 business days", Fact(kind="day", value="10")),
        ("on 10 June 2024", Fact(kind="date", value="2024-06-10")),
        ("on June 10th, 2024", Fact(kind="date", value="2024-06-10")),
        ("until 9:30 site time", Fact(kind="time", value="09:30")),
        ("Error ERR-3318 appears", Fact(kind="id err-#", value="err-3318")),
        ("treated as P4.", Fact(kind="id p#", value="p4")),
        ("set order_id first", Fact(kind="", value="order_id")),
        ("since v24.2", Fact(kind="", value="24.2")),
    ],
)
def test_a_fact_is_read_in_one_notation(text, found):
    assert facts(text) == {found}


def test_the_parts_of_a_date_or_an_identifier_are_no_numbers():
    assert values("10 June 2024, 14:00, ERR-3318, 2024-06-10") == {
        "2024-06-10", "14:00", "err-3318",
    }  # fmt: skip


def test_a_day_that_does_not_exist_is_no_date():
    assert not [one for one in facts("31 February 2024") if one.kind == "date"]


class TestComparing:
    def test_the_same_facts_in_other_words_are_all_present(self):
        found = compare(
            "Within two hours, EUR 1,250, from 10 June 2024.",
            "From 2024-06-10 it costs 1250 EUR and takes 2 hours.",
        )
        assert (found.recall, found.wrong) == (1.0, frozenset())

    def test_another_value_of_the_same_kind_contradicts(self):
        found = compare("Deleted after 60 days.", "They are deleted after 90 days.")
        assert (found.recall, found.missing, found.wrong) == (0.0, {"60"}, {"90"})

    def test_another_value_beside_the_right_one_does_not(self):
        found = compare("Deleted after 60 days.", "After 60 days; backups after 90 days.")
        assert (found.recall, found.wrong) == (1.0, frozenset())

    def test_another_identifier_of_the_same_form_contradicts_and_one_of_another_does_not(self):
        assert compare("At most P4.", "It is a P2.").wrong == {"p2"}
        assert compare("At most P4.", "See ERR-12.").wrong == frozenset()

    def test_a_value_of_another_kind_is_missing_and_not_contradicted(self):
        found = compare("Deleted after 60 days.", "There are 12 warehouses.")
        assert (found.recall, found.wrong) == (0.0, frozenset())

    def test_what_the_question_states_is_no_knowledge(self):
        assert compare("120,000 orders are allowed.", "Yes.", "Are 120,000 orders allowed?") is None
        found = compare("EUR 2,310 for 120,000 orders", "EUR 2,310", "for 120,000 orders?")
        assert found.recall == 1.0

    def test_a_reference_without_facts_is_not_compared(self):
        assert compare("Anneke van Straalen.", "Somebody else, 12 of them.") is None

    @given(st.text(max_size=60))
    def test_a_text_has_its_own_facts_and_contradicts_none(self, text):
        found = compare(text, text)
        assert found is None or (found.recall == 1.0 and not found.wrong)

    @given(
        st.integers(2, 10_000_000),
        st.sampled_from(["days", "orders", "EUR", "percent"]),
        st.integers(2, 10_000_000),
    )
    def test_a_changed_number_is_always_seen(self, right, unit, wrong):
        found = compare(f"It is {right:,} {unit}.", f"It is {wrong} {unit}.")
        assert (found.recall == 1.0) == (right == wrong)
        assert bool(found.wrong) == (right != wrong)
