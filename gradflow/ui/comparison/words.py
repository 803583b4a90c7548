"""Sentences of the page Compare about its charts and the two networks."""

from __future__ import annotations

import math

import numpy as np

from gradflow.figures.builders.number_words import number, power
from gradflow.numerics.scaled import Array
from gradflow.ui.shared import latex
from gradflow.ui.shared.setting_fields import as_mapping
from gradflow.ui.shared.settings import Settings

ABOUT_FIGURE = (
    "Which part past inputs have in the gradient of a loss: a row is a target step t, a column how "
    "far back the input lies, and the colour the size of that part."
)

QUESTION = "How much of step t's gradient reaches k − 1 steps back?"

EXPLANATION = """
**What is shown.** One cell of a heatmap is the part that one past input has in the gradient
$dL_t/dw$ of the loss at step $t$, for the weight $w$ named above the heatmap. Row $t$ is that step;
the lag $k$ says how far back the input lies ($k = 1$ is step $t$ itself). Unless this is switched
off in the sidebar, each row is divided by its own $k = 1$ term, so that 1 means "counts as much as
the input of the target step itself"; where that term is exactly zero, by the row's largest. The
colour of 1 is the same everywhere. Sizes below it fade to violet, which is forgotten; sizes above
it turn red, or darker where colours tell the sign.

**The networks.** The RNN keeps a state $s$, the LSTM a cell $c$ and a hidden state $h$:

$$z_j = w_x x_j + w_s s_{j-1} + b \\qquad s_j = \\phi(z_j) \\qquad \\hat y_j = w_o s_j + b_y$$

$$z^g_j = w_{xg} x_j + w_{hg} h_{j-1} + b_g \\quad (g = i, f, c, o)$$

$$i_j = \\sigma(z^i_j) \\quad f_j = \\sigma(z^f_j) \\quad o_j = \\sigma(z^o_j)$$

$$c'_j = \\tanh(z^c_j) \\qquad c_j = f_j c_{j-1} + i_j c'_j$$

$$m_j = \\tanh(c_j) \\qquad h_j = o_j m_j \\qquad \\hat y_j = w_o h_j + b_y$$

$x$ is the input, $i$, $f$ and $o$ are the input, forget and output gates, $c'$ is the candidate,
$\\hat y$ the output.

**What is computed.** A recurrent network uses one weight at every step, so $dL_t/dw_x$ is a sum of
$t$ terms, one for each past input. For the RNN, term $k$ is

$$\\frac{dL_t}{d\\hat y_t}\\; w_o \\prod_{j=t+1-k}^{t} \\phi'(z_j)\\; w_s^{\\,k-1}\\; x_{t+1-k}$$

with $k$ slopes and the power $k-1$ of the recurrent weight. A healthy-looking sum can hide that
every term but the nearest few is next to nothing: then the network cannot learn from its past.

Training adds up the losses of all steps, and so the rows of the heatmap. The readout's own weight
is used once a step, on $s_t$ or in the LSTM on $h_t$, and never looks back:

$$L = \\sum_{t=1}^{T} L_t \\qquad \\frac{dL}{dw_x} = \\sum_{t=1}^{T} \\frac{dL_t}{dw_x}$$

$$\\frac{dL}{dw_o} = \\sum_{t=1}^{T} \\frac{dL_t}{d\\hat y_t}\\; s_t$$

**The paths of the LSTM.** From one cell state to the one before there are four ways: along the cell
(the factor $f$, the forget gate), or through $h$ into the forget gate, the input gate or the
candidate. The dotted product of forget gates is the first way alone. The LSTM's line holds all of
them.

**No underflow on the way back.** Terms are kept as a mantissa and a power of two, so that every
magnitude is kept; a term loses digits there only where its paths cancel. Chequered cells are zero
for the states as computed (a zero input, a dead relu), not merely small. The states themselves come
from ordinary float64: where one cancels or underflows, the terms made from it are as wrong as it
is. Those are found by a second run with more digits, and chequered in orange.
"""

NO_SIGNS = (
    "All four gates together are shown by their norm, which has no sign. Choose one gate for signs."
)

UNLINKED = (
    "The linked charts could not be loaded in this browser, so plain ones are shown. They lose "
    "their zoom at each change, have no crosshair, and do not let you pick a cell."
)

PROFILE = (
    "The row of the chosen target as curves, size against lag. Solid lines are the terms of the "
    "heatmaps. The dotted line is what the forget gates alone would leave, the dashed one the "
    "power of $w_s$ without the slopes. f16, bf16, f32 and f64 mark the first lag at which a "
    "number of that format would be zero."
)


PENDING = "From before this move: it follows when you let go."

TITLE = "gradflow: where the gradient goes"


def measured(t: int, quantities: tuple[str, str], unsure: tuple[str, ...] = ()) -> str:
    """Which target step and which terms the table is about, and which networks' digits are lost."""
    rnn, lstm = (
        f"${latex.symbol(each)}$" if each.startswith("dL") else f"the {each}" for each in quantities
    )
    lost = f" Float64 has too few digits for the {' and the '.join(unsure)}." if unsure else ""
    return (
        f"The table and the sentences at the heatmaps are about target step t = {t} and about what "
        f"the heatmaps show: {rnn} of the RNN and {lstm} of the LSTM.{lost}"
    )


def clipping(factors: Array, threshold: float) -> str:
    """The number of targets that clipping would shorten, and the smallest factor."""
    clipped = int((factors < 1.0).sum())
    if not clipped:
        return f"No target's gradient is longer than {threshold:g}."
    has = "target has" if len(factors) == 1 else "targets has" if clipped == 1 else "targets have"
    longest = "by more than float64 can say"
    if factors.min() > 0.0:
        longest = f"by {power(float(np.log10(factors.min())))}"
    return (
        f"{clipped} of {len(factors)} {has} a gradient longer than {threshold:g}; the longest "
        f"would be scaled {longest}."
    )


def adds_up(t: int, residuals: dict[str, float]) -> str:
    """How closely a target's terms add up to the gradient from a complex step."""
    parts = " and ".join(f"{_difference(share)} ({name})" for name, share in residuals.items())
    return (
        f"**The terms add up.** Those of $w_x$, summed over $k$ at $t = {t}$ (and over the LSTM's "
        "gates), are $dL_t/dw_x$ as a complex step through the forward pass gives it, with no "
        "backward pass. Difference, as a share of "
        f"the summed sizes: {parts}."
    )


def _difference(share: float) -> str:
    return "too small or too large for float64 to check" if math.isnan(share) else number(share)


def moved_settings(settings: Settings, T: int, without: str = "") -> str:
    """The settings that are moved most, and those that are not at their defaults, but for one."""
    shown = {"w_s": f"{settings.w_s:g}", "T": str(T), "b_f": f"{settings.b_f:g}"}
    defaults = as_mapping(Settings())
    shown |= {
        name: str(value)
        for name, value in as_mapping(settings).items()
        if name not in shown and value != defaults[name]
    }
    return ", ".join(f"{name} = {value}" for name, value in shown.items() if name != without)
