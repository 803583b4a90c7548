"""The gradient of the loss of all steps together, and what truncation makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import gradflow as gf
from gradflow.analysis.lag_split import LagBins
from gradflow.analysis.loss_gradient import TrainingGradient
from gradflow.analysis.truncation import TruncationCurve

# Errors for which the shortest length is told.
ERRORS = (0.01, 0.05, 0.1)

Report = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class WholeLoss:
    """The lengths of the gradient of a sum of losses.

    Attributes
    ----------
    norms : mapping
        Of every array of weights, by its name.
    length : float
        Of all together.
    length_both_biases : float
        The same where PyTorch's two biases both count.
    lags : LagBins
        It split into lags 1, 2, 3 to 4, 5 to 8 and so on.
    """

    norms: Mapping[str, float]
    length: float
    length_both_biases: float
    lags: LagBins


def lengths(flow: gf.GradientFlow, weights: Sequence[float], on_step: Report) -> WholeLoss:
    """The lengths of the gradient of the sum of w_t L_t."""
    gradient = _gradient(flow, weights)
    first = [1, *(1 + 2**n for n in range(flow.T.bit_length()) if 2**n < flow.T)]
    return WholeLoss(
        {name: gradient.norm(name) for name in gradient.gradients},
        gradient.global_norm(),
        gradient.global_norm(both_biases=True),
        gradient.by_lag(first, on_step),
    )


def truncation_errors(
    flow: gf.GradientFlow, weights: Sequence[float], cut: str, on_step: Report
) -> TruncationCurve:
    """The error of truncated gradients, of sliding windows or of chunks, by their length."""
    gradient = _gradient(flow, weights)
    if cut == "chunks":
        return gradient.chunk_curve(on_step=on_step)
    return gradient.truncation_curve(on_step)


def _gradient(flow: gf.GradientFlow, weights: Sequence[float]) -> TrainingGradient:
    return gf.training_gradient(
        flow.cell,
        flow.x,
        flow.loss,
        weights,
        readout=flow.readout,
        initial_state=flow.initial_state,
    )
