"""The names that terms are asked for by, and the layer they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradflow.cells.base import Cell
from gradflow.cells.stack import Stack
from gradflow.numerics.validation import one_of

_READOUT = ("w_o", "b_o", "readout_b_o")


def layers_of(cell: Cell) -> tuple[Cell, ...]:
    """The layers of a stack, that next to the input first; any other cell is its own only layer."""
    return tuple(cell.layers) if isinstance(cell, Stack) else (cell,)


def checked_layer(cell: Cell, layer: Any) -> int:
    """The number of a layer; where there is only one, None stands for it.

    Raises
    ------
    ValueError
        If there is no such layer, or None is given and there are several.
    """
    last = len(layers_of(cell)) - 1
    if layer is None and not last:
        return 0
    if isinstance(layer, bool) or not isinstance(layer, int | np.integer) or not 0 <= layer <= last:
        raise ValueError(
            f"layer must be a whole number from 0, next to the input, to {last}. Got {layer!r}."
        )
    return int(layer)


def full_name(cell: Cell, name: str, layer: Any, readout: tuple[str, ...] = ()) -> str:
    """The name of a parameter, or of several together, as the cell has it.

    Parameters
    ----------
    cell : Cell
        The cell, or the stack.
    name : str
        The name within its layer ("w_xf"), or as the stack has it ("0.w_xf").
    layer : int or None
        The layer. None will do where there is only one, and for a name that holds its layer.
    readout : tuple of str
        Names that belong to no layer. One that a layer has too is the layer's if that is given or
        there is only one.

    Raises
    ------
    ValueError
        If the name is unknown, or its layer.
    """
    own = (*cell.parameters, *cell.groups)
    layers = layers_of(cell)
    if layer is None:
        alone = f"0.{name}" if len(layers) == 1 else name
        for found in (name, alone):
            if found in own:
                return found
        if name in readout:
            return name
    among = layers if layer is None else layers[checked_layer(cell, layer) :][:1]
    known = dict.fromkeys(name for each in among for name in (*each.parameters, *each.groups))
    one_of("parameter", name, (*known, *(readout if layer is None else ())))
    number = checked_layer(cell, layer)
    return f"{number}.{name}" if isinstance(cell, Stack) else name


def term_name(cell: Cell, name: str, layer: Any) -> str:
    """The full name of what terms are asked of; "x", the inputs, stays as it is."""
    if name != "x":
        return full_name(cell, name, layer)
    if layer is not None and checked_layer(cell, layer):
        raise ValueError(f"layer must be 0 for 'x', the input of layer 0. Got {layer}.")
    return "x"


def total_name(cell: Cell, name: str, layer: Any) -> str:
    """The full name of what a total is asked of; the names of the readout stay as they are."""
    if name == "x":
        raise ValueError("parameter must be a weight: the inputs have no total. Got 'x'.")
    return full_name(cell, name, layer, _READOUT)


def parts_of(cell: Cell, name: str) -> tuple[str, ...]:
    """The parameters that a full name stands for."""
    return cell.groups.get(name, (name,))
