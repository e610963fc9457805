import pytest

from governance.policy import PolicyError, load_policy, parse_policy
from governance.redaction import PersonalData

BASE = """\
answers: {threshold: 0.5, bands: {high: 0.8, medium: 0.5}}
escalations:
  default: {queue: desk, priority: normal}
  respond_within_hours: {normal: 8}
"""


def test_a_policy_that_says_nothing_redacts_all_but_links_in_tickets():
    said = parse_policy(BASE, "policy.yaml").redaction
    assert said.questions == said.webhooks == frozenset(PersonalData)
    assert said.tickets == frozenset(PersonalData) - {PersonalData.URL}


def test_the_shipped_policy_says_what_would_hold_without_it():
    assert load_policy().redaction == parse_policy(BASE, "policy.yaml").redaction


def test_a_policy_may_let_things_stand():
    text = f"{BASE}redaction:\n  tickets: [email, secret]\n  questions: []\n"
    said = parse_policy(text, "policy.yaml").redaction
    assert said.tickets == {PersonalData.EMAIL, PersonalData.SECRET}
    assert said.questions == frozenset()


def test_an_unknown_kind_is_named_with_its_line():
    text = f"{BASE}redaction:\n  webhooks:\n    - email\n    - shoe_size\n"
    with pytest.raises(PolicyError, match=r"policy\.yaml line 8: redaction\.webhooks"):
        parse_policy(text, "policy.yaml")
