"""Numbers of any magnitude by their log10: shares of a sum, a hypotenuse, a line of text."""

from __future__ import annotations

import numpy as np

from gradflow.numerics.scaled import Array


def log_shares(log10: Array, axis: int, power: int = 1) -> Array:
    """Each size's share of the sum along an axis, without leaving float64.

    Parameters
    ----------
    log10 : array of any shape
        log10 of the sizes: minus infinity where 0, nan where there is none.
    axis : int
        The axis that shares add up to 1 along.
    power : int
        1 for shares of the sizes, 2 for shares of their squares.

    Returns
    -------
    array of the shape of log10
        nan where there is no size, and where all along the axis are 0.
    """
    top = np.fmax.reduce(log10, axis=axis, keepdims=True)
    there = np.isfinite(top)
    with np.errstate(under="ignore"):
        size = 10.0 ** (power * (log10 - np.where(there, top, 0.0)))
    return np.asarray(size / np.where(there, np.nansum(size, axis=axis, keepdims=True), np.nan))


def log10_hypotenuse(a: Array, b: Array) -> Array:
    """log10 of sqrt(10^2a + 10^2b), without leaving float64."""
    top = np.maximum(a, b)
    with np.errstate(invalid="ignore"):
        gap = np.where(np.isfinite(top), np.minimum(a, b) - top, 0.0)
    return np.where(np.isfinite(top), top + 0.5 * np.log10(1.0 + 10.0 ** (2.0 * gap)), top)


def signed_power(sign: int, log10: float) -> str:
    """A number of any magnitude in a line of text: -10^2.50, or 0."""
    return f"{'-' if sign < 0 else ''}10^{log10:.2f}" if sign else "0"
