from pathlib import Path

import pytest

from governance.document import DocType
from governance.policy import PolicyError, load_policy, parse_policy
from governance.principal import Principal, Role

POLICY = """\
answers:
  threshold: 0.5
  thresholds: {pricing: 0.8, faq: 0.2}
  bands: {high: 0.8, medium: 0.4}
  review_required: [pricing]
escalations:
  routes:
    - {match: {doc_type: pricing}, queue: commercial, priority: normal}
    - {match: {reason: user_request, tenant: acme}, queue: acme-desk, priority: high}
    - {match: {attributes: {tier: gold, region: emea}}, queue: emea-gold, priority: high}
  default: {queue: support, priority: normal}
  respond_within_hours: {high: 4, normal: 8}
"""


def asker(tenant: str = "acme", **attributes: str) -> Principal:
    return Principal(
        subject="a",
        tenant=tenant,
        roles=frozenset({Role.PARTNER_CONSULTANT}),
        attributes=attributes,
    )


def queue(
    principal: Principal, *, reason: str = "no_evidence", doc_types: frozenset[str] = frozenset()
) -> str:
    escalations = parse_policy(POLICY, "policy.yaml").escalations
    return escalations.destination(principal, reason=reason, doc_types=doc_types).queue


def test_the_policy_that_ships_is_valid() -> None:
    policy = load_policy()
    assert 0 < policy.answers.threshold < 1
    assert policy.escalations.default.queue


class TestRouting:
    def test_what_no_rule_fits_goes_to_the_default(self) -> None:
        assert queue(asker()) == "support"
        assert queue(asker(), doc_types=frozenset({"faq"})) == "support"

    def test_one_of_several_kinds_of_documents_is_enough(self) -> None:
        assert queue(asker(), doc_types=frozenset({"faq", "pricing"})) == "commercial"

    def test_everything_a_rule_names_must_fit(self) -> None:
        assert queue(asker(), reason="user_request") == "acme-desk"
        assert queue(asker("bolt"), reason="user_request") == "support"
        assert queue(asker("bolt", tier="gold", region="emea")) == "emea-gold"
        assert queue(asker("bolt", tier="gold")) == "support"

    def test_case_does_not_matter_in_attributes(self) -> None:
        assert queue(asker("bolt", tier="Gold", region="EMEA")) == "emea-gold"

    def test_the_first_rule_that_fits_decides(self) -> None:
        who = asker(tier="gold", region="emea")
        pricing = frozenset({"pricing"})
        assert queue(who, reason="user_request", doc_types=pricing) == "commercial"
        assert queue(who, reason="user_request") == "acme-desk"


@pytest.mark.parametrize(
    ("doc_types", "threshold"),
    [
        (set(), 0.5),
        ({"policy"}, 0.5),
        ({"faq"}, 0.2),
        ({"faq", "pricing"}, 0.8),
        ({"faq", "policy"}, 0.5),
    ],
)
def test_the_strictest_threshold_of_what_an_answer_rests_on_counts(
    doc_types: set[str], threshold: float
) -> None:
    answers = parse_policy(POLICY, "policy.yaml").answers
    assert answers.threshold_for(frozenset(doc_types)) == threshold
    assert {DocType(one) for one in doc_types} & answers.review_required == (
        {DocType.PRICING} if "pricing" in doc_types else set()
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("threshold: 0.5", "threshold: 7", 2, "answers.threshold"),
        ("pricing: 0.8", "poem: 0.8", 3, "answers.thresholds"),
        ("medium: 0.4", "medium: 0.9", 4, "medium must not lie above high"),
        ("review_required", "review_needed", 5, "answers.review_needed"),
        ("queue: acme-desk", "queue: Acme Desk", 9, "escalations.routes.1.queue"),
        ("reason: user", "mood: user", 9, "mood"),
        ("high: 4, ", "", 6, "says nothing about high"),
        ("normal: 8", "normal: 0", 12, "respond_within_hours"),
        ("  threshold: 0.5", "  threshold: 0.5\n  threshold: 0.6", 3, "stands twice"),
    ],
    ids=lambda one: str(one).strip()[:20],
)
def test_a_mistake_names_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in POLICY
    text = POLICY.replace(old, new, 1)
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "my.yaml")
    told = str(caught.value)
    assert told.startswith(f"my.yaml line {line}: ")
    assert says in told


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"answers: \xe9\n")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load_policy(tmp_path / "latin.yaml")
