"""Whether a flow may have lost digits, and the flow without the zeros that came of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradflow.engine.term_digits import LEAST
from gradflow.flow.record import GradientFlow
from gradflow.numerics.exponent_bounds import LEAST_FULL
from gradflow.numerics.scaled import Array

# A state, or a slope of the loss, that falls below this share in one step may have lost digits.
_FALL = 1e-8


def may_lack_digits(flow: GradientFlow) -> bool:
    """Whether a second run in higher precision may find lost digits.

    It takes several times as long as the flow. It finds none where no state falls by eight orders
    of magnitude in one step, as one does that underflows or cancels.
    """
    states = [getattr(flow.trace, name) for name in flow.cell.states]
    slope = np.abs(flow.loss_slope.plain())
    return any(map(_falls_far, states)) or bool((slope < _FALL).any())


def _falls_far(state: Array) -> bool:
    """Whether a state, (T + 1, H), is far smaller than the one before, or nearly 0."""
    size = np.abs(state)
    least = np.maximum(_FALL * size[:-1], LEAST_FULL)
    return bool((size[1:] < least).any())


def with_better_states(flow: GradientFlow) -> GradientFlow:
    """The flow of a single cell from states of higher precision, without zeros that are none.

    A state that is too small for a float64, or that has cancelled to no digits, is replaced by the
    least number with all digits, and so is each 0 of a step that met such a state. Compared with
    these, no zero of the flow is taken for exact that is not.
    """
    fine, least = flow.refined(), LEAST_FULL
    arrays = {name: array for name, array in vars(fine.trace).items() if name != "x"}
    lost = {
        name: (arrays[name] == 0.0) & (flow.state_digits(name) < LEAST) for name in flow.cell.states
    }
    found = {name: np.where(lost[name], least, arrays[name]) for name in lost}
    met = np.any([(each[1:] | each[:-1]).any(axis=1) for each in lost.values()], axis=0)  # (T,)
    for name in arrays.keys() - lost.keys():
        of_steps = met.reshape(-1, *[1] * (arrays[name].ndim - 1))
        found[name] = np.where((arrays[name] == 0.0) & of_steps, least, arrays[name])
    return replace(fine, trace=replace(fine.trace, **found))
