"""What the benchmarks measure on: real documents and questions, ingested once into a work folder.

Nothing of the shared data enters the tree; a work folder can be thrown away at any time.
"""

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from assembly import Assembly
from eval.case import EVALUATOR, Case, Expected, Gold
from foundation.settings import Settings
from governance.document import ApprovalState
from governance.principal import Principal, Role
from governance.thinned_catalog import ThinnedCatalog
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestReport, IngestRun
from ingest.source import discover

SAMPLE = Path(__file__).resolve().parents[1] / "corpora" / "sample"
OWNER = "vendor"
PARTNER = Principal(subject=EVALUATOR, tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))


def sample_day() -> datetime:
    """The day on which the sample corpus plays: what is expired or not in force depends on it."""
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


def shared_data() -> Path | None:
    """The real documents, beside the repository unless the environment says otherwise."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("COPILOT_SHARED_DATA", default))
    return folder if (folder / "business_central" / "docs").is_dir() else None


class BenchAssembly(Assembly):
    """The running parts over a bench's own data folder, on the day of the sample corpus."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(Settings(data_dir=data_dir), clock=sample_day)

    @cached_property
    def visible_catalog(self) -> ThinnedCatalog:
        """The catalog, from which documents can be taken out."""
        return ThinnedCatalog(self.catalog, self.clock, self.database)

    def ingest(self, folders: Sequence[Path]) -> IngestReport:
        """Ingest folders as approved documents for all partners, unless they say otherwise."""
        options = IngestOptions(
            tenant=OWNER, audience=("partners",), doc_type=None, approval=ApprovalState.APPROVED
        )
        return self.pipeline.run(discover(folders, options), IngestRun())

    def ingest_managed(self, folder: Path) -> IngestReport:
        """Ingest a folder with a corpus.yaml."""
        return self.pipeline.run(discover([folder], IngestOptions()), IngestRun())


@dataclass(frozen=True, slots=True, kw_only=True)
class RealIngest:
    """An ingest of the real documents, and how long the very first one into the folder took.

    `first_seconds` is NaN where that first one was not run here.
    """

    report: IngestReport
    seconds: float
    first_seconds: float


class RealWorld(BenchAssembly):
    """business_central's pages with the wixqa articles among them."""

    def __init__(self, data: Path, work: Path) -> None:
        super().__init__(work / "real")
        self._folders = (data / "business_central" / "docs", work / "articles")
        self._first = work / "real-first-ingest.txt"
        write_articles(data, work / "articles")

    def ingest_real(self) -> RealIngest:
        """Ingest what changed; the first time everything, which is timed and remembered."""
        began = time.perf_counter()
        report = self.ingest(self._folders)
        seconds = time.perf_counter() - began
        if report.added and not report.unchanged:
            self._first.write_text(f"{seconds:.3f}\n", "ascii")
        known = self._first.read_text("ascii") if self._first.exists() else "nan"
        return RealIngest(report=report, seconds=seconds, first_seconds=float(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """Questions with their gold documents."""

    name: str
    cases: tuple[Case, ...]

    def every(self, step: int) -> "QuestionSet":
        """Every so-many-th question, for a quick look."""
        return replace(self, cases=self.cases[::step])


def business_central(data: Path) -> QuestionSet:
    """The usable FAQ questions."""
    rows = _rows(data / "business_central" / "qa_faq.jsonl")
    cases = [
        _case(row["id"], row["question"], row["reference"], [row["gold_doc"]], row["kind"])
        for row in rows
        if row["usable"]
    ]
    return QuestionSet(name="business_central", cases=tuple(cases))


def wixqa(data: Path) -> QuestionSet:
    """The usable questions; any of the gold articles is right."""
    rows = _rows(data / "wixqa_sample" / "qa.jsonl")
    cases = [
        _case(
            row["id"],
            row["question"],
            row["reference"],
            [_article_uri(one) for one in row["gold_docs"]],
            "wixqa",
        )
        for row in rows
        if row["usable"]
    ]
    return QuestionSet(name="wixqa", cases=tuple(cases))


def write_articles(data: Path, folder: Path) -> Path:
    """Write the wixqa articles as Markdown files, title first; returns the folder to ingest."""
    shutil.rmtree(folder, ignore_errors=True)
    for row in _rows(data / "wixqa_sample" / "corpus.jsonl"):
        path = folder / _article_uri(row["doc_id"])
        path.parent.mkdir(parents=True, exist_ok=True)
        title = " ".join(row["title"].split())
        text = row["text"].removeprefix(row["title"]).lstrip()
        path.write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
    return folder


def _article_uri(doc_id: str) -> str:
    return f"wixqa/{doc_id}.md"


def _case(identity: str, question: str, reference: str, gold: list[str], category: str) -> Case:
    return Case(
        id=identity,
        question=question,
        principal=PARTNER,
        expected=Expected.ANSWER,
        category=category,
        reference=reference,
        gold=tuple(Gold(uri=uri) for uri in gold),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
