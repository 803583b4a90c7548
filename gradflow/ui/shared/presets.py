"""Scenes: settings worth looking at, in the order of a lecture, and what to look at in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradflow.analysis.memory import forget_bias_for
from gradflow.ui.shared.settings import Settings


@dataclass(frozen=True)
class Preset:
    """One scene.

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
        "One forgets, one does not",
        "Both networks read the same inputs, 1 or −1. In the last row, more than 12 steps back, "
        "the RNN has less than 1% left. The LSTM has more than 10% at step 1. Its forget gates "
        "alone, dotted in the profile below, would keep less.",
        _START,
    ),
    Preset(
        "A small recurrent weight",
        "Each step back costs the RNN a factor below $w_s = 0.1$: only the nearest inputs count. "
        "Raise $w_s$ and watch the bright band widen.",
        replace(_START, w_s=0.1, T=20, sequence="ones", lag=3),
    ),
    Preset(
        "Slow decay",
        "With $w_s$ near 1 and small inputs the tanh hardly bends, so the RNN's gradient fades "
        "slowly. Raise $w_x$: the slopes of the tanh, not $w_s$, then make it short.",
        replace(_START, w_s=0.98, T=100, w_x=0.05, lag=50),
    ),
    Preset(
        "Saturation",
        "Large inputs push the tanh to its flat ends. The RNN's oldest terms lie below "
        "$10^{-300}$, where ordinary arithmetic returns zero; here they keep their digits.",
        replace(_START, T=30, w_x=40.0, floor=-400, lag=30),
    ),
    Preset(
        "Sign-flipping RNN",
        "A negative $w_s$ turns the RNN's sign at every step back: neighbouring lags pull its "
        "weight in opposite directions. Blue is negative, orange positive.",
        replace(_START, w_s=-0.9, T=30, sequence="ones", w_x=0.1, signs=True, own_w_h=True, lag=10),
    ),
    Preset(
        "Exploding RNN",
        "Without a bend ($\\phi$ is the identity) and with $w_s > 1$ every step back makes the "
        "RNN's gradient larger. The strip beside a heatmap marks the targets that clipping would "
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
            lag=100,
        ),
    ),
    Preset(
        "Forget bias 0",
        "The forget gate keeps about half of the cell at each step. Compare the LSTM's curve in "
        "the profile with the dotted product of its forget gates.",
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
        "The forget gate is almost open: after 49 steps more than half of the dotted product is "
        "left.",
        replace(_START, w_s=0.3, b_f=5.0, lag=50),
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
            lag=51,
        ),
    ),
    Preset(
        "Exploding LSTM",
        "Both networks rest at 0 ($w_x = 0$), where slopes are steepest. The forget gates shrink "
        "the dotted product, yet the LSTM's gradient grows: the recurrent weights carry it.",
        replace(
            _START, T=100, w_x=0.0, own_w_h=True, w_h=4.0, clipping=True, threshold=10.0, lag=100
        ),
    ),
    Preset(
        "The cat sentence",
        "Was or were? The verb at the end has to agree with the cat near the start. Look at the "
        "last row: what of the verb's gradient reaches the cat? It is explained below.",
        replace(
            _START,
            w_s=0.5,
            b_f=3.0,
            sequence="sentence",
            clause=16,
            axis="source",
            loss="binary",
            parameter="b",
            lag=18,
        ),
    ),
)


def look_at(settings: Settings, chosen: str | None = None) -> str | None:
    """What to look at in the preset with these settings, or else in the one chosen last."""
    same = next((preset for preset in PRESETS if preset.settings == settings), None)
    if same is not None:
        return same.look
    last = next((preset for preset in PRESETS if preset.name == chosen), None)
    return (
        None
        if last is None
        else f"The scene *{last.name}* has been changed. It showed: {last.look}"
    )
