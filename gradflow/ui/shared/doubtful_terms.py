"""Which terms of the two networks have too few digits to be read as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import gradflow as gf
from gradflow.engine.path_classes import PathClasses
from gradflow.engine.term_digits import LEAST, agreed_digits
from gradflow.numerics.scaled import Array

# A state, or a slope of the loss, that falls below this share in one step may have lost digits.
_FALL = 1e-8


def few_digits(flow: gf.GradientFlow, name: str) -> Array | None:
    """The terms with too few digits, (T, T) bool; None where all have enough.

    A second run in higher precision takes several times as long as the flow. It is left out where
    no state falls by eight orders of magnitude in one step, as one does that underflows or cancels.
    """
    return flow.digits(name) < LEAST if may_lack_digits(flow) else None


def few_digits_of_classes(
    flow: gf.GradientFlow, name: str, classes: PathClasses, whole: Array
) -> Array:
    """The same of a term's classes, (n, T, T).

    Parameters
    ----------
    flow, name
        As for `few_digits`.
    classes : PathClasses
        Its classes by detours.
    whole : bool array of shape (T, T)
        What `few_digits` says of the whole.
    """
    better = flow.refined().by_detours(name, classes=len(classes.labels))
    digits = agreed_digits((classes.log10, better.log10), (classes.sign, better.sign))
    zero = np.isneginf(classes.log10) & np.isneginf(better.log10)
    # Where the whole lacks digits a class that is zero may be so for the want of smaller numbers.
    return np.where(zero, whole, digits < LEAST) & ~np.isnan(classes.log10)


def with_better_states(flow: gf.GradientFlow) -> gf.GradientFlow:
    """The flow from states of higher precision, to compare with it what is shown.

    What is too small for a float64, or made of a state that is, is the least of them here, not 0.
    """
    fine, least = flow.refined(), np.finfo(float).tiny
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


def may_lack_digits(flow: gf.GradientFlow) -> bool:
    """Whether a second run in higher precision may find lost digits."""
    states = [getattr(flow.trace, name) for name in flow.cell.states]
    slope = np.abs(flow.loss_slope.plain())
    return any(map(_falls_far, states)) or bool((slope < _FALL).any())


def _falls_far(state: Array) -> bool:
    """Whether a state, (T + 1, H), is far smaller than the one before, or nearly 0."""
    size = np.abs(state)
    least = np.maximum(_FALL * size[:-1], np.finfo(float).tiny)
    return bool((size[1:] < least).any())
