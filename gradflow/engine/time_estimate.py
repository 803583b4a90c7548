"""How long a run takes, told before it starts."""

from __future__ import annotations

from gradflow.cells.base import Cell
from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.engine.parameter_names import layers_of

# Seconds of one core, between what a fast and a slow machine take: of a step back through a layer,
# of an operation of its matrix products, and of a number of one of its gates, which takes longer
# in sequences whose terms leave the range of float64.
_STEP = 1e-4
_PRODUCT = 1.0 / 20e9
_NUMBER = 4e-9


def needed_seconds(cell: Cell | BidirectionalStack, T: int, targets: int | None = None) -> float:
    """About how many seconds `gradient_flow` takes; within a factor of about three.

    Parameters
    ----------
    cell : Cell or BidirectionalStack
        The cell, or the stack.
    T : int
        Sequence length.
    targets : int, optional
        How many of its steps are targets, the last of them; all unless given.
    """
    pairs = T * T / 2 if targets is None else T * targets  # of a target and a source
    if isinstance(cell, BidirectionalStack):
        layers, pairs = tuple(cell.cells.values()), 2 * pairs
    else:
        layers = layers_of(cell)
    seconds = 0.0
    for layer in layers:
        gates = 1 + max(part.gate for part in layer.parameters.values())
        units = max(layer.widths)
        products = 4.0 * units * units * pairs
        seconds += T * _STEP + products * _PRODUCT + 2 * pairs * gates * units * _NUMBER
    return seconds
