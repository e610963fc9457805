"""What a trained ranker is worth: trained on documents alone, judged on people's questions.

    python -m bench.ranker --work FOLDER [--every 10] [--questions 200] [--skip real]

Nothing here is fitted on the questions that are reported: the ranker is trained by `eval adapt`
from headings and sentences. The curve shows every weight of the sentence signal on each set, so
that anybody can see what choosing another one would have given.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.worlds import (
    SAMPLE,
    BenchAssembly,
    QuestionSet,
    RealWorld,
    business_central,
    shared_data,
    wixqa,
)
from eval.adapt.fitting import Figures, figures, ranks
from eval.adapt.pools import Pools
from eval.adapt.training import Training, train
from eval.case import Case
from eval.dataset import read_dataset
from retrieval.fusion import SHIPPED_WEIGHTS, RankingWeights
from retrieval.query import Query
from retrieval.ranker import LearnedRanker, Ranker
from retrieval.retriever import Retriever

_CURVE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5)
_PASSAGES = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, measure and print; returns 0 whatever comes of it."""
    parser = argparse.ArgumentParser(description="A trained ranker on questions it never saw.")
    parser.add_argument("--work", type=Path, required=True, help="folder for indexes; re-used")
    parser.add_argument("--every", type=int, default=1, help="only every so-many-th question")
    parser.add_argument("--questions", type=int, default=200, help="made from the documents")
    parser.add_argument("--skip", default="", help="real, sample; by commas")
    options = parser.parse_args(arguments)
    skipped = set(options.skip.split(","))
    data = shared_data()
    if "sample" not in skipped:
        sample = BenchAssembly(_made(options.work / "sample"))
        sample.ingest_managed(SAMPLE)
        cases = tuple(one for one in read_dataset(SAMPLE / "cases.jsonl") if one.gold)
        _measure(sample, [QuestionSet(name="sample", cases=cases)], options)
    if data is None:
        print("no real documents: set COPILOT_SHARED_DATA")
    elif "real" not in skipped:
        real = RealWorld(data, options.work)
        real.ingest_real()
        _measure(real, [wixqa(data), business_central(data)], options)
    return 0


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _measure(
    house: BenchAssembly, sets: Sequence[QuestionSet], options: argparse.Namespace
) -> None:
    try:
        how = Training(most=options.questions)
        manifest = train(house, (), how, lambda step: print(step, flush=True))
        for one in manifest.compared:
            print(
                f"{one.questions}: {one.before.questions} questions, MRR {one.before.mrr:.3f} → "
                f"{one.after.mrr:.3f} (gain {one.gain_low:+.3f} to {one.gain_high:+.3f})"
            )
        weights = manifest.weights.weights()
        print(f"trained weights: {weights}")
        for questions in sets:
            _report(house, questions.every(options.every), weights)
    finally:
        house.close()


def _report(house: BenchAssembly, questions: QuestionSet, weights: RankingWeights) -> None:
    pools = Pools(
        visible_catalog=house.visible_catalog,
        index=house.index,
        embedder=house.embedder,
        sentences=house.sentence_vectors,
    ).of_cases(questions.cases)
    for sentence in _CURVE:
        tried = figures(ranks(pools, replace(SHIPPED_WEIGHTS, sentence=sentence)))
        print(f"{questions.name}: sentence at {sentence:.1f}: {_told(tried)}", flush=True)
    ranker = LearnedRanker(weights=weights, sentences=house.sentence_vectors)
    for name, chosen in (("as it ships", None), ("with the trained ranker", ranker)):
        found, spent = _searched(house, questions.cases, chosen)
        print(
            f"{questions.name}: search {name}: {_told(found)}, p50 {spent:.1f} ms a question",
            flush=True,
        )


def _searched(
    house: BenchAssembly, cases: Sequence[Case], ranker: Ranker | None
) -> tuple[Figures, float]:
    retriever = Retriever(
        visible_catalog=house.visible_catalog,
        index=house.index,
        embedder=house.question_embedder,
        sync=house.index_sync,
        ranker=ranker,
    )
    places, spent = [], []
    for case in cases:
        query = Query(
            text=case.question, principal=case.principal, filters=case.filters, limit=_PASSAGES
        )
        began = time.perf_counter()
        passages = retriever.search(query).passages
        spent.append(1_000 * (time.perf_counter() - began))
        uris = list(dict.fromkeys(one.uri for one in passages))
        places.append(next((at for at, uri in enumerate(uris, 1) if uri in case.gold_uris), 0))
    return figures(places), median(spent)


def _told(found: Figures) -> str:
    return (
        f"hit@1 {found.hit_1:.3f} ({round(found.hit_1 * found.questions)} of {found.questions}), "
        f"hit@5 {found.hit_5:.3f}, MRR {found.mrr:.3f}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
