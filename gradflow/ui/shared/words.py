"""Sentences of several pages: on a network's gradient, on links, on the heatmaps."""

from __future__ import annotations

import math

import numpy as np

from gradflow.analysis import memory
from gradflow.figures.builders.number_words import number, percent, power
from gradflow.numerics.activations import sigmoid


def sentence(name: str, seen: memory.Reach) -> str:
    """A sentence on how far one network's gradient reaches back, as Markdown."""
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
    """The average change a step back, and the size at step 1."""
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
    """A sentence on how long the cell's memory lasts with a forget bias alone."""
    return (
        f"sigmoid({b_f:g}) = {float(sigmoid(np.asarray(b_f))):.4g}: with the other inputs of the "
        f"gate at 0, the cell's memory halves in {number(memory.forget_half_life(b_f))} steps."
    )


NO_NUMBERS = (
    "The input is set to your own numbers, and there are none yet, because a link does not hold "
    "them. Paste them in the sidebar under *Input sequence*. Until then seeded noise is shown."
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


def blocks(n: int, longest_whole: int) -> str:
    """A note that a cell of the heatmaps stands for many terms, and where to get all of them."""
    return (
        f"Each cell of the heatmaps is a block of {n} × {n} terms and has the colour of the "
        "largest, so that none hides; it is grey where all of them are exactly zero. The pictures, "
        "HTML and NPZ that one downloads have every term; the CSV has those of the chosen target "
        f"beyond {longest_whole} steps."
    )
