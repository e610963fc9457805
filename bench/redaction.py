"""What redaction finds in labelled sentences, what it takes too much, and what it costs.

A true span is found where a placeholder covers any of it, whole where it covers all of its
letters and digits; character recall is over letters and digits too. A placeholder is right where
it touches a true span of any kind that we redact, and of the right kind where that span's kind is
its own. Everything is read from the redacted text alone, as whoever stores it would see it.
"""

import argparse
import json
import os
import re
import resource
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Board
from governance.redaction import PersonalData, Redactor

KINDS: Mapping[str, PersonalData] = {
    "PERSON": PersonalData.PERSON,
    "STREET_ADDRESS": PersonalData.ADDRESS,
    "ZIP_CODE": PersonalData.ADDRESS,
    "EMAIL_ADDRESS": PersonalData.EMAIL,
    "PHONE_NUMBER": PersonalData.PHONE,
    "CREDIT_CARD": PersonalData.CREDIT_CARD,
    "IBAN_CODE": PersonalData.IBAN,
    "IP_ADDRESS": PersonalData.IP_ADDRESS,
    "DOMAIN_NAME": PersonalData.URL,
    "URL": PersonalData.URL,
    "US_SSN": PersonalData.IDENTIFIER,
    "US_DRIVER_LICENSE": PersonalData.IDENTIFIER,
}
"""The data's types that we redact. The others stay: an organisation, a town, a country or a
nationality by itself, a date that is nobody's birthday, an age, and a job or title by itself."""

TARGETS: Mapping[str, float] = {
    "PERSON": 0.80, "STREET_ADDRESS": 0.80, "EMAIL_ADDRESS": 0.95, "PHONE_NUMBER": 0.95,
    "CREDIT_CARD": 0.95, "IBAN_CODE": 0.95, "IP_ADDRESS": 0.95, "DOMAIN_NAME": 0.95,
}  # fmt: skip
_PRECISION = 0.85
_HELD_OUT = 3
"""Every fourth template was not looked at when rules were written."""

_PLACEHOLDER = re.compile("|".join(f"({re.escape(kind.placeholder)})" for kind in PersonalData))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place in a sentence: a true one with the data's type, a found one with our kind."""

    type: str
    start: int
    end: int

    def touches(self, other: "Span") -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of the data; those of one template differ in names and numbers only."""

    text: str
    spans: tuple[Span, ...]
    template: int


@dataclass(slots=True)
class Tally:
    """What was counted of one type."""

    true: int = 0
    found: int = 0
    whole: int = 0
    characters: int = 0
    covered: int = 0
    placed: int = 0
    right: int = 0
    right_kind: int = 0
    missed: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)


def read_sentences(path: Path) -> list[Sentence]:
    """Read a file of presidio-research's format."""
    return [
        Sentence(
            text=one["full_text"],
            template=int(one["template_id"]),
            spans=tuple(
                Span(type=span["entity_type"], start=span["start_position"],
                     end=span["end_position"])
                for span in one["spans"]
            ),
        )
        for one in json.loads(path.read_text("utf-8"))
    ]  # fmt: skip


def placed(before: str, after: str) -> list[Span]:
    """Return what each placeholder of the redacted text stands for in the text before."""
    pattern: list[str] = []
    types: list[str] = []
    at = 0
    for match in _PLACEHOLDER.finditer(after):
        if match.start() > at or not pattern:
            pattern.append(re.escape(after[at : match.start()]))
        pattern.append("(.+?)")
        types.append(PersonalData[match[0][1:-1]].value)
        at = match.end()
    pattern.append(re.escape(after[at:]))
    whole = re.fullmatch("".join(pattern), before, re.DOTALL)
    if whole is None:
        message = f"the redacted text does not come from the text: {after!r}"
        raise ValueError(message)
    return [
        Span(type=kind, start=whole.start(group), end=whole.end(group))
        for group, kind in enumerate(types, 1)
    ]


def count(sentences: Iterable[tuple[Sentence, Sequence[Span]]]) -> dict[str, Tally]:
    """Compare what is true with what was found, by the data's types and by our kinds."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for sentence, found in sentences:
        ours = [span for span in sentence.spans if span.type in KINDS]
        hidden = {at for span in found for at in range(span.start, span.end)}
        for span in ours:
            tally = tallies[span.type]
            places = {at for at in range(span.start, span.end) if sentence.text[at].isalnum()}
            tally.true += 1
            touched = any(span.touches(other) for other in found)
            tally.found += touched
            tally.whole += places <= hidden
            tally.characters += len(places)
            tally.covered += len(places & hidden)
            if not touched:
                tally.missed.append((sentence.text[span.start : span.end], sentence.text))
        for span in found:
            tally = tallies[span.type]
            touching = [other for other in ours if span.touches(other)]
            tally.placed += 1
            tally.right += bool(touching)
            tally.right_kind += any(KINDS[other.type] == span.type for other in touching)
            if not touching:
                tally.wrong.append((sentence.text[span.start : span.end], sentence.text))
    return tallies


def measure_redaction(sentences: Sequence[Sentence], board: Board, *, verbose: bool) -> None:
    """Print a table a type, what was asked for, and what a sentence costs."""
    redactor = Redactor()
    started = time.perf_counter()
    redactor.load()
    loading = time.perf_counter() - started
    kinds = frozenset(PersonalData)
    results: list[tuple[Sentence, Sequence[Span]]] = []
    times: list[float] = []
    for sentence in sentences:
        started = time.perf_counter()
        redacted = redactor.redact(sentence.text, kinds)
        times.append((time.perf_counter() - started) * 1000)
        results.append((sentence, placed(sentence.text, redacted.text)))
    tallies = count(results)
    print(f"{'true type':<18}{'spans':>6}{'recall':>8}{'whole':>8}{'chars':>8}")
    for name, tally in sorted(tallies.items(), key=lambda one: -one[1].true):
        if tally.true:
            print(
                f"{name:<18}{tally.true:>6}{tally.found / tally.true:>8.3f}"
                f"{tally.whole / tally.true:>8.3f}{tally.covered / tally.characters:>8.3f}"
            )
    print(f"\n{'placeholder':<18}{'placed':>6}{'right':>8}{'kind':>8}")
    for name, tally in sorted(tallies.items(), key=lambda one: -one[1].placed):
        if tally.placed:
            print(
                f"{name:<18}{tally.placed:>6}{tally.right / tally.placed:>8.3f}"
                f"{tally.right_kind / tally.placed:>8.3f}"
            )
    print()
    for name, wanted in TARGETS.items():
        if tallies[name].true:
            recall = tallies[name].found / tallies[name].true
            board.add(f"redaction: recall of {name}", recall, at_least=wanted)
    total = sum(tally.placed for tally in tallies.values())
    right = sum(tally.right for tally in tallies.values())
    of_kind = sum(tally.right_kind for tally in tallies.values())
    board.add("redaction: precision overall", right / max(total, 1), at_least=_PRECISION)
    board.add("redaction: precision with the right kind", of_kind / max(total, 1))
    words = statistics.mean(len(sentence.text.split()) for sentence in sentences)
    board.add(f"redaction: a sentence of {words:.0f} words, p50", statistics.median(times), "ms")
    board.add("redaction: p95", statistics.quantiles(times, n=20)[-1], "ms")
    plain = sorted(taken for taken, (_, found) in zip(times, results, strict=True) if not found)
    if plain:
        board.add("redaction: where nothing is found, p50", statistics.median(plain), "ms")
    board.add("redaction: loading", loading, "s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    board.add("redaction: memory of the process at most", peak, "MB", digits=0)
    if verbose:
        _print_errors(tallies)


def measure_long_texts(sentences: Sequence[Sentence], board: Board) -> None:
    """Print what a ticket of 400 words costs, made of the data's sentences."""
    redactor = Redactor()
    kinds = frozenset(PersonalData)
    words = " ".join(sentence.text for sentence in sentences).split()
    texts = [" ".join(words[at : at + 400]) for at in range(0, min(len(words), 8000) - 400, 400)]
    redactor.redact(texts[0], kinds)
    times: list[float] = []
    for text in texts:
        started = time.perf_counter()
        redactor.redact(text, kinds)
        times.append((time.perf_counter() - started) * 1000)
    board.add("redaction: a text of 400 words, p50", statistics.median(times), "ms")
    board.add("redaction: a text of 400 words, p95", statistics.quantiles(times, n=20)[-1], "ms")


def _print_errors(tallies: Mapping[str, Tally]) -> None:
    for name, tally in tallies.items():
        for value, text in tally.missed:
            print(f"missed {name}: {value!r} in {text!r}")
        for value, text in tally.wrong:
            print(f"wrong {name}: {value!r} in {text!r}")


def main() -> int:
    """Measure on all sentences, or on those of every second template."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.redaction")
    shared = os.environ.get("COPILOT_SHARED_DATA", "../shared/data")
    default = Path(shared) / "pii" / "presidio_synth_even.json"
    parser.add_argument("file", nargs="?", type=Path, default=default)
    parts, told = ("all", "developed", "held-out"), "templates that rules were developed on, or not"
    parser.add_argument("--part", choices=parts, default="all", help=told)
    parser.add_argument("--errors", action="store_true", help="print what was missed or wrong")
    options = parser.parse_args()
    if not options.file.is_file():
        print(f"no labelled sentences at {options.file}; COPILOT_SHARED_DATA names their folder")
        return 2
    sentences = [
        one
        for one in read_sentences(options.file)
        if options.part == "all" or (options.part == "held-out") == (one.template % 4 == _HELD_OUT)
    ]
    board = Board()
    measure_redaction(sentences, board, verbose=options.errors)
    measure_long_texts(sentences, board)
    return 0


if __name__ == "__main__":
    sys.exit(main())
