"""SIGKILL at random moments of a served house: record, deeds and what was answered agree.

While people ask, upload, submit, approve, withdraw and delete over HTTP, the house is killed and
started again, over and over. What was answered with a success must be so afterwards; what was
deleted must be gone to the last byte; and every deed has its line, and every line its deed.
"""

import http.client
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, select

from attack.check import Check, Scale
from attack.mortal_house import TENANT
from copilot.record_tables import feedback, outcomes
from foundation.database import open_database
from governance.audit.chain import audit_lines
from governance.audit.key import audit_key
from governance.audit.verification import verify
from governance.document import document_id
from governance.tables import approval_steps, documents, tombstones, versions
from ingest.job_tables import jobs

_STEPS = (
    "document.submitted",
    "document.approved",
    "document.rejected",
    "document.withdrawn",
)  # fmt: skip
_ROOT = Path(__file__).resolve().parents[1]
_ASKERS = 2
_WAIT_SECONDS = 120.0
_SHOWN = 6


@dataclass(slots=True)
class _Page:
    """A document, and what was answered about it. `sure` is False while a call hangs."""

    uri: str
    canary: str
    state: str = "uploading"
    sure: bool = True

    @property
    def id(self) -> str:
        """Its id."""
        return document_id(TENANT, self.uri)


@dataclass(slots=True)
class Story:
    """All that was done to a house, and what was wrong with it afterwards."""

    kills: int = 0
    calls: int = 0
    pages: list[_Page] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def run(scale: Scale) -> list[Check]:
    """Kill it, look at it, and again."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        story = live_and_die(Path(folder), kills=scale.pick(25, 3), seed=7)
    deleted = sum(one.state == "deleted" for one in story.pages)
    return [
        Check(
            name=f"crash: {story.kills} times SIGKILL while it works",
            attempts=story.calls,
            asked="what was answered is so, every deed has its line, deleted = no byte left",
            seen=f"{len(story.wrong)} disagree ({len(story.pages)} documents, {deleted} deleted)",
            passed=not story.wrong and deleted > 0,
            detail="\n".join(story.wrong[:_SHOWN]),
        )
    ]


def live_and_die(folder: Path, *, kills: int, seed: int) -> Story:
    """Work and be killed so often, and be looked at after each time."""
    story, draw = Story(), Random(seed)
    for _ in range(kills):
        with _alive(folder) as house:
            stop = threading.Event()
            workers = [
                threading.Thread(target=_work, args=(house, story, Random(draw.random()), stop)),
                *(threading.Thread(target=_ask, args=(house, story, stop)) for _ in range(_ASKERS)),
            ]
            for one in workers:
                one.start()
            _wait_for(story, story.calls + draw.randrange(5, 40))
            time.sleep(draw.uniform(0.0, 0.1))
            house.kill()
            stop.set()
            for one in workers:
                one.join()
        story.kills += 1
        with _alive(folder) as house:
            _settle(house, story)
            _look(house, story)
            house.kill()
        story.wrong += [f"after kill {story.kills}: {one}" for one in _record(folder)]
        _bytes(folder, story)
        if story.wrong:
            break
    return story


def _wait_for(story: Story, calls: int) -> None:
    """Until so many calls were answered."""
    end = time.monotonic() + _WAIT_SECONDS
    while story.calls < calls and not story.wrong and time.monotonic() < end:
        time.sleep(0.01)


class _House:
    """The house's process, and two people's way to speak to it."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "attack.mortal_house", str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )
        assert self.process.stdout is not None  # noqa: S101 - it was asked for
        told = self.process.stdout.readline().strip().split("|")
        if len(told) != 3:
            message = f"the house did not start again: {told}"
            raise RuntimeError(message)
        self.port = urlsplit(told[0]).port
        self.tokens = dict(zip(("writer", "approver"), told[1:], strict=True))

    def kill(self) -> None:
        """SIGKILL, once."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def call(
        self,
        who: str,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        form: tuple[str, bytes] | None = None,
    ) -> tuple[int, str]:
        """One request; raises `OSError` or `HTTPException` where the house dies meanwhile."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        sent: str | bytes | None = None if body is None else json.dumps(body)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if form is not None:
            headers["Content-Type"], sent = form
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@contextmanager
def _alive(folder: Path) -> Iterator[_House]:
    house = _House(folder)
    try:
        yield house
    finally:
        house.kill()
        if house.process.stdout is not None:
            house.process.stdout.close()


def _form(uri: str, text: str) -> tuple[str, bytes]:
    mark = "----attack"
    parts = (
        ('name="metadata"', json.dumps({"uri": uri, "audience": ["partners"]})),
        (f'name="file"; filename="{uri}"', text),
    )
    lines = [
        f"--{mark}\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n"
        for head, content in parts
    ]
    return f"multipart/form-data; boundary={mark}", "".join([*lines, f"--{mark}--\r\n"]).encode()


_DEAD = (OSError, http.client.HTTPException)


def _work(house: _House, story: Story, draw: Random, stop: threading.Event) -> None:
    """Upload, submit, approve, withdraw and delete, one document after another."""
    try:
        while not stop.is_set():
            living = [one for one in story.pages if one.state != "deleted"]
            if len(living) < 4 or draw.random() < 0.3:
                _upload(house, story, draw)
            else:
                _move(house, story, draw.choice(living), draw)
    except _DEAD:
        return


def _upload(house: _House, story: Story, draw: Random) -> None:
    canary = f"cv{draw.getrandbits(48):012x}z"
    page = _Page(uri=f"page-{draw.getrandbits(40):010x}.md", canary=canary, sure=False)
    story.pages.append(page)
    text = f"# About {page.uri}\n\nThe orchid limit is 7 units under the code {canary}.\n" * 20
    status, told = house.call("writer", "POST", "/v1/documents", form=_form(page.uri, text))
    story.calls += 1
    if status == 429:
        # As many are being read as policy allows.
        story.pages.remove(page)
        time.sleep(0.2)
        return
    if status != 202:
        story.wrong.append(f"an upload was answered with {status}: {told[:200]}")
    page.state, page.sure = "uploaded", True


_NEXT = {
    "uploaded": ("writer", "submit", "in_review"),
    "withdrawn": ("writer", "submit", "in_review"),
    "in_review": ("approver", "approve", "approved"),
    "approved": ("approver", "withdraw", "withdrawn"),
}


def _move(house: _House, story: Story, page: _Page, draw: Random) -> None:
    who, deed, to = _NEXT.get(page.state, _NEXT["uploaded"])
    method, path = "POST", f"/v1/documents/{page.id}/{deed}"
    if draw.random() < 0.25:
        who, method, path, to = "writer", "DELETE", f"/v1/documents/{page.id}", "deleted"
    page.sure = False
    body = {"note": "step"} if method == "POST" else None
    status, told = house.call(who, method, path, body)
    story.calls += 1
    if status == 404:
        # Not read yet, or never accepted.
        page.sure = True
    elif status >= 300:
        story.wrong.append(f"{path} in state {page.state} was answered with {status}: {told[:200]}")
    else:
        page.state, page.sure = to, True


def _ask(house: _House, story: Story, stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            status, told = house.call(
                "writer", "POST", "/v1/ask", {"question": "What is the orchid limit in units?"}
            )
            story.calls += 1
            if status != 200:
                story.wrong.append(f"a question was answered with {status}: {told[:200]}")
            outcome = json.loads(told)["id"]
            house.call("writer", "POST", f"/v1/outcomes/{outcome}/feedback", {"rating": "up"})
    except _DEAD:
        return


def _settle(house: _House, story: Story) -> None:
    """Wait until all uploads are read; and see how things stand that a kill left open."""
    end = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < end:
        _, told = house.call("writer", "GET", "/v1/jobs?limit=100")
        if all(one["state"] in ("done", "failed") for one in json.loads(told)["jobs"]):
            return
        time.sleep(0.1)
    story.wrong.append("uploads were not read within two minutes after a restart")


def _look(house: _House, story: Story) -> None:
    """What was answered is so; what was not answered is one or the other, and known from now on."""
    for page in story.pages:
        status, told = house.call("writer", "GET", f"/v1/documents/{page.id}")
        state = json.loads(told)["state"] if status == 200 else "deleted"
        state = "uploaded" if state == "draft" else state
        if page.sure and page.state not in (state, "uploading"):
            story.wrong.append(f"{page.uri} was answered to be {page.state}, and is {state}")
        page.state, page.sure = state, True


def _record(folder: Path) -> Iterator[str]:
    data = folder / "data"
    database = open_database(f"sqlite:///{data / 'copilot.db'}", outside_key=audit_key(data))
    try:
        yield from (str(one) for one in verify(database).findings)
        with database.read() as connection:
            yield from _compared(connection)
    finally:
        database.close()


def _compared(connection: Connection) -> Iterator[str]:
    """Every deed against its lines, what was deleted left out."""
    gone = set(connection.execute(select(tombstones.c.document_id)).scalars())
    back = set(connection.execute(select(documents.c.id)).scalars())

    def told(*actions: str) -> Counter[str]:
        lines = connection.execute(
            select(audit_lines.c.sealed).where(audit_lines.c.action.in_(actions))
        ).scalars()
        targets = (json.loads(line)["target"] for line in lines)
        return Counter(one for one in targets if one not in gone or "deleted" in actions[0])

    def done(column: ColumnElement[str], *conditions: ColumnElement[bool]) -> Counter[str]:
        return Counter(connection.execute(select(column).where(*conditions)).scalars())

    step = approval_steps.c
    for what, lines, deeds in (
        ("questions", told("question.asked"), done(outcomes.c.id)),
        ("opinions", told("feedback.given"), done(feedback.c.outcome_id)),
        ("uploads", told("upload.accepted"), done(jobs.c.id)),
        ("versions", told("document.added"), done(versions.c.document_id)),
        ("deletions", told("document.deleted"), done(tombstones.c.document_id)),
        ("steps", told(*_STEPS), done(step.document_id, step.from_state != "")),
    ):
        if lines != deeds:
            yield f"{what}: on record {lines - deeds}, done {deeds - lines}"
    if gone & back:
        yield f"deleted, and there: {sorted(gone & back)}"


def _bytes(folder: Path, story: Story) -> None:
    """Nothing of what was deleted is in any file."""
    gone = [one for one in story.pages if one.state == "deleted"]
    for path in sorted((folder / "data").rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            story.wrong += [
                f"{page.uri} was deleted, and its text is still in {path.relative_to(folder)}"
                for page in gone
                if page.canary.encode() in content
            ]
