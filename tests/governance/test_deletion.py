"""A deleted document is gone from everywhere, and the proof is not taken on trust."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from functools import cache, cached_property
from pathlib import Path

import pytest
from sqlalchemy import select

from copilot.ask import Asked
from copilot.record_tables import escalations, outcomes
from copilot.withdrawn import WITHDRAWN
from eval.case import Case, Expected
from eval.judging import Judging
from eval.observation import CitedQuote, Observation
from eval.score import Metric
from eval.scoring import judge
from foundation.errors import ConflictError, NotFoundError, StorageError
from governance.approval import Decision
from governance.audit.chain import audit_lines
from governance.author import Author
from governance.catalog import Catalog
from governance.deletion import Proof
from governance.derived_texts import DerivedTexts, derived_texts
from governance.identity import ForbiddenError
from governance.notices import Notice, NoticeKind, notices
from governance.notices import put as put_notice
from governance.principal import Principal, Role
from governance.redaction import Redactor
from governance.tables import blob_removals
from tests.fakes.judge_server import judge_server
from tests.fakes.small_house import PARTNER, SmallHouse, uri, write
from tests.governance.documents_at_hand import person

OWNER = person("olga")
CANARY = "heliotropzzq"


def plant(corpus: Path, name: str) -> None:
    """A document whose words and title, and nothing else, hold the canary."""
    corpus.mkdir(exist_ok=True)
    parts = "\n\n".join(
        f"## Part {number}\n\nThe price of {name} in market {number} is {CANARY} and {number}."
        for number in range(40)
    )
    (corpus / uri(name)).write_text(f"# The {CANARY} and {name}\n\n{parts}\n")


def holding(folder: Path, word: str = CANARY) -> list[str]:
    """The files below a folder whose bytes hold a word."""
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    )


@cache
def redactor() -> Redactor:
    # Its model takes seconds to load, and nothing here changes it.
    return Redactor()


class QuickHouse(SmallHouse):
    """A small house that is open in a moment."""

    @cached_property
    def redactor(self) -> Redactor:
        return redactor()


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("furnished")
    plant(folder / "corpus", "carrots")
    for name in ("beans", "leeks", "peas"):
        write(folder / "corpus", name)
    with closing(QuickHouse(folder)) as made:
        made.ingest(folder / "corpus")
    return folder


@pytest.fixture
def house(furnished: Path, tmp_path: Path) -> Iterator[SmallHouse]:
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    with closing(QuickHouse(tmp_path)) as made:
        yield made


def document(house: SmallHouse, name: str = "carrots") -> str:
    return next(one.document_id for one in house.catalog.newest() if one.uri == uri(name))


def ask(house: SmallHouse, question: str = "What is the price of carrots in market 3?") -> str:
    return house.copilot.ask(Asked(text=question, principal=PARTNER)).body.id


def delete(house: SmallHouse, wanted: str, author: Author = OWNER) -> Proof:
    return house.documents.deletions.delete(author, wanted)


def judged_and_kept(house: SmallHouse, replies: DerivedTexts) -> None:
    """An answer that quotes the canary is judged by a model that repeats what it reads."""
    quote = f"The price of carrots in market 3 is {CANARY} and 3."
    case = Case(
        id="carrots", question="What is the price of carrots?", principal=PARTNER,
        expected=Expected.ANSWER, category="plain", reference=quote,
    )  # fmt: skip
    seen = Observation(
        kind="answer", standalone=case.question, text=quote,
        citations=(CitedQuote(uri=uri("carrots"), quote=quote, exact=True, readable=True),),
    )  # fmt: skip
    with judge_server() as server:
        told = {"judge_model": "openai:judge", "judge_base_url": server.url}
        settings = house.settings.model_copy(update=told)
        (done,) = Judging(settings, house.embedder, replies).judge([judge(case, seen)])
    assert done.value(Metric.FAITHFULNESS) == 1.0


def all_gone(proof: Proof) -> bool:
    left = proof.remaining
    return (left.texts, left.chunks, left.blobs, left.quotes, left.index_points) == (0, 0, 0, 0, 0)


class TestGone:
    def test_no_byte_of_it_is_left_in_the_data_folder(
        self, house: SmallHouse, tmp_path: Path
    ) -> None:
        wanted = document(house)
        ask(house)
        (tmp_path / "corpus" / uri("carrots")).write_text(f"# Changed\n\nStill {CANARY}, again.\n")
        house.ingest(tmp_path / "corpus")
        assert {"copilot.db"} < {
            "copilot.db" if one.startswith("copilot.db") else one
            for one in holding(tmp_path / "data")
        }
        proof = delete(house, wanted)
        assert holding(tmp_path / "data") == []
        assert proof.unfinished == ()
        assert proof.overwritten
        assert all_gone(proof)
        assert (proof.versions, proof.removed.texts, proof.removed.blobs) == (2, 2, 2)
        assert proof.removed.quotes >= 1
        house.index.optimize()
        house.close()
        assert holding(tmp_path / "data") == []

    def test_nor_one_that_a_judge_saw_of_it(self, house: SmallHouse, tmp_path: Path) -> None:
        pytest.importorskip("ragas", reason="the extra `eval` is not installed")
        replies = DerivedTexts(house.database, house.clock)
        judged_and_kept(house, replies)
        assert "copilot.db" in {one.removesuffix("-wal") for one in holding(tmp_path / "data")}
        with house.database.read() as connection:
            kept = str(connection.execute(select(derived_texts)).all())
        assert CANARY in kept
        proof = delete(house, document(house))
        assert proof.overwritten
        # Who began before it judges on, and keeps nothing.
        judged_and_kept(house, replies)
        house.index.optimize()
        house.close()
        assert holding(tmp_path / "data") == []

    def test_nobody_finds_it_any_more_and_the_rest_stays(self, house: SmallHouse) -> None:
        assert uri("carrots") in house.found("price of carrots")
        proof = delete(house, document(house))
        assert house.found("price of carrots") == {uri("beans"), uri("leeks"), uri("peas")}
        assert 0 < proof.unretrievable_after <= proof.finished_after

    def test_answers_keep_their_story_without_its_words(self, house: SmallHouse) -> None:
        wanted = document(house)
        told = ask(house)
        delete(house, wanted)
        body = house.records.outcome(PARTNER, told).body
        assert body["text"] == WITHDRAWN
        cited = [one for one in body["citations"] if one["document_id"] == wanted]
        assert cited
        assert {one["quote"] + one["title"] + one["uri"] for one in cited} == {""}
        assert cited[0]["version"] == 1
        assert body["question"] == "What is the price of carrots in market 3?"
        kept = [one for one in body["citations"] if one["document_id"] != wanted]
        assert all(one["quote"] for one in kept)

    def test_an_answer_that_is_written_while_it_is_deleted_keeps_nothing(
        self, house: SmallHouse, tmp_path: Path
    ) -> None:
        wanted = document(house)
        copilot = house.copilot

        class SlowRecords(type(house.records)):
            def keep(self, principal: Principal, record: object) -> None:
                delete(house, wanted)
                super().keep(principal, record)

        late = house.copilot_recording_to(SlowRecords(house.database, str))
        told = late.ask(
            Asked(text="What is the price of carrots in market 3?", principal=PARTNER)
        ).body
        assert CANARY in told.model_dump_json()
        assert house.records.outcome(PARTNER, told.id).body["text"] == WITHDRAWN
        house.database.forget_deleted()
        assert holding(tmp_path / "data") == []
        assert copilot is house.copilot

    def test_a_hand_over_that_crosses_it_brings_nothing_back(
        self, house: SmallHouse, tmp_path: Path
    ) -> None:
        from copilot.escalate import PersonRequest

        wanted, told = document(house), ask(house)

        class SlowRecords(type(house.records)):
            def escalate(self, *facts: object) -> None:
                delete(house, wanted)
                super().escalate(*facts)

        desk = PersonRequest(
            records=SlowRecords(house.database, str),
            policy=house.policy.current,
            clock=house.clock,
        )
        desk.hand_over(PARTNER, told, "please")
        house.database.forget_deleted()
        assert holding(tmp_path / "data") == []

    def test_what_an_escalation_lacks_goes_too(self, house: SmallHouse) -> None:
        told = ask(house, f"Who invented the {CANARY} for carrots in 1876?")
        delete(house, document(house))
        with house.database.read() as connection:
            body = connection.execute(
                select(outcomes.c.body).where(outcomes.c.id == told)
            ).scalar_one()
            missing = connection.execute(
                select(escalations.c.missing).where(escalations.c.outcome_id == told)
            ).scalar_one()
        assert (body["escalation"]["missing"], missing) == ("", "")

    def test_notices_about_it_are_not_sent_any_more(self, house: SmallHouse) -> None:
        wanted = document(house)
        for about in (wanted, document(house, "beans")):
            with house.database.write() as connection:
                put_notice(
                    connection,
                    Notice(
                        kind=NoticeKind.REVIEW_DUE, tenant="northstar", at=house.clock(),
                        body={"document_id": about, "title": CANARY},
                    ),
                )  # fmt: skip
        delete(house, wanted)
        with house.database.read() as connection:
            [left] = connection.execute(select(notices.c.body)).all()
        assert left.body["document_id"] == document(house, "beans")

    def test_a_file_that_another_document_rests_on_stays(
        self, house: SmallHouse, tmp_path: Path
    ) -> None:
        same = (tmp_path / "corpus" / uri("carrots")).read_bytes()
        (tmp_path / "corpus" / uri("twin")).write_bytes(same)
        house.ingest(tmp_path / "corpus")
        proof = delete(house, document(house))
        assert (proof.removed.blobs, proof.remaining.blobs) == (0, 0)
        [twin] = house.catalog.history(document(house, "twin"))
        assert house.blobs.get(twin.blob_key) == same
        assert delete(house, twin.document_id).removed.blobs == 1
        assert not house.blobs.holds(twin.blob_key)


class TestTheRecord:
    def test_a_line_says_what_was_there_and_when_it_went(self, house: SmallHouse) -> None:
        wanted = document(house)
        [version] = house.catalog.history(wanted)
        proof = delete(house, wanted)
        with house.database.read() as connection:
            line = connection.execute(
                select(audit_lines).where(
                    audit_lines.c.tenant == "northstar", audit_lines.c.number == proof.line.number
                )
            ).one()
        assert (line.action, line.hash) == ("document.deleted", proof.line.hash)
        assert wanted in line.sealed
        assert version.blob_key in line.sealed
        assert '"actor":"olga"' in line.sealed
        assert CANARY not in line.sealed
        assert uri("carrots") not in line.sealed

    def test_what_was_replaced_comes_again_as_replaced(
        self, house: SmallHouse, tmp_path: Path
    ) -> None:
        (tmp_path / "corpus" / "corpus.yaml").write_text(
            "owner: northstar\n"
            "defaults: {audience: [partners], approval: approved}\n"
            f"documents: [{{match: '{uri('new leeks')}', supersedes: ['{uri('leeks')}']}}]\n"
        )
        write(tmp_path / "corpus", "new leeks")
        house.ingest(tmp_path / "corpus")
        assert uri("leeks") not in house.found("price of leeks")
        delete(house, document(house, "leeks"))
        house.ingest(tmp_path / "corpus")
        assert document(house, "leeks")
        assert uri("new leeks") in house.found("price of leeks")
        assert uri("leeks") not in house.found("price of leeks")

    def test_what_comes_again_is_another_version(self, house: SmallHouse, tmp_path: Path) -> None:
        wanted, told = document(house), ask(house)
        delete(house, wanted)
        house.ingest(tmp_path / "corpus")
        [again] = house.catalog.history(wanted)
        assert again.version > 1
        assert uri("carrots") in house.found("price of carrots")
        answers = house.documents.answers
        assert answers.citing(wanted, again.version, limit=9).total == 0
        assert [one.id for one in answers.citing(wanted, 1, limit=9).newest] == [told]
        # And with its words gone for good.
        assert house.records.outcome(PARTNER, told).body["text"] == WITHDRAWN

    def test_nothing_is_deleted_that_could_not_be_put_on_record(
        self, house: SmallHouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from governance import erasing

        wanted = document(house)
        told = ask(house)
        with monkeypatch.context() as patched:
            patched.setattr(erasing, "record", _refuse)
            with pytest.raises(StorageError):
                delete(house, wanted)
        assert uri("carrots") in house.found("price of carrots")
        assert CANARY in str(house.records.outcome(PARTNER, told).body)


class TestWhoMay:
    @pytest.mark.parametrize(
        "role", [Role.APPROVER, Role.CHANNEL_MANAGER, Role.AUDITOR, Role.PARTNER_CONSULTANT]
    )
    def test_roles_that_do_not_manage_documents_do_not_delete(
        self, house: SmallHouse, role: Role
    ) -> None:
        with pytest.raises(ForbiddenError):
            delete(house, document(house), person("x", role))

    def test_anothers_does_not_exist(self, house: SmallHouse) -> None:
        wanted = document(house)
        for author, which in (
            (person("x", Role.ADMIN, tenant="acme"), wanted),
            (OWNER, "doc_none"),
        ):
            with pytest.raises(NotFoundError, match="no document"):
                delete(house, which, author)
        assert house.catalog.history(wanted)

    def test_the_second_of_two_finds_nothing(self, house: SmallHouse) -> None:
        wanted = document(house)
        delete(house, wanted)
        with pytest.raises(NotFoundError):
            delete(house, wanted)


class TestLegalHold:
    @pytest.mark.parametrize("tenant", ["northstar", "acme"])
    def test_what_is_held_is_not_deleted_until_the_hold_ends(
        self, house: SmallHouse, tmp_path: Path, tenant: str
    ) -> None:
        policy = tmp_path / "policy.yaml"
        shipped = (Path(__file__).parents[2] / "governance/policy.yaml").read_text()
        assert "legal_hold: []" in shipped
        policy.write_text(shipped.replace("legal_hold: []", f"legal_hold: [{tenant}]"))
        house.settings = house.settings.model_copy(update={"policy_file": policy})
        wanted, other = document(house), document(house, "leeks")
        told = ask(house)
        with pytest.raises(ConflictError, match="a legal hold keeps carrots") as refused:
            delete(house, wanted)
        assert tenant not in str(refused.value)
        assert CANARY in str(house.records.outcome(PARTNER, told).body)
        if tenant == "acme":
            with house.database.read() as connection:
                cited = house.documents.answers.cited_to(connection, other, {"acme"})
            # What nobody of that tenant was told of is not held.
            assert cited or delete(house, other).versions == 1
        house.documents.approvals.withdraw(OWNER, wanted, Decision())
        assert uri("carrots") not in house.found("price of carrots")


class TestOnTheWay:
    """Where it ends in between, what is left is finished later, and nobody sees it until then."""

    def test_an_original_that_cannot_be_removed_now_is_removed_later(
        self, house: SmallHouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        [version] = house.catalog.history(document(house))
        with monkeypatch.context() as patched:
            patched.setattr(type(house.blobs), "delete", _refuse)
            proof = delete(house, version.document_id)
        assert proof.remaining.blobs == 1
        assert "the disk is busy" in proof.unfinished[0]
        assert house.documents.deletions.finish() == ()
        assert not house.blobs.holds(version.blob_key)
        with house.database.read() as connection:
            assert connection.execute(select(blob_removals)).all() == []

    def test_an_index_that_is_elsewhere_follows_by_itself(
        self, house: SmallHouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = document(house)
        with monkeypatch.context() as patched:
            patched.setattr(type(house.index_sync), "forget", _refuse)
            proof = delete(house, wanted)
        assert proof.remaining.index_points is None
        assert "removes the points with the next search" in proof.unfinished[0]
        assert house.index.points_of(wanted) > 0
        assert uri("carrots") not in house.found("price of carrots")
        assert house.index.points_of(wanted) == 0

    def test_a_process_that_died_half_way_is_finished_by_the_next(
        self, house: SmallHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = document(house)
        with monkeypatch.context() as patched:
            patched.setattr(type(house.index_sync), "forget", _die)
            with pytest.raises(KeyboardInterrupt):
                delete(house, wanted)
        house.close()
        with_next = QuickHouse(tmp_path)
        with_next.documents.deletions.finish()
        assert with_next.index.points_of(wanted) == 0
        with_next.close()
        assert holding(tmp_path / "data") == []

    def test_an_ingest_that_crosses_it_is_told_to_come_again(
        self, house: SmallHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = document(house)
        (tmp_path / "corpus" / uri("carrots")).write_text("# Carrots\n\nOther carrots now.\n")
        recorded = Catalog.record

        def record(self: Catalog, *facts: object) -> object:
            delete(house, wanted)
            return recorded(self, *facts)

        with monkeypatch.context() as patched:
            patched.setattr(Catalog, "record", record)
            with pytest.raises(ConflictError, match="ingest again"):
                house.ingest(tmp_path / "corpus")
        assert house.catalog.history(wanted) == ()
        house.ingest(tmp_path / "corpus")
        assert uri("carrots") in house.found("other carrots")

    def test_a_file_that_comes_in_while_its_twin_is_deleted_is_kept(
        self, house: SmallHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = document(house)
        same = (tmp_path / "corpus" / uri("carrots")).read_bytes()
        (tmp_path / "corpus" / uri("twin")).write_bytes(same)
        recorded = Catalog.record

        def record(self: Catalog, *facts: object) -> object:
            delete(house, wanted)
            return recorded(self, *facts)

        with monkeypatch.context() as patched:
            patched.setattr(Catalog, "record", record)
            house.ingest(tmp_path / "corpus")
        [twin] = house.catalog.history(document(house, "twin"))
        assert house.blobs.get(twin.blob_key) == same


def test_a_withdrawal_shows_what_cites_it_and_deletes_nothing(house: SmallHouse) -> None:
    wanted, told = document(house), ask(house)
    house.documents.approvals.withdraw(OWNER, wanted, Decision())
    cited = house.documents.answers.citing(wanted, limit=9)
    assert (cited.total, cited.newest[0].id, cited.newest[0].tenant) == (1, told, "acme")
    assert cited.newest[0].versions == (1,)
    assert CANARY in str(house.records.outcome(PARTNER, told).body)


def _refuse(*_: object) -> None:
    raise StorageError("the disk is busy")


def _die(*_: object) -> None:
    raise KeyboardInterrupt
