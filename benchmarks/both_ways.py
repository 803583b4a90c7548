"""Layers that read both ways against the same layers in one direction.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.both_ways

It takes a minute and writes its table into `README.md` beside itself.
"""

import numpy as np

import gradflow as gf
from benchmarks import machine, report

SIZES = ((200, 32, 8), (500, 64, 16))
LAYERS = (1, 2)
AIM = 4


def lstm(H: int, D: int, generator: np.random.Generator) -> gf.LSTM:
    """Random weights, as PyTorch starts."""
    shapes = ((4, H, D), (4, H, H), (4, H))
    return gf.LSTM(*(generator.uniform(-(H**-0.5), H**-0.5, shape) for shape in shapes))


def stacks(H: int, D: int, layers: int) -> tuple[gf.Stack, gf.BidirectionalStack]:
    """Layers that read one way, and as many pairs whose states stand side by side."""
    generator = np.random.default_rng(H + layers)
    one = [lstm(H, H if n else D, generator) for n in range(layers)]
    both = [
        gf.Bidirectional(*(lstm(H, 2 * H if n else D, generator) for _ in range(2)))
        for n in range(layers)
    ]
    return gf.Stack(one), gf.BidirectionalStack(both)


def row(T: int, H: int, D: int, layers: int) -> tuple[str, float]:
    """One row of the table, and its ratio."""
    x = np.random.default_rng(T).normal(size=(T, D))
    one_way, both_ways = stacks(H, D, layers)
    runs = {
        "one": lambda: gf.gradient_flow(one_way, x),
        "both": lambda: gf.gradient_flow(both_ways, x),
    }
    found = machine.medians(runs, seconds=2.0)
    ratio = found["both"] / found["one"]
    one, both = (f"{1e3 * found[name]:.0f}" for name in runs)
    return f"| {T}, {H}, {D} | {layers} | {one} | {both} | {ratio:.1f} |", ratio


def main() -> None:
    """Write the table."""
    rows = [row(*size, layers) for layers in LAYERS for size in SIZES]
    table = [
        "| T, H, D | layers | one direction, ms | both, ms | ratio |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(text for text, _ in rows),
    ]
    said = (
        f"Medians, in turns, on {machine.name()}, with {machine.load()}. The aim is about {AIM} "
        f"times; the largest ratio is {max(ratio for _, ratio in rows):.1f}."
    )
    report.put("both ways", "\n".join([*table, "", said]))


if __name__ == "__main__":
    main()
