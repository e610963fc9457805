import pytest

from governance.policy import PolicyError, load_policy, parse_policy
from governance.record_policy import RecordKind, Wording
from tests.governance.test_policy import POLICY


def test_what_ships_words_questions_and_no_answers_and_holds_nobody():
    policy = load_policy()
    assert policy.audit.questions is Wording.REDACTED
    assert policy.audit.answers is Wording.NONE
    assert policy.audit.searches
    assert policy.audit.anchor_file is None
    assert policy.retention.legal_hold == frozenset()


def test_every_class_of_record_has_its_days():
    policy = parse_policy(POLICY + "retention: {searches_days: 7}\n", "p.yaml").retention
    assert policy.days(RecordKind.SEARCHES) == 7
    assert all(policy.days(kind) >= 1 for kind in RecordKind)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("audit: {questions: loud}", "audit.questions"),
        ("audit: {anchor_file: here.jsonl}", "absolute path"),
        ("retention: {outcomes_days: 0}", "retention.outcomes_days"),
        ("retention: {secrets_days: 1}", "retention.secrets_days"),
        ('retention: {legal_hold: [""]}', "retention.legal_hold"),
    ],
)
def test_a_mistake_names_its_line(section: str, says: str):
    with pytest.raises(PolicyError, match=f"p.yaml line 13: .*{says}"):
        parse_policy(f"{POLICY}{section}\n", "p.yaml")
