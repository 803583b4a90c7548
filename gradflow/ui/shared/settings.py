"""Every setting of the page: its name, its range, its default, and what it is for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

Value = bool | int | float | str

LONGEST = 2000

# The longest sequence of which the tables hold all: 500 steps are 0.6 million rows of a CSV.
LONGEST_WHOLE = 500


@dataclass(frozen=True)
class Control:
    """What a widget for one setting shows and takes.

    Attributes
    ----------
    label, help : str
        Markdown for the widget.
    low, high, step : number or None
        Range and step of a number.
    choices : mapping of value to its label, empty for numbers and switches
        What a choice can be.
    """

    label: str
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def values(self) -> list[str]:
        return [value for value, _ in self.choices]

    def shown(self, value: str) -> str:
        """The label of a choice."""
        return dict(self.choices)[value]


def _setting(
    default: Value,
    label: str,
    text: str,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: tuple[tuple[str, str], ...] = (),
) -> Any:
    control = Control(label, text, low, high, step, choices)
    return field(default=default, metadata={"control": control})


def _weight(default: float, label: str, text: str) -> Any:
    return _setting(default, label, text, -100.0, 100.0, 0.05)


@dataclass(frozen=True)
class Settings:
    """One state of the page. Field names are the keys of the widgets and of the link."""

    w_s: float = _setting(
        0.9,
        "Recurrent weight $w_s$",
        "What the RNN multiplies its state by at each step. One step back costs the gradient a "
        "factor $w_s$ times a slope of the activation. The LSTM's recurrent weights follow it "
        "unless set apart.",
        -2.0,
        2.0,
        0.01,
    )
    T: int = _setting(
        50,
        "Sequence length $T$",
        "How many steps both networks are unrolled for. A sentence or your own numbers bring their "
        "own length.",
        2,
        LONGEST,
        1,
    )
    b_f: float = _setting(
        1.0,
        "Forget-gate bias $b_f$",
        "Opens the LSTM's forget gate: with other inputs at 0 the cell keeps sigmoid($b_f$) of "
        "itself at each step.",
        -6.0,
        10.0,
        0.01,
    )
    w_x: float = _weight(
        0.5, "Input weight $w_x$", "What the input is multiplied by, in both networks."
    )
    b: float = _weight(0.0, "RNN bias $b$", "Added to the RNN's pre-activation.")
    activation: str = _setting(
        "tanh",
        "Activation of the RNN",
        "Its slope is a factor of every step back.",
        choices=(
            ("tanh", "tanh"),
            ("identity", "identity"),
            ("sigmoid", "sigmoid"),
            ("relu", "relu"),
        ),
    )
    own_w_h: bool = _setting(
        False,
        "Set the LSTM's recurrent weight apart",
        "Otherwise the LSTM's four recurrent weights are equal to $w_s$.",
    )
    w_h: float = _weight(0.5, "LSTM recurrent weight $w_h$", "One number for all four gates.")
    own_gates: bool = _setting(
        False,
        "Set each gate's weights apart",
        "Otherwise all four gates share $w_x$ and the recurrent weight.",
    )
    w_xi: float = _weight(0.5, "$w_x$ input gate", "Input weight of the input gate.")
    w_xf: float = _weight(0.5, "$w_x$ forget gate", "Input weight of the forget gate.")
    w_xc: float = _weight(0.5, "$w_x$ candidate", "Input weight of the candidate.")
    w_xo: float = _weight(0.5, "$w_x$ output gate", "Input weight of the output gate.")
    w_hi: float = _weight(0.5, "$w_h$ input gate", "Recurrent weight of the input gate.")
    w_hf: float = _weight(0.5, "$w_h$ forget gate", "Recurrent weight of the forget gate.")
    w_hc: float = _weight(0.5, "$w_h$ candidate", "Recurrent weight of the candidate.")
    w_ho: float = _weight(0.5, "$w_h$ output gate", "Recurrent weight of the output gate.")
    b_i: float = _weight(0.0, "$b_i$ input gate", "Bias of the input gate.")
    b_c: float = _weight(0.0, "$b_c$ candidate", "Bias of the candidate.")
    b_o: float = _weight(0.0, "$b_o$ output gate", "Bias of the output gate.")
    w_o: float = _weight(1.0, "Readout weight $w_o$", "The output is $o_t = w_o s_t$ plus a bias.")
    readout_b_o: float = _weight(0.0, "Readout bias", "Added to the output $o_t$.")
    loss: str = _setting(
        "unit",
        "Loss $L_t$",
        "Only its slope $dL_t/do_t$ at the target enters. Unit: the slope is 1, to look at the "
        "recurrence alone.",
        choices=(
            ("unit", "unit slope"),
            ("squared", "squared error"),
            ("binary", "binary cross-entropy"),
            ("softmax", "softmax cross-entropy, two classes"),
        ),
    )
    target: float = _weight(0.0, "Target $y$", "What the squared error compares $o_t$ with.")
    label: str = _setting(
        "1",
        "Class",
        "What the cross-entropy compares the output with.",
        choices=(("0", "0"), ("1", "1")),
    )
    s_0: float = _weight(0.0, "RNN start $s_0$", "State before step 1.")
    h_0: float = _weight(0.0, "LSTM start $h_0$", "Hidden state before step 1.")
    c_0: float = _weight(0.0, "LSTM start $c_0$", "Cell state before step 1.")
    sequence: str = _setting(
        "noise",
        "Input sequence $x$",
        "What both networks read. Their slopes and gates depend on it.",
        choices=(
            ("ones", "ones"),
            ("impulse", "one impulse at step 1"),
            ("sine", "sine"),
            ("noise", "seeded noise"),
            ("sentence", "the cat sentence"),
            ("own", "my own numbers"),
        ),
    )
    # No input of this seed's first 50 is near 0, so rows divided by their k = 1 term compare well.
    seed: int = _setting(106, "Seed", "Another seed gives other noise.", 0, 9999, 1)
    period: float = _setting(20.0, "Period of the sine", "In steps.", 2.0, 500.0, 1.0)
    clause: int = _setting(
        16,
        "Words in the clause",
        "How many words stand between the cat and its verb.",
        1,
        400,
        1,
    )
    plural: bool = _setting(
        False, "Several cats", "Turns the number at the noun from +1 to -1, and was into were."
    )
    parameter: str = _setting(
        "w_x",
        "Parameter",
        "The weight whose gradient is taken apart. The bias shows the signal alone, without the "
        "size of what the weight multiplied.",
        choices=(
            ("w_x", "input weight w_x"),
            ("w_h", "recurrent weight (w_s, w_h)"),
            ("b", "bias b"),
        ),
    )
    gate: str = _setting(
        "all",
        "LSTM gate",
        "Which gate's parameter. All four together is the norm over the gates. The product of the "
        "forget gates is what many texts take for the whole gradient.",
        choices=(
            ("all", "all four together"),
            ("i", "input gate"),
            ("f", "forget gate"),
            ("c", "candidate"),
            ("o", "output gate"),
            ("product", "forget-gate product"),
        ),
    )
    relative: bool = _setting(
        True,
        "Relative to lag 1",
        "Each row is divided by its own k = 1 term, so that rows compare. Where that term is "
        "exactly zero, by the row's largest.",
    )
    signs: bool = _setting(
        False, "Show signs", "Colour by sign as well: blue below, orange above zero."
    )
    axis: str = _setting(
        "lag",
        "Columns",
        "Lag k counts back from the target; source step j counts from the start.",
        choices=(("lag", "lag k"), ("source", "source step j")),
    )
    floor: int = _setting(
        -4,
        "Colour floor (power of ten)",
        "Terms below this share the darkest colour. Exact zeros stay grey.",
        -4000,
        -1,
        1,
    )
    last: bool = _setting(
        True, "The last step as target", "The row that the curves and the measures look at."
    )
    t: int = _setting(
        25,
        "Target step $t$",
        "The row that the curves and the measures look at. Beyond the last step it means the last.",
        1,
        LONGEST,
        1,
    )
    lag: int = _setting(
        10,
        "Lag $k$",
        "The cell that is explained: how far back from the target its input lies, 1 for the target "
        "step itself. Beyond step 1 it means step 1.",
        1,
        LONGEST,
        1,
    )
    classes: int = _setting(
        4,
        "Classes of paths",
        "How many classes the paths are put in by their number of crossings through $h$; the last "
        "one holds all the rest together.",
        2,
        8,
        1,
    )
    path: int = _setting(
        1,
        "Paths by size: value, share, way",
        "The path chosen is lit in the graph. A share is of the sizes of all 24; it is negative "
        "where a path works against their sum.",
        1,
        24,
        1,
    )
    window: int = _setting(
        10,
        "Truncation window",
        "Backpropagation cut off after this many steps: how much would it throw away?",
        1,
        LONGEST,
        1,
    )
    clipping: bool = _setting(
        False,
        "Mark clipped targets",
        "Beside each heatmap: the targets whose whole gradient is longer than the threshold.",
    )
    threshold: float = _setting(
        1.0,
        "Clipping threshold",
        "A gradient (over all parameters of the cell and the readout) longer than this is scaled "
        "down to it.",
        1e-6,
        1e6,
        0.1,
    )
    camera: str = _setting(
        "png",
        "Camera of a chart saves",
        "The camera in the bar above a chart makes a picture in the browser itself.",
        choices=(("png", "PNG"), ("svg", "SVG")),
    )


def controls_of(record: type[Any]) -> dict[str, Control]:
    """What the widgets of a record of settings show and take, by the names of its fields."""
    return {f.name: f.metadata["control"] for f in fields(record)}


CONTROLS: dict[str, Control] = controls_of(Settings)


def parsed(name: str, text: str, record: type[Any] = Settings) -> Value:
    """One setting of a record from text.

    Raises
    ------
    ValueError
        If the text is not a value that the setting's widget could have; the message says which
        values are.
    """
    control, default = controls_of(record)[name], getattr(record, name)
    if control.choices:
        if text in control.values:
            return text
        raise ValueError(f"one of {', '.join(control.values)}")
    if isinstance(default, bool):
        if text in ("0", "1"):
            return text == "1"
        raise ValueError("0 or 1")
    assert control.low is not None
    assert control.high is not None
    kind = "a whole number" if isinstance(default, int) else "a number"
    rule = f"{kind} from {control.low:g} to {control.high:g}"
    try:
        # int() and float() also take underscores, spaces and other alphabets' digits.
        if len(text) > 30 or not set(text) <= set("0123456789+-.eE"):
            raise ValueError
        number = int(text) if isinstance(default, int) else float(text)
    except ValueError:
        raise ValueError(rule) from None
    if not (math.isfinite(number) and control.low <= number <= control.high):
        raise ValueError(rule)
    return number


def as_text(value: Value) -> str:
    """A setting as text that `parsed` reads back to the same value."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def as_mapping(settings: Any) -> dict[str, Value]:
    """All settings by name."""
    return dict(vars(settings))
