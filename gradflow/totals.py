"""dL_t/dw of a vector cell for every target: the terms added up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradflow.cells.base import Gate
from gradflow.scaled import Array, Scaled, shifted
from gradflow.sweep import Signals


def swept(sweep: Iterable[Signals], gates: tuple[Gate, ...], source: Scaled, top: Array) -> Scaled:
    """Totals of several parameters, added up as a sweep goes.

    Parameters
    ----------
    sweep : iterable of Signals
        Source steps T, T - 1, .., 1.
    gates : tuple of Gate
        The gates whose parameters are asked for; slopes of shape (T, H).
    source : Scaled array of shape (T, D)
        What the weights multiplied at each step.
    top : int64 array of shape (T,)
        An exponent for each target that none of its terms exceeds.

    Returns
    -------
    Scaled array of shape (T, gates, H, D)
    """
    T, H = gates[0].slope.shape
    totals = np.zeros((T, len(gates), H, source.shape[1]))
    source_top = source.exponent.max(axis=1)  # (T,)
    multiplied = shifted(source.mantissa, source.exponent - source_top[:, None])
    for signals in sweep:
        j = signals.j
        for n, (signal, slope) in enumerate(gates):
            exponent = signals.exponents[signal] + slope.exponent[j - 1] + source_top[j - 1]
            delta = shifted(
                signals.mantissas[signal] * slope.mantissa[j - 1], exponent - top[j - 1 :, None]
            )
            totals[j - 1 :, n] += delta[:, :, None] * multiplied[j - 1]
    return Scaled.of(totals, top[:, None, None, None])
