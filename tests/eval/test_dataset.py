import json

import pytest

from eval.case import EVALUATOR, Expected
from eval.dataset import DatasetError, parse_dataset, read_dataset


def line(**changes):
    whole = {
        "id": "a-1",
        "question": "How long?",
        "principal": {"tenant": "acme", "roles": ["partner_consultant"]},
        "expected": "answer",
        "gold": [{"uri": "policies/sla.md", "quote": "four hours"}],
        "category": "plain",
    }
    whole.update(changes)
    return json.dumps({key: value for key, value in whole.items() if value is not None})


def problems(*lines):
    with pytest.raises(DatasetError) as caught:
        parse_dataset("\n".join(lines), "cases.jsonl")
    return caught.value.problems


def test_a_case_is_read_with_everything_that_was_said():
    (case,) = parse_dataset(
        line(
            principal={
                "tenant": "acme",
                "roles": ["partner_consultant"],
                "attributes": {"tier": "gold"},
            },
            filters={"release": "24.1"},
            history=["And before?"],
            reference="Four hours.",
            must_not_cite=["policies/old.md"],
            forbidden=["EUR 5"],
        ),
        "cases.jsonl",
    )
    assert case.principal.subject == EVALUATOR
    assert case.principal.attributes == {"tier": "gold"}
    assert case.filters.release == "24.1"
    assert case.history == ("And before?",)
    assert case.expected is Expected.ANSWER
    assert case.gold_uris == {"policies/sla.md"}
    assert case.must_not_cite == {"policies/old.md"}
    assert case.forbidden == ("EUR 5",)
    assert not case.needs_every_gold


def test_blank_lines_are_skipped_and_still_counted():
    assert problems("", line(), "", "{") == (
        "cases.jsonl line 4: Invalid JSON: EOF while parsing an object at line 1 column 1",
    )


def test_every_problem_of_every_line_is_told_with_its_line():
    found = problems(
        line(),
        line(id="a-2", expected="perhaps", colour="blue"),
        line(id="a-3", question=None),
    )
    assert [one.split(":")[0] for one in found] == [
        "cases.jsonl line 2",
        "cases.jsonl line 2",
        "cases.jsonl line 3",
    ]
    assert any("expected" in one for one in found)
    assert any("colour" in one for one in found)
    assert "question: Field required" in found[2]
    assert not any("\n" in one for one in found)


def test_an_id_that_is_used_twice_names_both_lines():
    assert problems(line(), line()) == ("cases.jsonl line 2: id 'a-1' is taken by line 1",)


def test_an_expected_answer_that_nothing_can_judge_is_a_problem():
    assert "needs gold or a reference" in problems(line(gold=[]))[0]


def test_an_escalation_with_gold_is_a_problem():
    assert "gold makes no sense" in problems(line(expected="escalation"))[0]


def test_a_document_cannot_be_right_and_forbidden():
    assert "both gold and must_not_cite" in problems(line(must_not_cite=["policies/sla.md"]))[0]


def test_an_unknown_role_is_a_problem():
    assert "roles" in problems(line(principal={"tenant": "acme", "roles": ["king"]}))[0]


def test_a_separator_inside_a_string_does_not_end_the_line():
    (case,) = parse_dataset(line(question="one\u2028two"), "cases.jsonl")
    assert case.question == "one\u2028two"
    raw = line(question="one\u2028two").replace("\\u2028", "\u2028")
    assert parse_dataset(raw, "cases.jsonl") == (case,)


def test_an_empty_file_is_a_problem():
    assert "holds no cases" in problems("\n")[0]


def test_a_file_that_is_missing_or_not_text_is_told_in_one_line(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        read_dataset(tmp_path / "none.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="not UTF-8"):
        read_dataset(tmp_path / "binary.jsonl")


def test_a_long_list_of_problems_is_cut_in_the_message_and_whole_in_the_list():
    with pytest.raises(DatasetError, match="and 10 more problems") as caught:
        parse_dataset("\n".join(["{}x"] * 30), "cases.jsonl")
    assert len(caught.value.problems) == 30
