"""The steps of the RNN: from L_3 to the sum over all inputs."""

from __future__ import annotations

import math

import numpy as np

import gradflow as gf
from gradflow.analysis.complex_step import residual_at
from gradflow.analysis.term_factors import factors
from gradflow.ui.derivation.example import FIRST, Example
from gradflow.ui.derivation.step import Step
from gradflow.ui.shared import latex
from gradflow.ui.shared.settings import Settings

_LOSSES = {
    "unit": ("\\frac{dL_3}{d\\hat y_3} = 1",),
    "squared": ("L_3 = \\tfrac12 (\\hat y_3 - y)^2", "\\frac{dL_3}{d\\hat y_3} = \\hat y_3 - y"),
    "binary": (
        "L_3 = -y \\log p_3 - (1-y) \\log(1 - p_3)",
        "\\frac{dL_3}{d\\hat y_3} = p_3 - y, \\quad p_3 = \\sigma(\\hat y_3)",
    ),
    "softmax": (
        "L_3 = -y \\log p_3 - (1-y) \\log(1 - p_3)",
        "\\frac{dL_3}{d\\hat y_3} = p_3 - y, "
        "\\quad p_3 = \\frac{e^{\\hat y_3}}{e^{0} + e^{\\hat y_3}}",
    ),
}

_SLOPES = {
    "tanh": "\\phi'(z) = 1 - \\tanh^2 z = \\frac{1}{\\cosh^2 z}",
    "identity": "\\phi(z) = z, \\quad \\phi'(z) = 1",
    "sigmoid": "\\phi'(z) = \\sigma(z) \\, \\sigma(-z)",
    "relu": "\\phi'(z) = 1 \\text{ if } z > 0, \\text{ else } 0",
}

_SUM = (
    "\\frac{dL_t}{dw_x} = \\sum_{k=1}^{t} \\frac{dL_t}{d\\hat y_t} \\, w_o "
    "\\left( \\prod_{j=t+1-k}^{t} \\phi'(z_j) \\right) w_s^{\\,k-1} \\, x_{t+1-k}"
)


def _loss_formulas(settings: Settings) -> tuple[str, ...]:
    return _LOSSES[settings.loss]


def _loss_numbers(example: Example) -> tuple[str, ...]:
    settings, first = example.settings, example.first
    slope = f"\\frac{{dL_3}}{{d\\hat y_3}} = {first.loss_slope()}"
    if settings.loss == "unit":
        return (slope,)
    y = latex.plain(settings.target if settings.loss == "squared" else float(settings.label))
    return (f"\\hat y_3 = {first.output()}, \\quad y = {y}", slope)


def _readout_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "\\hat y_3 = w_o s_3 + b_y",
        "\\frac{dL_3}{dw_x} = \\frac{dL_3}{d\\hat y_3} \\cdot w_o \\cdot \\frac{ds_3}{dw_x}",
        "\\frac{dL_3}{dw_o} = \\frac{dL_3}{d\\hat y_3} \\cdot s_3",
    )


def _readout_numbers(example: Example) -> tuple[str, ...]:
    first, w_o = example.first, latex.plain(example.settings.w_o)
    b_o = latex.plain(example.settings.readout_b_o)
    return (
        f"{first.output()} = {latex.summed(latex.product(w_o, first.s(3)), b_o)}",
        f"{first.loss_total()} = "
        + latex.product(first.loss_slope(), w_o, first.state_total(FIRST)),
        f"{first.readout_total()} = {latex.product(first.loss_slope(), first.s(3))}",
    )


def _direct_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "z_3 = w_x x_3 + w_s s_2 + b",
        "s_3 = \\phi(z_3)",
        _SLOPES[settings.activation],
        "\\left. \\frac{\\partial s_3}{\\partial w_x} \\right|_{s_2} = \\phi'(z_3) \\, x_3",
    )


def _direct_numbers(example: Example) -> tuple[str, ...]:
    first, settings = example.first, example.settings
    from_x = latex.product(latex.plain(settings.w_x), first.x(3))
    from_s = latex.product(latex.plain(settings.w_s), first.s(2))
    return (
        f"{first.z(3)} = {latex.summed(from_x, from_s, latex.plain(settings.b))}",
        f"s_3 = {first.s(3)}",
        f"\\phi'(z_3) = {first.slope(3)}",
        f"{first.state_term(1)} = {latex.product(first.slope(3), first.x(3))}",
    )


def _recursion_formulas(settings: Settings) -> tuple[str, ...]:
    return ("\\frac{ds_3}{dw_x} = \\phi'(z_3) \\left( x_3 + w_s \\frac{ds_2}{dw_x} \\right)",)


def _recursion_numbers(example: Example) -> tuple[str, ...]:
    return (_one_level(example, 3),)


def _one_level(example: Example, j: int) -> str:
    """ds_j/dw_x as phi'(z_j) (x_j + w_s ds_(j-1)/dw_x), in numbers."""
    first = example.first
    back = latex.product(latex.plain(example.settings.w_s), first.state_total(j - 1))
    slope = latex.factor(first.slope(j))
    return f"{first.state_total(j)} = {slope} \\cdot ({latex.summed(first.x(j), back)})"


def _bottom_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "\\frac{ds_2}{dw_x} = \\phi'(z_2) \\left( x_2 + w_s \\frac{ds_1}{dw_x} \\right)",
        "\\frac{ds_1}{dw_x} = \\phi'(z_1) \\, x_1",
    )


def _bottom_numbers(example: Example) -> tuple[str, ...]:
    first = example.first
    return (
        _one_level(example, 2),
        f"{first.state_total(1)} = {latex.product(first.slope(1), first.x(1))}",
    )


def _three_formulas(settings: Settings) -> tuple[str, ...]:
    ends = "\\frac{dL_3}{d\\hat y_3} w_o \\,"
    return (
        f"{{k=1{{:}}}}\\quad {ends} \\phi'(z_3) \\, x_3",
        f"{{k=2{{:}}}}\\quad {ends} \\phi'(z_3) \\, \\phi'(z_2) \\, w_s \\, x_2",
        f"{{k=3{{:}}}}\\quad {ends} \\phi'(z_3) \\, \\phi'(z_2) \\, \\phi'(z_1) \\, w_s^2 \\, x_1",
        "\\frac{dL_3}{dw_x} = \\text{their sum}",
    )


def _three_numbers(example: Example) -> tuple[str, ...]:
    first, settings = example.first, example.settings
    ends = (first.loss_slope(), latex.plain(settings.w_o))
    slopes = [first.slope(j) for j in (3, 2, 1)]
    w_s = latex.factor(latex.plain(settings.w_s))
    powers = ((), (w_s,), (f"{w_s}^2",))
    terms = [
        f"{first.loss_term(k)} = "
        + latex.product(*ends, *slopes[:k], *powers[k - 1], first.x(FIRST + 1 - k))
        for k in (1, 2, 3)
    ]
    added = latex.summed(*(first.loss_term(k) for k in (1, 2, 3)))
    return (*terms, f"{first.loss_total()} = {added}")


def _general_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        _SUM,
        "\\frac{dL_t}{dw_s}{:}\\quad s_{t-k} \\text{ instead of } x_{t+1-k}",
        "\\frac{dL_t}{db}{:}\\quad 1 \\text{ instead of } x_{t+1-k}",
    )


def _general_numbers(example: Example) -> tuple[str, ...]:
    t, flow = example.t, example.experiment.rnn
    return tuple(
        f"\\frac{{dL_{{{t}}}}}{{d{name}}} = {latex.total(flow, name, t)}"
        for name in ("w_x", "w_s", "b")
    )


def _factors_formulas(settings: Settings) -> tuple[str, ...]:
    ends: tuple[str, ...] = (
        "\\frac{dL_t}{d\\hat y_t} \\quad \\text{the loss slope}",
        "w_o \\quad \\text{the readout}",
    )
    if settings.loss == "softmax":
        ends = ("\\frac{dL_t}{ds_t} \\quad \\text{loss slope and readout}",)
    return (
        *ends,
        "\\prod_{j=t+1-k}^{t} \\phi'(z_j) \\quad \\text{the } k \\text{ slopes}",
        "w_s^{\\,k-1} \\quad \\text{the weight}",
        "x_{t+1-k} \\quad \\text{the input}",
        "\\text{their product: term } k",
    )


def _factors_numbers(example: Example) -> tuple[str, ...]:
    flow, t = example.experiment.rnn, example.t
    k = example.settings.lag_within(t)
    parts = [
        f"{factor.symbol} = {latex.signed(factor.sign, factor.log10)}"
        for factor in factors(flow, "w_x", t, k)
    ]
    return (*parts, f"{latex.term(flow, 'w_x', t, k)} \\quad (t = {t},\\ k = {k})")


def _sum_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "\\frac{dL_t}{dw_x} = \\sum_{k=1}^{t} \\text{term } k",
        "\\text{largest term}",
        "\\text{smallest term other than } 0",
        "\\text{terms of at least } 1\\% \\text{ of the largest}",
        "\\frac{|\\text{sum} - \\text{complex step}|}{\\text{sum of } |\\text{terms}|}",
    )


def _sum_numbers(example: Example) -> tuple[str, ...]:
    t, flow = example.t, example.experiment.rnn
    row = flow.log10("w_x")[t - 1, :t]
    added = latex.total(flow, "w_x", t)
    total = f"\\frac{{dL_{{{t}}}}}{{dw_x}} = {added}"
    gap = residual_at((example.plain or example).experiment.rnn, t)
    checked = "\\text{beyond float64}" if math.isnan(gap) else latex.plain(gap)
    if np.isneginf(row).all():
        nothing = "\\text{none: all are exactly } 0" if added == "0" else added
        return (total, nothing, nothing, nothing, checked)
    most = int(row.argmax())
    least = int(np.where(np.isneginf(row), np.inf, row).argmin())
    count = int((row >= row[most] - 2.0).sum())
    return (
        total,
        _at(most, latex.term(flow, "w_x", t, most + 1)),
        _at(least, latex.term(flow, "w_x", t, least + 1)),
        f"{count} \\text{{ of }} {t}",
        checked,
    )


def _at(column: int, size: str) -> str:
    return f"{size} \\quad (k = {column + 1})"


def _sequence_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "L = \\sum_{t=1}^{T} L_t",
        "\\frac{dL}{dw_x} = \\sum_{t=1}^{T} \\frac{dL_t}{dw_x} "
        "= \\sum_{t=1}^{T} \\sum_{k=1}^{t} \\text{term}_{t,k}",
        "\\frac{dL}{dw_o} = \\sum_{t=1}^{T} \\frac{dL_t}{d\\hat y_t} \\, s_t",
        "\\text{terms in all: } \\tfrac12 T (T + 1)",
    )


def _sequence_numbers(example: Example) -> tuple[str, ...]:
    T, flow = example.T, example.experiment.rnn
    losses = "L = \\text{the sum of " + str(T) + " losses}"
    readout = math.fsum(flow.total("readout.w_o").reshape(T, -1)[:, -1])
    return (
        losses,
        f"\\frac{{dL}}{{dw_x}} = {_sum_of_targets(flow)}",
        f"\\frac{{dL}}{{dw_o}} = {latex.plain(readout)}",
        f"{T * (T + 1) // 2}",
    )


def _sum_of_targets(flow: gf.GradientFlow) -> str:
    """dL/dw_x of the summed losses, at any magnitude."""
    sign, log10 = np.ravel(flow.sign_total("w_x")), np.ravel(flow.log10_total("w_x"))
    top = float(log10.max())
    if not math.isfinite(top):
        return "0"
    total = math.fsum(sign * 10.0 ** (log10 - top))
    return latex.signed(total, top + math.log10(abs(total))) if total else "0"


LOSS = Step(
    "The loss of step 3",
    "Take three inputs and the loss $L_3$ of the last. We want to know how it changes with the "
    "input weight $w_x$. It sees the network through one number alone, the output $\\hat y_3$.",
    _loss_formulas,
    _loss_numbers,
    FIRST,
)
READOUT = Step(
    "Through the readout to the state",
    "The output is made of the state $s_3$, so the chain rule gives two factors that have nothing "
    "to do with time, and one that has: $ds_3/dw_x$. The readout's own weight $w_o$ is used after "
    "the last state, once: its gradient has one term and never looks back.",
    _readout_formulas,
    _readout_numbers,
    FIRST,
)
DIRECT = Step(
    "$w_x$ stands in the last step itself",
    "$s_3$ is $\\phi$ of $z_3$. Hold the state before it, $s_2$, still for a moment: $w_x$ then "
    "acts through $x_3$ alone.",
    _direct_formulas,
    _direct_numbers,
    FIRST,
)
RECURSION = Step(
    "And it stands in the state before",
    "But $s_2$ was made with the same $w_x$. It enters $z_3$ times $w_s$, so the whole derivative "
    "has two parts: the direct one, and what comes through $s_2$.",
    _recursion_formulas,
    _recursion_numbers,
    FIRST,
)
BOTTOM = Step(
    "The same again, down to step 1",
    "For $ds_2/dw_x$ and $ds_1/dw_x$ the argument is the same. It ends at step 1, because the "
    "start $s_0$ is given and does not depend on $w_x$.",
    _bottom_formulas,
    _bottom_numbers,
    FIRST,
)
THREE = Step(
    "Put together: three terms, one for each input",
    "Insert one into the other and multiply out. Each step back brings one more slope and one more "
    "factor $w_s$. It is $w_s$ that gathers the power, not $w_x$: term $k$ has $k$ slopes and "
    "$w_s$ only $k - 1$ times, as there are $k - 1$ steps between step 3 and its input.",
    _three_formulas,
    _three_numbers,
    FIRST,
)
GENERAL = Step(
    "The general sum",
    "Nothing above was special to 3. For any target step $t$ there are $t$ terms; lag $k$ belongs "
    "to the input $x_{t+1-k}$. Beside it, the three totals at the target step of the settings.",
    _general_formulas,
    _general_numbers,
)
SEQUENCE = Step(
    "The loss of the whole sequence",
    "Training adds up the losses of all steps, so its gradient is the sum over the targets of the "
    "sums above. That is the triangle of the heatmaps: a row for each target, and in it a term for "
    "each input before. For the readout's own weight $w_o$ it is one sum over the targets.",
    _sequence_formulas,
    _sequence_numbers,
)
FACTORS = Step(
    "The five factors have names",
    "The slopes and the weight gather one more factor with every step back. The numbers are those "
    "of one term at the target step and the lag of the settings.",
    _factors_formulas,
    _factors_numbers,
)
SUM = Step(
    "The sum at the target step",
    "The same sum at the target step of the settings. The last line is a check that has no "
    "backward pass: a complex step through the forward pass gives the same derivative.",
    _sum_formulas,
    _sum_numbers,
)
