"""The last target alone against all of them: `python -m benchmarks.last_target`.

An LSTM of H = 256 over T = 2000 steps. It wants a quiet machine and 2 GB, and prints its row.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import gradflow as gf
from benchmarks import machine
from gradflow.engine.stored_terms import gate_deltas
from gradflow.flow.forward import forward_pass

T, H, D = 2000, 256, 4


def seconds(run: Callable[[], Any], rounds: int) -> float:
    """The fastest of several runs."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    generator = np.random.default_rng(0)
    bound = H**-0.5
    shapes = ((4, H, D), (4, H, H), (4, H))
    cell = gf.LSTM(*(generator.uniform(-bound, bound, shape) for shape in shapes))
    x = generator.normal(size=(T, D))
    made = forward_pass(cell, x, None, None, None)
    last = np.array([T])
    runs: dict[str, tuple[Callable[[], Any], int]] = {
        "all targets": (lambda: gf.gradient_flow(cell, x), 2),
        "the last": (lambda: gf.gradient_flow(cell, x, targets="last"), 5),
        "its forward pass": (lambda: forward_pass(cell, x, None, None, None), 5),
        "its sweep": (lambda: gate_deltas(cell, made.slopes, made.seeds, None, last), 5),
    }
    found = {name: seconds(*run) for name, run in runs.items()}
    print(" | ".join(f"{name}, s" for name in found))
    print(" | ".join(f"{taken:.3g}" for taken in found.values()))
    print(f"all / last = {found['all targets'] / found['the last']:.0f}, on {machine.name()}")


if __name__ == "__main__":
    main()
