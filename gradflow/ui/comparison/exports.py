"""The files that the page Compare offers beside its pictures: terms, settings, Python."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

import gradflow as gf
from gradflow.numerics.scaled import Array
from gradflow.ui.downloads.files import csv_file, json_file, npz_file
from gradflow.ui.shared.experiment import Experiment, lstm_weights, parameter_name
from gradflow.ui.shared.setting_fields import LONGEST, LONGEST_WHOLE
from gradflow.ui.shared.settings import Settings

CSV_HEADER = ("cell", "parameter", "t", "k", "j", "sign", "log10", "value")


def terms_csv(experiment: Experiment, settings: Settings) -> bytes:
    """The terms of the chosen parameter: in the RNN, and in each gate of the LSTM.

    One row a term, k <= t only, at full precision; log10 is -inf where the term is exactly zero.
    All parameters of 500 steps would be 1.9 million rows and 120 MB: `terms_npz` holds those. Of a
    longer sequence it has the chosen target step alone.
    """
    tables = (
        ((cell, name), (flow.sign(name), flow.log10(name), flow.value(name)))
        for cell, flow, names in _chosen(experiment, settings)
        for name in names
    )
    return csv_file(CSV_HEADER, tables, settings.target_step(experiment.T))


def terms_npz(experiment: Experiment, settings: Settings) -> bytes:
    """The terms of every parameter, with the inputs and the settings.

    Of a sequence of more than 500 steps it has the chosen parameter alone, in both networks.
    Arrays of shape (T, T) have target step t in row t - 1 and lag k in column k - 1. Their names
    are such as "rnn/w_s/log10", "lstm/w_xf/sign" and "lstm/forget_product/log10"; log10 is nan
    where k > t. "x" is of shape (T,) and "settings" a JSON string. Loads without pickle.
    """
    arrays = {
        f"{cell}/{parameter}/{part}": getattr(flow, part)(parameter)
        for cell, flow, parameters in _kept(experiment, settings)
        for parameter in parameters
        for part in ("log10", "sign")
    }
    arrays["lstm/forget_product/log10"] = experiment.lstm.log10_forget_product()
    arrays["x"] = experiment.inputs.x
    return npz_file(arrays, settings)


def settings_json(settings: Settings, own: Array | None) -> bytes:
    """All settings, the version of their link, and the user's own numbers if they are used."""
    used = settings.sequence == "own" and own is not None
    return json_file(settings, {"own": _used(own)} if used and own is not None else {})


def snippet(settings: Settings, own: Array | None) -> str:
    """Python code that computes the same two flows, `rnn` and `lstm`, with the library alone.

    It prints the log10 of the RNN's oldest term at the chosen target step.
    """
    parameter = "w_s" if settings.parameter == "w_h" else settings.parameter
    lines = [
        "import numpy as np",
        "",
        "import gradflow as gf",
        "from gradflow import sequences",
        "",
        _sequence(settings, own),
        f"readout = {_readout(settings)}",
        f"loss = {_loss(settings)}",
        "",
        f"rnn_cell = {_rnn(settings)}",
        f"rnn_start = {_start(s=settings.s_0)}",
        "rnn = gf.gradient_flow(rnn_cell, x, readout, loss, rnn_start)",
        "",
        f"lstm_cell = {_lstm(settings)}",
        f"lstm_start = {_start(h=settings.h_0, c=settings.c_0)}",
        "lstm = gf.gradient_flow(lstm_cell, x, readout, loss, lstm_start)",
        "",
        "t = rnn.T  # target step"
        if settings.last
        else f"t = min({settings.t}, rnn.T)  # target step",
        "k = t  # lag, here the oldest: step 1",
        f'print(rnn.log10("{parameter}")[t - 1, k - 1])  # log10 of the size of that term',
    ]
    return "\n".join(lines) + "\n"


def _chosen(
    experiment: Experiment, settings: Settings
) -> Iterator[tuple[str, gf.GradientFlow, tuple[str, ...]]]:
    """Each cell, its flow, and its names of the chosen parameter."""
    yield "rnn", experiment.rnn, (parameter_name(experiment.rnn, settings),)
    yield "lstm", experiment.lstm, experiment.lstm.cell.groups[settings.parameter]


def _kept(
    experiment: Experiment, settings: Settings
) -> Iterator[tuple[str, gf.GradientFlow, tuple[str, ...]]]:
    """Each cell, its flow, and the names of the parameters that `terms_npz` holds."""
    if experiment.T > LONGEST_WHOLE:
        yield from _chosen(experiment, settings)
    else:
        yield "rnn", experiment.rnn, experiment.rnn.parameters
        yield "lstm", experiment.lstm, experiment.lstm.parameters


def _used(own: Array) -> list[float]:
    """The numbers that the page uses, as plain Python numbers."""
    return [float(number) for number in own[:LONGEST]]


def _sequence(settings: Settings, own: Array | None) -> str:
    """The code that defines x."""
    generator = f"np.random.default_rng({int(settings.seed)})"
    if settings.sequence == "own" and own is not None:
        # Only blanks may break: a hyphen is a sign.
        numbers = textwrap.fill(
            ", ".join(map(repr, _used(own))),
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
