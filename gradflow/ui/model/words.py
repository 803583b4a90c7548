"""Sentences of the page "Your model"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gradflow.analysis import memory
from gradflow.analysis.signed_signals import SignedSignals
from gradflow.engine.term_digits import LEAST
from gradflow.figures.builders.number_words import number, percent, power
from gradflow.figures.builders.unit_bars import by_half_life
from gradflow.numerics.scaled import Array
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.questions import UnitReach
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.shared.setting_fields import LONGEST
from gradflow.ui.shared.words import few_digits
from gradflow.weights.model import Model

TITLE = "Your model"
LEAD = (
    "The same picture of *your* network on *your* sequence: drop the file of an RNN, LSTM or GRU "
    "here, as PyTorch, Lightning, Keras or ONNX wrote it, and see how far its gradient reaches."
)

TWO_LINES = """\
from safetensors.torch import save_file
save_file(model.state_dict(), "model.safetensors")"""

NO_WEIGHTS = "No weights yet: upload a file, or look at the model that is shown, which ships."

NOT_IN_LINK = (
    "The link holds the settings of this page. It cannot hold weights, texts and numbers of your "
    "own: they stay in this session, are never written to disk, and are gone when it ends."
)

ASKED = (
    "The file does not tell everything. Say what it leaves open, and its picture follows; nothing "
    "is assumed."
)

UPLOAD = "Upload weights (.pt, .ckpt, .safetensors, .npz, .h5, .keras, .onnx)"
UPLOAD_HELP = (
    "RNN, LSTM and GRU of one layer or several, in one direction or both, by the names of PyTorch, "
    "Keras, Flax or MLX. Keras' own files are read where h5py is installed, and ONNX where onnx "
    "is. No code in a file is run."
)
HOW_TO_SAVE = "How to save weights with PyTorch"
MODULE = "Recurrent layer"
MODULE_HELP = (
    "The file has several that do not feed each other as its names tell. One is looked "
    "at by itself."
)
NAMELESS = "the one without a name"
READOUT = "Readout"
READOUT_HELP = "A linear layer of the file that takes the hidden units."
DIRECTION = "Direction"
DIRECTION_HELP = "The reverse one by itself is given the sequence from its end."
TEXT = "Text to read"
NO_TEXT = "No text yet: the example is shown."
LOSS = "Loss and targets"
DRAWN = "How the heatmaps are drawn"
LEAVE = "Leave this file"
SUM = "sum of the hidden units"
AS_IT_IS = "the output, as it is"
LARGEST_OUTPUT = "the largest at the last step"
CHOOSE = "Choose one"

# What a file leaves open, by the argument of `load` that says it.
QUESTIONS = {
    "prefix": "Which module of the file?",
    "cell": "What are its layers?",
    "activation": "Which activation have its layers?",
    "recurrent_activation": "Which activation have its gates?",
    "gates": "In which order are its gates?",
    "merge": "How are the two directions joined?",
}

RUN = "Run it"
UNITS_TITLE = "Which hidden units carry the long lags"
WHOLE_LOSS = "The gradient of the loss"
ALL_TARGETS = "All targets"
PYTHON = "Python to copy"
PYTHON_AND_LINK = "Python and link to copy"

SIGNED_TITLE = "Inputs and units, with their signs"


def still(shown: str) -> str:
    """That the picture is not of the file that could not be read; `shown` is Markdown."""
    return f"What is shown is still the old view: {shown}."


AS_READ = "as read"

_BIAS = re.compile(r"b_\w")

# log10 of how far the last term stands above its line where a gradient has come back.
_BACK = 0.5

# log10 of the smallest share that is told in per cent.
_SMALL_PERCENT = -3.0

READING = {
    "lag": "Read a row from left to right: from the target step back into the past. Both heatmaps "
    "have one colour scale.",
    "source": "Read a row from its right end to the left: from the target step back into the past. "
    "Both heatmaps have one colour scale.",
    "log": "Read a row from left to right: from the target step back into the past. Near lags have "
    "more room than far ones. Both heatmaps have one colour scale.",
}

PROFILE = (
    "The row of the chosen target as curves, size against lag. f16, bf16, f32 and f64 mark the "
    "first lag at which a number of that format would be zero. The thick line is that of the model "
    "as read; another that is not seen lies under it."
)


def last_alone(T: int) -> str:
    """Why there is no heatmap where the last step alone has a loss."""
    swept = "" if T == 1 else f": {T:,} terms instead of {T * (T + 1) // 2:,}"
    return (
        f"Only the last step, t = {T:,}, has a loss. Its row alone is swept{swept}. For heatmaps "
        "of all rows choose “every step” under Loss and targets."
    )


def last_square(T: int) -> str:
    """The same of layers that read both ways, of each of whose directions there are fewer terms."""
    swept = "" if T == 1 else f" instead of all {T:,}"
    return (
        f"Only the last step, t = {T:,}, has a loss. Its row alone is swept{swept}. For heatmaps "
        "of all rows choose “every step” under Loss and targets."
    )


def digits(marked: Sequence[Array | None]) -> str:
    """How many terms have too few digits, in one sentence."""
    if any(each is None for each in marked):
        return "How many digits the terms have cannot be told on this machine."
    return few_digits(*marked) or (
        f"All terms have {LEAST} digits or more, by a second run in higher precision."
    )


SQUARE_ROW = (
    "The row of the chosen target as curves, size against source step. The dotted line is the "
    "target step itself."
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
the readout. The way back keeps every magnitude; a term loses digits there only where its paths
cancel. The states come from ordinary float64: where one cancels or underflows, the terms made from
it are as wrong as it is.

**What is shown.** The term of target step $t$ and source step $j$ is $dL_t/dw$ as the copy of the
weight at step $j$ alone would have it. Norms over units and gates have no sign.

**What if it had been initialised differently?** The second heatmap has the same weights with a
number added to the forget bias of every unit. That is not what training from that start would
have led to; it shows what the gate alone does to the way back.
"""


def square(is_last: bool) -> str:
    """How to read the heatmaps of layers that read both ways, as Markdown."""
    reach = (
        "In the last layer the forward direction has terms at $j \\le t$, the reverse one at "
        "$j \\ge t$."
        if is_last
        else "Under a bidirectional layer every target $t$ reaches every source step $j$."
    )
    return f"A row is one target step $t$, a column one source step $j$. {reach}"


def needs_one_direction(layers: int) -> str:
    """What is not shown of layers that read both ways, and what to do."""
    choose = (
        "choose one direction in the sidebar" if layers == 1 else "look at layers of one direction"
    )
    return (
        "Lags, the measures of how far a gradient reaches, another forget bias, units and "
        f"truncation are counted back from the target: for these {choose}."
    )


def trained(shipped: Shipped) -> str:
    """A sentence on how a shipped model was trained, and how well it does."""
    measured = shipped.measured
    steps = f"Trained for {measured['training steps']} steps"
    if "forget bias at the start" in measured:
        bias = measured["forget bias at the start"]
        return f"{steps} from a forget bias of {bias:g}; accuracy {percent(measured['accuracy'])}."
    accuracy = measured["accuracy"]["held-out text"]
    return f"{steps}; accuracy on held-out text {percent(accuracy)}."


def named(title: str) -> str:
    """A run as the subject of a sentence."""
    if title == AS_READ:
        return "model as read"
    return "model with " + _BIAS.sub(r"$\g<0>$", title)


def left_out(count: int) -> str:
    """A sentence that says how many steps of a long sequence are left out."""
    return f"The first {LONGEST:,} steps are used; {count:,} are left out."


def reaches(one: Seen, t: int) -> str:
    """A sentence on how far the gradient of one run reaches from a target, as Markdown."""
    title, seen, few = one.title, one.reach_at(t), one.doubtful_row(t)
    if few is not None and few.any():
        return (
            f"**The {named(title)}: float64 has too few digits.** How far it reaches cannot be "
            f"told: a state that terms of step {t} are made of cancels or underflows."
        )
    told = seen.fall_and_tail
    if seen.t == 1:
        return f"**The {named(title)}: one step only.** There is nothing to carry back."
    back = ""
    if seen.log10_left - told.log10_left > _BACK:
        back = f" It comes back at the end: at step 1 it is {_left(seen)} of its start."
    return (
        f"**The {named(title)}: {told.verdict}.** From step {seen.t} back, its gradient "
        f"{told.sentence}.{back}"
    )


def _left(seen: memory.Reach) -> str:
    """What is left at step 1, of the k = 1 term."""
    small = seen.log10_left < _SMALL_PERCENT
    return power(seen.log10_left) if small else percent(10.0**seen.log10_left)


def loss(aim: Objective, read_out: str | None) -> str:
    """What the gradient is of, in a sentence of plain text."""
    first = "First choice: " if aim.first_choice else ""
    masked = f" {_masked(aim.given.masked)}" if aim.given.masked else ""
    return f"{first}{_LOSSES[aim.kind](aim, read_out)}{masked}"


def _masked(count: int) -> str:
    steps = "1 step is" if count == 1 else f"{count} steps are"
    return f"{steps} masked; t, k and j count the others."


def _of_output(aim: Objective, read_out: str | None) -> str:
    if aim.outputs > 1:
        largest = ", the largest at the last step" if aim.is_largest else ""
        return f"output {aim.output} of {aim.outputs}{largest}; its slope is 1."
    what = "the sum of the hidden units" if read_out is None else "the output"
    return f"{what} as it is; its slope is 1."


_BESIDE = "beside your numbers"
_LOSSES: dict[str, Callable[[Objective, str | None], str]] = {
    "output": _of_output,
    "next": lambda aim, _: (
        "softmax cross-entropy of the next symbol. The last symbol is a target and is not read."
    ),
    "classes": lambda aim, _: f"softmax cross-entropy with the classes {_BESIDE}.",
    "squared": lambda aim, _: f"squared error to the targets {_BESIDE}.",
    "binary": lambda aim, _: f"binary cross-entropy with the targets {_BESIDE}.",
}

NO_TARGETS = (
    "There are no targets yet: choose my own numbers as the sequence, with their column, or many "
    "sequences from an .npz with y."
)
NO_STEP_WEIGHTS = (
    "There are no weights of steps yet, so each has 1: choose my own numbers as the sequence, with "
    "their last column."
)


SEEDED_TOKENS = "seeded token ids"


def rows_of_numbers(model: Model, settings: ModelSettings) -> str:
    """What stands in a row of the user's numbers."""
    D = model.cell.D
    inputs = "1 input" if D == 1 else f"{D} inputs"
    parts = [
        inputs if model.embedding is None else "a token id",
        *(["the target"] if settings.has_targets else []),
        *(["the weight of the step"] if settings.has_weights else []),
    ]
    return f"Each row: {', then '.join(parts)}."


SIGNED = (
    "Where it is orange, a larger value would raise the loss $L_t$; where it is blue, lower it. "
    "The depth of the colour is the size, on a logarithmic scale."
)

ENTRIES = "these numbers"
SIGNALS = "the entries of the signal $dL_t/dz_j$"


def entries_zero(found: SignedSignals, name: str, what: str) -> str:
    """At which lags entries are zero in float16, in one sentence."""
    half, every = (found.zero_lags(name, share)["float16"] for share in (0.5, 1.0))
    if half is None:
        return f"In **float16** at no lag half of {what} are zero."
    end = "at no lag all of them" if every is None else f"all of them at k = {every}"
    return f"In **float16** half of {what} are zero at k = {half}, {end}."


def truncation(reach: memory.Reach) -> str:
    """A sentence that says how much a window throws away."""
    if reach.window >= reach.t:
        kept = "the only step" if reach.t == 1 else f"all {reach.t} steps"
        return f"A window of {reach.window} steps keeps {kept} of this target."
    return (
        f"Backpropagation truncated after {reach.window} steps would throw away "
        f"**{percent(reach.share_beyond)}** of the summed sizes of the terms."
    )


def longest_units(signals: UnitReach, most: int = 5) -> str:
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


def symbols_read(symbols: Sequence[str]) -> str:
    """Which symbols a text may have."""
    return f"Of the symbols {' '.join(symbols)}. It stays in this session."
