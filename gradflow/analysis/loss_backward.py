"""The backward pass of a whole loss, which makes a `TrainingGradient`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.analysis import truncation
from gradflow.analysis.loss_gradient import TrainingGradient, at_steps
from gradflow.cells.base import Cell, each
from gradflow.engine.gradient_sums import GradientSums, state_signals
from gradflow.engine.sweep_by_lag import back_each
from gradflow.engine.sweep_of_sum import carried_sum
from gradflow.flow.arguments import check_kind
from gradflow.flow.forward import ForwardPass, forward_pass
from gradflow.losses import Loss, Readout
from gradflow.numerics.scaled import Array, plain_numbers
from gradflow.numerics.validation import frozen
from gradflow.weights.model import Model


def training_gradient(
    model: Cell | Model,
    x: Any,
    loss: Loss,
    weights: Any = None,
    mask: Any = None,
    readout: Readout | None = None,
    initial_state: Mapping[str, Any] | None = None,
) -> TrainingGradient:
    """The gradient of L = sum over t of w_t L_t, for every parameter, as an optimiser gets it.

    Parameters
    ----------
    model : RNN, LSTM, GRU or Stack, or Model
        The cell, layers of cells, or what `load` and `from_state_dict` return.
    x : array of shape (T,) or (T, D)
        Inputs; (T,) where D = 1.
    loss : loss
        L_t as a function of o_t.
    weights : array of shape (T,), optional
        w_t; 1 unless given. 1 / T makes a mean of the sum, and a single 1 at the end the loss of
        the last step.
    mask : bool array of shape (T,), optional
        Steps that count, as Keras and packed sequences have it: every other step keeps the state
        and makes no loss. All unless given.
    readout : Readout, optional
        o_t = w_o h_t + b_o; unless given the model's, and for a cell w_o = 1 and b_o = 0.
    initial_state : mapping, optional
        As for `gradient_flow`.

    Returns
    -------
    TrainingGradient

    Raises
    ------
    ValueError
        If an argument is empty, not finite or of the wrong shape, or if the forward pass or the
        gradient overflows.

    See Also
    --------
    gradient_flow : The terms of each single target.
    signals : Signed gradients of one target.

    References
    ----------
    Werbos (1990), "Backpropagation through time: what it does and how to do it".

    Examples
    --------
    >>> import numpy as np
    >>> import gradflow as gf
    >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
    >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
    >>> gradient
    TrainingGradient(RNN, T=20, global_norm=122.6)
    >>> float(gradient.value("b").round(3))
    120.942
    >>> gradient.truncated(10)
    Truncated(window=10, relative_error=0.119, cosine=1)
    >>> gradient.chunked(10)
    Truncated(every=10, relative_error=0.316, cosine=1)
    """
    cell = model.cell if isinstance(model, Model) else model
    check_kind("model", cell, Cell, "a cell, such as RNN or LSTM, or a Model")
    return gradient_of(forward_pass(model, x, readout, loss, initial_state, mask, weights))


def gradient_of(made: ForwardPass, signals: tuple[Array, ...] | None = None) -> TrainingGradient:
    """The gradient of a whole loss after a forward pass.

    Parameters
    ----------
    made : ForwardPass
        Of a cell or a stack.
    signals : tuple of arrays of shape (n, H), optional
        What the losses carry to each step, complete, where it is known and one step alone has a
        loss.

    Raises
    ------
    ValueError
        If the gradient overflows.
    """
    sums = GradientSums(made.cell, made.trace, made.slopes)
    with np.errstate(over="ignore", invalid="ignore"):
        seeds = made.seeds.plain()
        if signals is None:
            rows = carried_sum(made.cell, made.slopes, seeds)
            signals, _ = back_each(made.cell, each(plain_numbers, made.slopes), rows)
        else:
            rows = signals  # the loss of one step alone is never carried on by a number of lags
        gradients = {**sums.gradients(signals), **_readout_gradients(made)}
    _check_finite(gradients)
    places = state_signals(made.cell, made.slopes)
    return TrainingGradient(
        made.cell,
        made.readout,
        made.loss,
        made.weights,
        made.mask,
        MappingProxyType({name: frozen(array) for name, array in gradients.items()}),
        MappingProxyType(
            {name: at_steps(signals[place], made.mask, np.nan) for name, place in places.items()}
        ),
        truncation.Parts(
            made.cell,
            made.slopes,
            sums,
            seeds,
            rows,
            signals,
            {name: gradients[name] for name in made.cell.weights},
        ),
    )


def _readout_gradients(made: ForwardPass) -> dict[str, Array]:
    slope = made.loss_slope.plain().reshape(len(made.trace.x), -1)  # (n, O)
    w_o = slope.T @ made.trace.hidden[1:]  # (O, H)
    shape, bias_shape = made.readout.w_o.shape, made.readout.b_o.shape
    b_o = slope.sum(axis=0)
    return {
        "readout.w_o": w_o.reshape(shape) if shape else np.array(w_o.sum()),
        "readout.b_o": b_o.reshape(bias_shape) if bias_shape else np.array(b_o.sum()),
    }


def _check_finite(gradients: Mapping[str, Array]) -> None:
    for name, gradient in gradients.items():
        if not np.isfinite(gradient).all():
            raise ValueError(
                "x, the weights and the loss must keep the gradient within float64. "
                f"Got an infinite gradient of {name}."
            )
