"""The last layer of a stack as a cell of its own, fed with the states of the layer below.

Its gradient comes from the readout of the target step alone, as that of a single cell does. What
comes down to a lower layer has been back in time in the layers above, and enters at every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from gradflow.cells.base import Cell, Tree
from gradflow.cells.stack import Stack, StackTrace


class HasRun(Protocol):
    """A cell or stack that has run: what a flow and a backward pass have in common."""

    @property
    def cell(self) -> Cell: ...
    @property
    def trace(self) -> Any: ...
    @property
    def slopes(self) -> Tree: ...


@dataclass(frozen=True, eq=False)
class OneLayer:
    """A layer that has run.

    Attributes
    ----------
    cell : Cell
        The layer.
    trace : RNNTrace, LSTMTrace or GRUTrace
        What its forward pass made.
    slopes : tree of Scaled arrays of shape (T, H)
        Its local derivatives.
    """

    cell: Cell
    trace: Any
    slopes: Tree


def last_layer(run: HasRun, number: int) -> OneLayer:
    """The layer of that number, which must be the last.

    Raises
    ------
    ValueError
        If it is a lower layer.
    """
    if not isinstance(run.cell, Stack) or not isinstance(run.trace, StackTrace):
        return OneLayer(run.cell, run.trace, run.slopes)
    last = len(run.cell.layers) - 1
    if number != last:
        raise ValueError(
            f"layer must be the last, {last}, whose paths begin at the readout; those of a lower "
            f"layer come down at every step. Got {number}."
        )
    # The slopes of a stack stand in the order of the way back.
    return OneLayer(run.cell.layers[last], run.trace.layers[last], run.slopes[0])
