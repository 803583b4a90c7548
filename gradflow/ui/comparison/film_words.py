"""Sentences of the page Compare about its film and its pulse."""

from __future__ import annotations

import math
from types import MappingProxyType

from gradflow.figures.builders.number_words import part

FILM = "Film: watch a weight change"
PULSE = "Pulse: send the gradient back, step by step"

# What a film is of, by the name of the setting.
CHANGES = MappingProxyType(
    {
        "w_s": "w_s, what the RNN multiplies its state by",
        "w_h": "w_h, the LSTM's recurrent weight",
        "b_f": "b_f, the LSTM's forget bias",
        "T": "T, the length of the sequence",
    }
)
COUNTED = MappingProxyType(
    {
        "w_s": "RNN weight w_s",
        "w_h": "LSTM weight w_h",
        "b_f": "LSTM forget bias b_f",
        "T": "Sequence length T",
    }
)

CHANGE = "What changes"
RANGE = "From and to"
MAKE = "Make the film"
MAKING = "Making the film"
MAKE_HELP = (
    "Computes both networks for each picture, which takes some seconds. Any other control that is "
    "moved meanwhile ends it."
)
STALE = "The film was made for other settings. Make it anew to see it for these."
PAGE_FILE = "One page with the {kind} and its slider. It opens without a network."
PICTURE_FILE = "The same as an animated picture, for slides and messages."

FILM_READING = (
    "Both heatmaps as above, one picture a value. All pictures share one colour scale, so that "
    "colours compare from picture to picture; the sentences are those of the picture shown. Beyond "
    "200 steps a cell is a block of terms and has the colour of the largest."
)
LINKED = "w_h follows w_s here, so that both networks change."
NOT_LINKED = "Only the RNN has w_s: w_h is set apart, so that the LSTM stays as it is."

PULSE_READING = (
    "Both networks unrolled, a cell for each step, under their heatmaps. A cell lights up with "
    "dL_t/dz, the gradient that reaches what is summed at its step (in the LSTM, at the gate that "
    "the heatmap shows): blue below zero, orange above. Times what the weight multiplied there it "
    "is the cell of row t above it, which fills in step; what is hatched there is not reached yet. "
    "In the LSTM the cell line carries what never leaves c, and the detours carry all the rest; "
    "what arrives is the sum of both."
)
STATE = "What reaches each step"
CELL_LINE = "Along the cell line"
DETOURS = "By detours through h"
REACHED = "How far the gradient has gone back"
BEFORE = "The gradient is still at the loss."


def colours_said(title: str, few: bool) -> str:
    """What stands below the colour bar of an animated picture, whose letters are plain ones."""
    said = f"{title}; chequered: exactly zero; hatched: no input"
    return f"{said}; orange and black: too few digits" if few else said


def film_title(name: str, first: float, last: float) -> str:
    """What a file with a film is headed with."""
    return f"gradflow: {name} from {first:g} to {last:g}"


def label(name: str, value: float) -> str:
    """What one picture is of."""
    return f"T = {value:g}" if name == "T" else f"{name} = {value:.2f}".replace("-", "−")


def pulse_title(t: int) -> str:
    """What a file with a pulse is headed with."""
    return f"gradflow: the gradient of step {t} on its way back"


def lane(network: str, name: str) -> str:
    """What a strip is called to those who do not see it."""
    return f"Unrolled {network}, a cell for each step: {name[0].lower()}{name[1:]}"


def reached(t: int, k: int) -> str:
    """What one picture of a pulse is of."""
    return f"step {t + 1 - k}, k = {k}" if k else f"before step {t}"


def unsure(step: int) -> str:
    """That nothing is known of how much of the gradient reaches a step."""
    return f"At step {step}; float64 has too few digits to tell how much reaches it."


def arrived(step: int, share: float) -> str:
    """How much of the gradient reaches a step, of what reaches the target step."""
    if math.isnan(share):
        return f"At step {step}; nothing reaches the target step itself."
    if math.isinf(share):
        return f"Nothing reaches step {step}: exactly zero."
    return f"Step {step} is reached by {part(share)} what reaches the target step."
