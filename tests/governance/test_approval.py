from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from foundation.afterwards import Afterwards
from foundation.errors import ConflictError, NotFoundError
from governance.api_key import KeyRequest
from governance.api_keys import ApiKeys
from governance.approval import Decision, FourEyesError, own_document
from governance.approval_steps import FourEyes
from governance.author import Author
from governance.document import ApprovalState, DocType
from governance.identity import CredentialKind, ForbiddenError, Identity
from governance.principal import Principal, Role
from tests.governance.documents_at_hand import CONSOLE, OLGA, PETER, Archive, person

DRAFT, IN_REVIEW, APPROVED = (
    ApprovalState.DRAFT, ApprovalState.IN_REVIEW, ApprovalState.APPROVED,
)  # fmt: skip
WITHDRAWN, EXPIRED = ApprovalState.WITHDRAWN, ApprovalState.EXPIRED
PLAIN = Decision()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.database.close()


def state_of(archive: Archive, document: str) -> ApprovalState:
    return archive.states(document)[-1]


class TestTheWay:
    def test_one_submits_and_another_approves(self, archive: Archive) -> None:
        document = archive.add().document_id
        submitted = archive.approvals.submit(OLGA, document, Decision(note="please look"))
        assert (submitted.metadata.approval, submitted.note) == (IN_REVIEW, "please look")
        assert archive.readable(document) == []
        approved = archive.approvals.approve(PETER, document, PLAIN)
        assert (approved.metadata.approved_by, approved.approved_at) == ("peter", archive.now)
        assert archive.readable(document) == [1]

    def test_what_is_rejected_is_a_draft_again_with_the_reason(self, archive: Archive) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        rejected = archive.approvals.reject(PETER, document, Decision(note="figures are old"))
        assert (rejected.metadata.approval, rejected.note) == (DRAFT, "figures are old")

    def test_withdrawing_takes_every_version_though_the_newest_is_a_draft(
        self, archive: Archive
    ) -> None:
        document = archive.add(approval=APPROVED).document_id
        archive.add(text="two hours")
        archive.approvals.withdraw(PETER, document, Decision(note="wrong"))
        assert archive.states(document) == [WITHDRAWN, WITHDRAWN]
        assert archive.readable(document) == []

    def test_what_was_withdrawn_comes_back_through_review(self, archive: Archive) -> None:
        document = archive.add(approval=APPROVED).document_id
        archive.approvals.withdraw(OLGA, document, PLAIN)
        archive.approvals.submit(OLGA, document, PLAIN)
        assert archive.readable(document) == []
        archive.approvals.approve(PETER, document, PLAIN)
        assert archive.readable(document) == [1]

    @pytest.mark.parametrize(
        ("state", "move"),
        [
            (IN_REVIEW, "submit"), (APPROVED, "submit"),
            (DRAFT, "approve"), (APPROVED, "approve"), (WITHDRAWN, "approve"), (EXPIRED, "approve"),
            (DRAFT, "reject"), (APPROVED, "reject"), (WITHDRAWN, "reject"),
            (WITHDRAWN, "withdraw"),
        ],
    )  # fmt: skip
    def test_a_move_that_leads_nowhere_is_refused_and_changes_nothing(
        self, archive: Archive, state: ApprovalState, move: str
    ) -> None:
        document = archive.add(approval=state).document_id
        before, lines = archive.catalog.generation(), archive.lines()
        with pytest.raises(ConflictError, match=r"sla\.md is "):
            getattr(archive.approvals, move)(PETER, document, PLAIN)
        assert state_of(archive, document) is state
        assert (archive.catalog.generation(), archive.lines()) == (before, lines)

    def test_a_person_is_told_to_submit_a_draft_first(self, archive: Archive) -> None:
        document = archive.add().document_id
        with pytest.raises(ConflictError, match="submit it for review first"):
            archive.approvals.approve(PETER, document, PLAIN)

    def test_an_older_version_is_approved_while_a_newer_one_is_a_draft(
        self, archive: Archive
    ) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.add(text="two hours")
        approved = archive.approvals.approve(PETER, document, Decision(version=1))
        assert approved.version == 1
        assert archive.states(document) == [APPROVED, DRAFT]
        assert archive.readable(document) == [1]

    def test_an_older_version_does_not_get_behind_a_newer_one_that_counts(
        self, archive: Archive
    ) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.pass_days(2)
        archive.add(text="two hours", approval=APPROVED)
        with pytest.raises(ConflictError, match="has taken the place of version 1"):
            archive.approvals.approve(PETER, document, Decision(version=1))
        assert archive.states(document) == [IN_REVIEW, APPROVED]

    def test_an_older_version_may_fill_the_time_until_a_newer_one_begins(
        self, archive: Archive
    ) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.add(text="two hours", approval=APPROVED, effective_from=date(2026, 12, 1))
        archive.approvals.approve(PETER, document, Decision(version=1))
        assert archive.readable(document) == [1]
        archive.pass_days(8)
        assert archive.readable(document) == [2]

    def test_the_older_text_comes_back_after_a_withdrawal(self, archive: Archive) -> None:
        document = archive.add(approval=APPROVED).document_id
        archive.pass_days(2)
        archive.add(text="two hours", approval=APPROVED)
        archive.approvals.withdraw(OLGA, document, PLAIN)
        archive.approvals.submit(OLGA, document, Decision(version=1))
        archive.approvals.approve(PETER, document, Decision(version=1))
        assert archive.readable(document) == [1]
        assert archive.states(document) == [APPROVED, WITHDRAWN]

    def test_a_version_that_does_not_exist_is_not_found(self, archive: Archive) -> None:
        document = archive.add().document_id
        with pytest.raises(NotFoundError, match="no version 7"):
            archive.approvals.submit(OLGA, document, Decision(version=7))

    def test_a_draft_that_comes_in_displaces_nothing(self, archive: Archive) -> None:
        document = archive.add(approval=APPROVED).document_id
        archive.add(text="two hours", author=OLGA, approval=APPROVED)
        assert archive.states(document) == [APPROVED, DRAFT]
        assert archive.readable(document) == [1]


class TestFourEyes:
    def test_nobody_approves_what_they_submitted(self, archive: Archive) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        with pytest.raises(FourEyesError, match="somebody else has to approve"):
            archive.approvals.approve(OLGA, document, PLAIN)
        assert state_of(archive, document) is IN_REVIEW

    def test_the_same_name_at_another_tenant_is_somebody_else(self, archive: Archive) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        with pytest.raises(NotFoundError):
            archive.approvals.approve(person("olga", tenant="acme"), document, PLAIN)

    def test_who_submitted_last_counts(self, archive: Archive) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.approvals.reject(PETER, document, PLAIN)
        archive.approvals.submit(PETER, document, PLAIN)
        with pytest.raises(FourEyesError):
            archive.approvals.approve(PETER, document, PLAIN)
        archive.approvals.approve(OLGA, document, PLAIN)

    def test_each_version_has_its_own_submitter(self, archive: Archive) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.add(text="two hours")
        archive.approvals.submit(PETER, document, PLAIN)
        archive.approvals.approve(OLGA, document, PLAIN)
        assert archive.states(document) == [IN_REVIEW, APPROVED]

    def test_who_made_a_key_does_not_approve_what_it_submits(self, archive: Archive) -> None:
        afterwards = Afterwards()
        request = KeyRequest(
            tenant="northstar",
            name="editor",
            roles=frozenset({Role.CONTENT_OWNER}),
            ttl=timedelta(days=1),
        )
        maker = Identity(
            principal=person("olga", Role.ADMIN).principal,
            kind=CredentialKind.LOCAL_TOKEN,
            token_id="tok_1",
            issued=archive.now,
            expires=archive.now + timedelta(hours=1),
        )
        key = ApiKeys(archive.database, archive.clock, afterwards).create(request, maker).key
        document = archive.add().document_id
        archive.approvals.submit(Author(principal=key.principal), document, PLAIN)
        with pytest.raises(FourEyesError, match="yourself or with a key"):
            archive.approvals.approve(OLGA, document, PLAIN)
        with pytest.raises(ForbiddenError, match="none of your roles"):
            archive.approvals.approve(Author(principal=key.principal), document, PLAIN)
        archive.approvals.approve(PETER, document, PLAIN)
        assert archive.lines()[-1]["details"]["four_eyes"] == "held"
        afterwards.close()

    def test_who_is_only_called_like_a_key_is_still_who_submitted(self, archive: Archive) -> None:
        named = person("key:0123456789abcdef")
        document = archive.add().document_id
        archive.approvals.submit(named, document, PLAIN)
        with pytest.raises(FourEyesError):
            archive.approvals.approve(named, document, PLAIN)

    def test_policy_relaxes_it_for_kinds_and_the_record_says_so(self, archive: Archive) -> None:
        archive.policy = archive.with_policy(four_eyes_relaxed=["faq"])
        faq = archive.add("faq.md", doc_type=DocType.FAQ).document_id
        other = archive.add("policy.md", doc_type=DocType.POLICY).document_id
        for document in (faq, other):
            archive.approvals.submit(OLGA, document, PLAIN)
        archive.approvals.approve(OLGA, faq, PLAIN)
        assert archive.lines()[-1]["details"]["four_eyes"] == "relaxed"
        with pytest.raises(FourEyesError):
            archive.approvals.approve(OLGA, other, PLAIN)

    def test_relaxed_is_said_only_where_it_was_needed(self, archive: Archive) -> None:
        archive.policy = archive.with_policy(four_eyes_relaxed=["faq"])
        document = archive.add(doc_type=DocType.FAQ).document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.approvals.approve(PETER, document, PLAIN)
        assert archive.lines()[-1]["details"]["four_eyes"] == "held"

    def test_the_console_approves_a_draft_and_the_record_says_so(self, archive: Archive) -> None:
        document = archive.add().document_id
        archive.approvals.approve(CONSOLE, document, PLAIN)
        line = archive.lines()[-1]
        assert (line["actor"], line["details"]["four_eyes"]) == ("command line", "console")
        assert line["details"]["hand"] == "console"

    def test_what_a_file_put_up_for_review_anybody_may_approve(self, archive: Archive) -> None:
        document = archive.add(approval=IN_REVIEW).document_id
        archive.approvals.approve(OLGA, document, PLAIN)
        assert archive.lines()[-1]["details"]["four_eyes"] == "held"

    def test_of_many_who_decide_at_once_one_is_heard(self, archive: Archive) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, PLAIN)

        def decide(number: int) -> bool:
            who = OLGA if number % 2 else person(f"approver {number}")
            try:
                archive.approvals.approve(who, document, PLAIN)
            except (ConflictError, FourEyesError):
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(decide, range(24))) == 1
        steps = archive.catalog.approval_steps(document)
        assert [one.to_state for one in steps] == [IN_REVIEW, APPROVED]
        assert steps[-1].by != "olga"


class TestWhoMay:
    @pytest.mark.parametrize("move", ["submit", "approve", "reject", "withdraw"])
    def test_a_foreign_document_looks_as_if_it_did_not_exist(
        self, archive: Archive, move: str
    ) -> None:
        document = archive.add(approval=IN_REVIEW).document_id
        stranger = person("x", Role.ADMIN, tenant="acme")
        for wanted in (document, "doc_none"):
            with pytest.raises(NotFoundError, match=f"no document {wanted}"):
                getattr(archive.approvals, move)(stranger, wanted, PLAIN)
            with pytest.raises(NotFoundError, match=f"no document {wanted}"):
                own_document(archive.catalog, stranger.principal, wanted)
        assert state_of(archive, document) is IN_REVIEW

    @pytest.mark.parametrize(
        ("role", "may"),
        [
            (Role.PARTNER_CONSULTANT, ""),
            (Role.CHANNEL_MANAGER, ""),
            (Role.SUPPORT_AGENT, ""),
            (Role.AUDITOR, ""),
            (Role.APPROVER, "approve reject withdraw"),
            (Role.CONTENT_OWNER, "submit approve reject withdraw"),
            (Role.ADMIN, "submit approve reject withdraw"),
        ],
    )
    def test_roles_decide_who_moves_what(self, archive: Archive, role: Role, may: str) -> None:
        for move in ("submit", "approve", "reject", "withdraw"):
            state = DRAFT if move == "submit" else IN_REVIEW
            document = archive.add(f"{role.value}-{move}.md", approval=state).document_id
            act = getattr(archive.approvals, move)
            if move in may.split():
                act(person("x", role), document, PLAIN)
            else:
                with pytest.raises(ForbiddenError):
                    act(person("x", role), document, PLAIN)

    @pytest.mark.parametrize(
        ("audience", "reaches"),
        [
            ({"internal"}, False), ({"tenant:northstar"}, False),
            ({"internal", "tenant:northstar"}, False), ({"partners"}, True),
            ({"internal", "tenant:acme"}, True), ({"tier:gold"}, True), ({"region:emea"}, True),
        ],
    )  # fmt: skip
    def test_a_partners_admin_speaks_to_its_own_people_only(
        self,
        archive: Archive,
        audience: set[str],
        reaches: bool,  # noqa: FBT001 - a table
    ) -> None:
        admin = person("pat", Role.PARTNER_ADMIN)
        for move, state in (("submit", DRAFT), ("approve", IN_REVIEW)):
            document = archive.add(
                f"{move}.md", approval=state, audience=frozenset(audience)
            ).document_id
            act = getattr(archive.approvals, move)
            if reaches:
                with pytest.raises(ForbiddenError, match="beyond your own people"):
                    act(admin, document, PLAIN)
            else:
                act(admin, document, PLAIN)

    def test_a_key_with_narrow_scopes_is_held_to_them(self, archive: Archive) -> None:
        document = archive.add().document_id
        key = Author(
            principal=Principal(
                subject="key", tenant="northstar", roles=frozenset({Role.ADMIN}), scopes=frozenset()
            )
        )
        with pytest.raises(ForbiddenError):
            archive.approvals.submit(key, document, PLAIN)


class TestTheRecord:
    def test_every_step_is_kept_and_is_a_line(self, archive: Archive) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, Decision(note="look"))
        archive.approvals.reject(PETER, document, Decision(note="no"))
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.approvals.approve(PETER, document, PLAIN)
        archive.approvals.withdraw(OLGA, document, Decision(note="gone"))
        steps = archive.catalog.approval_steps(document)
        assert [(one.from_state, one.to_state, one.by, one.note) for one in steps] == [
            (DRAFT, IN_REVIEW, "olga", "look"), (IN_REVIEW, DRAFT, "peter", "no"),
            (DRAFT, IN_REVIEW, "olga", ""), (IN_REVIEW, APPROVED, "peter", ""),
            (APPROVED, WITHDRAWN, "olga", "gone"),
        ]  # fmt: skip
        assert {one.at for one in steps} == {archive.now}
        assert [one.four_eyes for one in steps] == [None, None, None, FourEyes.HELD, None]
        lines = archive.lines()
        assert [one["action"] for one in lines] == [
            "document.added", "document.submitted", "document.rejected", "document.submitted",
            "document.approved", "document.withdrawn",
        ]  # fmt: skip
        assert {one["target"] for one in lines} == {document}
        assert lines[1]["details"] == {
            "versions": [{"version": 1, "from": "draft"}], "to": "in_review", "note_characters": 4,
        }  # fmt: skip
        assert lines[4]["roles"] == ["content_owner"]

    def test_a_note_is_kept_without_personal_data_and_not_at_all_on_the_record(
        self, archive: Archive
    ) -> None:
        document = archive.add().document_id
        archive.approvals.submit(OLGA, document, Decision(note="ask kim@acme.example"))
        [step] = archive.catalog.approval_steps(document)
        assert step.note == "ask <EMAIL>"
        assert "ask" not in str(archive.lines())

    def test_no_line_holds_a_word_of_the_document(self, archive: Archive) -> None:
        document = archive.add("heliotrope.md", text="heliotrope").document_id
        archive.approvals.submit(OLGA, document, PLAIN)
        archive.approvals.approve(PETER, document, PLAIN)
        archive.catalog.erase(document)
        assert "heliotrope" not in str(archive.lines())

    def test_what_a_file_approves_is_on_record_with_who_it_names(self, archive: Archive) -> None:
        archive.add(approval=APPROVED, approved_by="the board")
        [line] = archive.lines()
        assert (line["action"], line["actor"]) == ("document.added", "command line")
        assert line["details"]["approval"] == "approved"
        assert line["details"]["approved_by"] == "the board"
        [step] = archive.catalog.approval_steps(line["target"])
        assert (step.from_state, step.to_state, step.by) == (None, APPROVED, "the board")

    def test_what_vanished_is_on_record_too(self, archive: Archive) -> None:
        document = archive.add(approval=APPROVED).document_id
        archive.catalog.withdraw_vanished(document)
        assert archive.lines()[-1]["action"] == "document.withdrawn"
        assert archive.catalog.approval_steps(document)[-1].note == "its file has vanished"
