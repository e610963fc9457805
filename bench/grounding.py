"""Grounding against a model that lies: what is dropped, what is kept, and what got through.

Sentences are made from documents by rules (`rewordings`, `lies`). Documents and rules are split in
halves by their names; grounding was developed with one half and is judged on the other. What is
kept is read again by `oracle`, which shares no code with grounding.
"""

import argparse
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from time import perf_counter

from bench.drafts import Draft, Source, evidence_for, half_of, key_of, sources_in, words
from bench.figures import Board
from bench.lies import LIES, Cite, Lie
from bench.rewordings import REWORDINGS
from copilot.evidence import Claim, Evidence
from copilot.grounding import Closeness, Grounded, Grounder
from copilot.question import read_question

SAMPLE = Path(__file__).parent.parent / "corpora" / "sample"
_QUESTION = read_question("What do the documents say about this?", {})
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_CODE = re.compile(
    r"\b(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[\w.-]*\w|\b[A-Za-z]+_\w+\b|\b[a-z]+[A-Z]\w*\b"
)
_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty
"""
_SMALL = _NUMBERS.split()
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905


def drafts_from(sources: Sequence[Source], *, each: int, seed: int = 0) -> Iterator[Draft]:
    """Up to `each` drafts by every rule and half of the documents."""
    for half in (0, 1):
        fit = [one for one in sources if one.half == half]
        for rule in (*REWORDINGS, *LIES):
            random = Random(f"{seed}{rule.__name__}{half}")
            shuffled = random.sample(fit, len(fit))
            made = (_draft(rule, one, fit, random) for one in shuffled)
            yield from _first((one for one in made if one is not None), each)


def _draft(
    rule: Callable[[Source, Random], str | Lie | None],
    source: Source,
    others: Sequence[Source],
    random: Random,
) -> Draft | None:
    made = rule(source, random)
    if made is None:
        return None
    text, cite, true = (
        (made, Cite.RIGHT, True) if isinstance(made, str) else (made.text, made.cite, False)
    )
    evidence = evidence_for(source, others, random)
    right = key_of(source, evidence)
    keys = {
        Cite.RIGHT: (right,), Cite.WRONG: _wrong(text, right, evidence),
        Cite.NONE: (), Cite.ABSENT: (9,),
    }[cite]  # fmt: skip
    if keys == (0,):
        return None
    return Draft(
        text=text, keys=keys, evidence=evidence, true=true, rule=rule.__name__, half=source.half
    )


def _wrong(text: str, right: int, evidence: Iterable[Evidence]) -> tuple[int, ...]:
    """A key whose passage hardly shares a word; 0 where there is none."""
    said = set(words(text))
    for one in evidence:
        shared = said & set(words(one.quote))
        if one.key != right and len(shared) < len(said) / 2:
            return (one.key,)
    return (0,)


def _first(drafts: Iterable[Draft], count: int) -> Iterator[Draft]:
    for at, one in enumerate(drafts):
        if at == count:
            return
        yield one


def ground(grounder: Grounder, draft: Draft) -> Grounded:
    """What grounding makes of a draft."""
    return grounder.ground(Claim(text=draft.text, keys=draft.keys), draft.evidence, _QUESTION)


def oracle(text: str, quotes: str) -> list[str]:
    """The numbers and identifiers of a sentence that its quotes do not hold, by spelling alone."""
    plain = quotes.casefold()
    given = {_plain(one) for one in _DIGITS.findall(plain)}
    given |= {str(value) for value, word in enumerate(_SMALL) if re.search(rf"\b{word}\b", plain)}
    given |= {
        str(at) for at, month in enumerate(_MONTHS, start=1) if re.search(rf"\b{month}", plain)
    }
    said = text.casefold()
    numbers = {_plain(one) for one in _DIGITS.findall(said)}
    numbers |= {
        str(at) for at, word in enumerate(_SMALL) if at > 1 and re.search(rf"\b{word}\b", said)
    }
    codes = {one.casefold().rstrip(".-") for one in _CODE.findall(text)}
    missing = [one for one in sorted(numbers) if one not in given]
    return missing + [one for one in sorted(codes) if one not in plain and one not in given]


def _plain(number: str) -> str:
    number = re.sub(r",(?=\d{3})", "", number)
    return number.lstrip("0").removesuffix(".00") or "0"


def main() -> None:
    """Measure, print per rule, and say what falls short."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--each", type=int, default=25, help="drafts a rule and half")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--documents", type=Path, default=SAMPLE)
    arguments.add_argument("--no-model", action="store_true", help="without the embedder")
    arguments.add_argument("--failures", type=int, choices=[0, 1], help="print those of a half")
    given = arguments.parse_args()
    closeness = None if given.no_model else _closeness()
    grounder = Grounder(closeness)
    drafts = list(
        drafts_from(sources_in(given.documents, most=6000), each=given.each, seed=given.seed)
    )
    started = perf_counter()
    results = [(one, ground(grounder, one)) for one in drafts]
    took = perf_counter() - started
    if given.failures is not None:
        _print_failures(results, given.failures)
    _print_rules(results)
    _print_figures(results, took)


def _closeness() -> Closeness:
    from copilot.grounding.closeness import EmbeddedCloseness
    from retrieval.embedding import PACKAGED_MODEL, SentenceTransformerEmbedder

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return EmbeddedCloseness(SentenceTransformerEmbedder(PACKAGED_MODEL))


def _print_failures(results: Sequence[tuple[Draft, Grounded]], half: int) -> None:
    for draft, result in results:
        if draft.half == half and half_of(draft.rule) == half and result.supported != draft.true:
            row = next(one for one in draft.evidence if not draft.keys or one.key == draft.keys[0])
            near = "" if result.supported else result.reason
            quotes = (
                " || ".join(one.quote for one in result.evidence) if result.supported else row.quote
            )
            print(f"{draft.rule:<22} {near} | {draft.text}\n{'':<24}{quotes[:300]!r}")


def _print_rules(results: Sequence[tuple[Draft, Grounded]]) -> None:
    print(f"{'rule':<28}{'seen documents':>18}{'unseen documents':>18}")
    for rule in (*REWORDINGS, *LIES):
        name = rule.__name__
        told = []
        for half in (0, 1):
            right = [
                result.supported == draft.true
                for draft, result in results
                if draft.rule == name and draft.half == half
            ]
            told.append(f"{sum(right)}/{len(right)}")
        kind = "kept" if rule in REWORDINGS else "dropped"
        unseen = " (held-out rule)" if half_of(name) else ""
        print(f"{name + ' ' + kind:<34}{told[0]:>12}{told[1]:>18}{unseen}")
    reasons = Counter(str(two.reason) for one, two in results if one.true and two.reason)
    print("true ones were dropped for:", dict(reasons.most_common()))


def _print_figures(results: Sequence[tuple[Draft, Grounded]], took: float) -> None:
    board = Board()
    parts = {
        "all": results,
        "unseen documents": [one for one in results if one[0].half],
        "unseen documents, held-out rules": [
            one for one in results if one[0].half and half_of(one[0].rule)
        ],
    }
    for name, part in parts.items():
        true = [two.supported for one, two in part if one.true]
        false = [not two.supported for one, two in part if not one.true]
        board.add(f"{name}: {len(false)} false ones dropped", _share(false), at_least=0.97)
        board.add(f"{name}: {len(true)} true ones kept", _share(true), at_least=0.90)
        absent = [
            (one.text, missing)
            for one, two in part
            if two.claim is not None
            and (missing := oracle(two.claim.text, " ".join(each.quote for each in two.evidence)))
        ]
        board.add(
            f"{name}: kept with a number or code not quoted", len(absent), at_most=0, digits=0
        )
        for text, missing in absent[:5]:
            print("   ", missing, text)
    board.add("milliseconds a sentence", took * 1000 / max(1, len(results)), digits=1)
    board.close()


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else float("nan")


if __name__ == "__main__":
    main()
