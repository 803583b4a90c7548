"""What the loss of every step sends to its output."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradflow.losses import Loss, Readout
from gradflow.numerics.scaled import Array, Scaled


def slope_of_loss(readout: Readout, loss: Loss, trace: Any, weights: Array, mask: Array) -> Scaled:
    """w_t dL_t/do_t of the n steps that count, (n,) or (n, O), from their trace."""
    # A target for every step fits the outputs of every step: between those that count, the last.
    at_start = readout.outputs(trace.hidden[:1])
    o = trace.o if mask.all() else np.concatenate([at_start, trace.o])[np.cumsum(mask)]
    slope = checked_slope(loss, o) * weights.reshape(-1, *[1] * (o.ndim - 1))
    return slope[mask]


def checked_slope(loss: Loss, o: Array) -> Scaled:
    """dL_t/do_t, which must be finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        slope = loss.slope(o)
    if not np.isfinite(slope.mantissa).all():
        raise ValueError(
            f"loss must have a slope within float64 at every output. Got outputs up to "
            f"{np.abs(o).max():g} with {type(loss).__name__}."
        )
    return slope
