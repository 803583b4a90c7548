"""What the page offers for download: terms, settings, Python, and the figure as a page."""

from __future__ import annotations

import io
import json
import textwrap
from collections.abc import Iterator, Mapping
from html import escape

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv

import gradflow as gf
from gradflow.figures.builders.mode_bar import BAR
from gradflow.numerics.scaled import Array
from gradflow.ui.shared import panels
from gradflow.ui.shared.experiment import Experiment, lstm_weights, parameter_name
from gradflow.ui.shared.links import VERSION
from gradflow.ui.shared.settings import (
    LONGEST,
    LONGEST_WHOLE,
    Settings,
    as_mapping,
)

CSV_HEADER = ("cell", "parameter", "t", "k", "j", "sign", "log10", "value")


def terms_csv(experiment: Experiment, settings: Settings) -> bytes:
    """The terms of the chosen parameter in both networks, for the LSTM of each gate.

    One row a term, k <= t only, at full precision; log10 is -inf where the term is exactly zero.
    All parameters of 500 steps would be 1.9 million rows and 120 MB: `terms_npz` holds those. Of a
    longer sequence it has the chosen target step alone.
    """
    t = None if experiment.T <= LONGEST_WHOLE else panels.target_step(settings, experiment)
    text = io.BytesIO()
    text.write(f"{','.join(CSV_HEADER)}\n".encode())
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    for cell, flow, parameters in _chosen(experiment, settings):
        for parameter in parameters:
            csv.write_csv(_rows(cell, flow, parameter, t), text, options)
    return text.getvalue()


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
    arrays["settings"] = np.array(json.dumps(as_mapping(settings)))
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def settings_json(settings: Settings, own: Array | None) -> bytes:
    """All settings with the version of their link, and one's own numbers where they are used."""
    content: dict[str, object] = {"version": VERSION, "settings": as_mapping(settings)}
    if settings.sequence == "own" and own is not None:
        content["own"] = _used(own)
    return f"{json.dumps(content, indent=2)}\n".encode()


def snippet(settings: Settings, own: Array | None) -> str:
    """Python that makes the same two flows, `rnn` and `lstm`, from the library alone.

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


def html(figure: go.Figure, title: str = "gradflow") -> bytes:
    """A figure as a page that opens anywhere, without a network: plotly.js is inside.

    Parameters
    ----------
    figure : go.Figure
        What to show. plotly escapes what the page must not read as HTML.
    title : str
        Plain text for the browser's tab.
    """
    page: str = figure.to_html(include_plotlyjs=True, config=dict(BAR))
    return page.replace("</head>", f"<title>{escape(title)}</title>\n</head>", 1).encode()


def _chosen(
    experiment: Experiment, settings: Settings
) -> Iterator[tuple[str, gf.GradientFlow, tuple[str, ...]]]:
    """Each cell with its flow and the names that the chosen parameter has in it."""
    yield "rnn", experiment.rnn, (parameter_name(experiment.rnn, settings),)
    yield "lstm", experiment.lstm, experiment.lstm.cell.groups[settings.parameter]


def _kept(
    experiment: Experiment, settings: Settings
) -> Iterator[tuple[str, gf.GradientFlow, tuple[str, ...]]]:
    """Each cell with its flow and the names of what `terms_npz` holds."""
    if experiment.T > LONGEST_WHOLE:
        yield from _chosen(experiment, settings)
    else:
        yield "rnn", experiment.rnn, experiment.rnn.parameters
        yield "lstm", experiment.lstm, experiment.lstm.parameters


def _rows(cell: str, flow: gf.GradientFlow, parameter: str, t: int | None) -> pa.Table:
    """The terms of one parameter, each target's from lag 1 back; of one target or of all."""
    row, column = np.tril_indices(flow.T)
    if t is not None:
        row, column = np.full(t, t - 1), np.arange(t)
    columns = (
        np.full(len(row), cell),
        np.full(len(row), parameter),
        row + 1,
        column + 1,
        row - column + 1,
        flow.sign(parameter)[row, column],
        flow.log10(parameter)[row, column],
        flow.value(parameter)[row, column],
    )
    return pa.table(dict(zip(CSV_HEADER, columns, strict=True)))


def _used(own: Array) -> list[float]:
    """The numbers that the page uses, as plain Python numbers."""
    return [float(number) for number in own[:LONGEST]]


def _sequence(settings: Settings, own: Array | None) -> str:
    """The line, or lines, that make x."""
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
    """One number where the gates share it."""
    if len(set(weights.values())) == 1:
        return repr(float(weights["f"]))
    return repr({gate: float(weight) for gate, weight in weights.items()})


def _start(**states: float) -> str:
    return repr({name: float(state) for name, state in states.items()})
