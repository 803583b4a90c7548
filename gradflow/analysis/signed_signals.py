"""The gradient of one target with its sign: of every input, state and gate, unit by unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gradflow.analysis.memory import rounds_to_zero
from gradflow.cells import Stack
from gradflow.cells.base import input_weights
from gradflow.engine.gradient_sums import state_signals
from gradflow.engine.parameter_names import checked_layer, full_name, layers_of, parts_of
from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import (
    finite_array,
    frozen,
    one_of,
    optional_callable,
    target_step,
)


@dataclass(frozen=True, eq=False, repr=False)
class Signed:
    """Numbers of any magnitude.

    Attributes
    ----------
    value : array
        Plain float64, 0 or infinite where out of its range.
    sign : int8 array of the same shape
        -1, 0 or 1; 0 where a number is exactly zero.
    log10 : array of the same shape
        log10 of the magnitudes; minus infinity where exactly zero.
    """

    value: Array
    sign: Array
    log10: Array

    def __repr__(self) -> str:
        return f"Signed(shape={self.value.shape})"


@dataclass(frozen=True, eq=False, repr=False)
class SignedSignals:
    """The gradient of L_t, lag k in row k - 1: source step j = t + 1 - k. Made by `signals`.

    Attributes
    ----------
    t : int
        Target step.
    layer : int
        The layer whose states and gates these are.
    x : Signed of shape (t, D)
        dL_t/dx_j, of the inputs of layer 0.
    h : Signed of shape (t, H)
        dL_t/d(hidden state)_j.
    c : Signed of shape (t, H), or None
        dL_t/dc_j of an LSTM, whose h_j follows c_j.
    z : Signed of shape (t, gates, H)
        dL_t/dz_j of the gates, in the order of the cell; an RNN counts as one gate.

    See Also
    --------
    signals : Makes it.
    GradientFlow : The terms of every target, by parameter.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(0.5, -2.0), [1.0, -1.0, 2.0], loss=gf.UnitLoss())
    >>> found = gf.signals(flow, 3)
    >>> found
    SignedSignals(t=3, layer=0, D=1, H=1, gates=4)
    >>> found.h.sign[:, 0].tolist(), found.c.value[:, 0].round(3).tolist()
    ([1, -1, -1], [0.566, 0.296, 0.122])
    """

    t: int
    layer: int
    x: Signed
    h: Signed
    c: Signed | None
    z: Signed

    def __repr__(self) -> str:
        _, gates, H = self.z.sign.shape
        D = self.x.sign.shape[1]
        return f"SignedSignals(t={self.t}, layer={self.layer}, D={D}, H={H}, gates={gates})"

    def zero_lags(self, name: str = "z", share: float = 1.0) -> Mapping[str, int | None]:
        """The first lag at which numbers round to zero, counted over entries and not by a norm.

        Parameters
        ----------
        name : {"x", "h", "c", "z"}
            Whose entries.
        share : float
            How much of the entries of a lag, above 0 and up to 1: all, unless given.

        Returns
        -------
        mapping
            "float16", "bfloat16", "float32", "float64" to the first lag index k at which at least
            that share of the entries round to zero; None where there is no such lag.

        Raises
        ------
        ValueError
            If the cell has no such state, or share is out of its range.

        See Also
        --------
        memory.zero_lags : The same, of the norm of a term.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(1.0, 0.1), [0.5] * 12, loss=gf.UnitLoss())
        >>> gf.signals(flow, 12).zero_lags("h")["float16"]
        8
        """
        one_of("name", name, [n for n in ("x", "h", "c", "z") if getattr(self, n) is not None])
        part = finite_array("share", share)
        if part.ndim or not 0.0 < part <= 1.0:
            raise ValueError(f"share must be a number above 0 and at most 1. Got {share!r}.")
        entries = np.sort(getattr(self, name).log10.reshape(self.t, -1), axis=1)
        return rounds_to_zero(entries[:, math.ceil(part * entries.shape[1]) - 1])


@requires_flow
def signals(
    flow: GradientFlow,
    t: int,
    layer: int | None = None,
    *,
    on_step: Callable[[float], None] | None = None,
) -> SignedSignals:
    """The gradient of one target with its sign, from a sweep of that target alone.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    on_step : callable, optional
        As in `gradient_flow`.

    Returns
    -------
    SignedSignals
        Right at any magnitude.

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.

    See Also
    --------
    gradient_flow : The terms of every target.
    state_jacobian : The derivative of the state itself, without a loss.

    References
    ----------
    Simonyan, Vedaldi and Zisserman (2014), "Deep inside convolutional networks: visualising image
    classification models and saliency maps", for gradients of inputs as a picture.

    Examples
    --------
    >>> import gradflow as gf
    >>> rnn = gf.RNN(w_x=[[1.0], [2.0]], w_s=[[0.0, -0.5], [0.5, 0.0]], activation="identity")
    >>> flow = gf.gradient_flow(rnn, [1.0, 1.0, 1.0], gf.Readout([1.0, 0.0]), gf.UnitLoss())
    >>> gf.signals(flow, 3)
    SignedSignals(t=3, layer=0, D=1, H=2, gates=1)
    >>> gf.signals(flow, 3).x.value[:, 0].tolist()
    [1.0, -1.0, -0.25]
    """
    optional_callable("on_step", on_step)
    step, number = target_step(t, flow.T), checked_layer(flow.cell, layer)
    slopes = flow.slopes
    rows = flow.carried_signals(step, on_step)
    gates = [rows[signal] * slope[:step][::-1] for signal, slope in flow.cell.gates(slopes)]
    places = state_signals(flow.cell, slopes)
    prefix = f"{number}." if isinstance(flow.cell, Stack) else ""
    states = [f"{prefix}{state}" for state in layers_of(flow.cell)[number].states]
    own = parts_of(flow.cell, full_name(flow.cell, "b", number))
    z = Scaled.beside([gates[flow.cell.parameters[name].gate] for name in own])
    return SignedSignals(
        step,
        number,
        signed(_of_inputs(flow, gates)),
        signed(rows[places[states[0]]]),
        signed(rows[places[states[1]]]) if len(states) > 1 else None,
        signed(z.reshape(step, len(own), -1)),
    )


def _of_inputs(flow: GradientFlow, gates: list[Scaled]) -> Scaled:
    """dL_t/dx_j from dL_t/dz_j of every gate, (t, D)."""
    names = parts_of(flow.cell, full_name(flow.cell, "w_x", 0))
    parts = zip(names, input_weights(layers_of(flow.cell)[0]), strict=True)
    found, *others = (gates[flow.cell.parameters[own].gate] @ w for own, w in parts)
    for part in others:
        found = found + part
    return found


def signed(numbers: Scaled) -> Signed:
    """Scaled numbers as a record of their values, signs and sizes."""
    return Signed(
        frozen(numbers.plain()),
        frozen(np.sign(numbers.mantissa).astype(np.int8)),
        frozen(numbers.log10()),
    )
