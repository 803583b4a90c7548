"""Which terms of the two networks have too few digits to be read as they are."""

from __future__ import annotations

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
    return flow.digits(name) < LEAST if _may_lack_digits(flow) else None


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


def _may_lack_digits(flow: gf.GradientFlow) -> bool:
    states = [getattr(flow.trace, name) for name in flow.cell.states]
    slope = np.abs(flow.loss_slope.plain())
    return any(map(_falls_far, states)) or bool((slope < _FALL).any())


def _falls_far(state: Array) -> bool:
    """Whether a state, (T + 1, H), is far smaller than the one before, or nearly 0."""
    size = np.abs(state)
    least = np.maximum(_FALL * size[:-1], np.finfo(float).tiny)
    return bool((size[1:] < least).any())
