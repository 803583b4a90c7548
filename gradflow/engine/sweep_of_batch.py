"""The gradient of n sequences together, carried back as an optimiser takes it: plain float64."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradflow.cells.base import Cell, each
from gradflow.engine.parameter_names import parts_of
from gradflow.engine.sweep_by_lag import back_each
from gradflow.numerics.scaled import Array


def batch_trace(cell: Any, x: Array, start: Mapping[str, Array] | None = None) -> Any:
    """What a cell makes of n sequences of one length; the readout's part of it is left empty.

    Parameters
    ----------
    cell : Cell
        One layer, or a stack of layers.
    x : array of shape (T, n, D)
        Inputs.
    start : mapping, optional
        Starting states by name, (n, width) each; 0 where none is given.
    """
    n, given = x.shape[1], start or {}
    states = {
        name: given[name] if name in given else np.zeros((n, width))
        for name, width in zip(cell.states, cell.widths, strict=True)
    }
    return cell.trace(x=x, o=np.empty(0), **cell.run(x, states, cell.weights))


def batch_gradients(
    cell: Any, trace: Any, seeds: Sequence[Array | None], first: int = 1
) -> dict[str, Array]:
    """The gradient of a cell's weights, a sum over sequences and over the steps that have a loss.

    Parameters
    ----------
    cell : Cell
        One layer, or a stack of layers.
    trace : record
        What it made of n sequences, as `batch_trace` gives it.
    seeds : sequence of T arrays of shape (n, H) or None
        dL/dh_t of the loss of each step alone; None at steps that have none.
    first : int
        The first step that the gradient comes to: the graph is cut before it.

    Returns
    -------
    dict
        The gradient of every array of weights, in its shape.
    """
    slopes, n = cell.plain_slopes(trace), trace.x.shape[1]
    carried = tuple(np.zeros((n, width)) for width in cell.widths)
    signals: list[tuple[Array, ...]] = []
    for j in range(len(seeds), first - 1, -1):
        seed = seeds[j - 1]
        if seed is not None:
            carried = (carried[0] + seed, *carried[1:])
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
    if source.rpartition(".")[2] == "one":  # of a stack the layer's number stands before it
        return deltas[gate].sum(axis=0)
    multiplied = cell.source(parameter, trace)[first - 1 :]
    return deltas[gate].T @ multiplied.reshape(-1, multiplied.shape[-1])
