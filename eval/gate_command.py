"""`partner-copilot eval gate REPORT`: what got worse, what got better, and whether that will do."""
# ruff: noqa: T201 - printing is what this module is for

import argparse
import json
from pathlib import Path

from eval.baseline import BASELINE, promote
from eval.decider import decider
from eval.figures import LOWER_IS_BETTER
from eval.gate import Difference, Verdict, compare
from eval.report.schemas import PromotedJson, ReportError, ReportJson, read_report
from foundation.clock import system_clock


def run_gate(options: argparse.Namespace) -> int:
    """Compare a report with the baseline, or promote it; 0 where the gate is open, else 1."""
    report = read_report(Path(options.report))
    path = Path(options.baseline) if options.baseline else BASELINE
    if options.update:
        if not options.baseline:
            _same_questions(report, path)
        return _update(report, path, options)
    if not path.exists():
        raise ReportError(
            f"there is no baseline {path}; name one with --baseline, or make this report one with "
            "--update"
        )
    baseline = read_report(path)
    verdict = compare(report, baseline)
    if options.json:
        print(json.dumps(verdict_json(verdict), ensure_ascii=False))
    else:
        print_verdict(verdict, baseline)
    return 0 if verdict.passed else 1


def print_verdict(verdict: Verdict, baseline: ReportJson) -> None:
    """What the gate says, for people: the bad news first."""
    for fault in verdict.faults:
        print(f"NOT TOLERATED  {fault}")
    for one in verdict.worse:
        print(f"WORSE          {_line(one)}")
    for one in verdict.better:
        print(f"better         {_line(one)}")
    for remark in verdict.remarks:
        print(f"note           {remark}")
    promoted = baseline.promoted
    whose = f" of {promoted.at:%Y-%m-%d} by {promoted.by}" if promoted else ""
    steady = verdict.compared - len(verdict.worse) - len(verdict.better)
    print(
        f"{'passed' if verdict.passed else 'FAILED'}: {len(verdict.worse)} worse, "
        f"{len(verdict.better)} better, {steady} within the noise, {len(verdict.faults)} not "
        f"tolerated; against the baseline{whose}"
    )


def verdict_json(verdict: Verdict) -> dict[str, object]:
    """The same for machines."""
    return {
        "passed": verdict.passed,
        "faults": list(verdict.faults),
        "worse": [_difference_json(one) for one in verdict.worse],
        "better": [_difference_json(one) for one in verdict.better],
        "compared": verdict.compared,
        "remarks": list(verdict.remarks),
    }


def _update(report: ReportJson, path: Path, options: argparse.Namespace) -> int:
    by = PromotedJson(by=decider(options.by), at=system_clock(), note=options.note)
    promote(report, path, by)
    if options.json:
        print(json.dumps({"baseline": str(path), "cases": len(report.cases)}))
    else:
        print(f"{path} is the baseline now: {len(report.cases)} cases, promoted by {by.by}")
    return 0


def _same_questions(report: ReportJson, path: Path) -> None:
    """Without a name given, nobody's own report may take the place of the sample's baseline."""
    if path.exists() and read_report(path).header.dataset.sha256 != report.header.dataset.sha256:
        raise ReportError(
            f"the report is about {report.header.dataset.name}, and {path} is about other "
            "questions; name the file that is to be its baseline with --baseline"
        )


def _line(one: Difference) -> str:
    low, high = one.band.low, one.band.high
    best = " (lower is better)" if one.figure in LOWER_IS_BETTER else ""
    return (
        f"{one.figure}{best}: {one.before:.3f} -> {one.after:.3f}, "
        f"by {one.after - one.before:+.3f} (noise band of the difference {low:+.3f} to {high:+.3f})"
    )


def _difference_json(one: Difference) -> dict[str, object]:
    return {
        "figure": one.figure,
        "before": round(one.before, 6),
        "after": round(one.after, 6),
        "band": [round(one.band.low, 6), round(one.band.high, 6)],
    }
