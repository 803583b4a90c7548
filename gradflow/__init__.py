"""Where the gradient goes in a recurrent network: every term, exact at any magnitude."""

from gradflow import memory, sequences
from gradflow.cells import GRU, LSTM, RNN, Stack
from gradflow.flow import GradientFlow, gradient_flow
from gradflow.losses import (
    BinaryCrossEntropy,
    Readout,
    SoftmaxCrossEntropy,
    SquaredError,
    UnitLoss,
)
from gradflow.paths import paths

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "BinaryCrossEntropy",
    "GradientFlow",
    "Readout",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "Stack",
    "UnitLoss",
    "gradient_flow",
    "memory",
    "paths",
    "sequences",
]
