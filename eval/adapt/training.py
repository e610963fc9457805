"""From documents to a ranker: questions made, signals read, weights fitted, and all of it measured.

One half of the documents gives the questions to fit on, the other half those to measure on.
Labelled cases are judged out of fold: by weights that were fitted without them.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Protocol

from eval.adapt.fitting import Compared, Figures, compare, cross_fitted, fit, ranks
from eval.adapt.pairs import Pair, PairKind, make_pairs
from eval.adapt.pools import Pool, Pools
from eval.case import Case
from eval.open_cases import open_cases
from foundation.clock import Clock
from foundation.errors import ConflictError
from governance.catalog import Catalog
from governance.document import DocumentVersion
from governance.entries import ChunkRow
from governance.principal import EVERY_PARTNER
from governance.visible_catalog import VisibleCatalog
from retrieval.fusion import SHIPPED_WEIGHTS, RankingWeights
from retrieval.index import KnowledgeIndex
from retrieval.ranker import (
    SENTENCES_COMPARED,
    SIGNALS_VERSION,
    ComparedPart,
    FiguresPart,
    RankerManifest,
    TrainedOnPart,
    WeightsPart,
)
from retrieval.sentence_vectors import SentenceVectors

if TYPE_CHECKING:
    from retrieval.embedding import SentenceTransformerEmbedder

FEWEST_DOCUMENTS = 20
FEWEST_PAIRS = 60
FEWEST_CASES = 20
_FOLDS = 5
_TIMED = 20


class TrainingParts(Protocol):
    """What training needs of the running parts."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def catalog(self) -> Catalog:
        """The truth about documents."""

    @property
    def visible_catalog(self) -> VisibleCatalog:
        """The catalog through an asker's eyes."""

    @property
    def index(self) -> KnowledgeIndex:
        """Where chunks are found."""

    @property
    def embedder(self) -> "SentenceTransformerEmbedder":
        """What makes vectors."""

    @property
    def sentence_vectors(self) -> SentenceVectors:
        """The sentences of chunks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How much to train on. `most` is how many questions are made from the documents."""

    most: int = 200
    seed: int = 4


def train(
    parts: TrainingParts,
    cases: Sequence[Case],
    how: Training,
    on_step: Callable[[str], None] = lambda _: None,
) -> RankerManifest:
    """A ranker for these documents, with its figures on questions it was not fitted on.

    Raises `ConflictError` where there is too little to train on.
    """
    documents = _open_documents(parts)
    if len(documents) < FEWEST_DOCUMENTS:
        raise ConflictError(
            f"{len(documents)} approved documents are open to all partners, and a ranker needs "
            f"{FEWEST_DOCUMENTS}; search goes on as it is"
        )
    pairs = make_pairs(documents, most=how.most, seed=how.seed)
    if len(pairs) < FEWEST_PAIRS:
        raise ConflictError(
            f"the documents give {len(pairs)} questions by their headings and sentences, and a "
            f"ranker needs {FEWEST_PAIRS}; search goes on as it is"
        )
    known, unknown = halves(pairs)
    open_to_all = open_cases(parts.visible_catalog, cases)
    left_out = len(cases) - len(open_to_all)
    if left_out:
        on_step(f"{left_out} labelled cases left out: not all partners may read their documents")
    on_step(f"reading signals for {len(pairs)} questions from {len(documents)} documents")
    pools = Pools(
        visible_catalog=parts.visible_catalog,
        index=parts.index,
        embedder=parts.embedder,
        sentences=parts.sentence_vectors,
    )
    train_on, held_out = pools.of_pairs(known), pools.of_pairs(unknown)
    labelled = pools.of_cases(open_to_all)
    if len(labelled) < FEWEST_CASES:
        labelled = ()
    on_step("fitting and measuring")
    weights = fit([train_on, labelled])
    compared = [_on_pairs("held-out pairs", held_out, weights, how)]
    if labelled:
        before = ranks(labelled, SHIPPED_WEIGHTS)
        after = cross_fitted(train_on, labelled, folds=_FOLDS, seed=how.seed)
        judged = compare(before, after, seed=how.seed)
        compared.append(_compared_part("labelled cases, out of fold", judged))
    return RankerManifest(
        signals_version=SIGNALS_VERSION,
        embedder=parts.embedder.name,
        trained_at=parts.clock(),
        seed=how.seed,
        trained_on=_trained_on(documents, pairs, len(labelled), left_out),
        weights=WeightsPart(**asdict(weights)),
        compared=tuple(compared),
        cost_ms=_cost_ms(parts, pairs),
        # What people asked says more than what headings ask.
        helps=_helps(compared[1:] or compared),
    )


def _open_documents(
    parts: TrainingParts,
) -> list[tuple[DocumentVersion, tuple[ChunkRow, ...]]]:
    visibility = parts.visible_catalog.visibility(EVERY_PARTNER)
    return [
        (one, parts.catalog.chunks_of(one.document_id, one.version))
        for one in sorted(
            parts.visible_catalog.documents(visibility), key=lambda each: each.document_id
        )
    ]


def halves(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """By document, so that no document is on both sides: those to fit on, those to measure on.

    Raises `ConflictError` where all fall on one side.
    """

    def first(pair: Pair) -> bool:
        digest = hashlib.blake2b(pair.chunk.document_id.encode(), digest_size=1).digest()
        return digest[0] % 2 == 0

    known = [one for one in pairs if first(one)]
    unknown = [one for one in pairs if not first(one)]
    if not known or not unknown:
        raise ConflictError(
            f"the {len(pairs)} questions that the documents give come from too few of them to fit "
            "on some and measure on others; add documents with sections, or take more questions "
            "with --questions; search goes on as it is"
        )
    return known, unknown


def _on_pairs(
    questions: str, pools: Sequence[Pool], weights: RankingWeights, how: Training
) -> ComparedPart:
    before, after = ranks(pools, SHIPPED_WEIGHTS), ranks(pools, weights)
    return _compared_part(questions, compare(before, after, seed=how.seed))


def _compared_part(questions: str, found: Compared) -> ComparedPart:
    return ComparedPart(
        questions=questions,
        before=_figures_part(found.before),
        after=_figures_part(found.after),
        gain_low=round(found.gain_low, 4),
        gain_high=round(found.gain_high, 4),
    )


def _figures_part(found: Figures) -> FiguresPart:
    return FiguresPart(
        questions=found.questions,
        hit_1=round(found.hit_1, 4),
        hit_5=round(found.hit_5, 4),
        mrr=round(found.mrr, 4),
    )


def _helps(compared: Sequence[ComparedPart]) -> bool:
    """Better on the whole, and nowhere worse by more than chance."""
    gains = [one.after.mrr - one.before.mrr for one in compared]
    return fmean(gains) > 0.0 and all(one.gain_high > 0.0 for one in compared)


def _trained_on(
    documents: Sequence[tuple[DocumentVersion, Sequence[ChunkRow]]],
    pairs: Sequence[Pair],
    cases: int,
    left_out: int,
) -> TrainedOnPart:
    versions = "\n".join(f"{one.document_id}:{one.version}" for one, _ in documents)
    kinds = [pair.kind for pair in pairs]
    return TrainedOnPart(
        documents=len(documents),
        chunks=sum(len(chunks) for _, chunks in documents),
        headings=kinds.count(PairKind.HEADING),
        sentences=kinds.count(PairKind.SENTENCE),
        cases=cases,
        cases_left_out=left_out,
        fingerprint=hashlib.blake2b(versions.encode(), digest_size=16).hexdigest(),
    )


def _cost_ms(parts: TrainingParts, pairs: Sequence[Pair]) -> float:
    """What looking at sentences adds to a question: the median of a few."""
    ids = [pair.chunk.id for pair in pairs]
    vector = parts.embedder.embed_questions([pairs[0].question])[0]
    spent = []
    for start in range(_TIMED):
        began = time.perf_counter()
        parts.sentence_vectors.nearest(vector, ids[start : start + SENTENCES_COMPARED])
        spent.append(1_000 * (time.perf_counter() - began))
    return round(median(spent), 2)
