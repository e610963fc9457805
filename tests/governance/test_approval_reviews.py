from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from foundation.errors import ConflictError
from governance.approval import Decision, FourEyesError
from governance.document import ApprovalState, DocType
from governance.notices import NoticeKind
from governance.review_dates import standing_of
from tests.governance.documents_at_hand import OLGA, PETER, Archive

APPROVED, EXPIRED = ApprovalState.APPROVED, ApprovalState.EXPIRED
PLAIN = Decision()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path, review_after_days={"policy": 30})
    yield made
    made.database.close()


def due(archive: Archive) -> list[tuple[str, int]]:
    return [(one.uri, one.version) for one in archive.reviews.due(archive.today)]


class TestDue:
    def test_policy_counts_from_the_approval(self, archive: Archive) -> None:
        archive.add("a.md", doc_type=DocType.POLICY, approval=APPROVED)
        archive.add("b.md", doc_type=DocType.FAQ, approval=APPROVED)
        archive.pass_days(29)
        assert due(archive) == []
        archive.pass_days(1)
        assert due(archive) == [("a.md", 1)]

    def test_its_own_date_goes_before_policy(self, archive: Archive) -> None:
        later = archive.today + timedelta(days=90)
        archive.add("a.md", doc_type=DocType.POLICY, approval=APPROVED, review_by=later)
        soon = archive.today + timedelta(days=1)
        archive.add("b.md", doc_type=DocType.FAQ, approval=APPROVED, review_by=soon)
        archive.pass_days(40)
        assert due(archive) == [("b.md", 1)]

    @pytest.mark.parametrize(
        "state", [ApprovalState.DRAFT, ApprovalState.IN_REVIEW, ApprovalState.WITHDRAWN, EXPIRED]
    )
    def test_what_nobody_reads_is_not_due(self, archive: Archive, state: ApprovalState) -> None:
        archive.add(approval=state, review_by=archive.today)
        assert due(archive) == []

    def test_what_was_replaced_or_has_ended_is_not_due(self, archive: Archive) -> None:
        archive.add("a.md", approval=APPROVED, review_by=archive.today)
        archive.add("b.md", approval=APPROVED, review_by=archive.today, effective_to=archive.today)
        archive.pass_days(3)
        archive.add("a.md", text="newer", approval=APPROVED)
        assert due(archive) == []

    def test_a_change_of_policy_counts_at_once(self, archive: Archive) -> None:
        archive.add(doc_type=DocType.PRICING, approval=APPROVED)
        archive.pass_days(10)
        assert due(archive) == []
        archive.policy = archive.with_policy(review_after_days={"pricing": 5})
        assert due(archive) == [("sla.md", 1)]

    def test_the_list_and_the_single_look_agree(self, archive: Archive) -> None:
        for days in range(0, 60, 7):
            stated = archive.today + timedelta(days=days) if days % 2 else None
            archive.add(f"{days}.md", doc_type=DocType.POLICY, approval=APPROVED, review_by=stated)
        for _ in range(8):
            archive.pass_days(9)
            looked_at = {
                one.uri
                for one in archive.catalog.newest()
                if standing_of(one, archive.policy.approvals, archive.today).review_due
            }
            assert {uri for uri, _ in due(archive)} == looked_at


class TestLookingAgain:
    def test_who_confirms_it_starts_the_time_anew(self, archive: Archive) -> None:
        document = archive.add(doc_type=DocType.POLICY, approval=APPROVED).document_id
        approved_at = archive.now
        archive.pass_days(31)
        confirmed = archive.approvals.approve(PETER, document, Decision(note="still right"))
        assert (confirmed.approved_at, confirmed.verified_at) == (approved_at, archive.now)
        assert archive.readable(document, approved_at.date()) == [1]
        assert due(archive) == []
        archive.pass_days(30)
        assert due(archive) == [("sla.md", 1)]

    def test_a_date_of_its_own_is_spent_and_a_new_one_can_be_given(self, archive: Archive) -> None:
        document = archive.add(approval=APPROVED, review_by=archive.today).document_id
        assert due(archive) == [("sla.md", 1)]
        archive.approvals.approve(
            PETER, document, Decision(review_by=archive.today + timedelta(days=9))
        )
        assert due(archive) == []
        archive.pass_days(9)
        assert due(archive) == [("sla.md", 1)]
        assert archive.approvals.approve(PETER, document, PLAIN).metadata.review_by is None
        assert due(archive) == []

    def test_who_submitted_it_does_not_confirm_it_either(self, archive: Archive) -> None:
        document = archive.add(doc_type=DocType.POLICY).document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.approvals.approve(PETER, document, PLAIN)
        archive.pass_days(31)
        with pytest.raises(FourEyesError):
            archive.approvals.approve(OLGA, document, PLAIN)

    def test_what_is_not_due_is_not_approved_twice(self, archive: Archive) -> None:
        document = archive.add(doc_type=DocType.POLICY, approval=APPROVED).document_id
        with pytest.raises(ConflictError, match="is approved"):
            archive.approvals.approve(PETER, document, PLAIN)


class TestReminding:
    def test_once_for_each_time_it_is_due(self, archive: Archive) -> None:
        document = archive.add(doc_type=DocType.POLICY, approval=APPROVED).document_id
        archive.pass_days(31)
        assert archive.reviews.run(archive.now).reminded == 1
        archive.pass_days(1)
        assert archive.reviews.run(archive.now).reminded == 0
        [notice] = archive.told
        assert (notice.kind, notice.tenant) == (NoticeKind.REVIEW_DUE, "northstar")
        assert notice.body["document_id"] == document
        assert notice.body["review_by"] == "2026-12-23"
        line = archive.lines()[-1]
        assert (line["action"], line["actor"]) == ("document.review_due", "policy")
        archive.approvals.approve(PETER, document, PLAIN)
        archive.pass_days(31)
        assert archive.reviews.run(archive.now).reminded == 1

    def test_many_at_once(self, archive: Archive) -> None:
        for number in range(120):
            archive.add(f"{number}.md", approval=APPROVED, review_by=archive.today)
        assert archive.reviews.run(archive.now).reminded == 120
        assert len({notice.body["document_id"] for notice in archive.told}) == 120
        assert archive.reviews.run(archive.now).reminded == 0

    def test_a_notice_that_cannot_be_kept_leaves_no_line_either(self, archive: Archive) -> None:
        archive.add(approval=APPROVED, review_by=archive.today)
        before = archive.lines()

        def refuse(*_: object) -> None:
            raise RuntimeError

        broken = type(archive.reviews)(
            database=archive.database, policy=lambda: archive.policy, tell=refuse
        )
        with pytest.raises(RuntimeError):
            broken.run(archive.now)
        assert archive.lines() == before
        assert archive.reviews.run(archive.now).reminded == 1


class TestExpiring:
    def test_what_is_overdue_expires_where_policy_says_so(self, archive: Archive) -> None:
        archive.policy = archive.with_policy(expire_when_overdue_days=5)
        document = archive.add(approval=APPROVED, review_by=archive.today).document_id
        begin = archive.today
        archive.pass_days(4)
        assert archive.reviews.run(archive.now).overdue == 0
        assert archive.readable(document) == [1]
        archive.pass_days(1)
        assert archive.reviews.run(archive.now).overdue == 1
        assert archive.states(document) == [EXPIRED]
        assert archive.readable(document) == []
        # It was right at its time.
        assert archive.readable(document, begin) == [1]
        line = archive.lines()[-1]
        assert (line["action"], line["details"]["hand"]) == ("document.expired", "house")
        assert archive.told[-1].kind is NoticeKind.DOCUMENT_EXPIRED

    def test_without_such_a_policy_it_stays(self, archive: Archive) -> None:
        document = archive.add(approval=APPROVED, review_by=archive.today).document_id
        archive.pass_days(900)
        assert archive.reviews.run(archive.now).overdue == 0
        assert archive.readable(document) == [1]

    def test_its_end_does_not_bring_back_what_it_replaced(self, archive: Archive) -> None:
        archive.policy = archive.with_policy(expire_when_overdue_days=1)
        document = archive.add(approval=APPROVED).document_id
        archive.pass_days(10)
        archive.add(text="two hours", approval=APPROVED, review_by=archive.today)
        archive.pass_days(10)
        archive.reviews.run(archive.now)
        assert archive.states(document) == [APPROVED, EXPIRED]
        assert archive.readable(document) == []
        for move in ("submit", "reject", "submit"):
            who = PETER if move == "reject" else OLGA
            getattr(archive.approvals, move)(who, document, PLAIN)
            assert archive.readable(document) == []
        archive.approvals.approve(PETER, document, PLAIN)
        assert archive.readable(document) == [2]
        assert archive.readable(document, archive.today - timedelta(days=5)) == [2]
        assert archive.readable(document, archive.today - timedelta(days=15)) == [1]

    def test_a_later_version_still_begins_on_its_day(self, archive: Archive) -> None:
        archive.policy = archive.with_policy(expire_when_overdue_days=1)
        document = archive.add(approval=APPROVED, review_by=archive.today).document_id
        archive.add(
            text="next", approval=APPROVED, effective_from=archive.today + timedelta(days=9)
        )
        archive.pass_days(5)
        archive.reviews.run(archive.now)
        assert archive.states(document) == [EXPIRED, APPROVED]
        assert archive.readable(document) == []
        archive.pass_days(4)
        assert archive.readable(document) == [2]

    def test_an_end_by_its_own_words_is_written_down_and_changes_nothing(
        self, archive: Archive
    ) -> None:
        last = archive.today + timedelta(days=2)
        document = archive.add(approval=APPROVED, effective_to=last).document_id
        archive.pass_days(2)
        assert archive.reviews.run(archive.now).ended == 0
        assert archive.readable(document) == [1]
        archive.pass_days(5)
        [version] = archive.catalog.history(document)
        assert standing_of(version, archive.policy.approvals, archive.today).state is EXPIRED
        before = (archive.readable(document), archive.readable(document, last))
        access = version.access
        assert archive.reviews.run(archive.now).ended == 1
        [version] = archive.catalog.history(document)
        assert version.metadata.approval is EXPIRED
        assert version.access == access
        assert (archive.readable(document), archive.readable(document, last)) == before == ([], [1])
        assert archive.reviews.run(archive.now).ended == 0

    def test_what_ended_by_its_own_words_is_not_put_up_for_review(self, archive: Archive) -> None:
        document = archive.add(approval=APPROVED, effective_to=archive.today).document_id
        archive.add("other.md", approval=APPROVED)
        archive.pass_days(1)
        for _ in range(2):
            with pytest.raises(ConflictError, match="ended on 2026-11-23 by its own words"):
                archive.approvals.submit(OLGA, document, PLAIN)
            archive.reviews.run(archive.now)

    def test_what_was_withdrawn_has_no_time_in_which_it_was_right(self, archive: Archive) -> None:
        archive.policy = archive.with_policy(expire_when_overdue_days=1)
        document = archive.add(approval=APPROVED, review_by=date(2026, 11, 23)).document_id
        archive.pass_days(3)
        archive.reviews.run(archive.now)
        archive.approvals.withdraw(OLGA, document, PLAIN)
        assert archive.readable(document, date(2026, 11, 23)) == []
