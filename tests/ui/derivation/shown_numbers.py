"""Numbers as the derivation shows them, and the terms of autograd that they must be."""

import functools
import re

import numpy as np
from oracles import scalar_terms

from gradflow.ui.derivation.example import Example
from gradflow.ui.shared.experiment import inputs, run
from gradflow.ui.shared.settings import Settings

# The numbers on the page have two digits at least.
ROUNDED = 0.06

VARIOUS = {
    "default": Settings(),
    "squared": Settings(loss="squared", target=0.7, w_o=-1.5, readout_b_o=0.25, s_0=0.5),
    "binary": Settings(loss="binary", label="0", activation="sigmoid", w_s=-1.3, b=-0.4),
    "softmax": Settings(loss="softmax", w_o=2.5, readout_b_o=-0.5, activation="relu", b=0.5),
    "identity": Settings(activation="identity", w_s=1.4, sequence="sine", loss="squared", T=12),
}


def example_of(settings):
    return Example(settings, run(settings))


def python(text):
    """A formula of numbers alone, as Python computes it."""
    text = re.sub(r"\\times 10\^\{(-?\d+)\}", r"* 10.0 ** \1", text)
    text = re.sub(r"\^(\d)", r" ** \1", text.replace("\\cdot", "*").replace("{,}", ""))
    return eval(text, {"__builtins__": {}})


def sides(line):
    return [python(side) for side in line.split(" = ")]


def value_of(line):
    """The number after the last equals sign, without the remark that follows it."""
    return python(line.split("\\quad")[0].split(" = ")[-1])


@functools.cache
def rnn_row(settings, t=None):
    """The RNN's terms of a target step, the last unless told, from autograd by lag: (t,)."""
    x = inputs(settings, None).x[:t]
    weights = {
        "w_x": np.array([[settings.w_x]]),
        "w_s": np.array([[settings.w_s]]),
        "b": np.array([settings.b]),
    }
    softmax = settings.loss == "softmax"
    problem = scalar_terms.Problem(
        weights,
        x,
        np.array([[0.0], [settings.w_o]]) if softmax else settings.w_o,
        np.array([0.0, settings.readout_b_o]) if softmax else settings.readout_b_o,
        settings.loss,
        settings.target if settings.loss == "squared" else int(settings.label),
        settings.activation,
        {"s": settings.s_0},
    )
    return {name: np.reshape(v, (len(x), -1))[:, 0] for name, v in _row(problem)}


@functools.cache
def lstm_row(settings, t=None):
    """The LSTM's terms of a target step from autograd, (t, 4), gates in the order i, f, c, o."""
    w_h = settings.w_h if settings.own_w_h else settings.w_s
    weights = {
        "w_x": np.full((4, 1, 1), settings.w_x),
        "w_h": np.full((4, 1, 1), w_h),
        "b": np.array([[0.0], [settings.b_f], [0.0], [0.0]]),
    }
    x = inputs(settings, None).x[:t]
    problem = scalar_terms.Problem(weights, x, 1.0, 0.0, settings.loss)
    return {name: np.reshape(v, (len(x), -1)) for name, v in _row(problem)}


def _row(problem):
    return scalar_terms.autograd_row(problem, len(problem.x)).items()
