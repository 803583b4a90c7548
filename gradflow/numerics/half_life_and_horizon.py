"""What one row of terms says: its decay, half-life, horizon, and what lies beyond a window.

A row is an array of shape (t,): log10 of |term| at lags 1 .. t, minus infinity where exactly zero.
Everything is computed from differences of log10, so magnitudes never give out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import plain_array, shown

# Numbers of at most half the smallest subnormal round to zero: its power of two, by format.
HALF_SMALLEST = MappingProxyType(
    {"float16": -25, "bfloat16": -134, "float32": -150, "float64": -1075}
)

# Terms are right to some 1e-10; at a limit they count as having met it.
_LOG10_TOLERANCE = 1e-9


def log10_left(row: Array) -> float:
    """log10 of the last term over the first; nan where that is zero."""
    return math.nan if np.isneginf(row[0]) else float(row[-1] - row[0])


def log10_decay(row: Array) -> float:
    """log10 of the decay per step; nan of one term, and where the first is zero."""
    return log10_left(row) / (len(row) - 1) if len(row) > 1 else math.nan


def log10_fitted_decay(row: Array) -> float:
    """log10 of the fitted decay; nan of fewer than two terms other than zero."""
    lags = np.flatnonzero(np.isfinite(row)).astype(np.float64)
    if len(lags) < 2:
        return math.nan
    size = row[np.isfinite(row)]
    offset = lags - lags.mean()
    return float(offset @ (size - size[0]) / (offset @ offset))


def half_life_of(row: Array) -> float:
    """Steps after which a row of terms has halved.

    Parameters
    ----------
    row : array of shape (t,)
        log10 of |term| at lags 1 .. t.

    Returns
    -------
    float
        As of `gradflow.memory.half_life`.

    Raises
    ------
    ValueError
        If the row is no array of numbers with one axis.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.memory.half_life_of([0.0, -1.0, -2.0])  # a tenth a step
    0.3010299956639812
    """
    return half_life_at(log10_decay(_checked(row)))


def half_life_at(log10_rate: float) -> float:
    """Steps after which what decays at a rate a step has halved; infinity where it does not."""
    if math.isnan(log10_rate):
        return math.nan
    return math.log10(2.0) / -log10_rate if log10_rate < 0.0 else math.inf


def horizon_of(row: Array, log10_eps: float) -> int:
    """The last lag that is at least a share of the first, or of the largest where that is zero.

    0 where all are zero.
    """
    unit = row.max() if np.isneginf(row[0]) else row[0]
    if np.isneginf(unit):
        return 0
    reached = row >= unit + log10_eps - _LOG10_TOLERANCE
    return int(np.flatnonzero(reached)[-1]) + 1


def log10_size_sum(row: Array) -> float:
    """log10 of the sum of |term|; nan where all are zero."""
    if np.isneginf(row).all():
        return math.nan
    return float(row.max()) + math.log10(_relative(row).sum())


def share_beyond_of(row: Array, window: int) -> float:
    """Share of the sum of |term| at lags beyond a window; nan where all are zero."""
    if np.isneginf(row).all():
        return math.nan
    size = _relative(row)
    return float(size[window:].sum() / size.sum())


def rounds_to_zero(row: Array) -> Mapping[str, int | None]:
    """The first lag at which a row of terms rounds to zero, by number format.

    Parameters
    ----------
    row : array of shape (t,)
        log10 of |term| at lags 1 .. t, as it is and not relative.

    Returns
    -------
    mapping of str to int or None
        As of `gradflow.memory.zero_lags`.

    Raises
    ------
    ValueError
        If the row is no array of numbers with one axis.

    Examples
    --------
    >>> import gradflow as gf
    >>> dict(gf.memory.rounds_to_zero([0.0, -10.0, -50.0]))
    {'float16': 2, 'bfloat16': 3, 'float32': 3, 'float64': None}
    """
    sizes, lags = _checked(row), dict[str, int | None]()
    for name, power in HALF_SMALLEST.items():
        lost = np.flatnonzero(sizes <= power * math.log10(2.0) + _LOG10_TOLERANCE)
        lags[name] = int(lost[0]) + 1 if len(lost) else None
    return MappingProxyType(lags)


def power_of_ten(exponent: float) -> float:
    """10**exponent as float64: 0 or infinity where out of its range."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.power(10.0, exponent))


def _checked(row: Any) -> Array:
    """A row that a user hands in."""
    array = plain_array("row", row)
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise ValueError(f"row must be real numbers of shape (t,). Got {shown(row)}.")
    return array


def _relative(row: Array) -> Array:
    """Terms over the largest of them, which must not be zero."""
    with np.errstate(under="ignore"):
        return np.asarray(10.0 ** (row - row.max()))
