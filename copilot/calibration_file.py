"""Calibration files: the one that ships, and those that owners fit on their own questions.

Format 2 names what the calibration is for (signals, embedder, corpus). Files from before it, with
a model and nothing else, are still read.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from copilot.confidence import Calibration, Scarce, SignalShares, Thresholds
from copilot.signals import Signals
from foundation.errors import ConfigurationError

FORMAT = 2
OWN = "calibration.json"
"""What an owner's own calibration is called in the data folder."""

_SHIPPED = "calibration.json"
_ADVICE = "take the one that ships with the project, or run `partner-copilot eval calibrate` again"

T = TypeVar("T", bound=Calibration)


def read_calibration(made: type[T], path: Path | None) -> T:
    """Read a file, the shipped one by default; raises `ConfigurationError`."""
    source = str(path) if path else f"the shipped {_SHIPPED}"
    try:
        text = path.read_text("utf-8") if path else _shipped()
        raw = json.loads(text, parse_constant=_not_a_number)
        model = made(**_model(raw), **_origin(raw))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the calibration {source}: {error.strerror}"
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigurationError(
            f"{source} is not a calibration file ({error!r}); {_ADVICE}"
        ) from error
    weighed = model.coefficients.keys() | (model.scarce.coefficients.keys() if model.scarce else ())
    unknown = weighed - {field.name for field in fields(Signals)}
    if unknown:
        raise ConfigurationError(
            f"{source} weighs signals that do not exist: {', '.join(sorted(unknown))}; {_ADVICE}"
        )
    return model


def calibration_json(calibration: Calibration) -> dict[str, object]:
    """The file's content, the model first."""
    content = asdict(calibration)
    thresholds = content.pop("thresholds")
    return {
        "format": FORMAT,
        "version": content.pop("version"),
        "signals_version": content.pop("signals_version"),
        "model": "logistic: 1 / (1 + exp(-(intercept + sum of coefficient * signal)))"
        + (", the score looked up in `line`" if calibration.line else ""),
        **content,
        "thresholds": thresholds,
    }


def _model(raw: Mapping[str, Any]) -> dict[str, Any]:
    line = tuple((_number(x), _probability(y)) for x, y in raw.get("line", ()))
    if any(b[0] <= a[0] or b[1] < a[1] for a, b in pairwise(line)):
        message = "its line does not ascend"
        raise ValueError(message)
    return {
        "intercept": _number(raw["intercept"]),
        "coefficients": _coefficients(raw["coefficients"]),
        "line": line,
        "scarce": _scarce(raw["scarce"]) if raw.get("scarce") else None,
        "lookup_from": _number(raw["lookup_from"]),
        "lookup_reliability": _probability(raw["lookup_reliability"]),
    }


def _origin(raw: Mapping[str, Any]) -> dict[str, Any]:
    thresholds = raw.get("thresholds")
    return {
        "version": str(raw.get("version") or raw["fitted_at"]),
        "signals_version": int(raw.get("signals_version", 1)),
        "fitted_on": str(raw["fitted_on"]),
        "fitted_at": str(raw["fitted_at"]),
        "cases": int(raw["cases"]),
        "reliability": {str(k): _number(v) for k, v in raw["reliability"].items()},
        "thresholds": _thresholds(thresholds) if thresholds else None,
        "dataset": str(raw.get("dataset", "")),
        "corpus": tuple(str(one) for one in raw.get("corpus", ())),
        "embedder": str(raw.get("embedder", "")),
        "spread": {
            str(name): SignalShares(
                edges=tuple(_number(one) for one in shares["edges"]),
                shares=tuple(_probability(one) for one in shares["shares"]),
            )
            for name, shares in raw.get("spread", {}).items()
        },
    }


def _coefficients(raw: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): _number(value) for name, value in raw.items()}


def _scarce(raw: Mapping[str, Any]) -> Scarce:
    return Scarce(
        below=_number(raw["below"]),
        intercept=_number(raw["intercept"]),
        coefficients=_coefficients(raw["coefficients"]),
    )


def _thresholds(raw: Mapping[str, Any]) -> Thresholds:
    pooled = raw["pooled"]
    return Thresholds(
        precision=_probability(raw["precision"]),
        certainty=_probability(raw["certainty"]),
        pooled=None if pooled is None else _probability(pooled),
        kinds={
            str(kind): None if one is None else _probability(one)
            for kind, one in raw["kinds"].items()
        },
    )


def _number(value: Any) -> float:  # noqa: ANN401 - anything may stand in a file
    number = float(value)
    if not math.isfinite(number):
        message = f"{value!r} is no number to reckon with"
        raise ValueError(message)
    return number


def _probability(value: Any) -> float:  # noqa: ANN401
    number = _number(value)
    if not 0.0 <= number <= 1.0:
        message = f"{value!r} is no probability"
        raise ValueError(message)
    return number


def _not_a_number(name: str) -> float:
    message = f"{name} is no number to reckon with"
    raise ValueError(message)


@lru_cache(maxsize=1)
def _shipped() -> str:
    return files("copilot").joinpath(_SHIPPED).read_text("utf-8")
