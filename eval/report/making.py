"""From judged cases to a report."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence

from eval.case import Case, Expected
from eval.figures import figures_of
from eval.report.schemas import (
    CaseJson,
    CitedJson,
    DatasetJson,
    Figure,
    GoldJson,
    GroupJson,
    HeaderJson,
    JudgedJson,
    MissJson,
    PassageJson,
    PromotedJson,
    ReportJson,
    ScoreJson,
)
from eval.score import Judged, Metric
from eval.summary import mean
from governance.visibility import Filters

NO_KIND = "none"
"""The kind of a case that is about no document, and that search found none for."""

_PASSAGE_SHOWN = 600


def report_of(judged: Sequence[Judged], header: HeaderJson) -> ReportJson:
    """Gather everything about the cases that a reader or the gate may want to know."""
    cases = [_case(one) for one in judged]
    return ReportJson(
        header=header,
        figures=figures_of(cases),
        judged=_steadiness(judged),
        categories=_groups(cases, lambda case: case.category),
        kinds=sorted(_groups(cases, lambda case: case.kind), key=lambda group: -group.cases),
        cases=cases,
        misses=[_miss(one) for one in judged if one.cause is not None],
    )


def baseline_of(report: ReportJson, promoted: PromotedJson) -> ReportJson:
    """What is committed of a report: no texts, and nothing that differs from run to run."""
    return report.model_copy(
        update={
            "promoted": promoted,
            "header": report.header.model_copy(update={"seconds": 0.0}),
            "cases": [one.model_copy(update={"ask_ms": None}) for one in report.cases],
            "misses": [],
        }
    )


def dataset_json(name: str, cases: Sequence[Case]) -> DatasetJson:
    """Names a dataset by what its cases say; comments, order of keys and white space are free."""
    digest = hashlib.sha256("\n".join(map(_whole, cases)).encode()).hexdigest()
    return DatasetJson(name=name, sha256=digest, cases=len(cases))


def _whole(case: Case) -> str:
    told = (
        *(case.id, case.question, case.expected.value, case.category, case.reference),
        _asker(case),
        _told(case.filters),
        case.history,
        [(gold.uri, gold.quote) for gold in case.gold],
        sorted(case.must_not_cite),
        case.forbidden,
        *([sorted(case.held_out)] if case.held_out else []),
    )
    return json.dumps(told)


def _steadiness(judged: Sequence[Judged]) -> dict[str, JudgedJson]:
    found = {}
    for metric in Metric:
        scores = [score for one in judged if (score := one.score(metric)) is not None]
        if metric.judged and scores:
            over = mean(scores)
            low, high = over.band or (over.value, over.value)
            found[metric.value] = JudgedJson(
                low=round(low, 6),
                high=round(high, 6),
                runs=max(len(over.runs), 1),
                failed=over.failed,
            )
    return found


def _groups(cases: Iterable[CaseJson], name_of: Callable[[CaseJson], str]) -> list[GroupJson]:
    grouped: dict[str, list[CaseJson]] = {}
    for case in cases:
        grouped.setdefault(name_of(case), []).append(case)
    return [
        GroupJson(
            name=name,
            cases=len(group),
            misses=sum(bool(one.cause) for one in group),
            figures=figures_of(group),
        )
        for name, group in grouped.items()
    ]


def _case(one: Judged) -> CaseJson:
    seen, expected = one.seen, one.case.expected
    judgeable = expected in {Expected.ANSWER, Expected.ESCALATION} and not seen.error
    return CaseJson(
        id=one.case.id,
        category=one.case.category,
        kind=seen.doc_type or NO_KIND,
        expected=expected.kind,
        got=seen.kind,
        confidence=round(seen.confidence, 6),
        answerable=expected is Expected.ANSWER if judgeable else None,
        picked=bool(seen.cited) and seen.cited[0] in one.case.gold_uris,
        cause=one.cause.value if one.cause else "",
        ask_ms=None if seen.error else round(seen.ask_ms, 2),
        scores={score.metric.value: _figure(score.value) for score in one.scores},
    )


def _miss(one: Judged) -> MissJson:
    case, seen = one.case, one.seen
    return MissJson(
        id=case.id,
        cause=one.cause.value if one.cause else "",
        question=case.question,
        history=list(case.history),
        standalone=seen.standalone if seen.standalone != case.question else "",
        asker=_asker(case),
        filters=_told(case.filters),
        reference=case.reference,
        gold=[GoldJson(uri=gold.uri, quote=gold.quote) for gold in case.gold],
        must_not_cite=sorted(case.must_not_cite),
        text=seen.text,
        cited=[
            CitedJson(
                uri=cited.uri,
                quote=cited.quote,
                exact=cited.exact,
                readable=cited.readable,
                standing=cited.standing.value,
            )
            for cited in seen.citations
        ],
        passages=[
            PassageJson(
                rank=passage.rank,
                uri=passage.uri,
                heading=" > ".join(passage.heading_path),
                text=passage.text[:_PASSAGE_SHOWN],
                cosine=round(passage.dense_score, 4),
                keywords=round(passage.keyword_score, 4),
            )
            for passage in seen.passages
        ],
        scores=[
            ScoreJson(metric=score.metric.value, value=_figure(score.value), reason=score.reason)
            for score in one.scores
        ],
        error=seen.error,
    )


def _asker(case: Case) -> str:
    told = [case.principal.tenant, *sorted(role.value for role in case.principal.roles)]
    told += [f"{key}={value}" for key, value in sorted(case.principal.attributes.items())]
    return ", ".join(told)


def _told(filters: Filters) -> str:
    told = sorted(filters.doc_types)
    told += [f"product {filters.product}"] if filters.product else []
    told += [f"release {filters.release}"] if filters.release else []
    told += [f"as of {filters.as_of.isoformat()}"] if filters.as_of else []
    return ", ".join(told)


def _figure(value: float) -> Figure:
    return None if math.isnan(value) else round(value, 6)
