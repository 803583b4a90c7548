"""What one term of a scalar cell is the product of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradflow.cells import GATES, LSTM, RNN
from gradflow.engine.one_layer import OneLayer, last_layer
from gradflow.engine.parameter_names import layer_and_name
from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.log10_numbers import signed_power
from gradflow.numerics.scaled import Scaled
from gradflow.numerics.validation import one_of, target_step, whole_number

_GATE_SYMBOLS = dict(zip(GATES, ("i", "f", "c'", "o"), strict=True))


@dataclass(frozen=True)
class Factor:
    """One factor of a term.

    Attributes
    ----------
    name : str
        What it is, in words.
    symbol : str
        The same as LaTeX, with the steps put in.
    sign : int
        -1, 0 or 1.
    log10 : float
        log10 of the magnitude; minus infinity where it is exactly zero.

    See Also
    --------
    factors : Makes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.factors(flow, "b", t=1, k=1)[-1]
    Factor(bias, 10^0.00)
    """

    name: str
    symbol: str
    sign: int
    log10: float

    def __repr__(self) -> str:
        return f"Factor({self.name}, {signed_power(self.sign, self.log10)})"


@requires_flow
def factors(
    flow: GradientFlow, parameter: str, t: int, k: int, layer: int | None = None
) -> tuple[Factor, ...]:
    """The factors of one term of an RNN, or of the part of an LSTM's term that the cell path has.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar cell.
    parameter : str
        One parameter, such as "w_x" or "w_xf".
    t, k : int
        Target step and lag, 1 <= k <= t.
    layer : int, optional
        The layer of a stack, which must be its last; may be left out where there is only one.

    Returns
    -------
    tuple of Factor
        From the loss to the input. Their product is the term of an RNN, and class 0 of
        `GradientFlow.by_detours` of an LSTM. Where no cell path leads to a gate, which is so for
        the output gate of an earlier step, that is one factor of zero. A readout of several outputs
        is one factor with the slope of its loss.

    Raises
    ------
    ValueError
        If the layer is not a scalar RNN or LSTM or not the last, or t, k or the parameter is not
        one of the flow.

    See Also
    --------
    GradientFlow.by_detours : The parts of an LSTM's term.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> for factor in gf.analysis.factors(flow, "w_x", t=3, k=3):
    ...     print(f"{factor.name}: {factor.sign * 10**factor.log10:.3f}")
    slope of the loss: -0.145
    readout: 1.000
    activation slopes: 0.651
    recurrent weight: 0.810
    input: 1.000
    """
    number, name = layer_and_name(flow.cell, parameter, layer)
    asked = last_layer(flow, number)
    cell = asked.cell
    if not isinstance(cell, RNN | LSTM) or not cell.signed:
        raise ValueError(
            f"cell must be a scalar RNN or LSTM, whose terms are products of numbers. Got {cell!r}."
        )
    whole_number("k", k, 1, target_step(t, flow.T))
    one_of("parameter", name, cell.parameters)
    between = _of_rnn if isinstance(cell, RNN) else _of_cell_path
    return (
        *_from_loss(flow, cell.states[0], t),
        *between(asked, name, t, k),
        _source(asked, name, t, k),
    )


def _from_loss(flow: GradientFlow, state: str, t: int) -> tuple[Factor, ...]:
    """The loss's slope by the output ŷ_t and w_o, or dL_t/dh_t."""
    if flow.readout.w_o.size > 1:
        symbol = rf"\frac{{\partial L_{{{t}}}}}{{\partial {state}_{{{t}}}}}"
        return (_factor("slope of the loss", symbol, flow.state_slope[t - 1]),)
    symbol = rf"\frac{{\partial L_{{{t}}}}}{{\partial \hat y_{{{t}}}}}"
    slope = flow.loss_slope.reshape(flow.T)[t - 1]
    return (
        _factor("slope of the loss", symbol, slope),
        _factor("readout", "w_o", Scaled.of(flow.readout.w_o)),
    )


def _of_rnn(asked: OneLayer, parameter: str, t: int, k: int) -> tuple[Factor, ...]:
    (slopes,) = asked.slopes
    j = t + 1 - k
    weight = Scaled.of(np.full(k - 1, asked.cell.weights["w_s"]))
    return (
        _factor("activation slopes", rf"{_product('q', j, t)} \phi'(z_q)", slopes[j - 1 : t]),
        _factor("recurrent weight", f"w_s^{{{k - 1}}}", weight),
    )


def _of_cell_path(asked: OneLayer, parameter: str, t: int, k: int) -> tuple[Factor, ...]:
    assert isinstance(asked.cell, LSTM)
    _, forget, *by_gate, by_output = asked.slopes
    gate = asked.cell.parameters[parameter].gate
    j = t + 1 - k
    if GATES[gate] == "o":
        if k > 1:
            return (Factor("no cell path to this gate", "0", 0, -np.inf),)
        symbol = rf"\frac{{\partial h_{{{t}}}}}{{\partial z^o_{{{t}}}}}"
        return (_factor("slope of the output gate", symbol, by_output[t - 1]),)
    symbol = rf"\frac{{\partial c_{{{j}}}}}{{\partial z^{{{_GATE_SYMBOLS[GATES[gate]]}}}_{{{j}}}}}"
    gate_value, phi = asked.cell.squashes
    output = gate_value.scaled_value(asked.trace.z[t - 1, 3])
    by_tanh = asked.cell.activation == "tanh"
    of_state = f"(1 - m_{{{t}}}^2)" if by_tanh else rf"\phi'(c_{{{t}}})"
    return (
        _factor("output gate", f"o_{{{t}}}", output),
        _factor("slope at the cell state", of_state, phi.slope(asked.trace.c[t])),
        _factor("forget gates", f"{_product('q', j + 1, t)} f_q", forget[j:t]),
        _factor("slope of the gate", symbol, by_gate[gate][j - 1]),
    )


def _source(asked: OneLayer, parameter: str, t: int, k: int) -> Factor:
    """What the weight multiplied at the source step."""
    j = t + 1 - k
    source = asked.cell.parameters[parameter].source
    if source == "x":
        return _factor("input", f"x_{{{j}}}", Scaled.of(asked.trace.x[j - 1]))
    if source == "state":
        symbol = f"{asked.cell.states[0]}_{{{j - 1}}}"
        return _factor("state before", symbol, Scaled.of(asked.trace.hidden[j - 1]))
    return _factor("bias", "1", Scaled.of(np.ones(1)))


def _product(index: str, first: int, last: int) -> str:
    return rf"\prod_{{{index}={first}}}^{{{last}}}"


def _factor(name: str, symbol: str, numbers: Any) -> Factor:
    """The product of some numbers, 1 of none, as a factor."""
    mantissa, log10 = np.ravel(numbers.mantissa), np.ravel(numbers.log10())
    return Factor(name, symbol, int(np.prod(np.sign(mantissa))), float(log10.sum()))
