"""Starting points: settings worth looking at, and what to look at in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradflow.analysis.memory import forget_bias_for
from gradflow.ui.shared.settings import Settings


@dataclass(frozen=True)
class Preset:
    """One starting point.

    Attributes
    ----------
    name : str
        Shown in the list.
    look : str
        Markdown: what to look at.
    settings : Settings
        Every setting of the page.
    """

    name: str
    look: str
    settings: Settings


_START = Settings()

PRESETS = (
    Preset(
        "Start: one forgets, one does not",
        "The RNN's rows fade to dark. The LSTM's stay bright, far beyond what its "
        "forget gates alone (dotted in the profile) would let through.",
        _START,
    ),
    Preset(
        "Textbook: a small recurrent weight",
        "Each step back costs the RNN a factor below $w_s = 0.1$: only the nearest inputs count. "
        "Raise $w_s$ and watch the bright band widen.",
        replace(_START, w_s=0.1, T=20, sequence="ones"),
    ),
    Preset(
        "Slow decay",
        "With $w_s$ near 1 and small inputs the tanh hardly bends, so the RNN's gradient fades "
        "slowly. Raise $w_x$: the slopes of the tanh, not $w_s$, then make it short.",
        replace(_START, w_s=0.98, T=100, w_x=0.05),
    ),
    Preset(
        "Exploding RNN",
        "Without a bend ($\\phi$ is the identity) and with $w_s > 1$ every step back makes the "
        "gradient larger. The strip beside the heatmap marks the targets that clipping would "
        "shorten.",
        replace(
            _START,
            w_s=1.1,
            T=100,
            activation="identity",
            own_w_h=True,
            w_h=0.5,
            clipping=True,
            threshold=10.0,
        ),
    ),
    Preset(
        "Sign-flipping",
        "A negative $w_s$ turns the sign at every step back: neighbouring lags pull the weight in "
        "opposite directions. Blue is negative, orange positive.",
        replace(_START, w_s=-0.9, T=30, sequence="ones", w_x=0.1, signs=True, gate="c"),
    ),
    Preset(
        "Saturation",
        "Large inputs push the tanh to its flat ends. The RNN's terms fall below $10^{-300}$, "
        "where ordinary arithmetic returns zero; here they keep their digits.",
        replace(_START, T=30, w_x=40.0, floor=-400),
    ),
    Preset(
        "Forget bias 0",
        "The forget gate lets about half of the cell through at each step. Compare the LSTM's "
        "curve with the dotted product of its forget gates.",
        replace(_START, w_s=0.3, b_f=0.0),
    ),
    Preset(
        "Forget bias 1",
        "The usual start value. The dotted product still shrinks at each step: a bias of 1 does "
        "not keep a memory for long.",
        replace(_START, w_s=0.3, b_f=1.0),
    ),
    Preset(
        "Forget bias 5",
        "The forget gate is almost open, and the dotted product hardly falls.",
        replace(_START, w_s=0.3, b_f=5.0),
    ),
    Preset(
        "Remember 50 steps",
        "$b_f = \\ln 49$ makes $f = 1 - 1/50$. With nothing else acting on the forget gate the "
        "LSTM's curve and the product of the forget gates fall together.",
        replace(
            _START,
            T=200,
            b_f=round(forget_bias_for(50.0), 4),
            own_gates=True,
            w_xi=0.0,
            w_xf=0.0,
            w_xo=0.0,
            w_xc=0.1,
            w_hi=0.0,
            w_hf=0.0,
            w_hc=0.0,
            w_ho=0.0,
        ),
    ),
    Preset(
        "Exploding LSTM",
        "Both networks rest at 0 ($w_x = 0$), where slopes are steepest. The forget gates shrink "
        "the dotted product, yet the LSTM's gradient grows: the recurrent weights carry it.",
        replace(_START, T=100, w_x=0.0, own_w_h=True, w_h=4.0, clipping=True, threshold=10.0),
    ),
    Preset(
        "The cat sentence",
        "Was or were? The verb at the end has to agree with the cat near the start. Look at the "
        "last row: what of the verb's gradient reaches the cat?",
        replace(
            _START,
            w_s=0.5,
            b_f=3.0,
            sequence="sentence",
            clause=16,
            axis="source",
            loss="binary",
        ),
    ),
)


def look_at(settings: Settings, chosen: str | None = None) -> str | None:
    """What to look at in the preset with these settings, or else in the one chosen last."""
    same = next((preset for preset in PRESETS if preset.settings == settings), None)
    if same is not None:
        return same.look
    last = next((preset for preset in PRESETS if preset.name == chosen), None)
    return None if last is None else f"From the example *{last.name}*: {last.look}"
