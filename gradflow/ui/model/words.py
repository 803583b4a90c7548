"""Sentences of the page "Your model"."""

from __future__ import annotations

import re

from gradflow.analysis import memory
from gradflow.figures.builders.number_words import number, percent
from gradflow.figures.builders.unit_bars import by_half_life
from gradflow.ui.model.questions import Carriers
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.shared.setting_fields import LONGEST
from gradflow.weights.model import KIND_WORDS, Model

LEAD = (
    "The same picture of *your* network on *your* sequence: save any `torch.nn.LSTM`, `GRU` or "
    "`RNN` with two lines, drop the file here, and see how far its gradient reaches."
)

TWO_LINES = """\
from safetensors.torch import save_file
save_file(model.state_dict(), "model.safetensors")"""

NO_WEIGHTS = "No weights yet: upload a file, or look at the model that is shown, which ships."

NOT_IN_LINK = (
    "The link holds the settings of this page. It cannot hold weights, texts and numbers of your "
    "own: they stay in this session, are never written to disk, and are gone when it ends."
)

LOSS = (
    "The loss has a unit slope at every output, $L_t = \\sum o_t$: a file does not tell which loss "
    "its model was trained with."
)

AS_READ = "as read"

_BIAS = re.compile(r"b_\w")

READING = {
    "lag": "Read a row from left to right: from the target step back into the past. Both heatmaps "
    "have one colour scale.",
    "source": "Read a row from its right end to the left: from the target step back into the past. "
    "Both heatmaps have one colour scale.",
}

PROFILE = (
    "The row of the chosen target as curves, size against lag. f16, bf16, f32 and f64 mark the "
    "first lag at which a number of that format would be zero."
)

OVER_TARGETS = (
    "The same measures for every target step. Horizon: the last lag with at least 1% of the k = 1 "
    "term. Half-life: steps after which half is left; there is a gap where the signal does not "
    "shrink. The dotted line is the chosen target."
)

UNITS = (
    "The signal of each hidden unit is the norm of $dL_t/dz_j$ over its gates. The bars show after "
    "how many steps it has halved. A unit carries the past if its signal fades slowly and is still "
    "a large share of the whole at the last lag."
)

EXPLANATION = """
**What is read.** The recurrent layers by their names and shapes, and the linear layer you name as
the readout. The way back loses nothing, at any magnitude. The states come from ordinary float64:
where one cancels or underflows, the terms made from it are as wrong as it is.

**What is shown.** The term of target step $t$ and source step $j$ is $dL_t/dw$ as the copy of the
weight at step $j$ alone would have it. Norms over units and gates have no sign.

**What if it had been initialised differently?** The second heatmap has the same weights with a
number added to the forget bias of every unit. That is not what training from that start would
have led to; it shows what the gate alone does to the way back.
"""


def trained(shipped: Shipped) -> str:
    """A sentence on how a shipped model was trained, and how well it does."""
    measured = shipped.measured
    steps = f"Trained for {measured['training steps']} steps"
    if "forget bias at the start" in measured:
        bias = measured["forget bias at the start"]
        return f"{steps} from a forget bias of {bias:g}; accuracy {percent(measured['accuracy'])}."
    accuracy = measured["accuracy"]["held-out text"]
    return f"{steps}; accuracy on held-out text {percent(accuracy)}."


def layers(model: Model) -> dict[str, list[str]]:
    """The table of the layers as they stood in the file, by column."""
    return {
        "Layer": [str(place) for place in range(len(model.layers))],
        "Name": [layer.name or "–" for layer in model.layers],
        "Kind": [KIND_WORDS[layer.kind] for layer in model.layers],
        "D": [str(layer.D) for layer in model.layers],
        "H": [str(layer.H) for layer in model.layers],
        "Stored as": [layer.dtype for layer in model.layers],
    }


def named(title: str) -> str:
    """A run as the subject of a sentence."""
    if title == AS_READ:
        return "model as read"
    return "model with " + _BIAS.sub(r"$\g<0>$", title)


def left_out(count: int) -> str:
    """A sentence that says how many steps of a long sequence are left out."""
    return f"The first {LONGEST:,} steps are used; {count:,} are left out."


def truncation(reach: memory.Reach) -> str:
    """A sentence that says how much a window throws away."""
    if reach.window >= reach.t:
        return f"A window of {reach.window} steps keeps all {reach.t} steps of this target."
    return (
        f"Backpropagation truncated after {reach.window} steps would throw away "
        f"**{percent(reach.share_beyond)}** of the summed sizes of the terms."
    )


def carriers(signals: Carriers, most: int = 5) -> str:
    """A sentence that names the units with the longest half-lives."""
    order = by_half_life(signals.half_life)[:most]
    named = ", ".join(
        f"{int(unit)} ({number(float(signals.half_life[unit]))} steps, "
        f"{percent(float(signals.share[unit]))})"
        for unit in order
    )
    return (
        f"Longest half-life at t = {signals.t}, with the share of the squared signal at "
        f"k = {signals.t}: unit {named}."
    )
