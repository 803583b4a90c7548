"""How much memory a run takes, told before it starts."""

from __future__ import annotations

from gradflow.cells.base import Cell
from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.engine.parameter_names import layers_of
from gradflow.engine.step_maps import PREPARED
from gradflow.engine.sweep_both_ways import KEPT

_NUMBER = 8
# A mantissa and an exponent.
_SCALED = 16

# Arrays of (T, H) and of (H, H), by unit of a layer's gate, and of (n, T) on the way to one array
# of terms; held against measured peaks in the tests.
_PER_STEP = 10
_PER_WEIGHT = 6
_ON_THE_WAY = 5


def needed_bytes(cell: Cell | BidirectionalStack, T: int, targets: int | None = None) -> int:
    """About how many bytes `gradient_flow` and the terms of one parameter take at most.

    Parameters
    ----------
    cell : Cell or BidirectionalStack
        The cell, or the stack.
    T : int
        Sequence length.
    targets : int, optional
        How many of its steps are targets; all unless given.

    Returns
    -------
    int
        For every gate of every layer an (n, T) array of numbers with exponents, which stays, and
        what comes and goes: arrays of every step, maps one step back, and arrays of terms.
    """
    n = T if targets is None else targets
    kept = on_the_way = 0
    if isinstance(cell, BidirectionalStack):
        layers = tuple(cell.cells.values())
        # What reaches two layers, and the room to add it up.
        on_the_way = 3 * _NUMBER * min(KEPT, T * T * max(layer.D for layer in layers))
    else:
        layers = layers_of(cell)
    for layer in layers:
        gates = 1 + max(part.gate for part in layer.parameters.values())
        kept += gates * _SCALED * n * T
        units = max(layer.widths)
        on_the_way += gates * units * (_PER_STEP * _SCALED * T + _PER_WEIGHT * _NUMBER * units)
        on_the_way += gates * _NUMBER * units * layer.D
    return kept + on_the_way + bytes_of_terms(T, targets) + _NUMBER * PREPARED


def bytes_of_terms(T: int, targets: int | None = None) -> int:
    """About how many bytes the terms of one parameter take at most, once there is a flow."""
    return _ON_THE_WAY * _NUMBER * T * (T if targets is None else targets)
