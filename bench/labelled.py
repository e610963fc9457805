"""Every set of questions that confidence is fitted or judged on, each asked once.

What was seen is kept in the work folder, so that fitting and judging need not ask again; it is
asked anew where signals are read differently since.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

from bench.sufficiency import sufficiency_seen
from bench.worlds import SAMPLE, BenchAssembly, RealWorld, business_central, wixqa
from copilot.signals import SIGNALS_VERSION, Signals
from eval.calibration.corpus_cases import corpus_cases
from eval.calibration.observing import Observed, Observer, Seen
from eval.case import Case
from eval.dataset import read_dataset

Sets = dict[str, tuple[Seen, ...]]
QUESTIONS = ("business_central", "wixqa")


def is_fitted_on(seen: Seen) -> bool:
    """Whether the shipped calibration may be fitted on this question; it is judged on the rest."""
    return int(sha256(seen.question.encode()).hexdigest(), 16) % 2 == 0


def labelled(data: Path, work: Path) -> Sets:
    """The sets by name: questions with their documents and without, headings, sample, contexts."""
    kept = work / f"labelled-{SIGNALS_VERSION}.jsonl"
    if not kept.exists():
        sets = {**_real(data, work), **_sample(work), "sufficiency": sufficiency_seen(data)}
        kept.write_text(
            "\n".join(
                json.dumps({"set": name, **asdict(one), "kinds": sorted(one.kinds)})
                for name, seen in sets.items()
                for one in seen
            ),
            "utf-8",
        )
    return _read(kept)


def _read(path: Path) -> Sets:
    sets: dict[str, list[Seen]] = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        sets.setdefault(row.pop("set"), []).append(
            Seen(
                question=row["question"],
                signals=Signals(**row["signals"]),
                right=row["right"],
                kinds=frozenset(row["kinds"]),
                held_out=row["held_out"],
            )
        )
    return {name: tuple(seen) for name, seen in sets.items()}


def _real(data: Path, work: Path) -> Sets:
    assembly = RealWorld(data, work)
    try:
        assembly.ingest_real()
        # Without references nobody can say that another document answers as well: it counts as
        # not answered, which is the harder reading.
        sets = {
            one.name: tuple(replace(case, reference="") for case in one.cases)
            for one in (business_central(data), wixqa(data))
        }
        sets["headings"] = corpus_cases(assembly.catalog, assembly.visible_catalog)
        return {name: _observed(name, assembly, cases) for name, cases in sets.items()}
    finally:
        assembly.close()


def _sample(work: Path) -> Sets:
    assembly = BenchAssembly(work / "sample")
    try:
        assembly.ingest_managed(SAMPLE)
        return {"sample": _observed("sample", assembly, read_dataset(SAMPLE / "cases.jsonl"))}
    finally:
        assembly.close()


def _observed(name: str, assembly: BenchAssembly, cases: Sequence[Case]) -> tuple[Seen, ...]:
    catalog = assembly.visible_catalog
    observer = Observer(assembly.retriever, catalog, assembly.policy.current().answers.passages)
    documents: dict[str, frozenset[str]] = {}
    for version in assembly.catalog.newest():
        documents[version.uri] = documents.get(version.uri, frozenset()) | {version.document_id}
    observed: Observed = observer.observe(cases, documents)
    print(f"{name}: {len(observed.seen)} asked, left out: {dict(observed.skipped)}", flush=True)
    return observed.seen
