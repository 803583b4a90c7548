"""Python that makes with the library what a page of the two networks shows."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from gradflow.numerics.scaled import Array
from gradflow.ui.shared.experiment import lstm_weights
from gradflow.ui.shared.settings import Settings
from gradflow.ui.shared.settings_file import used_numbers


def snippet(settings: Settings, own: Array | None) -> str:
    """Python code that computes the same two flows, `rnn` and `lstm`, with the library alone.

    It prints the log10 of the RNN's oldest term at the chosen target step.
    """
    parameter = "w_s" if settings.parameter == "w_h" else settings.parameter
    lines = [
        *_head(settings, own),
        f"rnn_cell = {_rnn(settings)}",
        f"rnn_start = {_start(s=settings.s_0)}",
        "rnn = gf.gradient_flow(rnn_cell, x, readout, loss, rnn_start)",
        "",
        *_lstm_lines(settings),
        "",
        "t = rnn.T  # target step"
        if settings.last
        else f"t = min({settings.t}, rnn.T)  # target step",
        "k = t  # lag, here the oldest: step 1",
        f'print(rnn.log10("{parameter}")[t - 1, k - 1])  # log10 of the size of that term',
    ]
    return "\n".join(lines) + "\n"


def paths_snippet(settings: Settings, own: Array | None, parameter: str) -> str:
    """Python code that splits the LSTM's terms of a parameter by its paths, as `classes`.

    It prints the log10 of what the cell path and the detours have in the oldest term of the chosen
    target step.
    """
    target = "lstm.T" if settings.last else f"min({settings.t}, lstm.T)"
    lines = [
        *_head(settings, own),
        *_lstm_lines(settings),
        "",
        f'classes = lstm.by_detours("{parameter}", classes=2)',
        f"t = {target}  # target step",
        "print(classes.log10[:, t - 1, t - 1])  # the cell path, the detours",
    ]
    return "\n".join(lines) + "\n"


def _head(settings: Settings, own: Array | None) -> list[str]:
    return [
        "import numpy as np",
        "",
        "import gradflow as gf",
        "from gradflow import sequences",
        "",
        _sequence(settings, own),
        f"readout = {_readout(settings)}",
        f"loss = {_loss(settings)}",
        "",
    ]


def _lstm_lines(settings: Settings) -> list[str]:
    return [
        f"lstm_cell = {_lstm(settings)}",
        f"lstm_start = {_start(h=settings.h_0, c=settings.c_0)}",
        "lstm = gf.gradient_flow(lstm_cell, x, readout, loss, lstm_start)",
    ]


def _sequence(settings: Settings, own: Array | None) -> str:
    """The code that defines x."""
    generator = f"np.random.default_rng({int(settings.seed)})"
    if settings.sequence == "own" and own is not None:
        # Only blanks may break: a hyphen is a sign.
        numbers = textwrap.fill(
            ", ".join(map(repr, used_numbers(own))),
            width=88,
            initial_indent="    ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        return f"x = np.array([\n{numbers}\n])"
    calls = {
        "signs": f"signs({int(settings.T)}, {generator})",
        "sentence": f"agreement({int(settings.clause)}, {bool(settings.plural)}, {generator}).x",
        "ones": f"ones({int(settings.T)})",
        "impulse": f"impulse({int(settings.T)})",
        "sine": f"sine({int(settings.T)}, {float(settings.period)!r})",
    }
    noise = f"noise({int(settings.T)}, {generator})"
    return f"x = sequences.{calls.get(settings.sequence, noise)}"


def _readout(settings: Settings) -> str:
    w_o, b_o = float(settings.w_o), float(settings.readout_b_o)
    if settings.loss == "softmax":
        return f"gf.Readout(w_o=[[0.0], [{w_o!r}]], b_o=[0.0, {b_o!r}])"
    return f"gf.Readout(w_o={w_o!r}, b_o={b_o!r})"


def _loss(settings: Settings) -> str:
    if settings.loss == "squared":
        return f"gf.SquaredError({float(settings.target)!r})"
    if settings.loss == "binary":
        return f"gf.BinaryCrossEntropy({float(settings.label)!r})"
    if settings.loss == "softmax":
        return f"gf.SoftmaxCrossEntropy({int(settings.label)!r})"
    return "gf.UnitLoss()"


def _rnn(settings: Settings) -> str:
    w_x, w_s, b = float(settings.w_x), float(settings.w_s), float(settings.b)
    return f"gf.RNN(w_x={w_x!r}, w_s={w_s!r}, b={b!r}, activation={settings.activation!r})"


def _lstm(settings: Settings) -> str:
    w_x, w_h = (_by_gate(weights) for weights in lstm_weights(settings))
    biases = ", ".join(f"b_{gate}={float(getattr(settings, f'b_{gate}'))!r}" for gate in "fico")
    return f"gf.LSTM.scalar(\n    w_x={w_x},\n    w_h={w_h},\n    {biases},\n)"


def _by_gate(weights: Mapping[str, float]) -> str:
    """The weights as code: one number where all gates share it, else one a gate."""
    if len(set(weights.values())) == 1:
        return repr(float(weights["f"]))
    return repr({gate: float(weight) for gate, weight in weights.items()})


def _start(**states: float) -> str:
    return repr({name: float(state) for name, state in states.items()})
