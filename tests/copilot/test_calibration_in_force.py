import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from copilot.calibration_file import calibration_json
from copilot.calibration_in_force import CalibrationInForce, calibration_in_force
from copilot.confidence import Calibration, Signals, SignalShares, Thresholds
from governance.document import ApprovalState
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover
from tests.fakes.small_house import SmallHouse, write

DOCUMENTS = tuple(f"{number:012x}" for number in range(40))
OWN = replace(
    Calibration.load(),
    version="own",
    embedder="small",
    corpus=DOCUMENTS,
    line=((-2.0, 0.1), (3.0, 0.9)),
    thresholds=Thresholds(precision=0.9, certainty=0.9, pooled=0.6, kinds={"faq": None}),
    spread={"cosine": SignalShares(edges=(0.5,), shares=(0.25, 0.75))},
)


def kept(path: Path, calibration: Calibration = OWN, **changed: object) -> Path:
    path.write_text(json.dumps(calibration_json(calibration) | changed))
    return path


def chosen(path: Path, documents: tuple[str, ...] = DOCUMENTS) -> CalibrationInForce:
    return calibration_in_force(path, embedder="small", corpus=lambda: documents)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calibration.json"


def test_what_is_written_is_what_is_read(path):
    assert Calibration.load(kept(path)) == OWN


def test_without_one_of_the_owners_the_shipped_one_holds(path):
    found = chosen(path)
    assert (found.calibration.version, found.own, found.notice) == (
        Calibration.load().version, False, "",
    )  # fmt: skip


def test_the_owners_holds_where_it_fits(path):
    found = chosen(kept(path))
    assert (found.calibration, found.own, found.stale) == (OWN, True, False)


def test_it_still_holds_when_a_few_documents_have_changed(path):
    assert chosen(kept(path), (*DOCUMENTS[5:], "ffffffffffff")).own


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"signals_version": 0}, "earlier release"),
        ({"embedder": "large"}, "embedder 'large'"),
        ({"corpus": [f"{number:012x}" for number in range(100, 140)]}, "other documents"),
        ({"coefficients": {"moon_phase": 1}}, "moon_phase"),
        ({"lookup_reliability": 2}, "not a calibration file"),
        ({"intercept": float("nan")}, "not a calibration file"),
        ({"line": [[0, 0.5], [1, 0.2]]}, "does not ascend"),
    ],
)
def test_one_that_does_not_fit_is_passed_over_in_one_line(path, changed, says):
    found = chosen(kept(path, **changed))
    assert not found.own
    assert found.stale
    assert says in found.notice
    assert "shipped one is used" in found.notice
    assert "\n" not in found.notice


def test_a_file_from_before_versions_is_still_read(path):
    old = calibration_json(Calibration.load())
    for key in ("format", "version", "signals_version", "thresholds", "corpus", "spread", "line"):
        del old[key]
    path.write_text(json.dumps(old))
    assert Calibration.load(path).signals_version == 1


@pytest.mark.parametrize("intercept", [-30.0, -2.0, 0.5, 3.0, 30.0])
def test_confidence_along_the_line_never_leaves_it(intercept):
    at = replace(OWN, coefficients={}, lookup_from=2.0, intercept=intercept)
    signals = Signals(**{field.name: 0.5 for field in fields(Signals)})
    assert 0.1 <= at.probability(signals) <= 0.9


def test_what_one_tenant_keeps_to_itself_moves_no_calibration(tmp_path):
    house = SmallHouse(tmp_path)
    write(tmp_path / "corpus", "amber")
    house.ingest(tmp_path / "corpus")
    before = house.corpus_sketch()
    assert len(before) == 1
    for name in ("birch", "cedar"):
        write(tmp_path / "own", name)
    private = IngestOptions(
        tenant="acme", audience=("tenant:acme",), approval=ApprovalState.APPROVED
    )
    house.pipeline.run(discover([tmp_path / "own"], private), IngestRun(workers=1))
    assert house.corpus_sketch() == before
    house.close()
