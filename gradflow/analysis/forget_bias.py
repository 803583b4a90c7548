"""The forget bias: what it means for memory, and the same cell with another one."""

from __future__ import annotations

import math
from dataclasses import replace

from gradflow.cells import GRU, Cell, Stack
from gradflow.cells.lstm_gates import LSTMGates
from gradflow.engine.parameter_names import layers_of
from gradflow.flow.arguments import check_kind
from gradflow.numerics.validation import finite_number


def keeping_gate(cell: Cell) -> str | None:
    """The bias of the gate that decides how much of its past a layer keeps.

    Parameters
    ----------
    cell : Cell
        One layer.

    Returns
    -------
    str or None
        "b_f" for an LSTM: the forget gate multiplies c_(j-1). "b_z" for a GRU: the update gate
        multiplies h_(j-1). None for a cell without such a gate.

    Raises
    ------
    ValueError
        If it is no cell.

    See Also
    --------
    with_forget_bias : Changes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.analysis.keeping_gate(gf.GRU.scalar(w_x=0.5, w_h=0.5))
    'b_z'
    """
    check_kind("cell", cell, Cell, "a cell, such as RNN or LSTM")
    if isinstance(cell, LSTMGates):
        return "b_f"
    return "b_z" if isinstance(cell, GRU) else None


def with_forget_bias(cell: Cell, added: float) -> Cell:
    """The cell with a number added to the forget bias of every unit, or to b_z in a GRU.

    Parameters
    ----------
    cell : LSTM or GRU, or a Stack with one among its layers
        The cell. Layers without such a gate stay as they are.
    added : float
        The number. If it is above 0, the cell forgets less.

    Returns
    -------
    Cell

    Raises
    ------
    ValueError
        If no layer has such a gate, or the number is not finite.

    See Also
    --------
    keeping_gate : Which bias that is.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.LSTM.scalar(w_x=0.5, w_h=0.5, b_f=1.0)
    >>> gf.analysis.with_forget_bias(cell, 2.0).b
    array([0., 3., 0., 0.])
    """
    number = finite_number("added", added)
    if all(keeping_gate(layer) is None for layer in layers_of(cell)):
        raise ValueError(
            "cell must be an LSTM or a GRU, or have one among its layers. "
            f"Got {type(cell).__name__}."
        )
    layers = [_with_bias(layer, number) for layer in layers_of(cell)]
    return Stack(layers) if isinstance(cell, Stack) else layers[0]


def forget_half_life(b_f: float) -> float:
    """Half-life of a cell state whose forget gate stands at sigmoid(b_f).

    Parameters
    ----------
    b_f : float
        Bias of the forget gate.

    Returns
    -------
    float
        ln 2 / -ln sigmoid(b_f), in time steps; infinity where float64 ends (b_f of about 710).

    Raises
    ------
    ValueError
        If b_f is not a finite number.

    See Also
    --------
    forget_bias_for : The bias for a number of steps.

    References
    ----------
    Gers, Schmidhuber and Cummins (2000), "Learning to forget: continual prediction with LSTM".

    Examples
    --------
    >>> import gradflow as gf
    >>> [round(gf.memory.forget_half_life(b_f), 2) for b_f in (0.0, 1.0, 2.0)]
    [1.0, 2.21, 5.46]
    """
    bias = finite_number("b_f", b_f)
    rate = max(-bias, 0.0) + math.log1p(math.exp(-abs(bias)))  # -ln sigmoid(b_f)
    return math.log(2.0) / rate if rate else math.inf


def forget_bias_for(tau: float) -> float:
    """The forget bias that remembers for about `tau` steps: ln(tau - 1), so that f = 1 - 1/tau.

    Parameters
    ----------
    tau : float
        In time steps, above 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If tau is not a finite number above 1.

    See Also
    --------
    forget_half_life : The half-life that a bias gives.

    References
    ----------
    Tallec and Ollivier (2018), "Can recurrent neural networks warp time?".

    Examples
    --------
    >>> import gradflow as gf
    >>> round(gf.memory.forget_bias_for(50.0), 3)
    3.892
    """
    steps = finite_number("tau", tau)
    if steps <= 1.0:
        raise ValueError(f"tau must be above 1. Got {tau}.")
    return math.log(steps - 1.0)


def _with_bias(cell: Cell, added: float) -> Cell:
    if not isinstance(cell, LSTMGates | GRU):
        return cell
    b = cell.b.copy()
    b[1] += added  # gates are i, f, c, o and r, z, n
    return replace(cell, b=b)
