"""A process that measures beside the training: one pass at a time, and an end at once."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gradflow.watching.layer_measures import LayerMeasures, measured_layers
from gradflow.watching.probed_module import ProbedModule

# The process has one core: libraries for matrices would take all there are.
_ONE_CORE = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)

# How far it steps back for the training, where the system knows of such: of a core that both want
# Linux gives it 15 parts of 1039 then, 1.5%.
_NICENESS = 19

_PROGRAM = "from gradflow.watching.measuring_process import serve; serve()"


def measured_pass(modules: Sequence[ProbedModule], chunk: int) -> dict[str, LayerMeasures]:
    """The measures of every layer of every module, by its name."""
    return {
        name: measures
        for module in modules
        for name, measures in measured_layers(module, chunk).items()
    }


class MeasuringProcess:
    """A Python of its own, which the training's `__main__` is not run in again.

    Its modules come and its measures go as pickles over its standard streams, which nothing else
    has a hand in. It ends when the stream that it reads ends.
    """

    def __init__(self) -> None:
        package = str(Path(__file__).parents[2])
        paths = filter(None, (package, os.environ.get("PYTHONPATH")))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_ONE_CORE, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self._thread = ThreadPoolExecutor(1, "gradflow-watch")

    @property
    def number(self) -> int:
        """The number that the system gives it."""
        return self._process.pid

    def submit(
        self, modules: Sequence[ProbedModule], chunk: int
    ) -> Future[dict[str, LayerMeasures]]:
        """Have a pass measured; one after the other."""
        return self._thread.submit(self._asked, modules, chunk)

    def end(self) -> None:
        """End it at once; what is not yet measured never will be."""
        self._process.kill()
        self._thread.shutdown(cancel_futures=True)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):  # what was not yet sent
                stream.close()
        self._process.wait()

    def _asked(self, modules: Sequence[ProbedModule], chunk: int) -> dict[str, LayerMeasures]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump((modules, chunk), self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
            measured, said = pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise ValueError("The process that measures has ended.") from error
        if said:
            raise ValueError(said)
        return measured


def serve() -> None:
    """Measure what comes, until nothing more does: all that the process does."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what is printed must not come between
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            pickle.dump(_answer(*pickle.load(source)), sink, pickle.HIGHEST_PROTOCOL)
            sink.flush()


def _answer(modules: Sequence[ProbedModule], chunk: int) -> tuple[Any, str]:
    """The measures, or why there are none."""
    try:
        return measured_pass(modules, chunk), ""
    except ValueError as error:
        return None, str(error)
