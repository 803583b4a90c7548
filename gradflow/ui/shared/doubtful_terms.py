"""Which terms of the two networks have too few digits to be read as they are."""

from __future__ import annotations

import numpy as np

import gradflow as gf
from gradflow.engine.path_classes import PathClasses
from gradflow.engine.term_digits import LEAST, agreed_digits
from gradflow.flow.lost_digits import may_lack_digits
from gradflow.numerics.scaled import Array


def few_digits(flow: gf.GradientFlow, name: str) -> Array | None:
    """The terms with too few digits, (T, T) bool; None where all have enough.

    The second run that tells it is left out where it would find none.
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
