"""The weights that training starts from."""

from __future__ import annotations

import numpy as np

from gradflow.cells import GRU, LSTM, RNN
from gradflow.losses import Readout
from gradflow.numerics.scaled import Array
from gradflow.training.networks import Layer, Network
from gradflow.training.settings import TrainingSettings
from gradflow.training.tasks import Task

_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
_IDENTITY_INPUT = 0.001  # standard deviation of the input weights beside an identity


def start(settings: TrainingSettings, task: Task, generator: np.random.Generator) -> Network:
    """A network at its start.

    Parameters
    ----------
    settings : TrainingSettings
        Its `start` is "default" (all weights even within 1 / sqrt(H), as in PyTorch), "orthogonal"
        (recurrent weights orthogonal, input weights even within sqrt(6 / (D + H)), biases 0) or,
        for an RNN, "identity" (recurrent weights the identity, input weights normal with standard
        deviation 0.001, biases 0); `forget_bias` replaces the forget gate's bias.
    task : Task
        What it is to learn.
    generator : numpy.random.Generator
        Where random weights come from.

    Returns
    -------
    Network

    References
    ----------
    Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks"; Saxe, McClelland and Ganguli (2014), "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks"; Le, Jaitly and Hinton (2015), "A simple way to
    initialize recurrent networks of rectified linear units"; Tallec and Ollivier (2018), "Can
    recurrent neural networks warp time?".
    """
    H, D, gates = settings.hidden, task.D, _GATES[settings.cell]
    bound = 1.0 / np.sqrt(H)
    if settings.start == "default":
        w_x, w_h, b = (
            generator.uniform(-bound, bound, (gates, H, *size)) for size in ((D,), (H,), ())
        )
    else:
        b = np.zeros((gates, H))
        if settings.start == "orthogonal":
            even = np.sqrt(6.0 / (D + H))
            w_x = generator.uniform(-even, even, (gates, H, D))
            w_h = np.stack([_orthogonal(generator, H) for _ in range(gates)])
        else:
            w_x = generator.normal(0.0, _IDENTITY_INPUT, (gates, H, D))
            w_h = np.eye(H)[None]
    w_o = generator.uniform(-bound, bound, (task.outputs, H))
    return Network(
        _cell(settings, w_x, w_h, _gate_biases(settings, task, b, generator)),
        Readout(w_o, np.zeros(task.outputs)),
    )


def _gate_biases(
    settings: TrainingSettings, task: Task, b: Array, generator: np.random.Generator
) -> Array:
    """The biases, that of the gate that keeps the state as the settings have it."""
    chosen = settings.forget_bias
    if chosen is None:
        return b
    keeping = 1  # the place of the LSTM's forget gate, and of the GRU's update gate
    kept = b.copy()
    if chosen == "chrono":
        kept[keeping] = np.log(generator.uniform(1.0, task.T - 1, settings.hidden))
        if settings.cell == "lstm":
            kept[0] = -kept[keeping]
    else:
        kept[keeping] = chosen
    return kept


def _cell(settings: TrainingSettings, w_x: Array, w_h: Array, b: Array) -> Layer:
    if settings.cell == "rnn":
        return RNN(w_x[0], w_h[0], b[0], settings.activation)
    return LSTM(w_x, w_h, b) if settings.cell == "lstm" else GRU(w_x, w_h, b)


def _orthogonal(generator: np.random.Generator, H: int) -> Array:
    """An orthogonal matrix, all alike likely."""
    q, r = np.linalg.qr(generator.standard_normal((H, H)))
    return np.asarray(q * np.sign(np.diag(r)))
