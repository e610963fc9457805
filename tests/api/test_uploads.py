"""Documents over HTTP: taken in as they should be, and refused for every reason there is."""

import http.client
import io
import json
import os
import re
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import docx
import httpx2
import pytest
from openapi_schema_validator import OAS31Validator

from governance.document import ApprovalState, document_id
from governance.principal import Role
from ingest.isolation import resident_bytes
from tests.fakes.small_house import OldModel
from tests.fakes.upload_server import POLICY, Served, served
from tests.fakes.waiting import wait_until

SAMPLE = Path(__file__).parents[2] / "corpora" / "sample"
MEGABYTE = 1024 * 1024
PAGE = b"# Returns\n\nThe zebra policy says that returns take forty days.\n"
# Without redaction, whose model takes its time to load and is tested elsewhere.
SMALL = (
    re.sub(r"tickets: \[[^\]]*\]", "tickets: []", POLICY.read_text())
    .replace("searches: true", "searches: false")
    .replace("file_megabytes: 50", "file_megabytes: 1")
    .replace("request_megabytes: 100", "request_megabytes: 2")
    .replace("files: 50", "files: 3")
)
TICKETS = (
    b"id,partner,product,release,opened,closed,subject,description,resolution\n"
    b"T-1,acme,Hub,4.2,2026-01-02,,No stock,The quagga stock is zero.,Restart the agent.\n"
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("uploads"), SMALL) as opened:
        yield opened


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With the bounds that ship."""
    with served(tmp_path_factory.mktemp("roomy")) as opened:
        yield opened


def owner(at: Served) -> dict[str, str]:
    return at.bearer("northstar", Role.CONTENT_OWNER, subject="kim")


def post(
    at: Served, files: Any, said: object = None, who: dict[str, str] | None = None, **more: Any
) -> httpx2.Response:
    data = {} if said is None else {"metadata": said if isinstance(said, str) else json.dumps(said)}
    if isinstance(files, dict):
        files = [("file", (name, content)) for name, content in files.items()]
    headers = {**(who or owner(at)), **more.pop("headers", {})}
    return httpx2.post(
        f"{at.address}/v1/documents", files=files, data=data, headers=headers, timeout=120, **more
    )


def ended(at: Served, accepted: httpx2.Response, who: dict[str, str] | None = None) -> Any:
    assert accepted.status_code == 202, accepted.text
    address = f"{at.address}{accepted.headers['location']}"
    jobs: list[Any] = []

    def over() -> bool:
        jobs.append(httpx2.get(address, headers=who or owner(at), timeout=120).json())
        return jobs[-1]["state"] in ("done", "failed")

    wait_until(over)
    return jobs[-1]


def act(at: Served, what: str, document: str, who: dict[str, str]) -> httpx2.Response:
    address = f"{at.address}/v1/documents/{document}/{what}"
    return httpx2.post(address, json={}, headers=who, timeout=120)


def nothing_is_left(at: Served) -> bool:
    folder = at.house.settings.data_dir
    files = [one for one in (folder / "incoming").rglob("*") if one.is_file()]
    return not at.house.blobs.staged_names() and not files


def assert_refused(at: Served, told: httpx2.Response, status: int, says: str = "") -> Any:
    assert told.status_code == status, told.text
    assert told.headers["content-type"] == "application/problem+json"
    problem = told.json()
    assert says in json.dumps(problem)
    # It makes no difference to anything.
    assert nothing_is_left(at)
    return problem


# The way to readers


def word() -> bytes:
    made = docx.Document()
    made.add_heading("Quokkas", level=1)
    made.add_paragraph("The quokka allowance is nine per warehouse.")
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "question"),
    [
        ("quokkas.docx", word(), "quokka allowance"),
        ("page.md", PAGE, "zebra policy returns"),
        ("page.html", b"<html><h1>Ibex</h1><p>The ibex rule is four.</p></html>", "ibex rule"),
        (
            "hardening.pdf",
            (SAMPLE / "best-practices/security-hardening.pdf").read_bytes(),
            "harden",
        ),
        ("asn.xlsx", (SAMPLE / "integrations/3pl/asn-edi-mapping.xlsx").read_bytes(), "ASN EDI"),
        ("tickets.csv", TICKETS, "quagga stock"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_what_one_person_uploads_another_approves_and_partners_find(
    here: Served, name: str, content: bytes, question: str
) -> None:
    reader = here.bearer("acme", Role.PARTNER_CONSULTANT, subject="pat")

    def found() -> set[str]:
        told = httpx2.post(
            f"{here.address}/v1/search",
            json={"question": question, "k": 50}, headers=reader, timeout=120,
        )  # fmt: skip
        return {one["document_id"] for one in told.json()["passages"]}

    said = {"audience": ["partners"], "product": "Hub"}
    job = ended(here, post(here, {name: content}, said))
    assert (job["state"], job["added"], job["failed"]) == ("done", 1, [])
    (document,) = job["document_ids"]
    assert document not in found()
    assert act(here, "submit", document, owner(here)).status_code == 200
    assert document not in found()
    # Four eyes: who submitted it is who uploaded it.
    assert act(here, "approve", document, owner(here)).status_code == 403
    approver = here.bearer("northstar", Role.APPROVER, subject="bob")
    assert act(here, "approve", document, approver).status_code == 200
    assert document in found()


def test_a_new_version_waits_while_the_approved_one_is_read(here: Served) -> None:
    said = {"uri": "policies/heron.md", "audience": ["partners"], "title": "Herons"}
    heron = b"# Herons\n\nA heron costs %s.\n"
    (document,) = ended(here, post(here, {"a.md": heron % b"nine"}, said))["document_ids"]
    here.house.catalog.set_approval(document, 1, state=ApprovalState.APPROVED, by="bob")
    job = ended(here, post(here, {"b.md": heron % b"ten"}, said))
    assert (job["updated"], job["added"], job["document_ids"]) == (1, 0, [document])
    assert "policies/heron.md" in here.house.found("A heron costs")
    states = [one.metadata.approval.value for one in here.house.catalog.history(document)]
    assert states == ["approved", "draft"]
    again = ended(here, post(here, {"c.md": heron % b"ten"}, said))
    assert (again["unchanged"], again["updated"]) == (1, 0)


def test_several_files_come_at_once_and_one_that_fails_stops_no_other(here: Served) -> None:
    job = ended(
        here, post(here, {"one.md": PAGE, "two.json": b'{"a": [1', "three.md": PAGE + b"More.\n"})
    )
    assert (job["state"], job["done"], job["total"], job["added"]) == ("done", 3, 3, 2)
    assert [one["path"] for one in job["failed"]] == ["uploads/two.json"]
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]
    assert nothing_is_left(here)


@pytest.mark.parametrize(
    "name",
    [
        "../../../../tmp/owned.md", "..\\..\\owned.md", "/etc/cron.d/owned.md", "C:\\owned.md",
        "nul.md", "owned.md.", "\u202edm.denwo.md", "x" * 3000 + ".md", "a%2f..%2fb.md",
        "%00.md", "~/.bashrc.md",
    ],
)  # fmt: skip
def test_a_files_name_is_a_name_and_never_a_path(here: Served, name: str) -> None:
    job = ended(here, post(here, {name: PAGE}))
    (document,) = job["document_ids"]
    uri = here.house.catalog.history(document)[-1].uri
    assert uri.startswith("uploads/")
    assert uri.count("/") == 1
    inside = here.house.settings.data_dir
    assert not [one for one in inside.parent.rglob("*owned*") if one.is_file()]


# Who may


def test_nobody_is_asked_for_a_body_that_may_not_be_sent(here: Served) -> None:
    for headers in ({}, here.bearer("acme", Role.PARTNER_CONSULTANT)):
        parts = urlsplit(here.address)
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
            lines = [
                "POST /v1/documents HTTP/1.1", f"Host: {parts.netloc}", "Expect: 100-continue",
                "Content-Type: multipart/form-data; boundary=XX", "Content-Length: 900",
                *(f"{name}: {value}" for name, value in headers.items()),
            ]  # fmt: skip
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            told = connection.recv(100)
            assert told.startswith(b"HTTP/1.1 40")
            assert b" 100 " not in told


@pytest.mark.parametrize(
    "role", [Role.PARTNER_CONSULTANT, Role.CHANNEL_MANAGER, Role.APPROVER, Role.SUPPORT_AGENT,
             Role.AUDITOR],
)  # fmt: skip
def test_who_may_not_manage_documents_uploads_none(here: Served, role: Role) -> None:
    told = post(here, {"a.md": PAGE}, who=here.bearer("northstar", role))
    assert_refused(here, told, 403)
    jobs = httpx2.get(f"{here.address}/v1/jobs", headers=here.bearer("northstar", role))
    assert jobs.status_code == 403


def test_a_partners_admin_uploads_for_their_own_people_only(here: Served) -> None:
    admin = here.bearer("acme", Role.PARTNER_ADMIN)
    for audience in (["partners"], ["tenant:birchwood"], ["internal", "tier:gold"]):
        told = post(here, {"a.md": PAGE}, {"audience": audience}, admin)
        assert_refused(here, told, 403, "tenant:acme")
    job = ended(here, post(here, {"a.md": PAGE}, {"audience": ["tenant:acme"]}, admin), admin)
    version = here.house.catalog.history(job["document_ids"][0])[-1]
    assert version.tenant == "acme"


def test_a_job_is_for_those_of_its_tenant_who_may_upload(here: Served) -> None:
    accepted = post(here, {"a.md": PAGE}, {"uri": "who/sees.md"})
    ended(here, accepted)
    address = f"{here.address}{accepted.headers['location']}"
    for who in (
        here.bearer("northstar", Role.ADMIN, subject="another"),
        here.bearer("northstar", Role.PARTNER_ADMIN),
    ):
        assert httpx2.get(address, headers=who).status_code == 200
        listed = httpx2.get(f"{here.address}/v1/jobs?limit=1", headers=who).json()
        assert [one["id"] for one in listed["jobs"]] == [accepted.json()["job_id"]]
        assert listed["total"] >= 1
    others = [
        here.bearer("acme", Role.ADMIN), here.bearer("northstar", Role.APPROVER),
        here.bearer("northstar", Role.PARTNER_CONSULTANT),
    ]  # fmt: skip
    nowhere = f"{here.address}/v1/jobs/job_none"
    bodies = {httpx2.get(address, headers=who).json()["detail"] for who in others}
    bodies.add(httpx2.get(nowhere, headers=owner(here)).json()["detail"])
    assert len(bodies) == 1
    assert httpx2.get(address, headers=others[0]).status_code == 404
    empty = httpx2.get(f"{here.address}/v1/jobs", headers=here.bearer("bolt", Role.ADMIN)).json()
    assert empty == {"jobs": [], "total": 0}


# What cannot be taken


def zipped(entries: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "status", "says"),
    [
        ("report.pdf", b"MZ\x90\x00" + b"\x00" * 500, 415, "a Windows program"),
        ("report.docx", b"\x7fELF" + b"\x00" * 500, 415, "a program"),
        ("notes.md", b"\x89PNG\r\n" + b"\x00" * 99, 415, "a PNG picture"),
        ("report.pdf", b"<!doctype html><p>Sign in</p>", 415, "web page"),
        ("setup.sh", b"#!/bin/sh\necho hello\n", 415, "not read"),
        ("setup", b"#!/bin/sh\necho hello\n", 415, "not read"),
        ("all.zip", zipped({"a.md": PAGE}), 415, "zip archive"),
        ("old.doc", b"words", 415, "save it as docx"),
        ("bomb.docx", zipped({"word/document.xml": b"\x00" * 60 * MEGABYTE}), 422, "zip bomb"),
        ("empty.md", b"", 422, "is empty"),
        ("cut.docx", word()[:500], 422, "damaged"),
        ("corpus.yaml", b"owner: me\n", 422, "field `metadata`"),
        ("CORPUS.YAML", b"owner: me\n", 422, "field `metadata`"),
    ],
)
def test_what_plainly_cannot_be_read_is_refused_at_once(
    here: Served, name: str, content: bytes, status: int, says: str
) -> None:
    assert_refused(here, post(here, {name: content}), status, says)


@pytest.mark.parametrize(
    ("said", "where", "says"),
    [
        ({"titel": "x"}, ["body", "metadata", "titel"], "did you mean 'title'"),
        ({"doc_type": "polcy"}, ["body", "metadata", "doc_type"], "did you mean 'policy'"),
        ({"audience": ["all"]}, ["body", "metadata", "audience", 0], "unknown audience"),
        ({"approval": "approved"}, ["body", "metadata", "approval"], "somebody else approves"),
        ({"approved_by": "me"}, ["body", "metadata", "approved_by"], "on record"),
        ({"effective_from": "soon"}, ["body", "metadata", "effective_from"], "2026-01-31"),
        ({"uri": "../x.md"}, ["body", "metadata", "uri"], "is a path such as"),
        ({"uri": "x/corpus.yaml"}, ["body", "metadata", "uri"], "no document"),
        ({"owner": "acme"}, ["body", "metadata", "owner"], "unknown key"),
        ("{", ["body", "metadata"], "well-formed JSON"),
        ('["x"]', ["body", "metadata"], "not a JSON object"),
    ],
)
def test_what_is_said_wrongly_is_told_where(
    here: Served, said: object, where: list[str], says: str
) -> None:
    problem = assert_refused(here, post(here, {"a.md": PAGE}, said), 422)
    assert [(one["loc"], says in one["msg"]) for one in problem["errors"]] == [(where, True)]


@pytest.mark.parametrize(
    ("files", "said", "where"),
    [
        ([("file", ("a.md", PAGE)), ("file", ("x/a.md", PAGE))], None, ["body", "file", 1]),
        ([("file", ("a.md", PAGE)), ("file", ("b.md", PAGE))], {"uri": "a.md"},
         ["body", "metadata", "uri"]),
        ([("file", (f"{one}.md", PAGE)) for one in range(4)], None, ["body", "file"]),
        ([("document", ("a.md", PAGE))], None, ["body"]),
        ([("metadata", ("a.json", b"{}"))], None, ["body", "file"]),
    ],
)  # fmt: skip
def test_a_form_that_is_not_as_it_should_be_says_where(
    here: Served, files: Any, said: object, where: list[object]
) -> None:
    problem = assert_refused(here, post(here, files, said), 422)
    assert [one["loc"] for one in problem["errors"]] == [where]


def test_another_kind_of_body_is_refused(here: Served) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=XX"}
    for headers, content, status in (
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({}, b"x", 415),
        ({**form, "Content-Encoding": "gzip"}, b"x", 415),
        ({"Content-Type": "multipart/form-data"}, b"x", 422),
        (form, b"--XX\r\nnonsense", 422),
        (form, b"", 422),
    ):
        told = httpx2.post(
            f"{here.address}/v1/documents", content=content, headers={**owner(here), **headers}
        )
        assert_refused(here, told, status)


def test_too_much_is_refused_as_soon_as_it_is_known(here: Served) -> None:
    assert_refused(here, post(here, {"a.md": b"x" * (MEGABYTE + 1)}), 413, "1 MB")
    big = {"a.md": b"x" * MEGABYTE, "b.md": b"y" * MEGABYTE}
    # By what it says of its length; nothing of it was read.
    assert_refused(here, post(here, big), 413, "2 MB")
    assert_refused(here, post(here, {"a.md": PAGE}, "x" * 70_000), 413, "metadata")


def test_json_is_bounded_more_closely(roomy: Served) -> None:
    big = b'{"partner": [' + b"[]," * 4 * MEGABYTE + b"1]}"
    assert_refused(roomy, post(roomy, {"a.jsonl": big}), 413, "10 MB")


# Bounds


class Scales:
    """Weighs this process, in which the server runs, while something happens."""

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self.before = self.most = resident_bytes(os.getpid())
        self._thread = threading.Thread(target=self._weigh)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _weigh(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, resident_bytes(os.getpid()))

    @property
    def grown(self) -> int:
        return self.most - self.before


def begun(at: Served, *headers: str) -> http.client.HTTPConnection:
    parts = urlsplit(at.address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    connection.putrequest("POST", "/v1/documents")
    for name, value in owner(at).items():
        connection.putheader(name, value)
    connection.putheader("Content-Type", "multipart/form-data; boundary=XX")
    for header in headers:
        connection.putheader(*header.split(": "))
    connection.endheaders()
    return connection


HEAD = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'


def test_200_megabytes_without_a_length_are_refused_at_the_bound_in_little_memory(
    roomy: Served,
) -> None:
    block = b"%x\r\n" % MEGABYTE + b"x" * MEGABYTE + b"\r\n"
    sent = 0
    with Scales() as scales:
        connection = begun(roomy, "Transfer-Encoding: chunked")
        connection.send(b"%x\r\n" % len(HEAD) + HEAD + b"\r\n")
        try:
            # It sends everything before it looks for an answer, as simple clients do.
            for _ in range(200):
                connection.send(block)
                sent += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        told = connection.getresponse()
        problem = json.loads(told.read())
        connection.close()
    assert (told.status, told.getheader("connection")) == (413, "close")
    assert "50 MB" in problem["detail"]
    assert sent > 50
    assert scales.grown < 60 * MEGABYTE, f"grew by {scales.grown / MEGABYTE:.0f} MB"
    wait_until(lambda: nothing_is_left(roomy))


def test_45_megabytes_are_taken_in_and_judged_in_little_memory(roomy: Served) -> None:
    block = b"x" * MEGABYTE
    length = len(HEAD) + 45 * MEGABYTE + len(b"\r\n--XX--\r\n")
    with Scales() as scales:
        connection = begun(roomy, f"Content-Length: {length}")
        connection.send(HEAD)
        for _ in range(45):
            connection.send(block)
        connection.send(b"\r\n--XX--\r\n")
        told = connection.getresponse()
        problem = json.loads(told.read())
        connection.close()
    # As a whole it came, and is no PDF.
    assert (told.status, "not a .pdf" in problem["detail"]) == (415, True)
    assert scales.grown < 60 * MEGABYTE, f"grew by {scales.grown / MEGABYTE:.0f} MB"


def test_who_leaves_in_the_middle_leaves_nothing_behind(here: Served) -> None:
    connection = begun(here, "Content-Length: 900000")
    connection.send(HEAD + b"x" * 300_000)
    time.sleep(0.2)
    connection.close()
    wait_until(lambda: nothing_is_left(here))
    # And the place is free again.
    for _ in range(3):
        assert post(here, {"a.md": PAGE}).status_code in (202, 429)


def test_uploads_of_one_name_at_once_become_versions_one_after_another(here: Served) -> None:
    def send(number: int) -> Any:
        while True:
            told = post(here, {"a.md": PAGE + b"%d\n" % number}, {"uri": "busy/name.md"})
            if told.status_code != 429:
                return ended(here, told)
            assert int(told.headers["retry-after"]) >= 1
            time.sleep(0.05)

    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(send, range(9)))
    assert sum(one["added"] for one in jobs) == 1
    assert sum(one["updated"] for one in jobs) == 8
    versions = here.house.catalog.history(document_id("northstar", "busy/name.md"))
    assert [one.version for one in versions] == list(range(1, 10))


def test_a_tenant_has_so_many_uploads_under_way_and_no_more(tmp_path: Path) -> None:
    going = threading.Event()
    policy = SMALL.replace("concurrent_ingests: 8", "concurrent_ingests: 2")
    with served(tmp_path, policy, OldModel(lambda _: going.wait(60) and None)) as at:
        try:
            accepted = [post(at, {f"{one}.md": PAGE + b"%d" % one}) for one in range(2)]
            told = post(at, {"c.md": PAGE})
            assert told.status_code == 429
            assert told.headers["content-type"] == "application/problem+json"
            assert int(told.headers["retry-after"]) >= 1
            assert "uploads" in told.json()["detail"]
            # It is nobody else's limit.
            admin = at.bearer("acme", Role.PARTNER_ADMIN)
            assert post(at, {"c.md": PAGE}, who=admin).status_code == 202
        finally:
            going.set()
        for one in accepted:
            assert ended(at, one)["added"] == 1
        wait_until(lambda: post(at, {"c.md": PAGE}).status_code == 202)


def test_while_a_job_is_read_others_are_answered(tmp_path: Path) -> None:
    going = threading.Event()
    with served(tmp_path, SMALL, OldModel(lambda _: going.wait(60) and None)) as at:
        try:
            accepted = post(at, {"a.md": PAGE})
            address = f"{at.address}{accepted.headers['location']}"

            def state() -> str:
                return str(httpx2.get(address, headers=owner(at)).json()["state"])

            wait_until(lambda: state() == "running")
            began = time.monotonic()
            for path in ("/healthz", "/v1/documents", "/v1/jobs?state=running"):
                told = httpx2.get(f"{at.address}{path}", headers=owner(at), timeout=30)
                assert told.status_code == 200, path
            assert time.monotonic() - began < 10
        finally:
            going.set()
        assert ended(at, accepted)["state"] == "done"


def test_what_is_answered_is_what_is_documented(here: Served) -> None:
    document = httpx2.get(f"{here.address}/openapi.json", timeout=120).json()
    accepted = post(here, {"a.md": PAGE})
    job = accepted.headers["location"]
    ended(here, accepted)
    answers = [
        ("/v1/documents", "post", accepted),
        ("/v1/documents", "post", post(here, {"a.exe": b"MZ"})),
        ("/v1/documents", "post", post(here, {"a.md": b"x" * 2 * MEGABYTE})),
        ("/v1/documents", "post", post(here, {"a.md": PAGE}, {"x": 1})),
        ("/v1/jobs/{job_id}", "get", httpx2.get(f"{here.address}{job}", headers=owner(here))),
        ("/v1/jobs", "get", httpx2.get(f"{here.address}/v1/jobs", headers=owner(here))),
        ("/v1/jobs", "get", httpx2.get(f"{here.address}/v1/jobs?state=x", headers=owner(here))),
    ]
    for path, method, told in answers:
        responses = document["paths"][path][method]["responses"]
        content = responses[str(told.status_code)]["content"]
        schema = {
            **content[told.headers["content-type"]]["schema"],
            "components": document["components"],
        }
        OAS31Validator(schema).validate(told.json())
    operation = document["paths"]["/v1/documents"]["post"]
    assert "Location" in operation["responses"]["202"]["headers"]
    assert {"401", "403", "408", "413", "415", "422", "429", "503"} <= set(operation["responses"])
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]


def test_an_address_names_all_methods_that_it_takes(here: Served) -> None:
    for path, methods in (("/v1/documents", "GET, POST"), ("/v1/documents/doc_x", "DELETE, GET")):
        told = httpx2.request("PATCH", f"{here.address}{path}", headers=owner(here))
        assert (told.status_code, told.headers["allow"]) == (405, methods)
