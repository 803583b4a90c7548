"""A survey over one process, two, and Dask: its time, its processor time, and its memory.

    python -m benchmarks.survey

It wants a quiet machine of two cores and what requirements-dask.txt lists, and writes its table
into benchmarks/README.md. Each worker has one thread of BLAS, which is set before numpy is loaded.
"""

import argparse
import os
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

import gradflow as gf
from benchmarks import machine, report

T, H, D = 500, 32, 8
ROUNDS = 3


def cell() -> gf.LSTM:
    """An LSTM as PyTorch starts it."""
    draw = np.random.default_rng(0).uniform
    shapes = ((4, H, D), (4, H, H), (4, H))
    return gf.LSTM(*(draw(-(H**-0.5), H**-0.5, shape) for shape in shapes))


def stream(count: int) -> Iterator[np.ndarray]:
    """Sequences that are made as they are asked for."""
    generator = np.random.default_rng(1)
    return (generator.normal(size=(T, D)) for _ in range(count))


class Taken(NamedTuple):
    """Seconds of a survey, and processor time of its workers and of this process."""

    whole: float
    workers: float
    here: float


def seconds(count: int, executor: Executor | None) -> Taken:
    """How long a survey of the last step takes."""
    before, start = _processor_times(), time.perf_counter()
    seen = gf.survey(cell(), stream(count), gf.UnitLoss(), "last", executor=executor)
    assert seen.count == count
    taken, after = time.perf_counter() - start, _processor_times()
    return Taken(taken, *(b - a for a, b in zip(before, after, strict=True)))


def _processor_times() -> tuple[float, float]:
    return machine.children_seconds() or 0.0, time.process_time()


def least(count: int) -> dict[str, Taken]:
    """What each kind of workers takes at least."""
    # Where Dask is missing, nothing is measured in vain.
    from distributed import Client, LocalCluster

    spawned = get_context("spawn")
    with ProcessPoolExecutor(1, spawned) as one, ProcessPoolExecutor(2, spawned) as two:
        taken = _in_turns(count, {"one process": one, "two processes": two})
    # By itself, as its scheduler has threads in this process.
    with (
        LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
        client.get_executor() as dask,
    ):
        return taken | _in_turns(count, {"Dask, two workers": dask})


def _in_turns(count: int, workers: dict[str, Executor]) -> dict[str, Taken]:
    for executor in workers.values():  # until every worker has loaded numpy
        seconds(16, executor)
    rounds = [
        {name: seconds(count, executor) for name, executor in workers.items()}
        for _ in range(ROUNDS)
    ]
    return {
        name: Taken(*map(min, zip(*(taken[name] for taken in rounds), strict=True)))
        for name in workers
    }


def growth(counts: tuple[int, ...]) -> str:
    """By how much one process grows at most in surveys of streams, as sentences."""
    seconds(8, None)
    return " ".join(_grown(count) for count in counts)


def _grown(count: int) -> str:
    found = machine.peak_megabytes(lambda: seconds(count, None))
    megabytes = "an unknown number of" if found is None else f"{found:.0f}"
    return f"A stream of {count:,} sequences made one process grow by {megabytes} MB at most."


def _by_processor_time(taken: dict[str, Taken]) -> float:
    """How many times as fast two processes are where two cores share all that there is to do."""
    two = taken["two processes"]
    return taken["one process"].workers / max((two.workers + two.here) / 2, two.here)


def _row(name: str, found: Taken, one: Taken, count: int) -> str:
    each = count / found.whole, one.whole / found.whole
    cpu = (1e3 * seconds / count for seconds in (found.workers, found.here))
    return f"| {name} | {each[0]:.1f} | {each[1]:.2f} | {' | '.join(f'{ms:.1f}' for ms in cpu)} |"


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=96, help="of each timed survey")
    parser.add_argument("--stream", type=int, default=10_000, help="sequences of the long stream")
    options = parser.parse_args()
    taken = least(options.sequences)
    load = machine.load()
    grown = growth((options.stream // 10, options.stream))
    rows = [
        _row(name, found, taken["one process"], options.sequences) for name, found in taken.items()
    ]
    words = (
        f"The least of {ROUNDS} surveys of {options.sequences} sequences, on {machine.name()}, "
        f"with {load}. By processor time two free cores would make two processes "
        f"{_by_processor_time(taken):.2f} times as fast as one. {grown}"
    )
    table = [
        "| workers | sequences a second | times one process | CPU ms a sequence, workers | here |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rows,
    ]
    report.put("survey", "\n".join([*table, "", words]))


if __name__ == "__main__":
    main()
