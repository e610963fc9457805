"""A bad file costs its own error and nothing else: no crash, no hang, no orphan."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from ingest.element import ParsedDocument
from ingest.errors import (
    DamagedFileError,
    IngestError,
    ParseMemoryError,
    ParserCrashError,
    ParseTimeoutError,
)
from ingest.isolation import ParserPool, ParseTask, resident_bytes
from tests.fakes.hostile_reader import misbehave

ROOT = Path(__file__).resolve().parents[2]
PATIENT_SECONDS = 120.0


def task(name: str) -> ParseTask:
    return ParseTask(key=name, path=Path(name), uri=name)


def file_task(root: Path, name: str, text: str) -> ParseTask:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return ParseTask(key=name, path=path, uri=name, corpus_root=root)


def is_running(process_id: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def gone_within(seconds: float, process_ids: list[int]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_running(process_id) for process_id in process_ids):
            return True
        time.sleep(0.05)
    return False


def test_files_are_parsed_in_other_processes_and_come_back_with_their_keys(tmp_path: Path) -> None:
    (tmp_path / "includes").mkdir()
    (tmp_path / "includes" / "name.md").write_text("Northstar", encoding="utf-8")
    tasks = [
        file_task(tmp_path, "a.md", "---\ntitle: A\n---\n[!INCLUDE[n](includes/name.md)] one\n"),
        file_task(tmp_path, "b.txt", "Two"),
        file_task(tmp_path, "c.json", "{"),
    ]
    with ParserPool(workers=2) as pool:
        results = {result.task.key: result.outcome for result in pool.parse_all(tasks)}
    first, second = results["a.md"], results["b.txt"]
    assert isinstance(first, ParsedDocument)
    assert (first.text, first.metadata["title"]) == ("Northstar one", "A")
    assert isinstance(second, ParsedDocument)
    assert second.text == "Two"
    assert isinstance(results["c.json"], DamagedFileError)


def test_an_include_cannot_leave_the_corpus(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    secret = tmp_path / "secret.md"
    secret.write_text("SECRET", encoding="utf-8")
    page = "[!INCLUDE[up](../secret.md)] [!INCLUDE[link](link.md)] [!INCLUDE[abs](/etc/hosts)]\n"
    made = file_task(root, "page.md", page)
    (root / "link.md").symlink_to(secret)
    with ParserPool() as pool:
        (result,) = pool.parse_all([made])
    assert isinstance(result.outcome, ParsedDocument)
    assert result.outcome.text == "up link abs"


def test_each_bad_file_costs_only_itself() -> None:
    names = ["good-1", "crash", "good-2", "hang", "leave", "refuse", "good-3"]
    with ParserPool(workers=2, timeout_seconds=4.0, reader=misbehave) as pool:
        results = {result.task.key: result for result in pool.parse_all(map(task, names))}
    assert set(results) == set(names)
    kinds = {name: type(result.outcome) for name, result in results.items()}
    assert kinds == {
        "good-1": ParsedDocument, "good-2": ParsedDocument, "good-3": ParsedDocument,
        "crash": ParserCrashError, "leave": ParserCrashError, "hang": ParseTimeoutError,
        "refuse": DamagedFileError,
    }  # fmt: skip
    assert str(results["refuse"].outcome) == "is damaged: on purpose"
    assert "4 seconds" in str(results["hang"].outcome)
    assert results["hang"].seconds < PATIENT_SECONDS


def test_a_busy_loop_is_ended_by_the_clock_too() -> None:
    with ParserPool(timeout_seconds=0.5, reader=misbehave) as pool:
        (result,) = pool.parse_all([task("spin")])
    assert isinstance(result.outcome, ParseTimeoutError)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is watched through /proc")
@pytest.mark.parametrize("how", ["gorge", "gulp"])
def test_a_file_that_eats_memory_is_ended(how: str) -> None:
    limit = 300 * 1024 * 1024
    with ParserPool(memory_bytes=limit, timeout_seconds=30, reader=misbehave) as pool:
        results = list(pool.parse_all([task(how), task("good")]))
    assert [type(result.outcome) for result in results] == [ParseMemoryError, ParsedDocument]
    assert "300 MB" in str(results[0].outcome)


def test_a_slow_file_does_not_hold_up_the_others() -> None:
    names = ["hang", *(f"good-{number}" for number in range(6))]
    with ParserPool(workers=2, timeout_seconds=6, reader=misbehave) as pool:
        keys = [result.task.key for result in pool.parse_all(map(task, names))]
    assert keys[-1] == "hang"


def test_tasks_are_pulled_only_as_workers_come_free() -> None:
    pulled: list[str] = []

    def endless() -> Iterator[ParseTask]:
        for number in count():
            pulled.append(str(number))
            yield task(str(number))

    with ParserPool(workers=2, reader=misbehave) as pool:
        results = pool.parse_all(endless())
        for _ in range(5):
            next(results)
    assert len(pulled) <= 5 + 2 + 1


def test_leaving_the_pool_early_ends_its_workers() -> None:
    with ParserPool(workers=2, reader=misbehave) as pool:
        results = pool.parse_all(map(task, ["good", "hang", "hang"]))
        first = next(results).outcome
        assert isinstance(first, ParsedDocument)
        process_id = int(first.text.split()[-1])
        assert resident_bytes(process_id) > 0
    assert gone_within(PATIENT_SECONDS, [process_id])


class Stillborn:
    """A reader that ends its worker while that starts, as a broken installation does."""

    def __call__(self, task: ParseTask, includes: object) -> ParsedDocument:
        raise NotImplementedError

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (3,)


def test_parsers_that_cannot_start_are_told_once_and_not_restarted_for_every_file() -> None:
    endless = (task(str(number)) for number in count())
    told = r"the parsers cannot start: 3 in a row .* exit code 3"
    with ParserPool(workers=2, reader=Stillborn()) as pool, pytest.raises(IngestError, match=told):
        list(pool.parse_all(endless))


def test_files_that_crash_their_parsers_are_no_failure_to_start() -> None:
    names = ["leave"] * 4 + ["good"]
    with ParserPool(workers=1, reader=misbehave) as pool:
        kinds = [type(result.outcome) for result in pool.parse_all(map(task, names))]
    assert kinds == [ParserCrashError] * 4 + [ParsedDocument]


def test_a_pool_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ParserPool(workers=0)


SCRIPT = """
from pathlib import Path
from ingest.isolation import ParserPool, ParseTask
from tests.fakes.hostile_reader import misbehave

def tasks():
    for name in ["good", "good", "spin", "spin"]:
        yield ParseTask(key=name, path=Path(name), uri=name)

if __name__ == "__main__":
    with ParserPool(workers=2, timeout_seconds=600, reader=misbehave) as pool:
        for result in pool.parse_all(tasks()):
            print(result.outcome.text.split()[-1], flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is told by Linux")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(tmp_path: Path, blow: signal.Signals) -> None:
    script = tmp_path / "run.py"
    script.write_text(SCRIPT, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert parent.stdout is not None
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        children = _children(parent.pid)
        assert set(workers) <= set(children)
        time.sleep(0.2)
        parent.send_signal(blow)
        parent.wait(PATIENT_SECONDS)
        assert gone_within(PATIENT_SECONDS, children)
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()


def _children(process_id: int) -> list[int]:
    listing = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
    return [int(child) for child in listing.split()]


def test_cheap_formats_do_not_pay_for_heavy_libraries() -> None:
    code = (
        "import sys; from ingest.parsing import parse;"
        "[parse(b'a: b', uri='x.' + s) for s in ('md', 'txt', 'csv', 'yml', 'rst', 'html')];"
        "import ingest.isolation;"
        "heavy = {'unstructured', 'spacy', 'torch', 'pandas', 'numpy', 'pypdfium2', 'docx'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
