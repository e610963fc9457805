"""How likely it is that the answer is right: raw signals through a model fitted on labelled cases.

Every signal is a plain fact about question, passages and picked span, on a scale that means the
same for every corpus; fused and rank scores, which are relative to one result list, are not among
them. The model is logistic, no coefficient may contradict reason (more coverage never lowers
confidence), and it ships in `calibration.json` with what it was fitted on and how it held up.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Self

from copilot.evidence import Draft
from copilot.question import Question, telling
from copilot.selection import exact_cover, heading_match
from copilot.sentences import sections_of
from copilot.terms import TermWeights, weigh
from foundation.errors import ConfigurationError
from retrieval.keywords import TermStatistics
from retrieval.keywords import terms as tokenize
from retrieval.passage import Passage

_LOOKED_AT = 10
_NEIGHBOURS = 3
_SHIPPED = "calibration.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What can be seen of an answer's chances. All from 0 to 1 unless said otherwise.

    `cosine`: of the cited passage; `best_cosine`: of any passage.
    `passage_cover`, `answer_cover`: share of the question's weight in the cited passage, and in
    the picked spans with their title and headings. `rare_cover`: of the weight of the three
    rarest words, the share in the cited passage. `unseen`: share of the question's weight in
    words that no readable chunk has. `heading`: how far the heading and the question's telling
    words say the same; `heading_words`: the same for all words, unweighted. `pairs`: share of
    the question's neighbouring telling words that stand close together in the passage. `margin`:
    best cosine of the cited document less that of any other document, from -1 to 1.
    `cover_margin`: the same for coverage. `agreement`: share of the two legs in which the cited
    document leads. `exact`: share of identifiers and names found in the cited passage.
    `length`: ln(1 + number of telling words).
    """

    cosine: float
    best_cosine: float
    passage_cover: float
    answer_cover: float
    rare_cover: float
    unseen: float
    heading: float
    heading_words: float
    pairs: float
    margin: float
    cover_margin: float
    agreement: float
    exact: float
    length: float


def signals_of(
    question: Question, passages: Sequence[Passage], draft: Draft, statistics: TermStatistics
) -> Signals | None:
    """Read the signals; None where the draft is empty or the question has no telling word."""
    weights = weigh(question, statistics)
    if not draft.evidence or not weights.weights:
        return None
    first = draft.evidence[0].passage
    near = sorted(passages, key=lambda passage: passage.rank)[:_LOOKED_AT]
    if all(passage.chunk.id != first.chunk.id for passage in near):
        near.append(first)
    sequences = {passage.chunk.id: _sequence(passage) for passage in near}
    cover = {key: weights.coverage(tokens) for key, tokens in sequences.items()}
    document = first.chunk.document_id
    own = [passage for passage in near if passage.chunk.document_id == document]
    others = [passage for passage in near if passage.chunk.document_id != document]
    cited = frozenset(sequences[first.chunk.id])
    heading = _heading_over(draft)
    rarest = weights.rarest(3)
    return Signals(
        cosine=first.dense_score,
        best_cosine=max(passage.dense_score for passage in near),
        passage_cover=cover[first.chunk.id],
        answer_cover=weights.coverage(_span_tokens(draft, heading)),
        rare_cover=_share(weights, rarest, cited),
        unseen=_share(weights, tuple(weights.weights), weights.unseen),
        heading=heading_match(telling(tokenize(heading)), weights),
        heading_words=_dice(tokenize(question.text), tokenize(heading)),
        pairs=_pairs(weights, tuple(weights.weights), sequences[first.chunk.id]),
        margin=max(passage.dense_score for passage in own)
        - max((passage.dense_score for passage in others), default=0.0),
        cover_margin=max(cover[passage.chunk.id] for passage in own)
        - max((cover[passage.chunk.id] for passage in others), default=0.0),
        agreement=_agreement(near, document),
        exact=exact_cover(question, cited),
        length=math.log1p(len(question.terms)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A fitted logistic model: probability = 1 / (1 + exp(-(intercept + sum of w * signal))).

    `fitted_on` says on which cases and when, `reliability` what the model reached on cases it had
    not seen; both are for people and for the report.
    """

    intercept: float
    coefficients: Mapping[str, float]
    fitted_on: str
    fitted_at: str
    cases: int
    reliability: Mapping[str, float]

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a calibration file, the shipped one by default.

        `ConfigurationError` where the file is not one, or names a signal that does not exist.
        """
        source = str(path) if path else f"the shipped {_SHIPPED}"
        try:
            text = path.read_text("utf-8") if path else _shipped()
            raw = json.loads(text)
            model = cls(
                intercept=float(raw["intercept"]),
                coefficients={str(k): float(v) for k, v in raw["coefficients"].items()},
                fitted_on=str(raw["fitted_on"]),
                fitted_at=str(raw["fitted_at"]),
                cases=int(raw["cases"]),
                reliability={str(k): float(v) for k, v in raw["reliability"].items()},
            )
        except OSError as error:
            raise ConfigurationError(f"cannot read the calibration {source}: {error}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigurationError(
                f"{source} is not a calibration file ({error!r}); fit one with "
                "`partner-copilot eval calibrate DATASET`"
            ) from error
        unknown = model.coefficients.keys() - {field.name for field in fields(Signals)}
        if unknown:
            raise ConfigurationError(
                f"{source} weighs signals that do not exist: {', '.join(sorted(unknown))}; "
                "fit it again with `partner-copilot eval calibrate DATASET`"
            )
        return model

    def probability(self, signals: Signals | None) -> float:
        """The probability that the answer is right; 0 where there is nothing to judge."""
        if signals is None:
            return 0.0
        values = asdict(signals)
        score = self.intercept + sum(
            weight * values[name] for name, weight in self.coefficients.items()
        )
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


@lru_cache(maxsize=1)
def _shipped() -> str:
    return files("copilot").joinpath(_SHIPPED).read_text("utf-8")


def _sequence(passage: Passage) -> tuple[str, ...]:
    chunk = passage.chunk
    return tuple(tokenize(f"{passage.title} {chunk.header} {chunk.text}"))


def _heading_over(draft: Draft) -> str:
    """The heading under which the first quote stands."""
    first = draft.evidence[0]
    chunk = first.passage.chunk
    for section in sections_of(chunk.text, chunk.locator.heading_path):
        if section.start <= first.start < section.end:
            return section.heading
    return ""


def _span_tokens(draft: Draft, heading: str) -> frozenset[str]:
    texts = [heading]
    for one in draft.evidence:
        texts += [one.passage.title, one.passage.chunk.header, one.quote]
    return frozenset(tokenize(" ".join(texts)))


def _share(weights: TermWeights, tokens: tuple[str, ...], present: frozenset[str]) -> float:
    total = sum(weights.weights[token] for token in tokens)
    found = sum(weights.weights[token] for token in tokens if token in present)
    return found / total if total else 0.0


def _dice(one: Sequence[str], other: Sequence[str]) -> float:
    left, right = set(one), set(other)
    return 2 * len(left & right) / (len(left) + len(right)) if left and right else 0.0


def _pairs(weights: TermWeights, tokens: tuple[str, ...], sequence: tuple[str, ...]) -> float:
    """Weighted share of neighbouring words that also stand near each other in the passage."""
    places: dict[str, list[int]] = {}
    for place, token in enumerate(sequence):
        if token in weights.weights:
            places.setdefault(token, []).append(place)
    if len(tokens) == 1:
        return 1.0 if tokens[0] in places else 0.0
    total = found = 0.0
    for left, right in zip(tokens, tokens[1:], strict=False):
        weight = weights.weights[left] + weights.weights[right]
        total += weight
        if any(
            0 < abs(a - b) <= _NEIGHBOURS
            for a in places.get(left, ())
            for b in places.get(right, ())
        ):
            found += weight
    return found / total if total else 0.0


def _agreement(near: Sequence[Passage], document: str) -> float:
    dense = max(near, key=lambda passage: passage.dense_score).chunk.document_id
    keyword = max(near, key=lambda passage: passage.keyword_score).chunk.document_id
    return ((dense == document) + (keyword == document)) / 2
