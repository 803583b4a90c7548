"""The same cell, had it been set to forget less: a number added to the bias of what it keeps by."""

from __future__ import annotations

from dataclasses import replace

from gradflow.cells import GRU, LSTM, Cell, Stack
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.validation import finite_array


def keeping_gate(cell: Cell) -> str | None:
    """The bias of the gate by which a layer keeps its past.

    Parameters
    ----------
    cell : Cell
        One layer.

    Returns
    -------
    str or None
        "b_f", the forget gate of an LSTM; "b_z", the update gate of a GRU, which multiplies
        h_(j-1) just as f multiplies c_(j-1); None of a cell that has no such gate.
    """
    if isinstance(cell, LSTM):
        return "b_f"
    return "b_z" if isinstance(cell, GRU) else None


def with_forget_bias(cell: Cell, added: float) -> Cell:
    """The same cell with a number added to the bias of every unit's keeping gate.

    Parameters
    ----------
    cell : LSTM or GRU, or a Stack with one among its layers
        The cell. Layers without such a gate stay as they are.
    added : float
        What is added; above 0 it makes the cell forget less.

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
            "cell must have a gate that it keeps its past by, as an LSTM and a GRU have. "
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
