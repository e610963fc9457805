"""The report that later ones are held against: beside its dataset, promoted by a person."""

from pathlib import Path

from eval.gate import faults_of
from eval.report.making import baseline_of
from eval.report.schemas import PromotedJson, ReportError, ReportJson, written
from foundation.errors import StorageError

BASELINE = Path("corpora/sample/baseline.json")
"""Where the gate looks unless it is told."""


def promote(report: ReportJson, path: Path, promoted: PromotedJson) -> None:
    """Make a report the baseline.

    `ReportError` where it has faults that are never weighed: what the gate would refuse must not
    become what it holds others against.
    """
    faults = faults_of(report)
    if faults:
        raise ReportError(f"this report cannot be a baseline: {'; '.join(faults)}")
    try:
        path.write_text(written(baseline_of(report, promoted)), "utf-8")
    except OSError as error:
        raise StorageError(f"the baseline cannot be written to {path}: {error.strerror}") from None
