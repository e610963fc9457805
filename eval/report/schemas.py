"""The JSON of a report. A baseline is the same without the texts, and says who promoted it."""

import json
import math
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from eval.judge_model import JudgeUse
from foundation.errors import ConfigurationError


def _told(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Figure = Annotated[float | None, BeforeValidator(_told)]
"""A measure; null where it could not be computed, which is never the same as 0.

What is no number in a file either (`NaN`, which some programs write) is null, too.
"""

Figures = dict[str, Figure]


def _clipped(value: object) -> object:
    return min(max(value, 0.0), 1.0) if isinstance(value, float) else value


Share = Annotated[float, BeforeValidator(_clipped), Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class DatasetJson(_Part):
    """Which questions were asked; `sha256` is of the cases, whatever the file looks like."""

    name: str
    sha256: str
    cases: int


class CorpusJson(_Part):
    """Which documents were asked about; `sha256` is of their versions and metadata."""

    sha256: str
    documents: int


class CalibrationJson(_Part):
    """What turned signals into confidence. `stale` says why it does not fit; empty if it does.

    `own` says whether an owner fitted it. `drifted` are the signals that live questions, as many
    as `live_questions`, have otherwise than those it was fitted on.
    """

    version: str
    fitted_at: str
    fitted_on: str
    cases: int
    own: bool = False
    stale: str = ""
    live_questions: int = 0
    drifted: list[str] = []


class HeaderJson(_Part):
    """What was measured, when, and with what: enough to tell whether two reports compare."""

    made_at: datetime
    day: date
    code: str
    embedder: str
    writer: str
    dataset: DatasetJson
    corpus: CorpusJson
    calibration: CalibrationJson
    judge: JudgeUse | None = None
    seconds: float


class CaseJson(_Part):
    """One case in figures.

    `kind` is the kind of document it is about. `answerable` is null, and it is left out of what is
    said about silence, where neither an answer nor an escalation is right; `picked` says whether
    what was picked, or lies nearest, is gold. `cause` is empty for a case that went well.
    """

    id: str
    category: str
    kind: str
    expected: str
    got: str
    confidence: Share
    answerable: bool | None
    picked: bool
    cause: str
    ask_ms: float | None
    scores: Figures


class GoldJson(_Part):
    """A right source."""

    uri: str
    quote: str


class CitedJson(_Part):
    """What was quoted, and what checking it showed."""

    uri: str
    quote: str
    exact: bool
    readable: bool
    standing: str


class PassageJson(_Part):
    """What search found, with raw scores."""

    rank: int
    uri: str
    heading: str
    text: str
    cosine: float
    keywords: float


class ScoreJson(_Part):
    """A score with its reason."""

    metric: str
    value: Figure
    reason: str


class MissJson(_Part):
    """Everything that helps to see why a case went wrong."""

    id: str
    cause: str
    question: str
    history: list[str]
    standalone: str
    asker: str
    filters: str
    reference: str
    gold: list[GoldJson]
    must_not_cite: list[str]
    text: str
    cited: list[CitedJson]
    passages: list[PassageJson]
    scores: list[ScoreJson]
    error: str


class JudgedJson(_Part):
    """How steady a figure is that a model judged: its lowest and highest mean of a run."""

    low: float
    high: float
    runs: int
    failed: int


class GroupJson(_Part):
    """The figures of some of the cases."""

    name: str
    cases: int
    misses: int
    figures: Figures


class PromotedJson(_Part):
    """Who made a report the baseline, when and why."""

    by: str
    at: datetime
    note: str


class ReportJson(_Part):
    """A whole evaluation. `format` goes up when one can no longer be read as before."""

    format: Literal[1] = 1
    promoted: PromotedJson | None = None
    header: HeaderJson
    figures: Figures
    judged: dict[str, JudgedJson] = Field(default_factory=dict)
    categories: list[GroupJson]
    kinds: list[GroupJson]
    cases: list[CaseJson]
    misses: list[MissJson]


class ReportError(ConfigurationError):
    """A file is no report, or not one that can be used for this."""


def read_report(path: Path) -> ReportJson:
    """Read a report or a baseline; raises `ReportError`."""
    try:
        return ReportJson.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ReportError(
            f"{path}: is not a report of this version ({place or 'file'}: {first['msg']}); "
            "make it again with `partner-copilot eval run DATASET --report DIR`"
        ) from None


def written(report: ReportJson) -> str:
    """The report as text, a case a line, so that a baseline's history can be read in a diff."""
    whole = report.model_dump(mode="json")
    lines = []
    for key, value in whole.items():
        told = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if isinstance(value, list) and value:
            told = "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in value) + "\n]"
        lines.append(f"{json.dumps(key)}: {told}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
