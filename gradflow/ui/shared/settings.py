"""The settings of the pages of the two networks: weights, loss, input sequence and view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gradflow.ui.shared.setting_fields import LONGEST, Control, controls_by_name, setting
from gradflow.ui.shared.view_settings import ViewSettings


def _weight(default: float, label: str, text: str) -> Any:
    return setting(default, label, text, (-100.0, 100.0, 0.05))


@dataclass(frozen=True)
class Settings(ViewSettings):
    """All settings of these pages."""

    link_version: ClassVar[str] = "2"

    w_s: float = setting(
        0.9,
        "RNN weight w_s",
        "What the RNN multiplies its state by at each step. One step back costs the gradient a "
        "factor $w_s$ times a slope of the activation.",
        (-2.0, 2.0, 0.01),
    )
    T: int = setting(
        50,
        "Sequence length T",
        "How many steps both networks are unrolled for. A sentence or your own numbers bring their "
        "own length.",
        (2, LONGEST, 1),
    )
    b_f: float = setting(
        1.0,
        "LSTM forget bias b_f",
        "Opens the LSTM's forget gate: with other inputs at 0 the cell keeps sigmoid($b_f$) of "
        "itself at each step.",
        (-6.0, 10.0, 0.01),
    )
    w_x: float = _weight(
        0.5, "Input weight w_x", "What the input is multiplied by, in both networks."
    )
    b: float = _weight(0.0, "RNN bias b", "Added to the RNN's pre-activation.")
    activation: str = setting(
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
    own_w_h: bool = setting(
        False,
        "Unlink w_h",
        "Linked, the LSTM's recurrent weight $w_h$ is the RNN's $w_s$. Unlinked, it starts from "
        "the value that it has.",
    )
    w_h: float = _weight(
        0.5,
        "LSTM weight w_h",
        "What the hidden state is multiplied by, in all four gates.",
    )
    own_gates: bool = setting(
        False,
        "Set each gate's weights apart",
        "Otherwise all four gates share $w_x$ and $w_h$. Set apart, they start from those.",
    )
    w_xi: float = _weight(0.5, "w_x input gate", "Input weight of the input gate.")
    w_xf: float = _weight(0.5, "w_x forget gate", "Input weight of the forget gate.")
    w_xc: float = _weight(0.5, "w_x candidate", "Input weight of the candidate.")
    w_xo: float = _weight(0.5, "w_x output gate", "Input weight of the output gate.")
    w_hi: float = _weight(0.5, "w_h input gate", "Recurrent weight of the input gate.")
    w_hf: float = _weight(0.5, "w_h forget gate", "Recurrent weight of the forget gate.")
    w_hc: float = _weight(0.5, "w_h candidate", "Recurrent weight of the candidate.")
    w_ho: float = _weight(0.5, "w_h output gate", "Recurrent weight of the output gate.")
    b_i: float = _weight(0.0, "b_i input gate", "Bias of the input gate.")
    b_c: float = _weight(0.0, "b_c candidate", "Bias of the candidate.")
    b_o: float = _weight(0.0, "b_o output gate", "Bias of the output gate.")
    w_o: float = _weight(
        1.0, "Readout weight w_o", "The output is this times $s_t$ (RNN) or $h_t$ (LSTM)."
    )
    readout_b_o: float = _weight(0.0, "Readout bias", "Added to the output.")
    loss: str = setting(
        "unit",
        "Loss L_t",
        "Only its slope by the output at the target enters. Unit: the slope is 1, to look at the "
        "recurrence alone.",
        choices=(
            ("unit", "unit slope"),
            ("squared", "squared error"),
            ("binary", "binary cross-entropy"),
            ("softmax", "softmax cross-entropy, two classes"),
        ),
    )
    target: float = _weight(0.0, "Target y", "What the squared error compares the output with.")
    label: str = setting(
        "1",
        "Class",
        "What the cross-entropy compares the output with.",
        choices=(("0", "0"), ("1", "1")),
    )
    s_0: float = _weight(0.0, "RNN start s_0", "State before step 1.")
    h_0: float = _weight(0.0, "LSTM start h_0", "Hidden state before step 1.")
    c_0: float = _weight(0.0, "LSTM start c_0", "Cell state before step 1.")
    sequence: str = setting(
        "signs",
        "Input sequence x",
        "What both networks read. Their slopes and gates depend on it.",
        choices=(
            ("signs", "1 and −1, seeded signs"),
            ("ones", "ones"),
            ("impulse", "one impulse at step 1"),
            ("sine", "sine"),
            ("noise", "seeded noise"),
            ("sentence", "the cat sentence"),
            ("own", "my own numbers"),
        ),
    )
    seed: int = setting(15, "Seed", "Another seed gives other signs and noise.", (0, 9999, 1))
    period: float = setting(20.0, "Period of the sine", "In steps.", (2.0, 500.0, 1.0))
    clause: int = setting(
        16,
        "Words in the clause",
        "How many words stand between the cat and its verb.",
        (1, 400, 1),
    )
    plural: bool = setting(
        False, "Several cats", "Turns the number at the noun from +1 to -1, and was into were."
    )
    parameter: str = setting(
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
    # The candidate is to the cell what the RNN's tanh is to its state, and its terms have signs.
    gate: str = setting(
        "c",
        "LSTM gate",
        "Which gate's parameter. All four together is the norm over the gates. The product of the "
        "forget gates is what many texts take for the whole gradient.",
        choices=(
            ("c", "candidate"),
            ("i", "input gate"),
            ("f", "forget gate"),
            ("o", "output gate"),
            ("all", "all four together"),
            ("product", "forget-gate product"),
        ),
    )
    signs: bool = setting(
        False, "Show signs", "Colour by sign as well: blue below, orange above zero."
    )
    lag: int = setting(
        10,
        "Lag k",
        "The term that is explained: how far back from the target its input lies, 1 for the target "
        "step itself. A larger lag than the target has means step 1.",
        (1, LONGEST, 1),
    )
    classes: int = setting(
        4,
        "Classes of paths",
        "Paths are sorted into classes by how often they cross $h$. The last class holds all "
        "paths with more crossings.",
        (2, 8, 1),
    )
    path: int = setting(
        1,
        "Paths by size: value, share, way",
        "The path chosen is lit in the graph. Shares are of the summed sizes of all 24 paths. A "
        "path that works against the sum has a negative share.",
        (1, 24, 1),
    )
    clipping: bool = setting(
        False,
        "Mark clipped targets",
        "Beside each heatmap: the targets whose whole gradient is longer than the threshold.",
    )
    threshold: float = setting(
        1.0,
        "Clipping threshold",
        "A gradient (over all parameters of the cell and the readout) longer than this is scaled "
        "down to it.",
        (1e-6, 1e6, 0.1),
    )

    @property
    def shared_w_h(self) -> float:
        """The LSTM's recurrent weight where its gates share one."""
        return self.w_h if self.own_w_h else self.w_s

    def lag_within(self, t: int) -> int:
        """The lag chosen, or that of step 1 where the target has fewer."""
        return min(self.lag, t)


CONTROLS: dict[str, Control] = controls_by_name(Settings)
