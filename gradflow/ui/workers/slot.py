"""One worker: a process that is started when it is needed, and can be ended at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any

from gradflow.ui.workers import worker

# A worker has one core: libraries for matrices would take all there are.
_ONE_CORE = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class _Context(SpawnContext):
    """Remembers the process that an executor starts, so that it can be ended."""

    started: BaseProcess | None = None

    def Process(self, *arguments: Any, **named: Any) -> BaseProcess:  # type: ignore[override]
        """A process, not yet started."""
        self.started = SpawnContext.Process(*arguments, **named)
        return self.started


class Slot:
    """Room for one worker.

    An executor has one process alone: where one of several dies, `concurrent.futures` gives up all.
    """

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None
        self._context = _Context()
        self._progress = self._context.RawArray("d", 1)
        # Keys of what the worker keeps, and whose they are, the one used last at the end.
        self.kept: dict[Hashable, Hashable] = {}

    @property
    def is_started(self) -> bool:
        """Whether there is a process."""
        return self._executor is not None

    @property
    def process(self) -> int | None:
        """The number of the process."""
        return None if self._context.started is None else self._context.started.pid

    @property
    def share(self) -> float:
        """How much of the work is done."""
        return float(self._progress[0])

    def look(self) -> None:
        """Let go of a process that was killed while it was idle, with what it kept."""
        process = self._context.started
        if process is not None and not process.is_alive():
            self.end()

    def start(self) -> None:
        """Start the process, unless there is one."""
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                1, self._context, initializer=worker.begin, initargs=(self._progress,)
            )

    def submit(self, job: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have something done by the process, which is idle."""
        self._progress[0] = 0.0
        self.start()
        assert self._executor is not None
        try:
            with _environment(_ONE_CORE):
                return self._executor.submit(job, *arguments)
        except BrokenProcessPool as failure:  # killed since `look`
            lost: Future[Any] = Future()
            lost.set_exception(failure)
            return lost

    def end(self) -> None:
        """End the process at once, whatever it does."""
        executor, process = self._executor, self._context.started
        self._executor = self._context.started = None
        self.kept.clear()
        if process is not None:
            process.kill()
        if executor is not None:
            executor.shutdown(wait=False)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """The environment with some variables set, which a process that is started takes over."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
