"""Whether confidence tells contexts that answer a question from contexts that do not.

The cases' contexts stand for what search brought; no index is involved. Labels are noisy and
texts are short and machine-written: a figure to report, not to tune on alone.
"""

import json
from collections import Counter
from pathlib import Path

from bench.figures import Board
from copilot.confidence import Calibration, signals_of
from copilot.extractive import ExtractiveWriter
from copilot.question import read_question
from eval.calibration.observing import Seen
from eval.metrics import auroc
from retrieval.chunk import Chunk, Locator
from retrieval.embedding import PACKAGED_MODEL, SentenceTransformerEmbedder
from retrieval.keywords import TermStatistics, chunk_vector, question_terms, question_vector
from retrieval.passage import Passage


def measure_sufficiency(data: Path, board: Board) -> None:
    """Print the AUROC of confidence over the half of the cases that it was not fitted on."""
    from bench.labelled import is_fitted_on

    calibration = Calibration.load()
    seen = [one for one in sufficiency_seen(data) if not is_fitted_on(one)]
    scores: dict[bool, list[float]] = {True: [], False: []}
    for one in seen:
        scores[one.right].append(calibration.probability(one.signals))
    board.add(
        f"sufficiency: AUROC of confidence, {len(seen)} cases not fitted on",
        auroc(scores[True], scores[False]),
        at_least=0.80,
    )


def sufficiency_seen(data: Path) -> tuple[Seen, ...]:
    """Every case that has contexts, with its signals."""
    lines = (data / "sufficiency" / "cases.jsonl").read_text("utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["contexts"]]
    embedder = SentenceTransformerEmbedder(PACKAGED_MODEL)
    contexts = [text for case in cases for text in case["contexts"]]
    context_vectors = iter(embedder.embed_documents(contexts))
    keywords = iter(
        chunk_vector(title="", heading_path=(), header="", text=text) for text in contexts
    )
    question_vectors = embedder.embed_questions([case["question"] for case in cases])
    counts = Counter(term for text in contexts for term in question_terms(text))
    statistics = TermStatistics(chunks=len(contexts), chunks_with_term=counts)
    writer = ExtractiveWriter()
    seen = []
    for number, (case, asked) in enumerate(zip(cases, question_vectors, strict=True)):
        weights = question_vector(case["question"], statistics)
        wanted = dict(zip(weights.indices, weights.values, strict=True))
        found = []
        for place, text in enumerate(case["contexts"]):
            vector = next(keywords)
            keyword_score = sum(
                wanted.get(term, 0.0) * value
                for term, value in zip(vector.indices, vector.values, strict=True)
            )
            found.append((float(next(context_vectors) @ asked), keyword_score, place, text))
        found.sort(key=lambda one: -one[0])
        passages = tuple(
            _passage(number, place, text, dense, keyword, rank)
            for rank, (dense, keyword, place, text) in enumerate(found, start=1)
        )
        question = read_question(case["question"])
        draft = writer.write(question, passages, statistics)
        signals = signals_of(question, passages, draft, statistics)
        if signals is not None:
            seen.append(
                Seen(
                    question=case["id"],
                    signals=signals,
                    right=bool(case["sufficient"]),
                    kinds=frozenset({"reference"}),
                    held_out=False,
                )
            )
    return tuple(seen)


def _passage(  # noqa: PLR0913, PLR0917 - what a passage is made of
    case: int, place: int, text: str, dense: float, keyword: float, rank: int
) -> Passage:
    document = f"{case}-{place}"
    return Passage(
        chunk=Chunk(
            id=f"{case:016x}{place:016x}",
            document_id=document,
            version=1,
            ordinal=0,
            header="",
            text=text,
            locator=Locator(heading_path=(), page=None, start=0, end=len(text)),
        ),
        uri=document,
        title="",
        doc_type="reference",
        dense_score=dense,
        keyword_score=keyword,
        fused_score=dense,
        rank=rank,
    )
