"""SIGKILL while uploads are read, then the same service again: each file once, nothing lost."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from tests.fakes.small_house import SmallHouse
from tests.fakes.waiting import wait_until

PROGRAM = Path(__file__).parents[1] / "fakes" / "upload_server.py"
FILES = 14
KILLS = 3
# Enough for several batches, each of which is recorded by itself.
SECTIONS = 40


def content(number: int, part: int) -> bytes:
    sections = "\n".join(
        f"## Part {one}\n\nOf topic {number}, {part}, part {one} says so.\n"
        for one in range(SECTIONS)
    )
    return f"# Topic {number}\n\n{sections}".encode()


class Service:
    """The service in a process of its own."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(folder), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.address, _, token = self.process.stdout.readline().strip().partition("|")
        self.headers = {"Authorization": token}

    def send(self, part: int) -> str:
        files = [("file", (f"topic-{number}.md", content(number, part))) for number in range(FILES)]
        told = httpx2.post(
            f"{self.address}/v1/documents", files=files, headers=self.headers, timeout=120
        )
        assert told.status_code == 202, told.text
        return str(told.headers["location"])

    def job(self, location: str) -> dict[str, object]:
        told = httpx2.get(f"{self.address}{location}", headers=self.headers, timeout=120)
        found: dict[str, object] = told.json()
        return found

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_killed_at_random_moments_every_upload_is_read_once_in_the_end(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    service = Service(tmp_path, 0.5)
    first = service.send(1)
    second = service.send(2)
    interrupted = 0
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.5, 2.5))
        interrupted += service.job(second)["state"] in ("queued", "running")
        service.kill()
        service = Service(tmp_path, 0.5)
    try:
        wait_until(lambda: service.job(second)["state"] == "done", seconds=300)
        jobs = [service.job(one) for one in (first, second)]
    finally:
        service.kill()
    assert interrupted > 0, "all was done before it was killed; the delays are too long"
    # Each says what it has brought, whoever was killed meanwhile.
    counts = [[one[key] for key in ("added", "updated", "unchanged", "failed")] for one in jobs]
    assert counts == [[FILES, 0, 0, []], [0, FILES, 0, []]]
    assert [len(one["document_ids"]) for one in jobs] == [FILES, FILES]  # type: ignore[arg-type]
    house = SmallHouse(tmp_path)
    try:
        newest = house.catalog.newest("northstar")
        assert len(newest) == FILES
        points = 0
        for one in newest:
            history = house.catalog.history(one.document_id)
            assert [version.version for version in history] == [1, 2]
            for version in history:
                rows = house.catalog.chunks_of(version.document_id, version.version)
                assert len(rows) == version.chunk_count > 0
                points += len(rows)
        assert house.index.count() == points
        assert house.blobs.staged_names() == frozenset()
        assert not list((house.settings.data_dir / "incoming").iterdir())
    finally:
        house.close()
