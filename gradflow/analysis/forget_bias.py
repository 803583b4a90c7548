"""A cell with another forget bias: how the gradient changes if a trained cell forgets less."""

from __future__ import annotations

from dataclasses import replace

from gradflow.cells import GRU, LSTM, Cell, Stack
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.validation import finite_array


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
    """
    if isinstance(cell, LSTM):
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
    """
    number = finite_array("added", added)
    if all(keeping_gate(layer) is None for layer in layers_of(cell)):
        raise ValueError(
            "cell must be an LSTM or a GRU, or have one among its layers. "
            f"Got {type(cell).__name__}."
        )
    layers = [_with_bias(layer, float(number)) for layer in layers_of(cell)]
    return Stack(layers) if isinstance(cell, Stack) else layers[0]


def _with_bias(cell: Cell, added: float) -> Cell:
    if not isinstance(cell, LSTM | GRU):
        return cell
    b = cell.b.copy()
    b[1] += added  # gates are i, f, c, o and r, z, n
    return replace(cell, b=b)
