"""What is said on the page "Your model"."""

from __future__ import annotations

import re

from gradflow.analysis import memory
from gradflow.analysis.unit_signal import UnitSignals
from gradflow.figures.builders.number_words import number, percent, power
from gradflow.figures.builders.unit_bars import by_half_life
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.shared.settings import LONGEST
from gradflow.weights.model import KIND_WORDS, Model

LEAD = (
    "The same picture of *your* network on *your* sequence: save any `torch.nn.LSTM`, `GRU` or "
    "`RNN` with two lines, drop the file here, and see how far its gradient reaches."
)

TWO_LINES = """\
from safetensors.torch import save_file
save_file(model.state_dict(), "model.safetensors")"""

NO_WEIGHTS = "No weights yet: upload a file, or look at the model that is shown, which ships."

_VERDICT = (
    "Vanishing: less than 1% is left at step 1, or after 10 steps in a shorter sequence. "
    "Exploding: more than 5 times the signal is left."
)

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

STOPPED = "Cancelled before it was done."

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
    "Each hidden unit's own part of the signal, $|dL_t/dz_j|$ over its gates, and how many steps "
    "it takes to halve. A unit whose signal fades slowly, and which still has a large share of it "
    "at the last lag, is one that carries the past."
)

EXPLANATION = """
**What is read.** The recurrent layers by their names and shapes, and the linear layer you name as
the readout. All is computed in float64.

**What is shown.** The term of target step $t$ and source step $j$ is $dL_t/dw$ as the copy of the
weight at step $j$ alone would have it. Norms over units and gates have no sign.

**What if it had been initialised differently?** The second heatmap has the same weights with a
number added to the forget bias of every unit. That is not what training from that start would
have led to; it shows what the gate alone does to the way back.
"""


def trained(shipped: Shipped) -> str:
    """What was measured when a shipped model was trained."""
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
    """That a sequence was too long."""
    return f"The first {LONGEST:,} steps are used; {count:,} are left out."


def table(titles: list[str], seen: list[memory.Reach]) -> dict[str, list[str]]:
    """The measures of one target in every run, by column."""
    window = seen[0].window
    rows: list[tuple[str, list[str], str]] = [
        ("Verdict", [one.verdict for one in seen], _VERDICT),
        (
            "Decay per step",
            [number(one.decay_per_step) for one in seen],
            "What one step back multiplies the signal by, on average.",
        ),
        (
            "Half-life",
            [f"{number(one.half_life)} steps" for one in seen],
            "Steps after which half of it is left.",
        ),
        (
            "Horizon",
            [f"k = {one.horizon}" for one in seen],
            "The last lag with at least 1% of the k = 1 term.",
        ),
        (
            "Left at step 1",
            [power(one.log10_left) for one in seen],
            "Of the k = 1 term.",
        ),
        (
            f"Lost beyond k = {window}",
            [percent(one.share_beyond) for one in seen],
            f"What backpropagation cut off after {window} steps throws away, of the summed sizes.",
        ),
        *(
            (
                f"Zero in {format_}",
                [_from(one.zero_lags[format_]) for one in seen],
                f"The first lag at which training in {format_} would see a zero, at this loss's "
                "scale.",
            )
            for format_ in ("float16", "bfloat16", "float32")
        ),
    ]
    columns = {"Measure": [name for name, _, _ in rows]}
    columns |= {
        title: [values[place] for _, values, _ in rows] for place, title in enumerate(titles)
    }
    return columns | {"Meaning": [meaning for _, _, meaning in rows]}


def truncation(reach: memory.Reach) -> str:
    """How much a window throws away, in words."""
    if reach.window >= reach.t:
        return f"A window of {reach.window} steps keeps all {reach.t} steps of this target."
    return (
        f"Backpropagation truncated after {reach.window} steps would throw away "
        f"**{percent(reach.share_beyond)}** of the summed sizes of the terms."
    )


def precision(reach: memory.Reach) -> str:
    """From which lag on training in half precision would see zeros."""
    parts = [
        f"**{format_}** {_from(reach.zero_lags[format_], 'from k = ', 'never')}"
        for format_ in ("float16", "bfloat16")
    ]
    return f"Training would see zeros: {', '.join(parts)}."


def carriers(signals: UnitSignals, most: int = 5) -> str:
    """Which units carry the signal furthest."""
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


def _from(lag: int | None, before: str = "k = ", none: str = "never") -> str:
    return none if lag is None else f"{before}{lag}"
