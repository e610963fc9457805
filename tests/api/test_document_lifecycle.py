"""Documents on their way over HTTP: submitted, approved, compared, cited, withdrawn, deleted."""

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import application
from governance.document import ApprovalState
from governance.principal import Role
from tests.api.conftest import Calendar, House
from tests.fakes.small_house import SmallHouse
from tests.fakes.waiting import wait_until

OWNER, APPROVER = Role.CONTENT_OWNER, Role.APPROVER
SECRET = "heliotrope"


class Library(House):
    """A house of its own, with a model that takes no time, into which a test brings documents."""

    def bring(
        self, name: str, text: str, state: ApprovalState = ApprovalState.DRAFT, front: str = ""
    ) -> str:
        corpus = self.assembly.settings.data_dir.parent / f"corpus-{name}"
        corpus.mkdir(exist_ok=True)
        (corpus / "corpus.yaml").write_text(
            f"owner: northstar\ndefaults: {{audience: [partners], approval: {state.value}}}\n"
        )
        (corpus / f"{name}.md").write_text(
            f"---\ntitle: {name}\n{front}---\n\n# {name}\n\n{text}\n"
        )
        self.assembly.ingest(corpus)  # type: ignore[attr-defined]
        return self.document_id(f"{name}.md")

    def move(self, move: str, document: str, who: Mapping[str, str], **body: Any) -> Any:
        address = f"/v1/documents/{document}/{move}"
        return self.client.post(address, json=body, headers=who)

    def get(self, address: str, who: Mapping[str, str], **query: Any) -> Any:
        return self.client.get(f"/v1/documents{address}", params=query, headers=who)

    def delete(self, document: str, who: Mapping[str, str]) -> Any:
        return self.client.delete(f"/v1/documents/{document}", headers=who)

    def finds(self, question: str, uri: str) -> bool:
        answer = self.client.post(
            "/v1/search", json={"question": question}, headers=self.bearer("acme")
        )
        assert answer.status_code == 200, answer.text
        return uri in {one["uri"] for one in answer.json()["passages"]}

    @property
    def olga(self) -> dict[str, str]:
        return self.bearer("northstar", OWNER, subject="olga")

    @property
    def peter(self) -> dict[str, str]:
        return self.bearer("northstar", APPROVER, subject="peter")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("library")
    calendar = Calendar()
    assembly = SmallHouse(folder)
    assembly.clock = calendar
    (folder / "corpus").mkdir()
    (folder / "corpus" / "lamps.md").write_text("# Lamps\n\nA lamp is lit in the evening.\n")
    assembly.ingest(folder / "corpus")
    app = application(assembly.settings, lambda: assembly)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Library(app=app, client=client, assembly=assembly, calendar=calendar)


class TestTheWay:
    def test_from_a_draft_to_its_readers_and_back(self, library: Library) -> None:
        document = library.bring("tulips", "A tulip costs four crowns.")
        assert not library.finds("What does a tulip cost?", "tulips.md")
        submitted = library.move("submit", document, library.olga, note="please look")
        assert (submitted.status_code, submitted.json()["state"]) == (200, "in_review")

        own = library.move("approve", document, library.olga)
        assert own.status_code == 403
        assert own.headers["content-type"] == "application/problem+json"
        assert "somebody else has to approve" in own.json()["detail"]
        assert not library.finds("What does a tulip cost?", "tulips.md")

        approved = library.move("approve", document, library.peter).json()
        assert (approved["state"], approved["approved_by"]) == ("approved", "peter")
        assert library.finds("What does a tulip cost?", "tulips.md")

        partner = library.bearer("acme")
        asked = library.client.post(
            "/v1/ask", json={"question": "What does a tulip cost?"}, headers=partner
        ).json()
        cited = next(one for one in asked["citations"] if one["document_id"] == document)
        assert (cited["approved_by"], cited["version"]) == ("peter", 1)
        assert cited["approved_at"] == approved["approved_at"]

        withdrawn = library.move("withdraw", document, library.peter, note="frost").json()
        assert withdrawn["state"] == "withdrawn"
        assert withdrawn["cited_by"]["total"] == 1
        [named] = withdrawn["cited_by"]["newest"]
        assert (named["id"], named["tenant"], named["versions"]) == (asked["id"], "acme", [1])
        assert named["confidence"] == asked["confidence"]
        assert not library.finds("What does a tulip cost?", "tulips.md")

        steps = library.get(f"/{document}", library.olga).json()["steps"]
        assert [(one["to_state"], one["by"], one["note"]) for one in steps] == [
            ("in_review", "olga", "please look"), ("approved", "peter", ""),
            ("withdrawn", "peter", "frost"),
        ]  # fmt: skip
        assert steps[1]["four_eyes"] == "held"

    def test_a_rejected_one_goes_back_with_the_reason(self, library: Library) -> None:
        document = library.bring("roses", "A rose costs six crowns.")
        refused = library.move("reject", document, library.peter)
        assert (refused.status_code, "is draft" in refused.json()["detail"]) == (409, True)
        library.move("submit", document, library.olga)
        rejected = library.move("reject", document, library.peter, note="too dear").json()
        assert (rejected["state"], rejected["note"]) == ("draft", "too dear")

    def test_an_older_version_is_named(self, library: Library) -> None:
        document = library.bring("asters", "An aster costs two crowns.")
        library.move("submit", document, library.olga, version=1)
        library.bring("asters", "An aster costs three crowns.")
        approved = library.move("approve", document, library.peter, version=1).json()
        assert (approved["version"], approved["state"]) == (1, "approved")
        newest = library.get(f"/{document}", library.olga).json()
        assert [one["state"] for one in newest["versions"]] == ["approved", "draft"]
        assert library.move("approve", document, library.peter, version=9).status_code == 404

    def test_a_body_is_not_needed_and_a_wrong_one_changes_nothing(self, library: Library) -> None:
        document = library.bring("irises", "An iris costs nine crowns.")
        address = f"/v1/documents/{document}/submit"
        for body in ({"state": "approved"}, {"version": 0}, {"version": "1"}, {"note": "\x00"}):
            sent = library.client.post(address, json=body, headers=library.olga)
            assert sent.status_code == 422, body
        assert library.get(f"/{document}", library.olga).json()["state"] == "draft"
        assert library.client.post(address, headers=library.olga).status_code == 200


class TestWhoMay:
    def test_anothers_document_does_not_exist(self, library: Library) -> None:
        document = library.bring("ferns", f"The fern is {SECRET}.", ApprovalState.APPROVED)
        foreign = library.bearer("acme", Role.ADMIN, subject="eve")
        for method, address in (
            ("POST", f"/{document}/submit"), ("POST", f"/{document}/approve"),
            ("POST", f"/{document}/reject"), ("POST", f"/{document}/withdraw"),
            ("DELETE", f"/{document}"), ("GET", f"/{document}/diff"),
            ("GET", f"/{document}/versions/1/text"), ("GET", f"/{document}/versions/1/outcomes"),
        ):  # fmt: skip
            told = library.client.request(method, f"/v1/documents{address}", headers=foreign)
            never = library.client.request(
                method, f"/v1/documents{address.replace(document, 'doc_none')}", headers=foreign
            )
            assert told.status_code == never.status_code == 404, address
            assert told.json()["detail"] == never.json()["detail"]
            assert SECRET not in told.text
        assert library.get(f"/{document}", library.olga).json()["state"] == "approved"

    @pytest.mark.parametrize(
        ("role", "refused"),
        [
            (Role.APPROVER, {"submit", "delete"}),
            (Role.CHANNEL_MANAGER, {"submit", "approve", "reject", "withdraw", "delete", "text"}),
            (Role.AUDITOR, {"submit", "approve", "reject", "withdraw", "delete", "text"}),
        ],
    )
    def test_roles_decide(self, library: Library, role: Role, refused: set[str]) -> None:
        document = library.bring(f"moss-{role.value}", "Moss grows in the shade.")
        who = library.bearer("northstar", role, subject="x")
        for move in refused & {"submit", "approve", "reject", "withdraw"}:
            assert library.move(move, document, who).status_code == 403, move
        if "delete" in refused:
            assert library.delete(document, who).status_code == 403
        if "text" in refused:
            assert library.get(f"/{document}/versions/1/text", who).status_code == 403

    def test_a_partners_admin_publishes_to_its_own_people_only(self, library: Library) -> None:
        admin = library.bearer("northstar", Role.PARTNER_ADMIN, subject="pat")
        document = library.bring("ivy", "Ivy climbs.")
        refused = library.move("submit", document, admin)
        assert refused.status_code == 403
        assert "beyond your own people" in refused.json()["detail"]
        inside = library.bring("reeds", "Reeds bend.", front="audience: [internal]\n")
        assert library.move("submit", inside, admin).status_code == 200
        withdrawn = library.move("withdraw", inside, admin)
        assert withdrawn.json()["cited_by"] is None


class TestReviewing:
    def test_who_approves_can_read_it_and_what_changed(self, library: Library) -> None:
        document = library.bring("oaks", "An oak is old.\n\nIt is tall.\n\nIt is green.")
        library.bring("oaks", "An oak is old.\n\nIt is very tall.\n\nIt is green.",
                      front="product: Wood\n")  # fmt: skip
        text = library.get(f"/{document}/versions/1/text", library.peter).json()
        assert "It is tall." in text["text"]
        told = library.get(f"/{document}/diff", library.peter, **{"from": 1, "to": 2}).json()
        assert told == library.get(f"/{document}/diff", library.peter).json()
        assert (told["old_version"], told["new_version"]) == (1, 2)
        [changed] = [one for one in told["changes"] if one["kind"] != "same"]
        assert (changed["kind"], changed["old"], changed["new"]) == (
            "changed", ["It is tall."], ["It is very tall."],
        )  # fmt: skip
        assert {"key": "product", "old": "", "new": "Wood"} in told["metadata"]
        assert told["complete"]
        back = library.get(f"/{document}/diff", library.peter, **{"from": 2, "to": 1}).json()
        assert (back["added"], back["removed"]) == (told["removed"], told["added"])
        for query in ({"from": 1, "to": 9}, {"to": 1}):
            assert library.get(f"/{document}/diff", library.peter, **query).status_code == 404
        assert library.get(f"/{document}/diff", library.peter, to="x").status_code == 422
        assert library.get(f"/{document}/versions/x/text", library.peter).status_code == 404

    def test_what_is_due_is_listed_for_its_owner_and_nobody_else(self, library: Library) -> None:
        document = library.bring(
            "elms", "An elm is ill.", ApprovalState.APPROVED, front="review_by: 2026-11-30\n"
        )
        listed = library.get("", library.olga, review_due=True, q="elms").json()
        assert listed["documents"] == []
        with library.calendar.later(timedelta(days=8)):
            [due] = library.get("", library.olga, review_due="true", state="approved").json()[
                "documents"
            ]
            assert (due["id"], due["review_by"], due["review_due"]) == (
                document,
                "2026-11-30",
                True,
            )
            partner = library.bearer("acme")
            assert library.get("", partner, review_due=True).json()["total"] == 0
            shown = library.get(f"/{document}", partner).json()
            assert (shown["review_by"], shown["review_due"], shown["steps"]) == (None, False, [])
            confirmed = library.move("approve", document, library.peter, review_by="2027-06-01")
            assert confirmed.json()["review_by"] == "2027-06-01"
            assert library.get("", library.olga, review_due=True).json()["total"] == 0

    def test_which_answers_cited_a_version(self, library: Library) -> None:
        document = library.bring("larches", "A larch is gold.", ApprovalState.APPROVED)
        partner = library.bearer("acme", subject="kim")
        asked = library.client.post(
            "/v1/ask", json={"question": "Is a larch gold, says Kim?"}, headers=partner
        ).json()
        told = library.get(f"/{document}/versions/1/outcomes", library.peter).json()
        assert (told["total"], told["outcomes"][0]["id"]) == (1, asked["id"])
        # Nothing of what another tenant asked, or who it was.
        assert "Kim" not in str(told)
        assert "kim" not in str(told)
        nobody = library.bearer("northstar", Role.PARTNER_ADMIN)
        assert library.get(f"/{document}/versions/1/outcomes", nobody).status_code == 403
        assert library.get(f"/{document}/versions/2/outcomes", library.peter).status_code == 404


class TestTime:
    def test_a_beginning_and_an_end_come_by_themselves(self, library: Library) -> None:
        library.bring(
            "crocuses", "A crocus blooms in spring.", ApprovalState.APPROVED,
            front="effective_from: 2026-12-01\neffective_to: 2026-12-10\n",
        )  # fmt: skip

        def seen() -> bool:
            return library.finds("When does a crocus bloom?", "crocuses.md")

        assert not seen()
        with library.calendar.later(timedelta(days=8)):
            assert seen()
        with library.calendar.later(timedelta(days=17)):
            assert seen()
        with library.calendar.later(timedelta(days=18)):
            assert not seen()
            [listed] = library.get("", library.olga, q="crocuses").json()["documents"]
            assert listed["state"] == "expired"
            asked = {"question": "When does a crocus bloom?", "filters": {"as_of": "2026-12-05"}}
            then = library.client.post("/v1/search", json=asked, headers=library.bearer("acme"))
            assert "crocuses.md" in {one["uri"] for one in then.json()["passages"]}


class TestDelete:
    def test_the_proof_says_what_went_and_what_was_looked_for(self, library: Library) -> None:
        document = library.bring("poppies", "A poppy is red.", ApprovalState.APPROVED)
        asked = library.client.post(
            "/v1/ask", json={"question": "Is a poppy red?"}, headers=library.bearer("acme")
        ).json()
        assert library.finds("Is a poppy red?", "poppies.md")
        answer = library.delete(document, library.olga)
        assert answer.status_code == 200
        proof = answer.json()
        assert proof["removed"] == {"texts": 1, "chunks": 1, "blobs": 1, "quotes": 1}
        assert proof["remaining"] == {
            "texts": 0, "chunks": 0, "blobs": 0, "quotes": 0, "index_points": 0,
        }  # fmt: skip
        assert (proof["versions"], proof["chunks"], proof["uri"]) == (1, 1, "poppies.md")
        assert (proof["unfinished"], proof["overwritten"]) == ([], True)
        assert 0 < proof["unretrievable_after_ms"] <= proof["finished_after_ms"]
        assert len(proof["audit"]["hash"]) == 64
        assert not library.finds("Is a poppy red?", "poppies.md")
        for method in ("GET", "DELETE"):
            again = library.client.request(
                method, f"/v1/documents/{document}", headers=library.olga
            )
            assert again.status_code == 404
        turn = library.client.get(
            f"/v1/conversations/{asked['conversation_id']}", headers=library.bearer("acme")
        ).json()["turns"][0]["outcome"]
        assert "poppy is red" not in str(turn).lower()

    def test_what_was_uploaded_asked_and_deleted_is_in_no_file_any_more(
        self, library: Library
    ) -> None:
        canary = b"zzqcanaryzzq"
        page = b"# Peonies\n\nA peony costs " + canary + b" crowns.\n"
        accepted = library.client.post(
            "/v1/documents",
            files=[("file", ("peonies.md", page))],
            data={"metadata": '{"audience": ["partners"]}'},
            headers=library.olga,
        )
        assert accepted.status_code == 202, accepted.text
        jobs: list[Any] = []

        def over() -> bool:
            address = accepted.headers["location"]
            jobs.append(library.client.get(address, headers=library.olga).json())
            return jobs[-1]["state"] in ("done", "failed")

        wait_until(over)
        [document] = jobs[-1]["document_ids"]
        library.move("submit", document, library.olga)
        library.move("approve", document, library.peter)
        asked = library.client.post(
            "/v1/ask", json={"question": "What does a peony cost?"}, headers=library.bearer("acme")
        )
        assert canary.decode() in asked.text
        folder = library.assembly.settings.data_dir
        assert holding(folder, canary)
        proof = library.delete(document, library.olga).json()
        assert proof["unfinished"] == []
        assert holding(folder, canary) == []


def holding(folder: Path, word: bytes) -> list[str]:
    """The files below a folder whose bytes hold a word."""
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and word in path.read_bytes()
    )


@pytest.mark.parametrize("end", ["withdraw", "delete"])
def test_no_request_after_the_calls_return_sees_it_however_many_ask(
    library: Library, end: str
) -> None:
    document = library.bring(f"hemlock-{end}", "Hemlock is poison.", ApprovalState.APPROVED)
    partner = library.bearer("acme")
    question = {"question": "Is hemlock poison?"}
    ended, stopping = threading.Event(), threading.Event()

    def ask(number: int) -> tuple[int, int, int]:
        """Ask on and on; how often it was seen before the end and after, and how often asked."""
        before = after = asked = 0
        while not stopping.is_set():
            began_after = ended.is_set()
            address = "/v1/ask" if number % 4 == 0 else "/v1/search"
            answer = library.client.post(address, json=question, headers=partner)
            assert answer.status_code == 200, answer.text
            seen = document in answer.text
            before += seen and not began_after
            after += seen and began_after
            asked += began_after
        return before, after, asked

    with ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(ask, number) for number in range(16)]
        time.sleep(0.7)
        done = (
            library.delete(document, library.olga)
            if end == "delete"
            else library.move("withdraw", document, library.olga)
        )
        ended.set()
        time.sleep(0.7)
        stopping.set()
        counted = [one.result(60) for one in asking]
    assert done.status_code == 200
    assert sum(before for before, _, _ in counted) > 0
    assert sum(asked for _, _, asked in counted) >= 16
    assert sum(after for _, after, _ in counted) == 0
