"""SIGKILL at any moment, then the same command again: nothing lost, twice or half there."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from ingest.pipeline import Prune
from tests.ingest.ingesting import House, house

PROGRAM = Path(__file__).parent / "ingesting.py"
DOCUMENTS = 60
KILLS = 6


def write_corpus(folder: Path, edition: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(DOCUMENTS):
        sections = "\n".join(
            f"## Part {part}\n\nEdition {edition} of topic {number}, part {part}, says so.\n"
            for part in range(1 + number % 7)
        )
        (folder / f"topic-{number}.md").write_text(f"# Topic {number}\n\n{sections}")


def start(data: Path, corpus: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(data), str(corpus), Prune.CAREFUL.value],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def assert_whole(opened: House) -> None:
    """What the catalog says is in the index, whole; and of each document one version counts."""
    for newest in opened.catalog.newest():
        history = opened.catalog.history(newest.document_id)
        assert [one.version for one in history] == list(range(1, len(history) + 1))
        for version in history:
            rows = opened.catalog.chunks_of(version.document_id, version.version)
            assert len(rows) == version.chunk_count > 0
            text = opened.catalog.text(version.document_id, version.version)
            assert all(text[row.start : row.end] == row.text for row in rows)
    for number in range(0, DOCUMENTS, 7):
        found = opened.search(f"edition of topic {number}", limit=50)
        editions = {p.chunk.text.split()[1] for p in found if p.uri == f"topic-{number}.md"}
        assert len(editions - {str(number)}) <= 1


def expected_points(opened: House) -> int:
    return sum(
        version.chunk_count
        for newest in opened.catalog.newest()
        for version in opened.catalog.history(newest.document_id)
    )


def test_killed_at_random_points_the_same_command_finishes_the_work(tmp_path: Path):
    data, corpus = tmp_path / "data", tmp_path / "corpus"
    chance = random.Random(20261123)
    killed = 0
    for edition in (1, 2):
        write_corpus(corpus, edition)
        for _ in range(KILLS // 2):
            process = start(data, corpus)
            time.sleep(chance.uniform(0.0, 2.5))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            process.stdout.close()
            with house(data) as opened:
                assert_whole(opened)
        process = start(data, corpus)
        assert process.wait(timeout=400) == 0
        process.stdout.close()
        with house(data) as opened:
            assert_whole(opened)
            assert len(opened.catalog.newest()) == DOCUMENTS
            assert all(len(opened.catalog.history(d.document_id)) == edition
                       for d in opened.catalog.newest())  # fmt: skip
            assert opened.index.count() == expected_points(opened)
            assert opened.catalog.index_changes() == ()
    assert killed > 0, "no run was killed before it ended; the delays are too long"


def test_a_second_process_on_the_same_folder_is_told_who_holds_it(tmp_path: Path):
    from foundation.errors import DataFolderBusyError

    write_corpus(tmp_path / "corpus", 1)
    process = start(tmp_path / "data", tmp_path / "corpus")
    try:
        with house(tmp_path / "data"):
            raise AssertionError("both processes own the folder")
    except DataFolderBusyError as error:
        message = str(error)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert "\n" not in message
    assert str(process.pid) in message
    assert "stop it" in message
