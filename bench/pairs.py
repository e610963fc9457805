"""The same thing done in two ways, turn about, and what one of them takes more."""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.figures import Board
from eval.summary import percentiles

_MOST = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What one question took, in milliseconds: with governance and without.

    Processor time counts all threads of the process, and hardly what else runs.
    """

    governed: float
    bare: float
    governed_cpu: float
    bare_cpu: float


class Watch:
    """Takes the times of both sides, and keeps the best of each."""

    def __init__(self) -> None:
        self._took: dict[bool, list[float]] = {True: [], False: []}
        self._cpu: dict[bool, list[float]] = {True: [], False: []}

    @contextmanager
    def timed(self, *, governed: bool) -> Iterator[None]:
        """Time the block, for one side."""
        cpu, began = time.process_time(), time.perf_counter()
        yield
        self._took[governed].append((time.perf_counter() - began) * 1000)
        self._cpu[governed].append((time.process_time() - cpu) * 1000)

    def pair(self) -> Pair:
        """The best of both sides."""
        return Pair(
            governed=min(self._took[True]),
            bare=min(self._took[False]),
            governed_cpu=min(self._cpu[True]),
            bare_cpu=min(self._cpu[False]),
        )


def report(board: Board, name: str, pairs: Sequence[Pair]) -> None:
    """Put what governance adds on the board."""
    governed = percentiles([one.governed for one in pairs])
    bare = percentiles([one.bare for one in pairs])
    board.add(f"{name}: without governance, p50", bare[0], "ms", digits=2)
    board.add(f"{name}: with governance, p50", governed[0], "ms", digits=2)
    board.add(f"{name}: without governance, p95", bare[1], "ms", digits=2)
    board.add(f"{name}: with governance, p95", governed[1], "ms", digits=2)
    between = statistics.median(one.governed - one.bare for one in pairs)
    board.add(f"{name}: median difference of a pair", between, "ms", digits=2)
    used = [statistics.median(one.bare_cpu for one in pairs)]
    used.append(statistics.median(one.governed_cpu for one in pairs))
    board.add(f"{name}: processor time without, p50", used[0], "ms", digits=2)
    board.add(f"{name}: processor time with, p50", used[1], "ms", digits=2)
    board.add(f"{name}: share of processor time that governance adds", used[1] / used[0] - 1)
    board.add(f"{name}: share that governance adds, p50", governed[0] / bare[0] - 1, at_most=_MOST)
