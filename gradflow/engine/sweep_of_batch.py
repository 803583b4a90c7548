"""The gradient of n sequences together, carried back as an optimiser takes it: plain float64."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradflow.cells.base import Cell, Tree, each
from gradflow.engine.parameter_names import parts_of
from gradflow.engine.sweep_by_lag import back_each
from gradflow.numerics.scaled import Array


def batch_gradients(
    cell: Cell, trace: Any, slopes: Tree, seed: Array, first: int = 1
) -> dict[str, Array]:
    """The gradient of a cell's weights where the last step alone has a loss.

    Parameters
    ----------
    cell : Cell
        One layer.
    trace : RNNTrace, LSTMTrace or GRUTrace
        What it made of n sequences, with an axis for them after the step.
    slopes : tree of arrays of shape (T, n, H)
        The cell's local derivatives, plain.
    seed : array of shape (n, H)
        dL/dh_T.
    first : int
        The first step that the gradient comes to: the graph is cut before it.

    Returns
    -------
    dict
        The gradient of every array of weights, in its shape.
    """
    T = len(trace.x)
    carried = (seed, *(np.zeros((len(seed), width)) for width in cell.widths[1:]))
    signals: list[tuple[Array, ...]] = []
    for j in range(T, first - 1, -1):
        complete, carried = back_each(cell, each(operator.itemgetter(j - 1), slopes), carried)
        signals.append(complete)
    every_signal = [np.stack(signal[::-1]) for signal in zip(*signals, strict=True)]
    deltas = [
        (every_signal[signal] * slope[first - 1 :]).reshape(-1, slope.shape[-1])
        for signal, slope in cell.gates(slopes)
    ]
    return {
        name: np.stack(
            [_sum(cell, trace, deltas, part, first) for part in parts_of(cell, name)]
        ).reshape(weight.shape)
        for name, weight in cell.weights.items()
    }


def _sum(cell: Cell, trace: Any, deltas: list[Array], parameter: str, first: int) -> Array:
    """The gradient of the weight of one gate: a sum over steps and sequences."""
    gate, source = cell.parameters[parameter]
    if source == "one":
        return deltas[gate].sum(axis=0)
    multiplied = cell.source(parameter, trace)[first - 1 :]
    return deltas[gate].T @ multiplied.reshape(-1, multiplied.shape[-1])
