"""What is seen, in words: computed sentences and the table of measures."""

from __future__ import annotations

import math

import numpy as np

from gradflow.analysis import memory
from gradflow.figures.builders.number_words import number, percent, power
from gradflow.numerics.activations import sigmoid
from gradflow.numerics.scaled import Array
from gradflow.ui.shared.settings import Settings, as_mapping

EXPLANATION = """
**What is computed.** A recurrent network uses one weight at every step, so $dL_t/dw_x$ is a sum of
$t$ terms, one for each past input. For the RNN, term $k$ is

$$\\frac{dL_t}{do_t}\\; w_o \\prod_{j=t+1-k}^{t} \\phi'(z_j)\\; w_s^{\\,k-1}\\; x_{t+1-k}$$

with $k$ slopes and the power $k-1$ of the recurrent weight. A healthy-looking sum can hide that
every term but the nearest few is next to nothing: then the network cannot learn from its past.

**The LSTM.** From one cell state to the one before there are four ways: along the cell (the factor
$f$, the forget gate), or through $h$ into the forget gate, the input gate or the candidate. The
dotted product of forget gates is the first way alone. The LSTM's line holds all of them.

**Relative to lag 1.** Each row is divided by its own $k = 1$ term, so that 1 means "counts as much
as the input of the target step itself".

**No underflow.** Terms are kept as a mantissa and a power of two. Grey is exactly zero (a zero
input, a dead relu), never merely small.
"""


def sentence(name: str, seen: memory.Reach) -> str:
    """What happens to one network's gradient on its way back, as Markdown."""
    if seen.t == 1:
        return f"**{name}: one step only.** There is nothing to carry back."
    if math.isnan(seen.decay_per_step):
        return f"**The {name} has no gradient here.** The target step's own term is exactly zero."
    if seen.decay_per_step == 0.0:
        return (
            f"**The {name}'s gradient stops.** It is exactly zero from some lag on: at most "
            f"{_steps(seen.horizon - 1)} back still count."
        )
    if seen.horizon < seen.t and seen.verdict != "exploding":
        # Over the stretch that is spoken of, so that the two numbers agree.
        rate = (seen.log10_signal[seen.horizon] - seen.log10_signal[0]) / seen.horizon
        return (
            f"**The {name} forgets.** From step {seen.t} its gradient shrinks on average to "
            f"{power(rate)} of itself each step back, for {_steps(seen.horizon)}; then less than "
            "1% is left."
        )
    does = "explodes" if seen.verdict == "exploding" else "reaches back to step 1"
    change, end = _whole_way(seen)
    return f"**The {name} {does}.** From step {seen.t} its gradient {change}; at step 1, {end}."


def _whole_way(seen: memory.Reach) -> tuple[str, str]:
    """What a step back does on average, and what is there at step 1."""
    rate = number(seen.decay_per_step)
    if seen.decay_per_step > 1.0 and rate != "1":
        change = f"grows on average to {rate} times itself each step back"
        return change, f"it is {power(seen.log10_left)} times as large"
    end = f"{percent(10.0**seen.log10_left)} of it is left"
    if rate == "1":
        return "keeps its size on average", end
    return f"shrinks on average to {rate} of itself each step back", end


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def forget_bias_words(b_f: float) -> str:
    """What a forget bias does by itself."""
    return (
        f"sigmoid({b_f:g}) = {float(sigmoid(np.asarray(b_f))):.4g}: with the other inputs of the "
        f"gate at 0, the cell's memory halves in {number(memory.forget_half_life(b_f))} steps."
    )


def measures(rnn: memory.Memory, lstm: memory.Memory, window: int) -> dict[str, list[str]]:
    """The table of measures, by column."""
    rows = [
        (
            "Verdict",
            rnn.verdict,
            lstm.verdict,
            "By what the decay leaves at step 1, or after 10 steps in a shorter sequence: below 1% "
            "vanishing, above 5 times exploding, else stable.",
        ),
        (
            "Decay per step",
            number(rnn.decay_per_step),
            number(lstm.decay_per_step),
            "Geometric mean of what one step back leaves.",
        ),
        (
            "Fitted decay",
            number(rnn.fitted_decay),
            number(lstm.fitted_decay),
            "The same from a straight line through log magnitude against lag.",
        ),
        (
            "Half-life",
            _in_steps(rnn.half_life),
            _in_steps(lstm.half_life),
            "Steps back after which half is left.",
        ),
        (
            "Horizon",
            _lag(rnn.horizon or None, "none"),
            _lag(lstm.horizon or None, "none"),
            "Last lag with at least 1% of the k = 1 term.",
        ),
        (
            f"Beyond {window} lags",
            percent(rnn.share_beyond),
            percent(lstm.share_beyond),
            f"Share of the summed magnitudes that truncation after {window} steps throws away.",
        ),
        (
            "Cancellation",
            number(rnn.cancellation),
            number(lstm.cancellation),
            "|sum| / sum of | |: 1 where all terms pull one way, near 0 where they cancel.",
        ),
        *(
            (
                f"Zero in {form}",
                _lag(rnn.zero_lags[form]),
                _lag(lstm.zero_lags[form]),
                f"First lag whose term is too small for {form} and would become 0.",
            )
            for form in rnn.zero_lags
        ),
    ]
    names = ("Measure", "RNN", "LSTM", "What it says")
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}


def _in_steps(steps: float) -> str:
    if math.isnan(steps):
        return number(steps)
    return "never" if math.isinf(steps) else f"{number(steps)} steps"


def _lag(lag: int | None, nothing: str = "never") -> str:
    return nothing if lag is None else f"k = {lag}"


LEAD = (
    "Where the gradient goes in a recurrent network. One cell of a heatmap is the part that one "
    "past input has in the gradient $dL_t/dw_x$ of the loss at step $t$. Row $t$ is that step; lag "
    "$k$ says how far back the input lies ($k = 1$ is step $t$ itself). Bright counts, dark is "
    "forgotten. Move $w_s$ (what the RNN keeps), $b_f$ (what the LSTM's cell keeps) and $T$ in the "
    "sidebar; on a phone, » at the top left opens it."
)

NO_NUMBERS = (
    "Your own numbers are chosen as the input, and there are none yet: a link does not hold them. "
    "Paste them in the sidebar under *Input sequence*. Until then seeded noise is shown."
)

_MOST_NOTICES = 5


def together(notices: tuple[str, ...]) -> str:
    """Several notices as one list of at most five."""
    if len(notices) < 2:
        return "".join(notices)
    shown = [f"- {notice}" for notice in notices[:_MOST_NOTICES]]
    if len(notices) > _MOST_NOTICES:
        shown.append(f"- {len(notices) - _MOST_NOTICES} more settings of the link were left out.")
    return "\n".join(shown)


READING = {
    "lag": "Read a row from left to right: from the target step back into the past. The triangle "
    "is empty because step t has only t inputs: there is none before step 1.",
    "source": "Read a row from its right end to the left: from the target step back into the past. "
    "The triangle is empty because inputs after the target cannot matter to it.",
}

NO_SIGNS = (
    "All four gates together are shown by their norm, which has no sign. Choose one gate for signs."
)


def blocks(n: int, longest_whole: int) -> str:
    """That a cell of a heatmap stands for many terms, and where all of them are."""
    return (
        f"Each cell of the heatmaps is a block of {n} × {n} terms and has the colour of the "
        "largest, so that none hides; it is grey where all of them are exactly zero. The pictures, "
        "HTML and NPZ that one downloads have every term; the CSV has those of the chosen target "
        f"beyond {longest_whole} steps."
    )


UNLINKED = (
    "The linked charts could not be loaded in this browser, so plain ones are shown. Nothing is "
    "lost but the zoom, at each change, the crosshair, and the picking of a cell in a heatmap."
)

PROFILE = (
    "The row of the chosen target as curves, size against lag. Solid: the terms of the heatmaps. "
    "Dotted: what the forget gates alone would leave. Dashed: the power of $w_s$ without the "
    "slopes. f16, f32 and f64 mark the first lag at which a number of that format would be zero."
)


def measured(t: int) -> str:
    """What the sentences and the table speak of."""
    return (
        f"For target step t = {t}, here and in the sentences above the heatmaps: measures of the "
        "gradient signal itself (the terms of the bias), without the size of the inputs."
    )


def clipping(factors: Array, threshold: float) -> str:
    """How many targets clipping would shorten, and by how much at most."""
    clipped = int((factors < 1.0).sum())
    if not clipped:
        return f"No target's gradient is longer than {threshold:g}."
    return (
        f"{clipped} of {len(factors)} targets have a gradient longer than {threshold:g}; the "
        f"longest would be scaled by {power(float(np.log10(factors.min())))}."
        if factors.min() > 0.0
        else f"{clipped} of {len(factors)} targets have a gradient longer than {threshold:g}, some "
        "by more than float64 can say."
    )


def adds_up(t: int, residuals: dict[str, float]) -> str:
    """That a target's terms add up to the gradient found in another way, and how nearly."""
    parts = " and ".join(f"{_difference(share)} ({name})" for name, share in residuals.items())
    return (
        f"**The terms add up.** Summed over $k$ at $t = {t}$ they are $dL_t/dw_x$ as a complex "
        "step through the forward pass gives it, with no backward pass. Difference, as a share of "
        f"the summed sizes: {parts}."
    )


def _difference(share: float) -> str:
    return "too small or too large for float64 to check" if math.isnan(share) else number(share)


def footer(settings: Settings, T: int, link: str) -> tuple[str, ...]:
    """What stands under a downloaded figure: the settings and the link."""
    shown = [f"w_s = {settings.w_s:g}", f"T = {T}", f"b_f = {settings.b_f:g}"]
    defaults = as_mapping(Settings())
    shown += [
        f"{name} = {value}"
        for name, value in as_mapping(settings).items()
        if name not in ("w_s", "T", "b_f") and value != defaults[name]
    ]
    return (", ".join(shown), link)
