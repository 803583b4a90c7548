"""Where the gradient goes in a recurrent network: every term of it, at any magnitude.

`gradflow.figures` is imported once it is asked for: it needs Plotly, and all else numpy alone.
"""

import importlib
from typing import Any

from gradflow import analysis, models, sequences, training
from gradflow.analysis import (
    SignedSignals,
    StateJacobian,
    TrainingGradient,
    memory,
    paths,
    signals,
    state_jacobian,
    training_gradient,
)
from gradflow.cells import GRU, LSTM, RNN, Stack
from gradflow.flow import GradientFlow, gradient_flow
from gradflow.losses import (
    BinaryCrossEntropy,
    LinearLoss,
    Readout,
    SoftmaxCrossEntropy,
    SquaredError,
    UnitLoss,
)
from gradflow.surveys import Sample, Survey, survey
from gradflow.weights import Model, from_module, from_state_dict, load, loads

__version__ = "0.1.0"

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "BinaryCrossEntropy",
    "GradientFlow",
    "LinearLoss",
    "Model",
    "Readout",
    "Sample",
    "SignedSignals",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "Stack",
    "StateJacobian",
    "Survey",
    "TrainingGradient",
    "UnitLoss",
    "analysis",
    "from_module",
    "from_state_dict",
    "gradient_flow",
    "load",
    "loads",
    "memory",
    "models",
    "paths",
    "sequences",
    "signals",
    "state_jacobian",
    "survey",
    "training",
    "training_gradient",
]


def __getattr__(name: str) -> Any:
    if name != "figures":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return importlib.import_module("gradflow.figures")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "plotly":
            raise
        raise ImportError(
            'gradflow.figures needs Plotly: pip install "plotly>=7.1"', name="plotly"
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), "figures"})
