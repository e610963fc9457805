"""From labelled signals to a model, chosen and measured on cases that it has not seen.

Both ways of asking one question always fall into the same fold. The logistic fit keeps the signs
that reason gives; an isotonic line over its scores is kept where it predicts unseen cases better.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

from copilot.confidence import Calibration
from copilot.signals import SIGNALS_VERSION, Signals
from eval.calibration.observing import Seen
from foundation.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray[Any, np.dtype[np.float64]]

FEWEST = 30
"""Right and wrong cases that a fit needs, of each."""

_FOLDS = 5
_FALLING = frozenset({"unseen", "stray"})
_FREE = frozenset({"length"})
_UNWEIGHED = frozenset({"found"})
_SHRINKAGE = 1.0
_PULL = 1 / 3
_SEED = 23
_SIGNALS = tuple(field.name for field in fields(Signals))


class CalibrationError(ConfigurationError):
    """The cases do not allow a calibration; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A fitted model: raw coefficients, and the line over its scores if it has one."""

    intercept: float
    coefficients: dict[str, float]
    line: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The model over all cases, and what its kind said of each case while not seeing it.

    `log_loss` has the out-of-fold loss of each kind that was tried, in nats.
    """

    model: Model
    unseen: tuple[float, ...]
    log_loss: dict[str, float]


def fit(seen: Sequence[Seen], toward: Calibration | None = None) -> Fitted:
    """Fit, and keep the better kind by its log loss out of fold; raises `CalibrationError`.

    With `toward` a signal leaves the weight it has there only as far as many cases insist: for
    cases that stand for real questions without being such.
    """
    _check(seen)
    _need_the_extra()
    import numpy as np

    values, right = _arrays(seen)
    folds = _folds([one.question for one in seen])
    kinds: dict[str, Callable[[Vector, Vector, Vector], Model]] = {
        "logistic": partial(_logistic, toward),
        "isotonic": partial(_bent, toward),
    }
    unseen = {name: np.zeros(len(seen)) for name in kinds}
    for fold in range(_FOLDS):
        left, kept = folds == fold, folds != fold
        for name, made in kinds.items():
            model = made(values[kept], right[kept], folds[kept])
            unseen[name][left] = _predicted(model, values[left])
    losses = {name: _log_loss(right, unseen[name]) for name in kinds}
    best = min(losses, key=lambda name: losses[name])
    return Fitted(
        model=kinds[best](values, right, folds),
        unseen=tuple(float(one) for one in unseen[best]),
        log_loss=losses,
    )


def _check(seen: Sequence[Seen]) -> None:
    right = sum(one.right for one in seen)
    wrong = len(seen) - right
    if min(right, wrong) >= FEWEST:
        return
    have = f"{right} right and {wrong} wrong picks were seen"
    if not right or not wrong:
        lack = "answered rightly" if not right else "that must not be answered"
        raise CalibrationError(
            f"cannot calibrate on one class: {have}; add questions {lack}, at least {FEWEST}"
        )
    raise CalibrationError(
        f"too few cases to calibrate on: {have}, at least {FEWEST} of each are needed; "
        "add cases, or make them from the corpus with --from-corpus"
    )


def _need_the_extra() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "calibrating needs scikit-learn; install it with `pip install 'partner-copilot[eval]'`"
        ) from None


def _folds(questions: Sequence[str]) -> "Vector":
    import numpy as np

    distinct = sorted(set(questions))
    order = np.random.default_rng(_SEED).permutation(len(distinct))
    place = {one: int(order[at]) % _FOLDS for at, one in enumerate(distinct)}
    return np.array([place[one] for one in questions])


def logistic(
    seen: Sequence[Seen], weights: Sequence[float], signals: Collection[str] = _SIGNALS
) -> Model:
    """One logistic fit over weighted cases, for what mixes sets of different sizes."""
    import numpy as np

    values, right = _arrays(seen)
    kept = np.array([name in signals for name in _SIGNALS], dtype=float)
    return _weighted(values * kept, right, np.array(weights))


def _arrays(seen: Sequence[Seen]) -> tuple["Vector", "Vector"]:
    import numpy as np

    values = np.array([[asdict(one.signals)[name] for name in _SIGNALS] for one in seen])
    return values, np.array([one.right for one in seen], dtype=float)


def _logistic(toward: Calibration | None, values: "Vector", right: "Vector", _: "Vector") -> Model:
    import numpy as np

    return _weighted(values, right, np.ones(len(right)), toward)


def _weighted(
    values: "Vector", right: "Vector", each: "Vector", toward: Calibration | None = None
) -> Model:
    """Logistic regression with bounded signs, L2 over standardised signals.

    It shrinks a little, to nothing; or much, to the weights of another calibration.
    """
    import numpy as np
    from scipy.optimize import minimize

    middle, scale = values.mean(axis=0), values.std(axis=0)
    varying = scale > 1e-9  # noqa: PLR2004 - below it is rounding
    standard = np.where(varying, (values - middle) / np.where(varying, scale, 1.0), 0.0)

    known = toward.coefficients if toward else {}
    middle_of_pull = np.array([known.get(name, 0.0) for name in _SIGNALS]) * scale
    pull = _PULL * len(right) if toward else _SHRINKAGE

    def loss(weights: "Vector") -> tuple[float, "Vector"]:
        score = standard @ weights[1:] + weights[0]
        apart = weights[1:] - middle_of_pull
        shrunk = pull * apart
        value = each @ (np.logaddexp(0.0, score) - right * score) + 0.5 * shrunk @ apart
        miss = each * (1.0 / (1.0 + np.exp(-score)) - right)
        return float(value), np.concatenate([[miss.sum()], standard.T @ miss + shrunk])

    found = minimize(
        loss, np.zeros(len(_SIGNALS) + 1), jac=True, method="L-BFGS-B",
        bounds=[(None, None), *map(_bounds, _SIGNALS)],
    ).x  # fmt: skip
    raw = np.where(varying, found[1:] / np.where(varying, scale, 1.0), 0.0)
    return Model(
        intercept=float(found[0] - raw @ middle),
        coefficients={
            name: float(one)
            for name, one in zip(_SIGNALS, raw, strict=True)
            if abs(one) > 1e-9  # noqa: PLR2004
        },
    )


def _bounds(name: str) -> tuple[float | None, float | None]:
    if name in _UNWEIGHED:
        return 0.0, 0.0
    if name in _FREE:
        return None, None
    return (None, 0.0) if name in _FALLING else (0.0, None)


def _bent(toward: Calibration | None, values: "Vector", right: "Vector", folds: "Vector") -> Model:
    """The same with an isotonic line over scores that were predicted out of fold."""
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    scores = np.zeros(len(right))
    for fold in np.unique(folds):
        kept = folds != fold
        inner = _logistic(toward, values[kept], right[kept], folds[kept])
        scores[~kept] = _scores(inner, values[~kept])
    # Never quite 0 or 1: a step of a few cases has proven neither.
    edge = 1.0 / (len(right) + 2.0)
    line = IsotonicRegression(y_min=edge, y_max=1.0 - edge, out_of_bounds="clip")
    line.fit(scores, right)
    whole = _logistic(toward, values, right, folds)
    points = tuple(
        (float(x), float(y)) for x, y in zip(line.X_thresholds_, line.y_thresholds_, strict=True)
    )
    return Model(intercept=whole.intercept, coefficients=whole.coefficients, line=points)


def _scores(model: Model, values: "Vector") -> "Vector":
    import numpy as np

    weights = np.array([model.coefficients.get(name, 0.0) for name in _SIGNALS])
    return np.asarray(np.clip(values @ weights + model.intercept, -30.0, 30.0))


def _predicted(model: Model, values: "Vector") -> "Vector":
    import numpy as np

    scores = _scores(model, values)
    if not model.line:
        return np.asarray(1.0 / (1.0 + np.exp(-scores)))
    places = np.array([x for x, _ in model.line])
    heights = np.array([y for _, y in model.line])
    return np.asarray(np.interp(scores, places, heights), dtype=np.float64)


def _log_loss(right: "Vector", predicted: "Vector") -> float:
    import numpy as np

    bounded = np.clip(predicted, 1e-6, 1 - 1e-6)
    return float(-np.mean(right * np.log(bounded) + (1 - right) * np.log(1 - bounded)))


def calibration_of(fitted: Fitted, like: Calibration, seen: Sequence[Seen]) -> Calibration:
    """The fitted model as a calibration; `like` gives what too few cases tell of here."""
    lookups = [one for one in seen if like.is_lookup(one.signals)]
    share = (sum(one.right for one in lookups) + 1) / (len(lookups) + 2)
    return Calibration(
        version="",
        signals_version=SIGNALS_VERSION,
        intercept=fitted.model.intercept,
        coefficients=fitted.model.coefficients,
        line=fitted.model.line,
        lookup_from=like.lookup_from,
        lookup_reliability=share if len(lookups) >= FEWEST else like.lookup_reliability,
        fitted_on="",
        fitted_at="",
        cases=len(seen),
        reliability={},
    )
