"""A ranker that was trained on this house's own documents: what each signal is worth here.

Off until somebody switches it on. It weighs the signals that every search has anyway, and one
more: how near the best single sentence of a chunk is to the question. It holds a handful of
numbers and no text, and it only re-orders what the asker may read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foundation.errors import ConfigurationError
from foundation.private_file import write_private
from retrieval.fusion import RankingWeights

if TYPE_CHECKING:
    import numpy as np

    from retrieval.sentence_vectors import SentenceVectors

SIGNALS_VERSION: Final = 1
"""Goes up when a signal comes to mean something else: what was trained before is then ignored."""
SENTENCES_COMPARED: Final = 20
"""How many of the best hits have their sentences compared with the question."""
MANIFEST: Final = "manifest.json"
REMEDY: Final = "train it again with `partner-copilot eval adapt`"


class Ranker(Protocol):
    """What a trained ranker adds to a search."""

    @property
    def weights(self) -> RankingWeights:
        """What the signals are worth."""

    def nearness(self, vector: "np.ndarray", chunk_ids: Sequence[str]) -> Mapping[str, float]:
        """Cosine of each chunk's nearest sentence to the question, where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedRanker:
    """Trained weights over the kept sentences of the house's chunks."""

    weights: RankingWeights
    sentences: "SentenceVectors"

    def nearness(self, vector: "np.ndarray", chunk_ids: Sequence[str]) -> Mapping[str, float]:
        """Cosine of each chunk's nearest sentence to the question, where it is known."""
        return self.sentences.nearest(vector, chunk_ids)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WeightsPart(_Part):
    """What each signal is worth, in standard deviations of it."""

    keywords: float = Field(ge=0, le=4, allow_inf_nan=False)
    text: float = Field(ge=0, le=4, allow_inf_nan=False)
    context: float = Field(ge=0, le=4, allow_inf_nan=False)
    agreement: float = Field(ge=0, le=8, allow_inf_nan=False)
    sentence: float = Field(ge=0, le=4, allow_inf_nan=False)

    def weights(self) -> RankingWeights:
        """The noun behind it."""
        return RankingWeights(**self.model_dump())


class FiguresPart(_Part):
    """How a ranking did on held-out questions."""

    questions: int
    hit_1: float
    hit_5: float
    mrr: float


class ComparedPart(_Part):
    """Before and after on the same held-out questions."""

    questions: str
    before: FiguresPart
    after: FiguresPart
    gain_low: float
    gain_high: float


class TrainedOnPart(_Part):
    """What it was trained on: counts and a fingerprint, never a text or a title.

    `cases_left_out` are labelled ones about documents that not all partners may read.
    """

    documents: int
    chunks: int
    headings: int
    sentences: int
    cases: int
    cases_left_out: int = 0
    fingerprint: str


class RankerManifest(_Part):
    """A trained ranker as the data folder keeps it."""

    signals_version: int
    embedder: str
    trained_at: datetime
    seed: int
    trained_on: TrainedOnPart
    weights: WeightsPart
    compared: tuple[ComparedPart, ...]
    cost_ms: float
    helps: bool


def read_manifest(folder: Path) -> RankerManifest | None:
    """The ranker in a folder; None where there is none. Raises `ConfigurationError`."""
    path = folder / MANIFEST
    try:
        return RankerManifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else _first_problem(error)
        message = f"the ranker in {path} cannot be used ({why}); {REMEDY}"
        raise ConfigurationError(message) from None


def write_manifest(folder: Path, manifest: RankerManifest) -> None:
    """Keep a trained ranker; a reader sees the old one or the new one, never half of it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(manifest.model_dump(mode="json"), indent=2)
    write_private(folder / MANIFEST, f"{text}\n")


def check_fits(manifest: RankerManifest, embedder: str) -> None:
    """Raise `ConfigurationError` where a ranker was trained for other signals than today's."""
    if manifest.embedder != embedder:
        raise ConfigurationError(
            f"the ranker was trained with the embedder {manifest.embedder!r}, the index is made "
            f"with {embedder!r}; {REMEDY}"
        )
    if manifest.signals_version != SIGNALS_VERSION:
        raise ConfigurationError(
            f"the ranker was trained for signals of version {manifest.signals_version}, this "
            f"program has version {SIGNALS_VERSION}; {REMEDY}"
        )


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
