"""`gradient_flow`: the forward pass and the backward sweep of a cell on a sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from gradflow.cells.base import Cell
from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.engine.backward_both_ways import swept_both_ways
from gradflow.engine.backward_pass import BackwardPass
from gradflow.engine.stored_terms import gate_deltas
from gradflow.flow.arguments import checked_targets
from gradflow.flow.forward import ForwardPass, forward_pass
from gradflow.flow.record import GradientFlow
from gradflow.flow.record_both_ways import BidirectionalFlow
from gradflow.losses import Loss, Readout
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import optional_callable
from gradflow.weights.model import Model


@overload
def gradient_flow(cell: Cell, x: Any, *given: Any, **named: Any) -> GradientFlow: ...
@overload
def gradient_flow(
    cell: BidirectionalStack, x: Any, *given: Any, **named: Any
) -> BidirectionalFlow: ...
@overload
def gradient_flow(cell: Model, x: Any, *given: Any, **named: Any) -> Any: ...


def gradient_flow(
    cell: Cell | BidirectionalStack | Model,
    x: Any,
    readout: Readout | None = None,
    loss: Loss | None = None,
    initial_state: Mapping[str, Any] | None = None,
    on_step: Callable[[float], None] | None = None,
    *,
    targets: str | Sequence[int] | None = None,
    mask: Any = None,
    weights: Any = None,
) -> GradientFlow | BidirectionalFlow:
    """Run a cell on a sequence and carry the gradient of each target back to every source step.

    Parameters
    ----------
    cell : RNN, LSTM, ProjectedLSTM, GRU, Stack or BidirectionalStack, or Model
        The cell, layers of cells, or what `load` and `from_state_dict` return.
    x : array of shape (T,) or (T, D)
        Inputs; (T,) where D = 1. A model with an embedding takes token ids too, whole numbers (T,).
    readout : Readout, optional
        o_t = w_o h_t + b_o; unless given the model's, and for a cell w_o = 1 and b_o = 0.
    loss : loss, optional
        L_t as a function of o_t; unless given the unit loss for a model, whose file does not tell
        its loss, and for a cell the squared error with target 0. The unit loss adds up all outputs.
        Of a classifier that is a sum that a softmax ignores: give `UnitLoss(output=j)` for the
        logit of a class, or `SoftmaxCrossEntropy` with the classes.
    initial_state : mapping, optional
        Starting states by name: "s" for an RNN, "h" and "c" for an LSTM, "h" for a GRU, and for a
        stack with the layer before them, "0.h", and the direction if it reads both ways,
        "0.reverse.h". Numbers or arrays of shape (H,); 0 unless given.
    on_step : callable, optional
        Called after each source step with the share of the work that is done, above 0 and up to 1.
        What it raises ends the run. Cells of one unit take many steps at once and need not call it.
    targets : None, "last", or sequence of int
        Which losses L_t are carried back, by their steps t from 1 on, ascending: all of them, the
        last alone, or these. For one of T it takes about a T-th of the time, and memory for T H
        numbers.
    mask : bool array of shape (T,), optional
        Steps that count, as Keras and packed sequences have it: every other step keeps the state
        and makes no loss. All unless given. The flow is that of the steps that count, as if there
        were no others: its T, and every t, k and j, are counted among them, and `flow.steps` has
        their numbers in x. What is given for every step (x, weights, targets of a loss) is given
        for every other step too.
    weights : array of shape (T,), optional
        w_t: the loss of each step is w_t L_t. 1 unless given.

    Returns
    -------
    GradientFlow, or BidirectionalFlow of layers that read in both directions

    Raises
    ------
    ValueError
        If an argument is empty, not finite or of the wrong shape, or the forward pass overflows.

    See Also
    --------
    GradientFlow, BidirectionalFlow : What it returns.
    load : A model from a file, which it takes as a cell.

    References
    ----------
    Werbos (1990), "Backpropagation through time: what it does and how to do it".

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.5), [1.0] * 50)
    GradientFlow(LSTM(H=1, D=1), T=50, vanishing at t=50)
    >>> gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5), [1.0] * 50, targets=[25, 50]).log10("b").shape
    (2, 50)

    Padding at both ends, which changes nothing:

    >>> import numpy as np
    >>> counts = np.arange(70) // 10 == 3
    >>> gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5), counts * 1.0, mask=counts)
    GradientFlow(LSTM(H=1, D=1), T=10 of 70 steps, stable at t=10)
    """
    optional_callable("on_step", on_step)
    made = forward_pass(cell, x, readout, loss, initial_state, mask, weights)
    return flow_of(made, targets, on_step)


def flow_of(
    made: ForwardPass,
    targets: str | Sequence[int] | None = None,
    on_step: Callable[[float], None] | None = None,
) -> GradientFlow | BidirectionalFlow:
    """The flow of a forward pass; targets and on_step are those of `gradient_flow`."""
    steps = checked_targets(targets, len(made.trace.x))
    given = (
        made.cell,
        made.trace.x,
        made.readout,
        made.loss,
        made.start,
        made.weights,
        made.mask,
        made.trace,
    )
    if isinstance(made.cell, BidirectionalStack):
        return BidirectionalFlow(
            *given,
            swept_both_ways(
                made.cell, made.trace, made.loss_slope, made.seeds, steps, made.slopes, on_step
            ),
        )
    return GradientFlow(*given, _swept(made, steps, on_step))


def _swept(
    made: ForwardPass, steps: Array, on_step: Callable[[float], None] | None
) -> BackwardPass:
    deltas = gate_deltas(made.cell, made.slopes, made.seeds, on_step, steps)
    return BackwardPass(
        made.cell, made.trace, made.loss_slope, made.seeds, steps, made.slopes, deltas
    )
