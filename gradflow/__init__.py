"""Where the gradient goes in a recurrent network: every term, exact at any magnitude."""

from gradflow import models, sequences
from gradflow.analysis import memory
from gradflow.analysis.single_paths import paths
from gradflow.cells import GRU, LSTM, RNN, Stack
from gradflow.flow import GradientFlow, gradient_flow
from gradflow.losses import (
    BinaryCrossEntropy,
    Readout,
    SoftmaxCrossEntropy,
    SquaredError,
    UnitLoss,
)
from gradflow.weights import Model, from_state_dict, load, loads

__version__ = "0.1.0"

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "BinaryCrossEntropy",
    "GradientFlow",
    "Model",
    "Readout",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "Stack",
    "UnitLoss",
    "from_state_dict",
    "gradient_flow",
    "load",
    "loads",
    "memory",
    "models",
    "paths",
    "sequences",
]
