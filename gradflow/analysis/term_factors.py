"""What one term of a scalar cell is the product of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradflow.cells import GATES, LSTM, RNN
from gradflow.flow import GradientFlow
from gradflow.numerics.activations import TANH, scaled_sigmoid
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
    """

    name: str
    symbol: str
    sign: int
    log10: float


def factors(flow: GradientFlow, t: int, k: int, parameter: str) -> tuple[Factor, ...]:
    """The factors of one term of an RNN, or of the part of an LSTM's term that the cell path has.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar cell.
    t, k : int
        Target step and lag, 1 <= k <= t.
    parameter : str
        One parameter, such as "w_x" or "w_xf".

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
        If the cell is not a scalar RNN or LSTM, or t, k or the parameter is not one of the flow.
    """
    if not isinstance(flow.cell, RNN | LSTM) or not flow.cell.signed:
        raise ValueError(
            "cell must be a scalar RNN or LSTM, whose terms are products of numbers. "
            f"Got {type(flow.cell).__name__} with H={flow.cell.H}, D={flow.cell.D}."
        )
    whole_number("k", k, 1, target_step(t, flow.T))
    one_of("parameter", parameter, flow.parameters)
    between = _of_rnn if isinstance(flow.cell, RNN) else _of_cell_path
    return (*_from_loss(flow, t), *between(flow, t, k, parameter), _source(flow, t, k, parameter))


def _from_loss(flow: GradientFlow, t: int) -> tuple[Factor, ...]:
    """dL_t/do_t and w_o, or dL_t/dh_t."""
    state = flow.cell.states[0]
    if flow.readout.w_o.size > 1:
        symbol = rf"\frac{{\partial L_{{{t}}}}}{{\partial {state}_{{{t}}}}}"
        return (_factor("slope of the loss", symbol, flow.state_slope[t - 1]),)
    symbol = rf"\frac{{\partial L_{{{t}}}}}{{\partial o_{{{t}}}}}"
    slope = flow.loss_slope.reshape(flow.T)[t - 1]
    return (
        _factor("slope of the loss", symbol, slope),
        _factor("readout", "w_o", Scaled.of(flow.readout.w_o)),
    )


def _of_rnn(flow: GradientFlow, t: int, k: int, parameter: str) -> tuple[Factor, ...]:
    (slopes,) = flow.slopes
    j = t + 1 - k
    weight = Scaled.of(np.full(k - 1, flow.cell.weights["w_s"]))
    return (
        _factor("activation slopes", rf"{_product('q', j, t)} \phi'(z_q)", slopes[j - 1 : t]),
        _factor("recurrent weight", f"w_s^{{{k - 1}}}", weight),
    )


def _of_cell_path(flow: GradientFlow, t: int, k: int, parameter: str) -> tuple[Factor, ...]:
    _, forget, *by_gate, by_output = flow.slopes
    gate = flow.cell.parameters[parameter].gate
    j = t + 1 - k
    if GATES[gate] == "o":
        if k > 1:
            return (Factor("no cell path to this gate", "0", 0, -np.inf),)
        symbol = rf"\frac{{\partial h_{{{t}}}}}{{\partial z^o_{{{t}}}}}"
        return (_factor("slope of the output gate", symbol, by_output[t - 1]),)
    symbol = rf"\frac{{\partial c_{{{j}}}}}{{\partial z^{{{_GATE_SYMBOLS[GATES[gate]]}}}_{{{j}}}}}"
    output = scaled_sigmoid(flow.trace.z[t - 1, 3])
    return (
        _factor("output gate", f"o_{{{t}}}", output),
        _factor("slope at the cell state", f"(1 - m_{{{t}}}^2)", TANH.slope(flow.trace.c[t])),
        _factor("forget gates", f"{_product('q', j + 1, t)} f_q", forget[j:t]),
        _factor("slope of the gate", symbol, by_gate[gate][j - 1]),
    )


def _source(flow: GradientFlow, t: int, k: int, parameter: str) -> Factor:
    """What the weight multiplied at the source step."""
    j = t + 1 - k
    source = flow.cell.parameters[parameter].source
    if source == "x":
        return _factor("input", f"x_{{{j}}}", Scaled.of(flow.x[j - 1]))
    if source == "state":
        symbol = f"{flow.cell.states[0]}_{{{j - 1}}}"
        return _factor("state before", symbol, Scaled.of(flow.trace.hidden[j - 1]))
    return _factor("bias", "1", Scaled.of(np.ones(1)))


def _product(index: str, first: int, last: int) -> str:
    return rf"\prod_{{{index}={first}}}^{{{last}}}"


def _factor(name: str, symbol: str, numbers: Any) -> Factor:
    """The product of some numbers, 1 of none, as a factor."""
    mantissa, log10 = np.ravel(numbers.mantissa), np.ravel(numbers.log10())
    return Factor(name, symbol, int(np.prod(np.sign(mantissa))), float(log10.sum()))
