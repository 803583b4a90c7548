"""`gradient_flow`: the forward pass and the backward sweep of a cell on a sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.cells.base import Cell
from gradflow.engine.backward_pass import BackwardPass
from gradflow.engine.stored_terms import gate_deltas
from gradflow.flow.arguments import (
    check_forward,
    check_kind,
    checked_inputs,
    checked_slope,
    checked_start,
)
from gradflow.flow.record import GradientFlow
from gradflow.losses import Loss, Readout, SquaredError, UnitLoss
from gradflow.numerics.validation import frozen
from gradflow.weights.model import Model


def gradient_flow(
    cell: Cell | Model,
    x: Any,
    readout: Readout | None = None,
    loss: Loss | None = None,
    initial_state: Mapping[str, Any] | None = None,
    on_step: Callable[[float], None] | None = None,
) -> GradientFlow:
    """Run a cell on a sequence and carry the gradient of every target back to every source step.

    Parameters
    ----------
    cell : RNN, LSTM, GRU or Stack, or Model
        The cell, layers of cells, or what `load` and `from_state_dict` return.
    x : array of shape (T,) or (T, D)
        Inputs; (T,) where D = 1.
    readout : Readout, optional
        o_t = w_o h_t + b_o; unless given the model's, and for a cell w_o = 1 and b_o = 0.
    loss : loss, optional
        L_t as a function of o_t; unless given the unit loss for a model, whose file does not tell
        its loss, and for a cell the squared error with target 0.
    initial_state : mapping, optional
        Starting states by name: "s" for an RNN, "h" and "c" for an LSTM, "h" for a GRU, and for a
        stack with the layer before them, "0.h". Numbers or arrays of shape (H,); 0 unless given.
    on_step : callable, optional
        Called after each source step with the share of the work that is done, above 0 and up to 1.
        What it raises ends the run. Cells of one unit take many steps at once and need not call it.

    Returns
    -------
    GradientFlow

    Raises
    ------
    ValueError
        If an argument is empty, not finite or of the wrong shape, or the forward pass overflows.

    See Also
    --------
    GradientFlow : What it returns.
    load : A model from a file, which it takes as a cell.

    References
    ----------
    Werbos (1990), "Backpropagation through time: what it does and how to do it".

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.5), [1.0] * 50)
    GradientFlow(LSTM(H=1, D=1), T=50, vanishing at t=50)
    """
    if isinstance(cell, Model):
        readout = cell.readout if readout is None else readout
        loss = UnitLoss() if loss is None else loss
        cell = cell.cell
    readout = Readout() if readout is None else readout
    loss = SquaredError() if loss is None else loss
    check_kind("cell", cell, Cell, "a cell, such as RNN or LSTM")
    check_kind("readout", readout, Readout, "a Readout")
    check_kind("loss", loss, Loss, "a loss, such as SquaredError()")
    inputs = checked_inputs(x, cell.D)
    start = checked_start({} if initial_state is None else initial_state, cell)
    w_o = readout.matrix(cell.H)
    with np.errstate(over="ignore", invalid="ignore"):
        arrays = cell.run(inputs, start, cell.weights)
        o = readout.outputs(arrays[cell.states[0]][1:])
    arrays = {"x": inputs, **arrays, "o": o}
    check_forward(arrays)
    trace = cell.trace(**{name: frozen(array) for name, array in arrays.items()})
    loss_slope = checked_slope(loss, o)
    seeds = loss_slope.reshape(len(o), -1) @ w_o  # (T, O) @ (O, H)
    for slope in (loss_slope, seeds):
        frozen(slope.mantissa)
        frozen(slope.exponent)
    slopes = cell.slopes(trace)
    deltas = gate_deltas(cell, slopes, seeds, on_step)
    return GradientFlow(
        cell,
        inputs,
        readout,
        loss,
        MappingProxyType(start),
        trace,
        BackwardPass(cell, trace, loss_slope, seeds, slopes, deltas),
    )
