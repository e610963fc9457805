"""Parsers in processes of their own: a file that hangs, crashes or eats memory costs one error.

Workers are spawned, not forked: the parent holds threads, database handles and models that a
fork would copy in a broken state. Each worker has a pipe, so nothing a dying worker leaves behind
(a lock held, half a message) can reach another. The parent keeps the clock and the scales; a
worker that passes a limit is killed and replaced.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ingest.element import ParsedDocument
from ingest.errors import (
    IngestError,
    ParseError,
    ParseMemoryError,
    ParserCrashError,
    ParseTimeoutError,
)
from ingest.includes import CorpusIncludes
from ingest.parsing import parse

if TYPE_CHECKING:
    from multiprocessing.context import SpawnContext, SpawnProcess

_MEGABYTE = 1024 * 1024
_LOOK_EVERY_SECONDS = 0.2
_STOP_WITHIN_SECONDS = 2.0
# A spawned interpreter needs seconds on a loaded machine; that is not the file's fault.
_START_WITHIN_SECONDS = 60.0
# A file cannot end a worker that has not begun to read it; so many in a row are no accident.
_STILLBORN_AT_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseTask:
    """A file to parse: where its bytes are, and its path relative to the corpus.

    `key` is the caller's own name for it and comes back untouched. With `corpus_root` the
    worker resolves includes, below that folder and nowhere else.
    """

    key: str
    path: Path
    uri: str
    corpus_root: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """What became of a task: a document, or the reason why there is none; wall-clock seconds."""

    task: ParseTask
    outcome: ParsedDocument | ParseError
    seconds: float


Reader = Callable[[ParseTask, CorpusIncludes | None], ParsedDocument]
"""What a worker does with a task. Raises a ParseError where the file gives no text."""


def read_file(task: ParseTask, includes: CorpusIncludes | None) -> ParsedDocument:
    """Parse a task's file: the reader that every pool has unless told otherwise."""
    return parse(task.path, uri=task.uri, resolve_include=includes)


@dataclass(slots=True)
class _Worker:
    process: "SpawnProcess"
    pipe: Connection
    started: float
    ready: bool = False
    task: ParseTask | None = None
    since: float = 0.0


class ParserPool:
    """Parses files in `workers` processes, each with a time and a memory limit per file.

    Use it as a context manager: leaving it, by an exception and Ctrl-C too, ends every worker.
    A worker whose parent was killed ends by itself.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        timeout_seconds: float = 60.0,
        memory_bytes: int = 2048 * _MEGABYTE,
        reader: Reader | None = None,
    ) -> None:
        """Take the limits: wall-clock seconds and resident bytes for one file.

        `reader` is what a worker does with a task, a function that its process can import;
        `read_file` unless something else is to be kept in check.
        """
        if workers < 1:
            message = f"a parser pool needs at least one worker, not {workers}"
            raise ValueError(message)
        self._size = workers
        self._timeout = timeout_seconds
        self._memory = memory_bytes
        self._reader = reader or read_file
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._stillborn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every worker. Safe to call twice."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.pipe.close()  # an idle worker reads the end of its pipe and leaves
            if worker.task is not None:
                worker.process.kill()
        deadline = time.monotonic() + _STOP_WITHIN_SECONDS
        for worker in workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()

    def parse_all(self, tasks: Iterable[ParseTask]) -> Iterator[ParseResult]:
        """Parse every task and yield results as they are done, not in the order of the tasks.

        Tasks are pulled as workers come free, so that an endless iterable is fine. Raises
        IngestError where workers die one after another before they read anything.
        """
        source = iter(tasks)
        exhausted = False
        while True:
            while not exhausted and self._has_room():
                # Without a task no worker is started: what needs no parser must not pay for one.
                task = next(source, None)
                if task is None:
                    exhausted = True
                    break
                failure = self._hand_over(self._free_worker(), task)
                if failure:
                    yield failure
            busy = [worker for worker in self._workers if worker.task is not None]
            if exhausted and not busy:
                return
            yield from self._collect(busy)

    def _has_room(self) -> bool:
        return len(self._workers) < self._size or any(one.task is None for one in self._workers)

    def _free_worker(self) -> _Worker:
        for worker in self._workers:
            if worker.task is None:
                return worker
        return self._start()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work,
            args=(theirs, self._reader, self._memory),
            name="copilot-parser",
            daemon=True,
        )
        try:
            process.start()
        except OSError as error:
            ours.close()
            raise IngestError(
                f"the parsers cannot start: {error.strerror or error}; see that memory and "
                "processes are to be had"
            ) from error
        finally:
            theirs.close()
        worker = _Worker(process=process, pipe=ours, started=time.monotonic())
        self._workers.append(worker)
        return worker

    def _hand_over(self, worker: _Worker, task: ParseTask) -> ParseResult | None:
        worker.task, worker.since = task, time.monotonic()
        try:
            worker.pipe.send(task)
        except OSError:
            if not worker.ready:
                worker.process.join(_STOP_WITHIN_SECONDS)
                self._count_stillborn(worker.process.exitcode)
            return self._give_up(worker, ParserCrashError("could not be read: its parser died"))
        return None

    def _collect(self, busy: list[_Worker]) -> Iterator[ParseResult]:
        """Take what is done; then look at the clock and the scales of the others."""
        by_pipe = {worker.pipe: worker for worker in busy}
        for pipe in wait(list(by_pipe), timeout=_LOOK_EVERY_SECONDS):
            worker = by_pipe[pipe]  # type: ignore[index]
            result = self._receive(worker)
            if result:
                yield result
        for worker in busy:
            if worker.task is not None and worker in self._workers:
                error = self._passed_limit(worker)
                if error:
                    yield self._give_up(worker, error)

    def _receive(self, worker: _Worker) -> ParseResult | None:
        task = worker.task
        if task is None:
            return None
        try:
            outcome = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(_STOP_WITHIN_SECONDS)
            if not worker.ready:
                self._count_stillborn(worker.process.exitcode)
            return self._give_up(worker, _death(worker.process.exitcode))
        if outcome is None:
            # The worker is up: its file's time starts now, not with the interpreter's.
            worker.ready, worker.since = True, time.monotonic()
            self._stillborn = 0
            return None
        worker.task = None
        result = ParseResult(task=task, outcome=outcome, seconds=time.monotonic() - worker.since)
        if isinstance(outcome, ParseMemoryError):
            self._end(worker)  # what it grabbed is not given back by all libraries
        return result

    def _count_stillborn(self, exit_code: int | None) -> None:
        self._stillborn += 1
        if self._stillborn >= _STILLBORN_AT_MOST:
            raise IngestError(
                f"the parsers cannot start: {self._stillborn} in a row ended with exit code "
                f"{exit_code} before they read a file; see that memory and processes are to be "
                "had, and that the installation is whole"
            )

    def _passed_limit(self, worker: _Worker) -> ParseError | None:
        limit = self._timeout if worker.ready else self._timeout + _START_WITHIN_SECONDS
        if time.monotonic() - worker.since > limit:
            return ParseTimeoutError(f"took longer than {self._timeout:g} seconds: split it")
        if resident_bytes(worker.process.pid) > self._memory:
            return _memory_error(self._memory)
        return None

    def _give_up(self, worker: _Worker, error: ParseError) -> ParseResult:
        task = worker.task
        assert task is not None  # noqa: S101 - only busy workers are given up
        seconds = time.monotonic() - worker.since
        self._end(worker)
        return ParseResult(task=task, outcome=error, seconds=seconds)

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        worker.process.close()


def _memory_error(limit: int) -> ParseMemoryError:
    return ParseMemoryError(f"needs more than {limit // _MEGABYTE} MB of memory to read: split it")


def _death(exit_code: int | None) -> ParseError:
    if exit_code == -signal.SIGKILL:
        return ParseMemoryError("ended its parser, probably for want of memory: split it")
    return ParserCrashError(f"crashed its parser (exit code {exit_code}): save it again and retry")


def resident_bytes(process_id: int | None) -> int:
    """Read what a process holds in memory; 0 where the system does not say (not Linux)."""
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _work(pipe: Connection, reader: Reader, memory_bytes: int) -> None:
    """Serve parse tasks until the parent closes the pipe or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _die_with_parent()
    _limit_memory(memory_bytes)
    _be_quiet()
    announced = False
    resolvers: dict[Path, CorpusIncludes] = {}
    while True:
        try:
            task = pipe.recv()
            if not announced:
                pipe.send(None)
                announced = True
            root = task.corpus_root
            if root is not None and root not in resolvers:
                resolvers[root] = CorpusIncludes(root=root)
            includes = resolvers[root] if root is not None else None
            pipe.send(_outcome(reader, task, includes, memory_bytes))
        except (EOFError, OSError):
            return


def _outcome(
    reader: Reader, task: ParseTask, includes: CorpusIncludes | None, memory_bytes: int
) -> ParsedDocument | ParseError:
    try:
        document = reader(task, includes)
    except ParseError as error:
        return type(error)(str(error))  # without its cause, which may not travel
    except MemoryError:
        return _memory_error(memory_bytes)
    except RecursionError:
        return ParseError("is nested deeper than any document is")
    except Exception as error:  # noqa: BLE001 - one file's surprise must not end the worker
        return ParserCrashError(f"made its parser fail ({type(error).__name__}): save it again")
    # A read-only view does not travel between processes.
    return replace(document, metadata=dict(document.metadata))


def _die_with_parent() -> None:
    """Ask Linux to end this process with its parent, even while it parses.

    Elsewhere an orphan ends when it next reads from its pipe.
    """
    if sys.platform != "linux":
        return
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() == 1 and multiprocessing.parent_process() is None:
        os._exit(1)


def _limit_memory(memory_bytes: int) -> None:
    """Cap what can be allocated, so that one huge allocation fails before the parent looks.

    RLIMIT_DATA counts private writable memory; RLIMIT_AS would count what spaCy and numpy only
    map. The margin is for what they reserve and never touch.
    """
    if sys.platform != "linux":
        return
    import resource

    limit = memory_bytes + 1024 * _MEGABYTE
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _be_quiet() -> None:
    """Keep parsers' remarks off the terminal: what matters travels as an error."""
    import logging
    import warnings

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
