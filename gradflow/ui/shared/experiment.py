"""The two networks of the settings, run on their sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import gradflow as gf
from gradflow import sequences
from gradflow.cells import GATES
from gradflow.losses import Loss
from gradflow.numerics.scaled import Array
from gradflow.ui.shared.setting_fields import LONGEST
from gradflow.ui.shared.settings import Settings

# In which order gates are asked for terms other than zero, where none is chosen.
_GATE_ORDER = "fcio"


@dataclass(frozen=True)
class Inputs:
    """What both networks read: x of shape (T,), and its words where it is a sentence."""

    x: Array
    words: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Experiment:
    """An RNN and an LSTM on one sequence."""

    inputs: Inputs
    rnn: gf.GradientFlow
    lstm: gf.GradientFlow

    @property
    def T(self) -> int:
        return self.rnn.T


def inputs(settings: Settings, own: Array | None) -> Inputs:
    """The chosen sequence; noise while the user has no numbers of their own."""
    T, generator = settings.T, np.random.default_rng(settings.seed)
    if settings.sequence == "own" and own is not None:
        return Inputs(own[:LONGEST])
    if settings.sequence == "sentence":
        sentence = sequences.agreement(settings.clause, settings.plural, generator)
        return Inputs(sentence.x, sentence.words)
    if settings.sequence == "ones":
        return Inputs(sequences.ones(T))
    if settings.sequence == "impulse":
        return Inputs(sequences.impulse(T))
    if settings.sequence == "sine":
        return Inputs(sequences.sine(T, settings.period))
    if settings.sequence == "signs":
        return Inputs(sequences.signs(T, generator))
    return Inputs(sequences.noise(T, generator))


def rnn(settings: Settings) -> gf.RNN:
    """The RNN of the settings."""
    return gf.RNN(settings.w_x, settings.w_s, settings.b, settings.activation)


def lstm_weights(settings: Settings) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """w_x and w_h of each gate of the LSTM: shared by all four, or set apart."""
    if settings.own_gates:
        w_x = {gate: getattr(settings, f"w_x{gate}") for gate in "ifco"}
        w_h = {gate: getattr(settings, f"w_h{gate}") for gate in "ifco"}
        return w_x, w_h
    return dict.fromkeys("ifco", settings.w_x), dict.fromkeys("ifco", settings.shared_w_h)


def lstm(settings: Settings) -> gf.LSTM:
    """The LSTM of the settings."""
    w_x, w_h = lstm_weights(settings)
    return gf.LSTM.scalar(
        w_x, w_h, settings.b_f, b_i=settings.b_i, b_c=settings.b_c, b_o=settings.b_o
    )


def readout(settings: Settings) -> gf.Readout:
    """The readout; for the softmax the scores of class 0, which is 0, and of class 1."""
    if settings.loss == "softmax":
        return gf.Readout([[0.0], [settings.w_o]], [0.0, settings.readout_b_o])
    return gf.Readout(settings.w_o, settings.readout_b_o)


def loss(settings: Settings) -> Loss:
    """The loss of the settings."""
    if settings.loss == "squared":
        return gf.SquaredError(settings.target)
    if settings.loss == "binary":
        return gf.BinaryCrossEntropy(float(settings.label))
    if settings.loss == "softmax":
        return gf.SoftmaxCrossEntropy(int(settings.label))
    return gf.UnitLoss()


def run(settings: Settings, own: Array | None = None) -> Experiment:
    """Both networks on the sequence.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    own : array of shape (n,), optional
        The user's own numbers.

    Raises
    ------
    ValueError
        If the forward pass leaves the range of float64.
    """
    sequence = inputs(settings, own)
    head, steps = readout(settings), loss(settings)
    start = {"h": settings.h_0, "c": settings.c_0}
    return Experiment(
        sequence,
        _flow("RNN", rnn(settings), sequence.x, head, steps, {"s": settings.s_0}),
        _flow("LSTM", lstm(settings), sequence.x, head, steps, start),
    )


def _flow(name: str, *arguments: Any) -> gf.GradientFlow:
    try:
        return gf.gradient_flow(*arguments)
    except ValueError as error:
        raise ValueError(f"The {name} cannot be computed: {error}") from error


def parameter_name(flow: gf.GradientFlow, settings: Settings) -> str:
    """The name of the chosen parameter in one network."""
    name = settings.parameter
    if isinstance(flow.cell, gf.RNN):
        return "w_s" if name == "w_h" else name
    if settings.gate in ("all", "product"):
        return name
    return f"b_{settings.gate}" if name == "b" else f"{name}{settings.gate}"


def explained_parameter(flow: gf.GradientFlow, settings: Settings) -> str:
    """The chosen parameter of one gate, whose terms have signs.

    Where the settings choose no one gate, it is that of the first gate whose terms are not all
    exactly zero, or else the forget gate's.
    """
    if settings.gate in GATES:
        return parameter_name(flow, settings)
    names = [parameter_name(flow, replace(settings, gate=gate)) for gate in _GATE_ORDER]
    return next((name for name in names if flow.sign(name).any()), names[0])
