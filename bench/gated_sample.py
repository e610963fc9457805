"""The sample corpus as the gate asks it: read anew, on its own day, every case.

    python -m bench.gated_sample [--work FOLDER] [--report DIR] [--update --note WHY]

Without --update the report is held against corpora/sample/baseline.json, as `make test` does;
with it, the report becomes the baseline.
"""

import argparse
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.worlds import SAMPLE, BenchAssembly, sample_day
from eval.baseline import promote
from eval.command import write_report
from eval.dataset import read_dataset
from eval.evaluation import Evaluation, evaluate
from eval.gate import compare
from eval.gate_command import print_verdict
from eval.report.schemas import PromotedJson, read_report

CASES = SAMPLE / "cases.jsonl"
BASELINE = SAMPLE / "baseline.json"


def sample_house(work: Path) -> BenchAssembly:
    """The running parts with the sample corpus read in, on the day on which it plays."""
    house = BenchAssembly(work / "data")
    try:
        house.ingest_managed(SAMPLE)
    except BaseException:
        house.close()
        raise
    return house


def asked(house: BenchAssembly) -> Evaluation:
    """Every case of the sample, put to a house."""
    return evaluate(house, read_dataset(CASES), CASES.name)


def main() -> int:
    """Read, ask, and compare or promote."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, help="where to read the corpus in; kept for next time")
    parser.add_argument("--report", type=Path, help="where to write report.json and report.html")
    parser.add_argument("--update", action="store_true", help="make it the baseline")
    parser.add_argument("--by", default="maintainers", help="who promotes it")
    parser.add_argument("--note", default="", help="why it is promoted")
    options = parser.parse_args()
    with (
        TemporaryDirectory(prefix="sample-") as folder,
        closing(sample_house(options.work or Path(folder))) as house,
    ):
        report = asked(house).report
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
        write_report(report, options.report)
    before = read_report(BASELINE) if BASELINE.exists() else None
    passed = True
    if before is not None and before.header.dataset == report.header.dataset:
        verdict = compare(report, before)
        print_verdict(verdict, before)
        passed = verdict.passed
    elif not options.update:
        print("the cases are others than the baseline's: `make baseline NOTE=why` promotes them")
        return 1
    if not options.update:
        return 0 if passed else 1
    promote(report, BASELINE, PromotedJson(by=options.by, at=sample_day(), note=options.note))
    print(f"{BASELINE.name} is the baseline now: {len(report.cases)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
