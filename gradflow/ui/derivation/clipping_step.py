"""The step of clipping: what it mends, and what it cannot."""

from __future__ import annotations

import numpy as np

from gradflow.analysis.clipping import log10_clip_factors, log10_clipped, log10_gradient_norm
from gradflow.numerics.scaled import Array
from gradflow.ui.derivation.example import Example
from gradflow.ui.derivation.step import Step
from gradflow.ui.shared import latex
from gradflow.ui.shared.settings import Settings


def _formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "\\lVert g_t \\rVert = \\text{length over all parameters}",
        "r = \\min \\left( 1, \\frac{\\theta}{\\lVert g_t \\rVert} \\right)",
        "\\lVert r \\, g_t \\rVert = \\min ( \\theta, \\lVert g_t \\rVert )",
        "\\text{term } 1 \\to r \\cdot \\text{term } 1",
        "\\text{term } k \\to r \\cdot \\text{term } k",
        "\\frac{r \\cdot |\\text{term } k|}{r \\cdot |\\text{term } 1|} = "
        "\\frac{|\\text{term } k|}{|\\text{term } 1|}",
    )


def _numbers(example: Example) -> tuple[str, ...]:
    flow, t, threshold = example.experiment.rnn, example.t, example.settings.threshold
    k = example.settings.lag_within(t)
    before = flow.log10("b")[t - 1]
    after = log10_clipped(flow, "b", threshold=threshold)[t - 1]
    length = float(log10_gradient_norm(flow)[t - 1])
    factor = float(log10_clip_factors(flow, threshold)[t - 1])
    moved = [f"{_size(before[n])} \\to {_size(after[n])}" for n in (0, k - 1)]
    return (
        f"\\lVert g_{{{t}}} \\rVert = {_size(length)}",
        f"\\theta = {latex.plain(threshold)}, \\quad r = {_size(factor)}",
        f"\\lVert r \\, g_{{{t}}} \\rVert = {_size(length + factor)}",
        moved[0],
        f"{moved[1]} \\quad (k = {k})",
        f"{_ratio(after, k)} \\text{{ after}}, \\quad {_ratio(before, k)} \\text{{ before}}",
    )


def _size(log10: float) -> str:
    return latex.signed(1.0, float(log10))


def _ratio(row: Array, k: int) -> str:
    if np.isneginf(row[0]):
        return latex.plain(float("nan"))
    return _size(row[k - 1] - row[0])


CLIPPING = Step(
    "Clipping: one factor for the whole row",
    "Clipping by norm shortens a gradient $g_t$ that is longer than the threshold $\\theta$. It "
    "multiplies all of it by one number $r$, and so every term of the row by the same. A gradient "
    "that explodes is mended: it gets a length one can work with. One that vanishes is not: what a "
    "far input counts *beside* a near one stays as it was. The terms here are those of the RNN's "
    "$b$, at the target step and the lag chosen above; the threshold is in the sidebar.",
    _formulas,
    _numbers,
)
