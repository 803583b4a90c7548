"""What the forget gates of a layer let through from step to step, the mean over units of its log10.

What the functions take, return and raise stands with the methods of `GradientFlow` that call them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradflow.cells.base import Cell
from gradflow.engine.parameter_names import checked_layer, layers_of
from gradflow.engine.term_tables import table
from gradflow.numerics.scaled import Array, lagged
from gradflow.numerics.validation import frozen, target_step


def log10_products(cell: Cell, trace: Any, layer: int | None, targets: Array) -> Array:
    """log10 of the product of the forget gates f_q, q = j + 1 .. t, (n, T)."""
    summed, shut = _sums(_log10_forget(cell, trace, layer))
    before, shut_before = lagged(summed), lagged(shut)

    def products(some: slice, out: Array) -> None:
        sources = slice(0, some.stop)
        product = summed[some, None] - before[some, sources]
        zero = shut[some, None] > shut_before[some, sources]
        out[:, sources] = np.where(zero, -np.inf, product)

    return table(targets, len(summed), products)


def log10_product_row(cell: Cell, trace: Any, t: int, layer: int | None) -> Array:
    """The row of `log10_products` of one target step, (t,)."""
    log10_forget = _log10_forget(cell, trace, layer)
    summed, shut = _sums(log10_forget[: target_step(t, len(log10_forget))])
    product = summed[-1] - summed[::-1]
    return frozen(np.where(shut[-1] > shut[::-1], -np.inf, product))


def _sums(log10_forget: Array) -> tuple[Array, Array]:
    """Up to each step: the sum over gates that are not 0, and how many are."""
    zero = np.isneginf(log10_forget)
    return np.cumsum(np.where(zero, 0.0, log10_forget)), np.cumsum(zero)


def _log10_forget(cell: Cell, trace: Any, layer: int | None) -> Array:
    """log10 f_j of a layer, the mean over its units, (T,)."""
    number = checked_layer(cell, layer)
    own, traces = layers_of(cell)[number], getattr(trace, "layers", (trace,))
    log10_forget: Callable[[Any], Array] | None = getattr(own, "log10_forget", None)
    if log10_forget is None:
        raise ValueError(f"cell must have a forget gate, as an LSTM has. Got {type(own).__name__}.")
    return log10_forget(traces[number])
