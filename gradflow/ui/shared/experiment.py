"""The two networks of the settings, run on their sequence."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace

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
class LSTMAlone:
    """An LSTM on a sequence."""

    inputs: Inputs
    lstm: gf.GradientFlow

    @property
    def T(self) -> int:
        return self.lstm.T


@dataclass(frozen=True)
class Experiment(LSTMAlone):
    """An RNN and an LSTM on one sequence."""

    rnn: gf.GradientFlow


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
        If the RNN leaves the range of float64; the message says which value to lower.
    """
    sequence = inputs(settings, own)
    try:
        flow = _rnn_flow(settings, sequence.x)
    except ValueError as error:
        raise ValueError(_too_large(settings, sequence.x)) from error
    return Experiment(sequence, _lstm_flow(settings, sequence.x), flow)


def run_lstm(settings: Settings, own: Array | None = None) -> LSTMAlone:
    """The LSTM alone on the sequence; its gates keep it within float64, whatever the settings."""
    sequence = inputs(settings, own)
    return LSTMAlone(sequence, _lstm_flow(settings, sequence.x))


def _rnn_flow(settings: Settings, x: Array, targets: str | None = None) -> gf.GradientFlow:
    head, steps, start = readout(settings), loss(settings), {"s": settings.s_0}
    return gf.gradient_flow(rnn(settings), x, head, steps, start, targets=targets)


def _lstm_flow(settings: Settings, x: Array) -> gf.GradientFlow:
    start = {"h": settings.h_0, "c": settings.c_0}
    return gf.gradient_flow(lstm(settings), x, readout(settings), loss(settings), start)


def _too_large(settings: Settings, x: Array) -> str:
    """What to lower where the RNN leaves float64: its states then grow like powers of w_s."""
    longest = bisect_left(range(len(x)), True, lo=1, key=lambda n: _overflows(settings, x[:n])) - 1
    length = "" if settings.sequence in ("own", "sentence") else f", or T to {longest} or less"
    return (
        f"The RNN's numbers leave the range of float64 after step {longest}: with w_s = "
        f"{settings.w_s:g} and the activation {settings.activation} its state grows at each step. "
        f"Lower w_s to a size of 1 or less{length}."
    )


def _overflows(settings: Settings, x: Array) -> bool:
    try:
        _rnn_flow(settings, x, "last")
    except ValueError:
        return True
    return False


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
    t = settings.target_step(flow.T)
    return next((name for name in names if _has_terms(flow, name, t)), names[0])


def _has_terms(flow: gf.GradientFlow, name: str, t: int) -> bool:
    """Whether any term is not exactly zero; one target's row, asked first, tells it sooner."""
    return bool(flow.row(name, t).mantissa.any() or flow.sign(name).any())
