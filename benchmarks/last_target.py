"""The last target alone against all of them: `python -m benchmarks.last_target`.

An LSTM of H = 256 over T = 2000 steps, in processor time of one thread, which other work on the
machine spoils least. It wants 2 GB, and writes its table into benchmarks/README.md.
"""

import os
import time
from collections.abc import Callable
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

import gradflow as gf
from benchmarks import machine, report
from gradflow.engine.stored_terms import gate_deltas
from gradflow.flow.forward import forward_pass

T, H, D = 2000, 256, 4
ROUNDS = 5


def seconds(run: Callable[[], Any]) -> float:
    """Processor time of a run."""
    start = time.process_time()
    run()
    return time.process_time() - start


def plain_forward(cell: gf.LSTM, x: np.ndarray) -> None:
    """The forward pass as a few lines of NumPy, of which nothing is kept."""
    drive = x @ cell.w_x.reshape(4 * H, D).T + cell.b.reshape(4 * H)
    w_h, h, c = cell.w_h.reshape(4 * H, H), np.zeros(H), np.zeros(H)
    for z_x in drive:
        z = w_h @ h + z_x
        i, f, _, o = (1.0 / (1.0 + np.exp(-z))).reshape(4, H)
        c = f * c + i * np.tanh(z[2 * H : 3 * H])
        h = o * np.tanh(c)


def plain_products(cell: gf.LSTM) -> None:
    """One row through the weights at every step, which is the least a way back can be."""
    w_h, row = cell.w_h.reshape(4 * H, H), np.ones(4 * H)
    for _ in range(T):
        row @ w_h


def main() -> None:
    """Measure in turns, and write the table."""
    generator = np.random.default_rng(0)
    bound = H**-0.5
    shapes = ((4, H, D), (4, H, H), (4, H))
    cell = gf.LSTM(*(generator.uniform(-bound, bound, shape) for shape in shapes))
    x = generator.normal(size=(T, D))
    made = forward_pass(cell, x, None, None, None)
    last = np.array([T])
    runs: dict[str, Callable[[], Any]] = {
        "the last alone": lambda: gf.gradient_flow(cell, x, targets="last"),
        "its forward pass and local derivatives": lambda: forward_pass(cell, x, None, None, None),
        "its sweep": lambda: gate_deltas(cell, made.slopes, made.seeds, None, last),
        "plain NumPy: the forward pass": lambda: plain_forward(cell, x),
        "plain NumPy: one row through the weights": lambda: plain_products(cell),
    }
    rounds = [{name: seconds(run) for name, run in runs.items()} for _ in range(ROUNDS)]
    found = {name: min(taken[name] for taken in rounds) for name in runs}
    every = seconds(lambda: gf.gradient_flow(cell, x))
    grown = machine.peak_megabytes(runs["the last alone"])
    floor = sum(taken for name, taken in found.items() if name.startswith("plain"))
    rows = [
        f"| {name} | {taken:.3g} | {every / taken:.0f} |"
        for name, taken in {"all targets": every, **found, "both of these": floor}.items()
    ]
    table = ["| | seconds | of all targets, a part in |", "| --- | ---: | ---: |", *rows]
    words = (
        f"LSTM of H = {H}, D = {D}, T = {T}; processor time of one thread, best of {ROUNDS}, on "
        f"{machine.name()}, with {machine.load()}. The last alone made the process grow by "
        f"{'an unknown number of' if grown is None else f'{grown:.0f}'} MB at most."
    )
    report.put("last target", "\n".join([*table, "", words]))


if __name__ == "__main__":
    main()
