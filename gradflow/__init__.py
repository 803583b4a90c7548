"""Where the gradient goes in a recurrent network: every term of it, at any magnitude.

`gradflow.figures`, `gradflow.torch` and `gradflow.keras` are imported once they are asked for: they
need Plotly, PyTorch and Keras, and all else numpy alone.
"""

import importlib
from typing import Any

from gradflow import analysis, models, sequences, training, watching
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
from gradflow.cells import GRU, LSTM, RNN, Bidirectional, BidirectionalStack, ProjectedLSTM, Stack
from gradflow.flow import BidirectionalFlow, GradientFlow, gradient_flow
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
    "Bidirectional",
    "BidirectionalFlow",
    "BidirectionalStack",
    "BinaryCrossEntropy",
    "GradientFlow",
    "LinearLoss",
    "Model",
    "ProjectedLSTM",
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
    "watching",
]


# What is imported when it is asked for, the packages that it needs, and what brings these: the
# packages by name, since an index may have a gradflow of somebody else.
_ASKED_FOR = {
    "figures": (
        {"plotly"},
        'Plotly, which the extra [figures] brings: pip install "plotly>=7.1"',
    ),
    "torch": ({"torch"}, 'PyTorch, which the extra [torch] brings: pip install "torch>=2.0"'),
    "keras": (
        {"keras", "torch"},
        "Keras on PyTorch, which the extra [keras-training] brings: "
        'pip install "keras>=3.15" "torch>=2.0"',
    ),
}


def __getattr__(name: str) -> Any:
    if name not in _ASKED_FOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    packages, said = _ASKED_FOR[name]
    try:
        return importlib.import_module(f"gradflow.{name}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing not in packages:
            raise
        raise ImportError(f"gradflow.{name} needs {said}", name=missing) from error


def __dir__() -> list[str]:
    return sorted({"__version__", *__all__, *_ASKED_FOR})
