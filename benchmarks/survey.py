"""A survey over one process, two, and Dask, and the memory of streams of two lengths.

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


def seconds(count: int, executor: Executor | None) -> float:
    """How long a survey of the last step takes."""
    start = time.perf_counter()
    seen = gf.survey(cell(), stream(count), gf.UnitLoss(), "last", executor=executor)
    assert seen.count == count
    return time.perf_counter() - start


def fastest(count: int) -> dict[str, float]:
    """Seconds with each kind of workers, which take turns."""
    # Where Dask is missing, nothing is measured in vain.
    from distributed import Client, LocalCluster

    spawned = get_context("spawn")
    with (
        ProcessPoolExecutor(1, spawned) as one,
        ProcessPoolExecutor(2, spawned) as two,
        LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
        client.get_executor() as dask,
    ):
        workers = {"one process": one, "two processes": two, "Dask, two workers": dask}
        for executor in workers.values():  # until every worker has loaded numpy
            seconds(16, executor)
        rounds = [
            {name: seconds(count, executor) for name, executor in workers.items()}
            for _ in range(ROUNDS)
        ]
    return {name: min(taken[name] for taken in rounds) for name in workers}


def growth(counts: tuple[int, ...]) -> str:
    """By how much one process grows at most in surveys of streams, as sentences."""
    seconds(8, None)
    return " ".join(_grown(count) for count in counts)


def _grown(count: int) -> str:
    found = machine.peak_megabytes(lambda: seconds(count, None))
    megabytes = "an unknown number of" if found is None else f"{found:.0f}"
    return f"A stream of {count:,} sequences made one process grow by {megabytes} MB at most."


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=96, help="of each timed survey")
    parser.add_argument("--stream", type=int, default=10_000, help="sequences of the long stream")
    options = parser.parse_args()
    taken = fastest(options.sequences)
    load = machine.load()
    grown = growth((options.stream // 10, options.stream))
    rows = [
        f"| {name} | {options.sequences / found:.1f} | {taken['one process'] / found:.2f} |"
        for name, found in taken.items()
    ]
    table = ["| workers | sequences a second | times one process |", "| --- | ---: | ---: |", *rows]
    words = (
        f"The best of {ROUNDS} surveys of {options.sequences} sequences, on {machine.name()}, with "
        f"{load}: two processes gain only where two cores are free. {grown}"
    )
    report.put("survey", "\n".join([*table, "", words]))


if __name__ == "__main__":
    main()
