"""Reports made by hand: cases that went well, cases that did not."""

from datetime import UTC, date, datetime

from eval.case import Case, Expected, Gold
from eval.observation import CitedQuote, Observation, SeenPassage, Stage
from eval.report.making import dataset_json, report_of
from eval.report.schemas import CalibrationJson, CorpusJson, HeaderJson, ReportJson
from eval.scoring import judge
from governance.principal import Principal, Role

PARTNER = Principal(subject="e", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))


def case(number: int, **changes) -> Case:
    values = {
        "id": f"case-{number}",
        "question": f"What is fact {number}?",
        "principal": PARTNER,
        "expected": Expected.ANSWER,
        "category": "plain",
        "reference": "sixty days",
        "gold": (Gold(uri="gold.md", quote="sixty days"),),
    }
    return Case(**(values | changes))


def silent(number: int, **changes) -> Case:
    return case(
        number, **({"expected": Expected.ESCALATION, "gold": (), "reference": ""} | changes)
    )


def answered(**changes) -> Observation:
    values = {
        "kind": "answer",
        "text": "It is sixty days [1].",
        "confidence": 0.8,
        "citations": (
            CitedQuote(
                uri="gold.md", quote="It is sixty days.", exact=True, readable=True,
                doc_type="policy",
            ),
        ),
        "ranking": ("gold.md", "other.md"),
        "gold_types": ("policy",),
        "passages": (
            SeenPassage(
                rank=1, uri="gold.md", doc_type="policy", heading_path=("Terms", "Days"),
                text="It is sixty days.", dense_score=0.7, keyword_score=9.5,
            ),
        ),
        "writer": "extractive",
        "stages": (Stage(name="ask", ms=40.0), Stage(name="search", ms=12.0)),
    }  # fmt: skip
    return Observation(**(values | changes))


def handed_over(**changes) -> Observation:
    return answered(**({"kind": "escalation", "confidence": 0.2, "citations": ()} | changes))


def header(cases, **changes) -> HeaderJson:
    values = {
        "made_at": datetime(2026, 11, 23, 12, tzinfo=UTC),
        "day": date(2026, 11, 23),
        "code": "0.1.0",
        "embedder": "hash",
        "writer": "extractive",
        "dataset": dataset_json("cases.jsonl", cases),
        "corpus": CorpusJson(sha256="c" * 64, documents=3),
        "calibration": CalibrationJson(
            version="1", fitted_at="2026-11-23", fitted_on="questions", cases=9
        ),
        "seconds": 1.5,
    }
    return HeaderJson(**(values | changes))


def report(pairs, **changes) -> ReportJson:
    """A report of (case, observation) pairs."""
    cases = [one for one, _ in pairs]
    return report_of([judge(one, seen) for one, seen in pairs], header(cases, **changes))
