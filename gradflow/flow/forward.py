"""The forward pass of a model on a sequence, and the local derivatives that a sweep back needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.cells.base import Cell
from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.flow.arguments import (
    check_forward,
    check_kind,
    checked_inputs,
    checked_mask,
    checked_start,
    checked_weights,
)
from gradflow.flow.loss_slopes import slope_of_loss
from gradflow.losses import Loss, Readout, SquaredError, UnitLoss
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import frozen
from gradflow.weights.model import Model


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """What a model made of a sequence, n of whose T steps count.

    Attributes
    ----------
    cell, readout, loss
        The cell and what its states are turned into.
    start : mapping
        Starting states by name, arrays of shape (H,).
    weights, mask : arrays of shape (T,)
        w_t, 0 at steps that do not count; the steps that count, bool.
    trace : RNNTrace, LSTMTrace, GRUTrace, StackTrace or BidirectionalTrace
        The states of the steps that count.
    loss_slope : Scaled array of shape (n,) or (n, O)
        w_t dL_t/do_t.
    seeds : Scaled array of shape (n, H)
        w_t dL_t/dh_t.
    slopes : tree of Scaled arrays of shape (n, H)
        The cell's local derivatives; of a bidirectional stack a mapping with those of each cell.
    """

    cell: Any
    readout: Readout
    loss: Loss
    start: Mapping[str, Array]
    weights: Array
    mask: Array
    trace: Any
    loss_slope: Scaled
    seeds: Scaled
    slopes: Any


def forward_pass(
    model: Cell | BidirectionalStack | Model,
    x: Any,
    readout: Readout | None,
    loss: Loss | None,
    initial_state: Mapping[str, Any] | None,
    mask: Any = None,
    weights: Any = None,
) -> ForwardPass:
    """Run a model on a sequence; the arguments are those of `gradient_flow`.

    Parameters
    ----------
    mask : bool array of shape (T,), optional
        Steps that count; every other step keeps the state and makes no loss. All unless given.
    weights : array of shape (T,), optional
        w_t, by which the loss of each step is multiplied; 1 unless given.
    """
    if isinstance(model, Model):
        readout = model.readout if readout is None else readout
        loss = UnitLoss() if loss is None else loss
        initial_state = model.initial_state if initial_state is None else initial_state
        x = model.looked_up(x)
    cell: Cell | BidirectionalStack = model.cell if isinstance(model, Model) else model
    readout = Readout() if readout is None else readout
    loss = SquaredError() if loss is None else loss
    if not isinstance(cell, BidirectionalStack):
        check_kind("cell", cell, Cell, "a cell, such as RNN or LSTM")
    check_kind("readout", readout, Readout, "a Readout")
    check_kind("loss", loss, Loss, "a loss, such as SquaredError()")
    inputs = checked_inputs(x, cell.D)
    counts = checked_mask(mask, len(inputs))
    w_t = checked_weights(weights, counts)
    start = checked_start({} if initial_state is None else initial_state, cell)
    w_o = readout.matrix(cell.H)
    counted = inputs if counts.all() else frozen(inputs[counts])
    trace = _trace(cell, counted, start, readout)
    o = trace.o
    loss_slope = slope_of_loss(readout, loss, trace, w_t, counts).read_only()
    seeds = (loss_slope.reshape(len(o), -1) @ w_o).read_only()  # (n, O) @ (O, H)
    return ForwardPass(
        cell,
        readout,
        loss,
        MappingProxyType(start),
        w_t,
        counts,
        trace,
        loss_slope,
        seeds,
        cell.slopes(trace),
    )


def _trace(
    model: Cell | BidirectionalStack, x: Array, start: Mapping[str, Array], readout: Readout
) -> Any:
    """The record of the forward pass, with read-only arrays in it."""
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(model, BidirectionalStack):
            arrays, hidden = model.run(x, start, model.weights)
        else:
            arrays = model.run(x, start, model.weights)
            hidden = arrays[model.states[0]]
        o = readout.outputs(hidden[1:])
    check_forward({"x": x, **arrays, "hidden state": hidden, "o": o})
    for array in (*arrays.values(), hidden, o):
        frozen(array)
    if isinstance(model, BidirectionalStack):
        return model.trace(arrays, x, hidden, o)
    return model.trace(**arrays, x=x, o=o)
