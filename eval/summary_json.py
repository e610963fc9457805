"""The figures of a summary for machines. A figure that does not exist is null."""

import math
from dataclasses import asdict

from eval.score import Judged
from eval.summary import Group, Summary


def summary_json(summary: Summary, *, dataset: str, seconds: float) -> dict[str, object]:
    """The same for machines.

    A figure that does not exist is null, and `absent` says why; a score that could not be had is
    null and `failed`.
    """
    silence = summary.silence
    return {
        "dataset": dataset,
        "cases": summary.overall.cases,
        "seconds": round(seconds, 3),
        "overall": _group_json(summary.overall),
        "categories": {group.name: _group_json(group) for group in summary.categories},
        "silence": {
            "auroc": _figure(silence.auroc),
            "ece": _figure(silence.ece),
            "brier": _figure(silence.brier),
            "area_under_risk": _figure(silence.area_under_risk),
            "risk_at": {f"{at:.2f}": _figure(risk) for at, risk in silence.risk_at.items()},
            "absent": silence.absent,
        },
        "judge": asdict(summary.judge) if summary.judge else None,
        "misses": [_miss_json(one) for one in summary.misses],
    }


def _miss_json(one: Judged) -> dict[str, object]:
    return {
        "id": one.case.id,
        "category": one.case.category,
        "question": one.case.question,
        "expected": one.case.expected.value,
        "got": one.seen.kind,
        "cause": one.cause.value if one.cause else None,
        "confidence": _figure(one.seen.confidence),
        "gold": sorted(one.case.gold_uris),
        "cited": list(one.seen.cited),
        "ranking": list(one.seen.ranking),
        "text": one.seen.text,
        "error": one.seen.error or None,
        "scores": {
            score.metric.value: {
                "value": _figure(score.value),
                "reason": score.reason,
                **({"failed": True} if score.failed else {}),
            }
            for score in one.scores
        },
    }


def _group_json(group: Group) -> dict[str, object]:
    return {
        "cases": group.cases,
        **{metric.value: _figure(mean.value) for metric, mean in group.means.items()},
        # A failure is told apart: it counts as the worst value and must be seen.
        "failed": {
            metric.value: mean.failed for metric, mean in group.means.items() if mean.failed
        },
        "bands": {
            metric.value: [_figure(one) for one in mean.band]
            for metric, mean in group.means.items()
            if mean.band
        },
        "right_citation_of_all": _figure(group.right_citation_of_all),
        "leaks": group.leaks,
        "ask_ms_p50": _figure(group.ask_ms[0]),
        "ask_ms_p95": _figure(group.ask_ms[1]),
    }


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
