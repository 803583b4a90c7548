"""dL_t/dw of a vector cell for every target: the terms added up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradflow.cells.base import Gate
from gradflow.scaled import Array, Scaled, exponent_range, shifted
from gradflow.sweep import Signals

# Source steps that are added up in one matrix product, and targets that it takes at a time.
_STEPS, _TARGETS = 16, 64

# Columns of the source further apart than this power of two are added up one by one.
_APART = 900


def swept(sweep: Iterable[Signals], gate: Gate, source: Scaled, unit: Array) -> Array:
    """The totals of one parameter, added up as a sweep goes.

    Parameters
    ----------
    sweep : iterable of Signals
        Source steps T, T - 1, .., 1.
    gate : Gate
        The gate whose parameter is asked for; slopes of shape (T, H).
    source : Scaled array of shape (T, D)
        What the weights multiplied at each step.
    unit : int64 array of shape (T,)
        The power of two that each target's totals are given in; 0 for the plain numbers.

    Returns
    -------
    array of shape (T, H, D)
        Totals over 2^unit; they under- and overflow as float64 must.
    """
    signal, slope = gate
    T, H = slope.shape
    top = source.exponent.max(axis=1)  # (T,)
    multiplied = shifted(source.mantissa, source.exponent - top[:, None])
    totals = np.zeros((T, H, source.shape[1]))
    held = np.zeros((_STEPS, T, H))
    for signals in sweep:
        j = signals.j
        exponent = (
            signals.exponents[signal]
            + slope.exponent[j - 1]
            + (top[j - 1] - unit[j - 1 :])[:, None]
        )
        delta = held[(j - 1) % _STEPS]
        delta[: j - 1] = 0.0
        delta[j - 1 :] = shifted(signals.mantissas[signal] * slope.mantissa[j - 1], exponent)
        if (j - 1) % _STEPS == 0:
            steps = slice(j - 1, j - 1 + _STEPS)
            _add(totals, held[: len(multiplied[steps])], multiplied[steps], j)
    return totals


def columns_apart(source: Scaled) -> bool:
    """Whether the numbers of one step lie too far apart to share a power of two."""
    top = source.exponent.max(axis=1, keepdims=True)
    low, _ = exponent_range(Scaled(source.mantissa, source.exponent - top), axis=(0, 1))
    return bool(low < -_APART)


def _add(totals: Array, deltas: Array, source: Array, j: int) -> None:
    """Add the terms of some source steps, from j on: (J, T, H) and (J, D)."""
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(j - 1, len(totals), _TARGETS):
            targets = slice(start, start + _TARGETS)
            some = deltas[:, targets].transpose(1, 2, 0)  # (n, H, J)
            if np.isfinite(some).all():
                totals[targets] += some @ source
            else:  # an overflowed delta times an exact zero is zero, and not nan
                terms = some[..., None] * source  # (n, H, J, D)
                totals[targets] += np.where(source == 0.0, 0.0, terms).sum(axis=2)
