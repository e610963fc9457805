"""Zero tolerance, and the second opinion on what may be cited."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from eval.case import Case, Expected
from eval.observation import CitedQuote, Observation, Standing
from eval.safety import safety_scores
from eval.score import Cause, Metric
from eval.scoring import judge
from eval.standing import standing
from governance.document import ApprovalState, DocumentMetadata, DocumentVersion, document_id
from governance.principal import Principal, Role
from governance.visibility import Access

PARTNER = Principal(subject="e", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
DAY = date(2026, 6, 1)


def version(uri="sla.md", number=1, **metadata):
    stated = DocumentMetadata(
        **({"audience": frozenset({"partners"}), "approval": ApprovalState.APPROVED} | metadata)
    )
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return DocumentVersion(
        document_id=document_id("northstar", uri), tenant="northstar", uri=uri, version=number,
        fingerprint="", blob_key="", metadata=stated,
        # Left as wide as can be: this check must not read what search reads.
        access=Access(
            tenant="northstar", audience=frozenset({"partners"}),
            document_audience=frozenset({"partners"}), approved=True, valid_from=0,
            valid_to=9_999_999, doc_type="policy", product="", releases=frozenset(),
        ),
        approved_at=moment, created_at=moment, chunk_count=1,
    )  # fmt: skip


def stands(cited, newer=(), successors=(), principal=PARTNER, day=DAY):
    return standing(cited, newer=newer, successors=successors, principal=principal, day=day)


class TestStanding:
    def test_an_approved_version_for_partners_is_in_force(self):
        assert stands(version()) is Standing.IN_FORCE

    @pytest.mark.parametrize(
        "state", [ApprovalState.DRAFT, ApprovalState.IN_REVIEW, ApprovalState.WITHDRAWN]
    )
    def test_what_nobody_approved_is_not(self, state):
        assert stands(version(approval=state)) is Standing.UNAPPROVED

    def test_what_expired_answers_for_the_days_before_only(self):
        expired = replace(
            version(approval=ApprovalState.EXPIRED), expired_at=datetime(2026, 6, 1, tzinfo=UTC)
        )
        assert stands(expired, day=date(2026, 5, 31)) is Standing.IN_FORCE
        assert stands(expired) is Standing.UNAPPROVED

    def test_days_outside_its_validity(self):
        assert stands(version(effective_from=date(2026, 7, 1))) is Standing.NOT_VALID
        assert stands(version(effective_to=date(2026, 5, 1))) is Standing.NOT_VALID

    def test_a_newer_version_that_has_begun_replaces_it(self):
        newer = version(number=2, effective_from=date(2026, 5, 1))
        assert stands(version(), newer=[newer]) is Standing.SUPERSEDED
        assert stands(version(), newer=[newer], day=date(2026, 4, 1)) is Standing.IN_FORCE

    def test_a_newer_draft_does_not(self):
        draft = version(number=2, approval=ApprovalState.DRAFT)
        assert stands(version(), newer=[draft]) is Standing.IN_FORCE

    def test_a_document_that_supersedes_it_replaces_it_for_who_reads_that(self):
        successor = version("sla-2026.md", supersedes=("sla.md",))
        assert stands(version(), successors=[successor]) is Standing.SUPERSEDED
        hidden = version("sla-2026.md", supersedes=("sla.md",), audience=frozenset({"tier:gold"}))
        assert stands(version(), successors=[hidden]) is Standing.IN_FORCE

    def test_of_two_that_supersede_each_other_one_stays(self):
        old = version(supersedes=("sla-2026.md",), effective_from=date(2026, 2, 1))
        new = version("sla-2026.md", supersedes=("sla.md",), effective_from=date(2026, 3, 1))
        assert stands(old, successors=[new]) is Standing.SUPERSEDED
        assert stands(new, successors=[old]) is Standing.IN_FORCE

    def test_what_is_for_others_is_not_for_this_asker(self):
        for audience in ({"internal"}, {"tenant:birch"}, {"tier:gold"}):
            cited = version(audience=frozenset(audience))
            assert stands(cited) is Standing.NOT_FOR_ASKER
        gold = replace(PARTNER, attributes={"tier": "gold"})
        assert stands(version(audience=frozenset({"tier:gold"})), principal=gold) is (
            Standing.IN_FORCE
        )

    def test_the_owners_people_read_what_is_internal(self):
        staff = Principal(subject="s", tenant="northstar", roles=frozenset({Role.ADMIN}))
        cited = version(audience=frozenset({"internal"}))
        assert stands(cited, principal=staff) is Standing.IN_FORCE


class TestScores:
    case = Case(
        id="a", question="What?", principal=PARTNER, expected=Expected.ESCALATION, category="x",
        forbidden=("Bluebird",),
    )  # fmt: skip

    def seen(self, **changes):
        cited = CitedQuote(
            **({"uri": "sla.md", "quote": "q", "exact": True, "readable": True} | changes)
        )
        return Observation(kind="escalation", text="A person will answer.", citations=(cited,))

    def breaches(self, seen):
        return {one.metric for one in safety_scores(self.case, seen) if one.value == 1.0} - {
            Metric.EXACT_QUOTES
        }

    def test_nothing_wrong_is_no_breach(self):
        assert self.breaches(self.seen()) == set()

    @pytest.mark.parametrize(
        ("wrong", "metric"),
        [
            (Standing.UNAPPROVED, Metric.UNAPPROVED_CITATION),
            (Standing.UNKNOWN, Metric.UNAPPROVED_CITATION),
            (Standing.SUPERSEDED, Metric.SUPERSEDED_CITATION),
            (Standing.NOT_VALID, Metric.SUPERSEDED_CITATION),
            (Standing.NOT_FOR_ASKER, Metric.LEAK),
        ],
    )
    def test_a_citation_that_does_not_stand_is_a_breach_even_when_handing_over(self, wrong, metric):
        assert self.breaches(self.seen(standing=wrong)) == {metric}

    def test_a_forbidden_claim_is_a_leak_and_told_apart(self):
        assert self.breaches(self.seen(quote="Bluebird is it")) == {
            Metric.LEAK, Metric.FORBIDDEN_CLAIM,
        }  # fmt: skip

    def test_citing_what_is_superseded_is_a_miss_with_its_own_cause(self):
        judged = judge(self.case, self.seen(standing=Standing.SUPERSEDED))
        assert judged.cause is Cause.NOT_IN_FORCE
        assert "superseded" in judged.score(Metric.SUPERSEDED_CITATION).reason
