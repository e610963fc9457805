from pathlib import Path
from typing import get_args

import pytest

from copilot.answer import Reason
from governance.abuse_policy import AbusePolicy
from governance.document import DocType
from governance.limit_policy import LimitPolicy, Rate
from governance.policy import (
    LARGEST_FILE,
    EscalationReason,
    PolicyError,
    load_policy,
    parse_policy,
)
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


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = (
        POLICY.replace("threshold: 0.5", "threshold: 7")
        .replace("review_required", "review_needed")
        .replace("queue: acme-desk", "queue: Acme Desk")
        .replace("  default: {queue: support, priority: normal}\n", "")
    )
    text += "limits: {per_subject: {search: many}}\nabuze: {}\n"
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "my.yaml")
    found = [(one.line, one.place) for one in caught.value.findings]
    assert found == [
        (2, "answers.threshold"),
        (5, "answers.review_needed"),
        (6, "escalations.default"),
        (9, "escalations.routes.1.queue"),
        (12, "limits.per_subject.search"),
        (13, "abuze"),
    ]
    told = str(caught.value)
    assert told.startswith("my.yaml line 2: ")
    assert all(place in told for _, place in found)
    assert "\n" not in told


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  review_required", "  review_requird", "did you mean review_required?"),
        ("escalations:", "escalation:", "did you mean escalations?"),
        ("{doc_type: pricing}", "{doctype: pricing}", "did you mean doc_type?"),
        ("{high: 0.8, medium", "{hihg: 0.8, medium", "did you mean high?"),
        ("answers:", "answers:\n  zzz: 1", "known are bands, passages"),
    ],
)
def test_a_key_that_is_not_known_gets_a_guess(old: str, new: str, says: str) -> None:
    assert old in POLICY
    with pytest.raises(PolicyError) as caught:
        parse_policy(POLICY.replace(old, new, 1), "my.yaml")
    assert says in str(caught.value)


def test_a_reason_in_a_route_is_one_that_the_copilot_gives() -> None:
    assert set(get_args(EscalationReason)) == {one.value for one in Reason}
    with pytest.raises(PolicyError, match=r"line 9: .*reason"):
        parse_policy(POLICY.replace("user_request", "bad_mood"), "my.yaml")


@pytest.mark.parametrize(
    "section",
    [
        "limits: {per_subject: {all: 0/minute}}",
        "limits: {per_subject: {all: 5/fortnight}}",
        "limits: {per_subject: {all: 5}}",
        "limits: {per_subject: {every: 5/minute}}",
        "limits: {questions_per_day: 0}",
        "limits: {questions_per_day: .inf}",
        "limits: {tenants: {acme: {questions: 5}}}",
        "limits: {tenants: {'': {questions_per_day: 5}}}",
        "abuse: {denials: {count: 0, minutes: 1}}",
        "abuse: {denials: {count: 1, minutes: 0}}",
        "abuse: {denials: {count: 1}}",
        "abuse: {mood: {count: 1, minutes: 1}}",
        "abuse: {denials: {count: 1, minutes: 1, throttle_seconds: -1}}",
        "answers: {threshold: .nan, bands: {high: 1, medium: 0}}",
    ],
)
def test_limits_and_thresholds_that_make_no_sense_are_told(section: str) -> None:
    text = POLICY.partition("escalations:")[2] if section.startswith("answers") else POLICY
    prefix = "escalations:" if section.startswith("answers") else ""
    with pytest.raises(PolicyError, match=r"^my\.yaml line \d+: "):
        parse_policy(f"{prefix}{text}{section}\n", "my.yaml")


def test_what_ships_says_what_holds_where_nothing_is_said() -> None:
    assert load_policy().limits == LimitPolicy()
    assert load_policy().abuse == AbusePolicy()


def test_rates_are_read_as_they_are_written() -> None:
    text = POLICY + (
        "limits:\n  per_subject: {all: 300/minute, ask: 1/second}\n"
        "  tenants: {acme: {questions_per_day: 9, per_tenant: {all: 7/day}}}\n"
    )
    limits = parse_policy(text, "my.yaml").limits
    assert limits.per_subject.all == Rate(amount=300, seconds=60)
    assert limits.per_subject.ask == Rate(amount=1, seconds=1)
    acme = limits.for_tenant("acme")
    assert (acme.questions_per_day, acme.per_tenant.all) == (9, Rate(amount=7, seconds=86_400))
    assert acme.per_subject == limits.per_subject
    assert limits.for_tenant("bolt") == limits


def test_a_file_too_large_to_be_a_policy_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "huge.yaml").write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(PolicyError, match="is larger than"):
        load_policy(tmp_path / "huge.yaml")
    with pytest.raises(PolicyError, match="is larger than"):
        load_policy(Path("/dev/zero"))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"answers: \xe9\n")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load_policy(tmp_path / "latin.yaml")
