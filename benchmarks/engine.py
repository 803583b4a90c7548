"""gradflow, JAX and PyTorch on the same work, in one process.

All |dL_t/dw_x| of an LSTM, per gate, in float64: T (T + 1) / 2 terms a gate. Before anything is
timed, all are checked to be the same to a relative 1e-10.

    python -m benchmarks.engine

It takes some minutes and wants a quiet machine and 16 GB of memory. It writes its tables into
`README.md` and its plot into `engine.svg`, both beside itself, and one sentence into the project's
README.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

import gradflow as gf
from benchmarks import machine, peers, report
from gradflow.engine.stored_terms import gate_deltas
from gradflow.engine.sweep_by_step import Steps
from gradflow.numerics.scaled import Scaled
from gradflow.ui.downloads.images import image

HERE = Path(__file__).parent

SIZES = ((50, 1, 1), (200, 1, 1), (1000, 1, 1), (200, 32, 8), (500, 128, 16), (1000, 128, 16))
KINDS = ("saturated", "trained")
OF_KINDS = ((200, 32, 8), (500, 128, 16))
TAKEN_APART = ((200, 1, 1), (200, 32, 8), (500, 128, 16))
GROWTH = {
    "T at H = 1": [(T, 1, 1) for T in (250, 500, 1000, 2000)],
    "T at H = 32": [(T, 32, 8) for T in (125, 250, 500, 1000)],
    "T at H = 128": [(T, 128, 16) for T in (125, 250, 500, 1000)],
    "H at T = 500": [(500, H, 16) for H in (32, 64, 128, 256)],
}
CONTESTANTS = ("gradflow", "JAX", "PyTorch batched", "PyTorch loop")

# How many times gradflow's time the others are to take, and the least share of the GEMM rate.
AIMS = {
    (200, 1, 1): {"JAX": 1, "PyTorch batched": 30, "PyTorch loop": 100},
    (1000, 1, 1): {"JAX": 2},
    (200, 32, 8): {"JAX": 3, "PyTorch batched": 30, "PyTorch loop": 100},
    (500, 128, 16): {"JAX": 3},
    (1000, 128, 16): {"JAX": 3},
}
LEAST_OF_GEMM = {(500, 128, 16): 0.6}

SAME = 1e-10
# A term below this share of its row's largest is compared with that instead: where terms of both
# signs all but cancel inside one, float64 has no more digits.
FLOOR = 1e-280
# Where T is above 200, PyTorch's loop is timed on some targets, evenly spread, and scaled up. The
# number of targets times T, steps back in all, is about this.
LOOPED = 200
LOOPED_STEPS = 20_000
# PyTorch's batched pass is not run where its result alone takes more.
BATCHED_BYTES = 2e9


@dataclass(frozen=True)
class Row:
    """Figures of one size: seconds by contestant, JAX's first call, megabytes, shares."""

    size: tuple[int, int, int]
    seconds: dict[str, float]
    first_call: float
    megabytes: dict[str, float | None]
    worst: float
    share: float
    kind: str = "random"

    @property
    def label(self) -> str:
        """The size, and the kind of weights unless they are random."""
        return ", ".join(map(str, self.size)) + (f", {self.kind}" if self.kind != "random" else "")

    def ratio(self, contestant: str) -> float:
        return self.seconds[contestant] / self.seconds["gradflow"]


def measured(
    size: tuple[int, int, int], gemm: float, bandwidth: float, kind: str = "random"
) -> Row:
    """All contestants on one size, checked against each other first."""
    problem = peers.Problem.of_size(*size, kind)
    T, H, _ = size
    every = np.arange(1, T + 1)
    looped = np.linspace(1, T, LOOPED_STEPS // T).round().astype(int) if T > LOOPED else every
    own = peers.gradflow_terms(problem)
    terms = np.stack(own())
    runs: dict[str, Callable[[], Any]] = {"gradflow": own}

    runs["JAX"] = peers.jax_terms(problem)
    start = time.perf_counter()
    result = runs["JAX"]()
    first_call = time.perf_counter() - start
    worst = difference(terms, peers.by_lag(result, every))
    del result
    if T * T * 4 * H * 8 <= BATCHED_BYTES:
        runs["PyTorch batched"] = peers.torch_batched_terms(problem)
        worst = max(worst, difference(terms, peers.by_lag(runs["PyTorch batched"](), every)))
    runs["PyTorch loop"] = peers.torch_loop_terms(problem, looped)
    some = terms[:, looped - 1]
    worst = max(worst, difference(some, peers.by_lag(runs["PyTorch loop"](), looped)))
    if not worst <= SAME:
        raise SystemExit(f"{size}: the contestants differ by {worst:.1e}; nothing was timed.")

    seconds, megabytes = {}, {}
    for contestant, run in runs.items():
        seconds[contestant] = float(np.median(machine.times(run, seconds=2.0)))
        megabytes[contestant] = machine.peak_megabytes(run)
    seconds["PyTorch loop"] *= T / len(looped)
    if H >= 32:
        share = operations(T, H) / seconds["gradflow"] / gemm
    else:
        share = 4 * T * T * 8 / seconds["gradflow"] / bandwidth
    return Row(size, seconds, first_call, megabytes, worst, share, kind)


def operations(T: int, H: int) -> int:
    """Floating-point operations of the sweep's matrix products.

    Each step back takes the rows of n targets through two matrices of shape (H, H): 4 n H^2.
    """
    return 4 * H * H * T * (T + 1) // 2


def difference(own: Any, other: Any) -> float:
    """Largest relative difference of two arrays of terms."""
    inside = ~np.isnan(own)
    a, b = np.abs(own[inside]), other[inside]
    return float(np.max(np.abs(a - b) / np.maximum(a, FLOOR)))


def parts(T: int, H: int, D: int) -> dict[str, float]:
    """Where the time of one size goes, in seconds."""
    problem = peers.Problem.of_size(T, H, D)
    flow = gf.gradient_flow(peers.cell_of(problem), problem.x)
    cell, trace = flow.cell, flow.trace
    slopes, seeds = cell.slopes(trace), Scaled.of(trace.o[:, None] * np.ones(H))
    steps = Steps(cell, slopes)
    rows, matrix = np.ones((T, H)), np.ones((H, H))

    def products() -> None:
        for n in range(1, T + 1):
            rows[:n] @ matrix
            rows[:n] @ matrix

    def maps() -> None:
        for j in range(T, 0, -1):
            steps.plain(j)

    inside: dict[str, Callable[[], Any]] = {
        "its matrix products alone": products,
        "its maps of the steps": maps,
    }
    outside: dict[str, Callable[[], Any]] = {
        "the forward pass": lambda: cell.run(flow.x, flow.initial_state, cell.weights),
        "the local derivatives": lambda: cell.slopes(trace),
        "the sweep": lambda: gate_deltas(cell, slopes, seeds),
        "the four arrays of terms": lambda: [flow.value(f"w_x{gate}") for gate in peers.GATES],
    }
    runs = {"all": peers.gradflow_terms(problem), **outside, **(inside if H > 1 else {})}
    taken = machine.medians(runs, 6.0)
    rest = taken["all"] - sum(taken[what] for what in outside)
    return taken | {"checks, records and the seeds": max(0.0, rest)}


def exponent(sizes: list[tuple[int, int, int]], varied: int) -> tuple[float, list[float]]:
    """The power of T or H that gradflow's time grows with, and the times."""
    taken = [
        float(np.median(machine.times(peers.gradflow_terms(peers.Problem.of_size(*size)), 1.0)))
        for size in sizes
    ]
    slope, _ = np.polyfit(np.log([size[varied] for size in sizes]), np.log(taken), 1)
    return float(slope), taken


def milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "not run"
    value = 1e3 * seconds
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):,g}"


def table(rows: list[Row]) -> str:
    """Markdown: times in milliseconds, how many times gradflow's in brackets."""
    lines = [
        "| T, H, D | gradflow | JAX warm | JAX first call | PyTorch batched | PyTorch loop |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        cells = [milliseconds(row.seconds["gradflow"])]
        for contestant in CONTESTANTS[1:]:
            taken = row.seconds.get(contestant)
            times = f" ({_three_digits(row.ratio(contestant))}×)" if taken is not None else ""
            cells.append(milliseconds(taken) + times)
        cells.insert(2, milliseconds(row.first_call))
        lines.append(f"| {row.label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def aims(rows: list[Row]) -> str:
    """What was aimed at and not reached, in a sentence."""
    missed = []
    for row in (row for row in rows if row.kind == "random"):
        size = f"({row.label})"
        missed += [
            f"{size} {_three_digits(row.ratio(contestant))} of {times} times {contestant}"
            for contestant, times in AIMS.get(row.size, {}).items()
            if row.ratio(contestant) < times
        ]
        least = LEAST_OF_GEMM.get(row.size, 0.0)
        if row.share < least:
            missed.append(f"{size} {row.share:.0%} of {least:.0%} of the GEMM rate")
    return (
        "The aims: as fast as JAX at (200, 1, 1), twice as fast at (1000, 1, 1), three times from "
        "H = 32 on; 30 times PyTorch's batched pass and 100 times its loop at T = 200; 60% of the "
        f"GEMM rate at (500, 128, 16). Not reached: {'; '.join(missed) or 'none'}."
    )


def details(rows: list[Row], growth: dict[str, tuple[float, list[float]]], rates: str) -> str:
    """Markdown: shares of what the machine can do, peak memory, growth."""
    lines = [
        "| T, H, D | share of the machine | "
        + " | ".join(f"{contestant}, MB" for contestant in CONTESTANTS)
        + " | largest difference |",
        "| --- | ---: " + "| ---: " * (len(CONTESTANTS) + 1) + "|",
    ]
    for row in rows:
        found = "GEMM" if row.size[1] >= 32 else "write bandwidth"
        memory = [row.megabytes.get(contestant) for contestant in CONTESTANTS]
        shown = ["–" if value is None else f"{value:,.0f}" for value in memory]
        lines.append(
            f"| {row.label} | {row.share:.0%} of {found} | {' | '.join(shown)} | {row.worst:.0e} |"
        )
    lines += ["", rates, "", "gradflow's time grows, as measured after the table, with", ""]
    for what, (power, taken) in growth.items():
        varied, found = ("H", 1) if what.startswith("H") else ("T", 0)
        shown = ", ".join(
            f"{size[found]}: {milliseconds(seconds)} ms"
            for size, seconds in zip(GROWTH[what], taken, strict=True)
        )
        lines.append(f"- {varied}^{power:.2f} ({what}; {shown})")
    return "\n".join(lines)


def apart(taken: dict[tuple[int, int, int], dict[str, float]]) -> str:
    """Markdown: where the time of some sizes goes."""
    lines = ["Where gradflow's time goes, all and its parts timed in turns:", ""]
    for size, spent in taken.items():
        shown = ", ".join(f"{what} {milliseconds(seconds)} ms" for what, seconds in spent.items())
        lines.append(f"- ({', '.join(map(str, size))}): {shown}")
    return "\n".join(lines)


COLOURS = ("#0072b2", "#d55e00", "#cc79a7", "#999999")
SYMBOLS = {1: "circle", 32: "square", 128: "diamond"}


def plot(rows: list[Row]) -> go.Figure:
    """Time over T, one line for each contestant and H."""
    figure = go.Figure()
    for contestant, colour in zip(CONTESTANTS, COLOURS, strict=True):
        for H, symbol in SYMBOLS.items():
            of_size = [
                row
                for row in rows
                if row.size[1] == H and row.kind == "random" and contestant in row.seconds
            ]
            figure.add_scatter(
                x=[row.size[0] for row in of_size],
                y=[1e3 * row.seconds[contestant] for row in of_size],
                name=f"{contestant}, H = {H}",
                mode="lines+markers",
                line={"color": colour},
                marker={"symbol": symbol, "size": 9},
            )
    figure.update_layout(
        template="simple_white",
        width=860,
        height=520,
        title="All terms of w_x of an LSTM, per gate, in float64",
        legend={"font": {"size": 11}},
    )
    figure.update_xaxes(type="log", title="sequence length T", tickvals=[50, 200, 500, 1000])
    figure.update_yaxes(type="log", title="median time, ms", dtick=1)
    return figure


def headline(rows: list[Row]) -> str:
    """The ratios to JAX where it is the slower by most, and where it is the faster by most."""
    usual = [row for row in rows if row.kind == "random"]
    by_ratio = sorted(usual, key=lambda row: row.ratio("JAX"))
    best, worst = (
        f"{row.ratio('JAX'):.2g} times as fast at T = {row.size[0]}, H = {row.size[1]}"
        for row in (by_ratio[-1], by_ratio[0])
    )
    return f"All terms of an LSTM, against `jax.jit(jax.jacrev(..))`: {best}, and {worst}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="only the first sizes")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    jax = peers.jax_with_float64()
    gemm, bandwidth = machine.gemm_rate(), machine.write_bandwidth()
    rates = (
        f"The machine: {machine.name()}; {gemm / 1e9:.0f} GFlop/s in a float64 matrix product, "
        f"{bandwidth / 1e9:.1f} GB/s written."
    )
    print(rates)
    rows = []
    for size in SIZES[: options.sizes]:
        for kind in ("random", *KINDS) if size in OF_KINDS else ("random",):
            rows.append(measured(size, gemm, bandwidth, kind))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    growth = {
        what: exponent(sizes, 1 if what.startswith("H") else 0) for what, sizes in GROWTH.items()
    }
    taken_apart = {size: parts(*size) for size in TAKEN_APART}
    versions = f"numpy {np.__version__}, jax {jax.__version__}, torch {peers.torch.__version__}"
    caption = (
        f"Milliseconds, medians; in brackets how many times gradflow's. On {machine.name()}, "
        f"{versions}."
    )
    short = f"{table(rows)}\n\n{caption}\n\n{aims(rows)}"
    text = f"{short}\n\n{details(rows, growth, rates)}\n\n{apart(taken_apart)}"
    print(text)
    if not options.dry:
        (HERE / "engine.svg").write_bytes(image(plot(rows), "svg"))
        report.put("engine", text, headline(rows))


if __name__ == "__main__":
    main()
