"""How much of real files we read: every office file through the pool, scored by token recall.

Run: `python -m bench.office_files [FOLDER]`; the folder defaults to
`$COPILOT_SHARED_DATA/office_files`. Recall is the share of the reference's lower-cased words
(a multiset) that our stored text holds; the reference is another parser's Markdown, useful to
compare with, not the truth.
"""

import csv
import os
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.element import ParsedDocument
from ingest.errors import ParserCrashError, ParseTimeoutError
from ingest.includes import CorpusIncludes
from ingest.isolation import ParseResult, ParserPool, ParseTask
from ingest.parsing import parse

_WORD = re.compile(r"\w+")
_LOW = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A row of the manifest."""

    file: str
    suffix: str
    reference: str
    container_check: str


def data_folder() -> Path:
    """Find the shared data, beside the repository unless the environment says otherwise."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("COPILOT_SHARED_DATA", default))


def word_recall(reference: str, text: str) -> float:
    """Return the share of the reference's words, as a multiset, that the text holds."""
    wanted = Counter(_WORD.findall(reference.lower()))
    held = Counter(_WORD.findall(text.lower()))
    return (wanted & held).total() / max(1, wanted.total())


def main() -> int:
    """Print what was parsed, refused and recalled; exit 1 on a crash, a hang or a false pass."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else data_folder() / "office_files"
    if not (folder / "manifest.csv").exists():
        print(f"no manifest.csv in {folder}: set COPILOT_SHARED_DATA", file=sys.stderr)
        return 1
    with (folder / "manifest.csv").open(encoding="utf-8") as handle:
        rows = {
            row["file"]: _Listed(
                file=row["file"], suffix=row["ext"], reference=row["groundtruth_md"],
                container_check=row["container_check"],
            )
            for row in csv.DictReader(handle)
        }  # fmt: skip
    started = time.perf_counter()
    with ParserPool(workers=2) as pool:
        tasks = (
            ParseTask(key=name, path=folder / name, uri=name, corpus_root=folder) for name in rows
        )
        results = list(pool.parse_all(tasks))
    seconds = time.perf_counter() - started
    failed = _report(folder, rows, results, seconds)
    _markdown_speed(data_folder() / "business_central" / "docs")
    return 1 if failed else 0


def _report(
    folder: Path, rows: dict[str, _Listed], results: list[ParseResult], seconds: float
) -> bool:
    parsed: Counter[str] = Counter()
    refused: dict[str, list[str]] = defaultdict(list)
    recalls: dict[str, list[float]] = defaultdict(list)
    for result in sorted(results, key=lambda item: item.task.key):
        row = rows[result.task.key]
        if not isinstance(result.outcome, ParsedDocument):
            refused[row.suffix].append(
                f"{row.file}: {type(result.outcome).__name__}: {result.outcome}"
            )
            continue
        parsed[row.suffix] += 1
        reference = folder / row.reference
        if row.reference and reference.exists():
            recall = word_recall(reference.read_text(encoding="utf-8"), result.outcome.text)
            recalls[row.suffix].append(recall)
            if recall < _LOW:
                print(f"low recall {recall:.3f}  {row.file}")
    for reasons in refused.values():
        print(*(f"refused  {reason}" for reason in reasons), sep="\n")
    for suffix in sorted({row.suffix for row in rows.values()}):
        scores = recalls[suffix]
        score = f"median recall {statistics.median(scores):.3f} of {len(scores)}" if scores else ""
        print(f"{suffix:5} parsed {parsed[suffix]:3} refused {len(refused[suffix]):2}  {score}")
    every = [score for scores in recalls.values() for score in scores]
    crashes = sum(isinstance(result.outcome, ParserCrashError) for result in results)
    hangs = sum(isinstance(result.outcome, ParseTimeoutError) for result in results)
    wrong = [name for name in _passed(results) if rows[name].container_check == "NOT-ZIP"]
    print(
        f"{len(results)} of {len(rows)} files in {seconds:.1f} s: {parsed.total()} parsed, "
        f"{len(results) - parsed.total()} refused, {crashes} crashes, {hangs} hangs, "
        f"{len(wrong)} broken containers accepted; median recall "
        f"{statistics.median(every):.3f} of {len(every)}"
    )
    return bool(crashes or hangs or wrong or len(results) != len(rows))


def _passed(results: list[ParseResult]) -> Iterator[str]:
    return (item.task.key for item in results if isinstance(item.outcome, ParsedDocument))


def _markdown_speed(folder: Path) -> None:
    pages = sorted(folder.rglob("*.md"))
    if not pages:
        return
    includes = CorpusIncludes(root=folder)
    started, cpu_started = time.perf_counter(), time.process_time()
    characters = 0
    for page in pages:
        uri = page.relative_to(folder).as_posix()
        characters += len(parse(page, uri=uri, resolve_include=includes).text)
    seconds = time.perf_counter() - started
    cpu_seconds = time.process_time() - cpu_started
    print(
        f"{len(pages)} Markdown pages ({characters / 1e6:.1f} M characters) in {seconds:.1f} s, "
        f"one process: {len(pages) / seconds:.0f} pages/s, "
        f"{len(pages) / cpu_seconds:.0f} for each second of CPU"
    )


if __name__ == "__main__":
    sys.exit(main())
