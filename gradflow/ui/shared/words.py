"""Sentences of several pages: on the forget bias, on links, on the heatmaps."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gradflow.analysis import memory
from gradflow.engine.term_digits import LEAST
from gradflow.figures.builders.number_words import number, steps
from gradflow.figures.builders.panel import Panel
from gradflow.numerics.activations import sigmoid
from gradflow.numerics.scaled import Array
from gradflow.ui.shared import link_words

# From here on sigmoid(b_f) is told by how far it is from 1.
_NEAR_ONE = 1e-3

HOW_TO_READ = "How to read this, and what is computed"
IN_NUMBERS = "In numbers"

SEQUENCE = "Input sequence"
SHOWN = "What the heatmaps show"
WEIGHTS = "Weights and activation"
ENDS = "Readout, loss, start"
CUTS = "Clipping and truncation"

SETTINGS_FILE = "Load settings from a JSON file"
SETTINGS_FILE_HELP = "The JSON of this page: all settings, and your own numbers where it has them."
SETTINGS_LOADED = "The settings are loaded."
NO_SETTINGS = "The file must be the JSON of settings that this page gives away."

SCENE_BACK_HELP = "The scene before."
SCENE_NEXT_HELP = "The next scene."
LENGTH_TYPED = "Sequence length T, typed"
W_H_FOLLOWS = "LSTM weight w_h = w_s"
W_H_BY_GATE = "set for each gate"
LENGTH_TYPED_HELP = "The same number, to type."
SCENE_BACK = "Back"
SCENE_NEXT = "Next"
SCENE = "Scene"


def forget_bias_words(b_f: float) -> str:
    """How long the cell's memory would last with a forget bias alone, and that there is more."""
    gate, closed = (float(sigmoid(np.asarray(b))) for b in (b_f, -b_f))
    value = f"1 − {number(closed)}" if closed < _NEAR_ONE else number(gate)
    return (
        f"Alone, the forget bias keeps sigmoid({b_f:g}) = {value} of the cell at each step: half "
        f"is left after {steps(memory.forget_half_life(b_f))}. Inputs and recurrent weights can "
        "make more or less of it."
    )


def minus(text: str) -> str:
    """The text with minus signs instead of hyphens before digits."""
    return re.sub(r"(?<![\w-])-(?=\d)|(?<=\^)-(?=\d)", "−", text)


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
        shown.append(f"- {link_words.more_left_out(len(notices) - _MOST_NOTICES)}")
    return "\n".join(shown)


READING = {
    "lag": "Read a row from left to right: from the target step back into the past. The triangle "
    "is empty because step t has only t inputs: there is none before step 1.",
    "source": "Read a row from its right end to the left: from the target step back into the past. "
    "The triangle is empty because inputs after the target cannot matter to it.",
    "log": "Read a row from left to right: from the target step back into the past. Near lags have "
    "more room than far ones. The corner is empty because there is no input before step 1.",
}


def blocks(n: int, longest_whole: int) -> str:
    """A note that a cell of the heatmaps stands for many terms, and where to get all of them."""
    return (
        f"Each cell of the heatmaps is a block of {n} × {n} terms, or on a log scale of {n} rows, "
        "and has the colour of the largest, so that none hides; it is grey where all of them are "
        "exactly zero. Of what one "
        "downloads, the NPZ has every term, the CSV has those of the chosen target beyond "
        f"{longest_whole} steps, and a picture says how many terms its cells have."
    )


def marks_said(shown: Sequence[Panel]) -> tuple[str, ...]:
    """What `few_digits` says of heatmaps, for a file's caption; nothing if nothing is marked."""
    said = few_digits(*(panel.doubtful for panel in shown))
    return (said,) if said else ()


def few_digits(*marked: Array | None) -> str:
    """How many terms are marked for their few digits, in three sentences; nothing if none is."""
    count = sum(int(each.sum()) for each in marked if each is not None)
    if not count:
        return ""
    terms, be = ("1 term has", "is") if count == 1 else (f"{count:,} terms have", "are")
    return (
        f"{terms} fewer than {LEAST} digits and {be} chequered in orange: float64 cancels or "
        "underflows in a state that a term is made of. Read none as exactly zero, nor as the size "
        "that it has. Where a row is shown relative to such a term, all of it is chequered."
    )


def one_row(t: int) -> str:
    """The heading of the curves of one target."""
    return f"One row: target step t = {t}"


def beyond_last(T: int) -> str:
    """Which target is meant by a step that the sequence does not have."""
    return f"The sequence has {steps(T)}, so the last is meant."


def beyond_first(t: int) -> str:
    """Which term is meant by a lag that the target does not have."""
    return f"Step {t} has {t} lag{'' if t == 1 else 's'}, so step 1 is meant."


def own_length(steps: int) -> str:
    """Why the length is not to be chosen."""
    return f"The sequence brings its own length: {steps} steps."


def scenes(count: int) -> str:
    """What the list of scenes is."""
    return (
        f"{count} settings worth looking at, in the order of a lecture. A scene sets all controls."
    )
