"""The names that terms are asked for by, and the layer they belong to."""

from __future__ import annotations

from typing import Any

from gradflow.cells.base import Cell
from gradflow.cells.stack import Stack
from gradflow.numerics.validation import one_of, whole_number

# Every name of the readout says so: b_o alone is the output gate's bias, in every cell.
READOUT = ("readout.w_o", "readout.b_o")


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
    return 0 if layer is None and not last else whole_number("layer", layer, 0, last)


def full_name(cell: Cell, name: str, layer: Any, besides: tuple[str, ...] = ()) -> str:
    """The name of a parameter, or of several together, as the cell has it.

    Parameters
    ----------
    cell : Cell
        The cell, or the stack.
    name : str
        The name within its layer ("w_xf"), or as the stack has it ("0.w_xf").
    layer : int or None
        The layer. None will do where there is only one, and for a name that holds its layer.
    besides : tuple of str
        What else could have been asked for, told where the name is unknown.

    Raises
    ------
    ValueError
        If the name is unknown, or its layer.
    """
    if layer is None and isinstance(name, str) and name in (*cell.parameters, *cell.groups):
        return name
    layers = layers_of(cell)
    among = layers if layer is None else (layers[checked_layer(cell, layer)],)
    known = dict.fromkeys(name for each in among for name in (*each.parameters, *each.groups))
    one_of("parameter", name, (*known, *besides))
    number = checked_layer(cell, layer)
    return f"{number}.{name}" if isinstance(cell, Stack) else name


def layer_and_name(cell: Cell, name: str, layer: Any) -> tuple[int, str]:
    """The number of the layer that is asked, and the name within it, which may be unknown there.

    Parameters
    ----------
    cell, name, layer
        As for `full_name`.

    Raises
    ------
    ValueError
        If there is no such layer, or there are several and neither name nor layer tells which.
    """
    known = (*cell.parameters, *cell.groups)
    if isinstance(cell, Stack) and layer is None and isinstance(name, str) and name in known:
        number, own = name.split(".")
        return int(number), own
    return checked_layer(cell, layer), name


def term_name(cell: Cell, name: str, layer: Any) -> str:
    """The full name of what terms are asked of; "x", the inputs, stays as it is."""
    if not isinstance(name, str) or name != "x":
        return full_name(cell, name, layer)
    if layer is not None and checked_layer(cell, layer):
        raise ValueError(f"layer must be 0 for 'x', the input of layer 0. Got {layer}.")
    return "x"


def total_name(cell: Cell, name: str, layer: Any) -> str:
    """The full name of what a total is asked of; the names of the readout stay as they are."""
    if isinstance(name, str) and name == "x":
        raise ValueError("parameter must be a weight: the inputs have no total. Got 'x'.")
    if layer is None and isinstance(name, str) and name in READOUT:
        return name
    return full_name(cell, name, layer, READOUT if layer is None else ())


def parts_of(cell: Cell, name: str) -> tuple[str, ...]:
    """The parameters that a full name stands for."""
    return cell.groups.get(name, (name,))
