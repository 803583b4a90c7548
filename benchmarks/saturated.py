"""Saturated cells of one unit against random weights: `python -m benchmarks.saturated`.

How many times as long the heatmap and the path classes of an LSTM take whose gates are shut, wide
open or driven hard. Kinds take turns, in processor time, so that what else the machine does slows
all of them.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import gradflow as gf
from benchmarks import machine, report

LENGTHS = (50, 200, 500)
SECONDS = 4.0
KINDS = {
    "random": gf.LSTM.scalar(0.5, 0.5),
    "b_f = -10": gf.LSTM.scalar(0.5, 0.5, b_f=-10.0),
    "b_f = 10": gf.LSTM.scalar(0.5, 0.5, b_f=10.0),
    "b_f = -200": gf.LSTM.scalar(0.5, 0.5, b_f=-200.0),
    "b_o = -200": gf.LSTM.scalar(0.5, 0.5, b_o=-200.0),
    "w_h = 8": gf.LSTM.scalar(0.5, 8.0),
    "w_x = 20": gf.LSTM.scalar(20.0, 0.5),
    "w_x = 1000": gf.LSTM.scalar(1000.0, 0.5),
}
ASKED: dict[str, Callable[[gf.LSTM, Any], Any]] = {
    "heatmap": lambda cell, x: gf.gradient_flow(cell, x).log10("w_xf"),
    "by detours": lambda cell, x: gf.gradient_flow(cell, x).by_detours("w_xf"),
    "by first gate": lambda cell, x: gf.gradient_flow(cell, x).by_first_gate("w_xf"),
}


def fastest(ask: Callable[[gf.LSTM, Any], Any], T: int) -> list[float]:
    """The least processor time of each kind, in seconds."""
    x = np.random.default_rng(0).normal(size=T)
    taken: list[list[float]] = [[] for _ in KINDS]
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(taken[0]) < 5:
        for cell, times in zip(KINDS.values(), taken, strict=True):
            start = time.process_time()
            ask(cell, x)
            times.append(time.process_time() - start)
    return [min(times) for times in taken]


def main() -> None:
    _, *saturated = KINDS
    lines = [
        f"| T | asked | random, ms | {' | '.join(saturated)} |",
        f"| ---: | --- | ---: |{' ---: |' * len(saturated)}",
    ]
    for T in LENGTHS:
        for name, ask in ASKED.items():
            usual, *others = fastest(ask, T)
            ratios = " | ".join(f"{taken / usual:.2f}×" for taken in others)
            lines.append(f"| {T} | {name} | {1e3 * usual:.2g} | {ratios} |")
            print(lines[-1], flush=True)
    report.put("saturated", "\n".join([*lines, "", f"On {machine.name()}."]))


if __name__ == "__main__":
    main()
