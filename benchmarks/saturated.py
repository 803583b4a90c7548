"""Saturated and trained cells against random weights: `python -m benchmarks.saturated`.

How many times as long the heatmap and the path classes of an LSTM of one unit take whose gates are
shut, wide open or driven hard; and all terms of layers of many units, by gradflow and by its peers.
Kinds take turns, in processor time, so that what else the machine does slows all of them.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import gradflow as gf
from benchmarks import machine, peers, report

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


# Layers of many units, and PyTorch's targets: a pass back takes as long for each.
LAYERS = ((200, 32, 8), (500, 128, 16))
OF_LAYERS = ("random", "saturated", "trained")
LOOPED = 4


def fastest(runs: list[Callable[[], Any]], least: int = 5) -> list[float]:
    """The least processor time of each, in seconds; each runs at least so many times."""
    taken: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(taken[0]) < least:
        for run, times in zip(runs, taken, strict=True):
            start = time.process_time()
            run()
            times.append(time.process_time() - start)
    return [min(times) for times in taken]


def of_layers() -> list[str]:
    """The table of layers of many units, in Markdown."""
    peers.jax_with_float64()
    lines = [
        f"| T, H, D | by | {OF_LAYERS[0]}, ms | {' | '.join(OF_LAYERS[1:])} |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for size in LAYERS:
        problems = [peers.Problem.of_size(*size, kind) for kind in OF_LAYERS]
        targets = np.linspace(1, size[0], LOOPED).round().astype(int)
        contestants = {
            "gradflow": [peers.gradflow_terms(one) for one in problems],
            "JAX": [peers.jax_terms(one) for one in problems],
            f"PyTorch, {LOOPED} targets": [
                peers.torch_loop_terms(one, targets) for one in problems
            ],
        }
        for name, runs in contestants.items():
            usual, *others = fastest(runs, least=3)
            ratios = " | ".join(f"{taken / usual:.2f}×" for taken in others)
            label = ", ".join(map(str, size))
            lines.append(f"| {label} | {name} | {1e3 * usual:,.0f} | {ratios} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    layers = of_layers()
    _, *saturated = KINDS
    lines = [
        f"| T | asked | random, ms | {' | '.join(saturated)} |",
        f"| ---: | --- | ---: |{' ---: |' * len(saturated)}",
    ]
    for T in LENGTHS:
        for name, ask in ASKED.items():
            x = np.random.default_rng(0).normal(size=T)
            usual, *others = fastest([partial(ask, cell, x) for cell in KINDS.values()])
            ratios = " | ".join(f"{taken / usual:.2f}×" for taken in others)
            lines.append(f"| {T} | {name} | {1e3 * usual:.2g} | {ratios} |")
            print(lines[-1], flush=True)
    text = [*layers, "", *lines, "", f"On {machine.name()}."]
    report.put("saturated", "\n".join(text))


if __name__ == "__main__":
    main()
