"""The steps of the LSTM: four ways from c_t to c_(t-1), 24 paths, and which of them carry."""

from __future__ import annotations

import math

import numpy as np

import gradflow as gf
from gradflow.analysis import Node, Path, paths
from gradflow.ui.derivation.example import Example
from gradflow.ui.derivation.step import Step
from gradflow.ui.shared import latex
from gradflow.ui.shared.settings import Settings

_FURTHEST = 4

_THROUGH_H = "w_{h%s} \\cdot o_{t-1} (1 - m_{t-1}^2)"


def _gates_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "z^g_t = w_{xg} x_t + w_{hg} h_{t-1} + b_g, \\quad g = i, f, c, o",
        "i_t = \\sigma(z^i_t), \\quad f_t = \\sigma(z^f_t), \\quad o_t = \\sigma(z^o_t)",
        "c'_t = \\tanh(z^c_t)",
        "c_t = f_t \\, c_{t-1} + i_t \\, c'_t",
        "m_t = \\tanh(c_t), \\quad h_t = o_t \\, m_t",
        "\\hat y_t = w_o h_t + b_y",
    )


def _gates_numbers(example: Example) -> tuple[str, ...]:
    trace, t = example.experiment.lstm.trace, example.t
    i, f, candidate, o = trace.gates[t - 1, :, 0]
    c, h, m = trace.c[:, 0], trace.h[:, 0], np.tanh(trace.c[t, 0])
    x = example.experiment.lstm.x[t - 1, 0]
    y = trace.o.reshape(example.T, -1)[t - 1, -1]
    kept, new = (latex.product(*map(latex.plain, pair)) for pair in ((f, c[t - 1]), (i, candidate)))
    return (
        f"x_{{{t}}} = {latex.plain(x)}, \\quad h_{{{t - 1}}} = {latex.plain(h[t - 1])}",
        f"i = {latex.plain(i)}, \\quad f = {latex.plain(f)}, \\quad o = {latex.plain(o)}",
        f"c' = {latex.plain(candidate)}",
        f"{latex.plain(c[t])} = {latex.summed(kept, new)}",
        f"{latex.plain(h[t])} = {latex.product(latex.plain(o), latex.plain(m))}",
        f"\\hat y_{{{t}}} = {latex.plain(y)}",
    )


def _ways_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "c_t = f_t \\, c_{t-1} + i_t \\, c'_t",
        "\\text{along the cell}{:} \\quad f_t",
        f"\\text{{forget gate}}{{:}} \\quad c_{{t-1}} \\cdot f_t (1 - f_t) {_THROUGH_H % 'f'}",
        f"\\text{{input gate}}{{:}} \\quad c'_t \\cdot i_t (1 - i_t) {_THROUGH_H % 'i'}",
        f"\\text{{candidate}}{{:}} \\quad i_t \\cdot (1 - c_t'^2) {_THROUGH_H % 'c'}",
        "\\frac{dc_t}{dc_{t-1}} = \\text{their sum}",
    )


def _ways_numbers(example: Example) -> tuple[str, ...]:
    flow, t = example.experiment.lstm, example.t
    c, i, candidate = (
        flow.trace.c[:, 0],
        flow.trace.gates[t - 1, 0, 0],
        flow.trace.gates[t - 1, 2, 0],
    )
    f = flow.trace.gates[t - 1, 1, 0]
    ways = {way.nodes[1].kind: way for way in ways_back(flow, t)}
    order = [ways[kind] for kind in ("c", "f", "i", "c'")]
    added = latex.summed(*(_size(way) for way in order))
    kept = latex.product(latex.plain(f), latex.plain(c[t - 1]))
    new = latex.product(latex.plain(i), latex.plain(candidate))
    return (
        f"{latex.plain(c[t])} = {latex.summed(kept, new)}",
        f"f_{{{t}}} = {_size(order[0])}",
        *(f"{_size(way)} = {latex.product(*map(latex.plain, way.factors))}" for way in order[1:]),
        f"\\frac{{dc_{{{t}}}}}{{dc_{{{t - 1}}}}} = "
        f"{latex.plain(math.fsum(way.value for way in order))} = {added}",
    )


def ways_back(flow: gf.GradientFlow, t: int) -> tuple[Path, ...]:
    """The ways from c_t to c_(t-1): along the cell, and through h_(t-1) into three gates.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar LSTM.
    t : int
        Step, from 2 on.
    """
    start, end = Node("c", t), Node("c", t - 1)
    parts = [path.between(start, end) for path in paths(flow, "b_c", t, 2)]
    return tuple(part for part in parts if part is not None)


def _size(path: Path) -> str:
    return latex.signed(path.sign, path.log10)


def _paths_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "a(n) = \\text{paths from } h_t \\text{ to } f_{t-n}",
        "a(2) = 4 \\cdot 4 + 4 + 4",
        "a(n) = 5 \\, a(n-1) - a(n-2)",
        "\\text{sum of the } a(2) \\text{ paths}",
        "\\text{term } k = 3 \\text{ of } w_{xf}",
    )


def _paths_numbers(example: Example) -> tuple[str, ...]:
    flow, t = example.experiment.lstm, example.t
    listed = [paths(flow, "w_xf", t, n + 1) for n in range(min(_FURTHEST, t - 1) + 1)]
    counts = [len(found) for found in listed]
    last = len(counts) - 1
    split = " + ".join(map(str, split_counts(listed[2], t)))
    step = f"5 \\cdot {counts[last - 1]} - {counts[last - 2]}"
    found = ", ".join(map(str, counts))
    return (
        f"{found} \\quad \\text{{for }} n = 0 \\text{{ to }} {last}",
        f"{counts[2]} = {split}",
        f"{counts[last]} = {step} = {5 * counts[last - 1] - counts[last - 2]}",
        latex.plain(math.fsum(path.value for path in listed[2])),
        latex.term(flow, "w_xf", t, 3),
    )


def split_counts(paths: tuple[Path, ...], t: int) -> tuple[int, int, int]:
    """Paths two steps back from t, counted by how they leave the hidden states.

    Parameters
    ----------
    paths : tuple of Path
        From L_t to a parameter at step t - 2.
    t : int
        Target step.

    Returns
    -------
    tuple of three int
        Those through c_t and c_(t-1), those that leave h_t by its output gate and come back through
        c_(t-1), and those that leave h_(t-1) by its output gate.
    """
    later = sum(Node("o", t - 1) in path.nodes for path in paths)
    first = sum(Node("o", t) in p.nodes and Node("o", t - 1) not in p.nodes for p in paths)
    return len(paths) - first - later, first, later


def _carries_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "\\text{term of } b_c \\text{ at } k = t",
        "\\text{along the cell}{:} \\quad \\frac{dL_t}{dh_t} \\, o_t (1 - m_t^2) "
        "\\left( \\prod_{q=2}^{t} f_q \\right) i_1 (1 - c_1'^2)",
        "\\text{all other paths}",
        "\\prod_{q=2}^{t} f_q \\quad \\text{alone}",
    )


def _carries_numbers(example: Example) -> tuple[str, ...]:
    flow, t = example.experiment.lstm, example.t
    classes = flow.by_detours("b_c", classes=2)
    assert classes.sign is not None
    along, others = (
        latex.signed(float(classes.sign[n, t - 1, t - 1]), float(classes.log10[n, t - 1, t - 1]))
        for n in (0, 1)
    )
    product = latex.signed(1.0, float(flow.log10_forget_product()[t - 1, t - 1]))
    return (
        f"{latex.term(flow, 'b_c', t, t)} = {latex.summed(along, others)}",
        along,
        others,
        product,
    )


GATES = Step(
    "The LSTM: three gates and a candidate",
    "Each of them has weights of its own and reads the input and the hidden state before. $i$ is "
    "the input gate, $f$ the forget gate, $o$ the output gate, and $c'$ the candidate that the "
    "input gate lets into the cell. The numbers are those of the target step.",
    _gates_formulas,
    _gates_numbers,
)
WAYS = Step(
    "Four ways from $c_t$ to $c_{t-1}$",
    "$c_{t-1}$ stands in $c_t$ beside $f_t$. But $h_{t-1} = o_{t-1} m_{t-1}$, with "
    "$m_{t-1} = \\tanh c_{t-1}$, is made of it too, and $h_{t-1}$ acts on the forget gate, the "
    "input gate and the candidate. That makes four ways, and $f_t$ is the first of them alone. In "
    "the numbers a gate's slope and its weight are one factor.",
    _ways_formulas,
    _ways_numbers,
    target=2,
)
PATHS = Step(
    "24 paths to a gate two steps back",
    "From $h_t$ there are two ways on: through $c_t$, or through the output gate $o_t$ straight to "
    "$h_{t-1}$. Two steps back that makes $4 \\cdot 4$ paths through $c_t$ and $c_{t-1}$, 4 that "
    "leave $h_t$ by its output gate and come back through $c_{t-1}$, and 4 that reach $h_{t-2}$ "
    "through the output gate of $h_{t-1}$. The counts below come from listing every path; each "
    "has a value of its own, and together they are the term.",
    _paths_formulas,
    _paths_numbers,
    target=3,
)
CARRIES = Step(
    "Along the cell, or through $h$?",
    "The path that keeps to the cell has one factor $f$ for each step, and it is one of many. The "
    "two parts below add up to the whole term of the candidate's bias that reaches step 1; they "
    "may also cancel.",
    _carries_formulas,
    _carries_numbers,
    target=2,
)
