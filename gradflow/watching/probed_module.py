"""What one pass through a network shows of one of its recurrent modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradflow.cells import Cell, Stack
from gradflow.cells.every_state import EveryState
from gradflow.engine.parameter_names import layers_of
from gradflow.losses import LinearLoss, Readout
from gradflow.numerics.scaled import Array


@dataclass(frozen=True, eq=False)
class ProbedSequence:
    """One sequence of the batch, in the order in which the module reads it.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs of the module.
    gradient : array of shape (T, H)
        dL/dh_t of its last layer, or dL/d(state)_t of all states where the cell is read so: what
        the rest of the network sends back.
    length : int
        Steps before the padding.
    start : mapping
        Starting states, as `gradient_flow` takes them.
    """

    x: Array
    gradient: Array
    length: int
    start: Mapping[str, Array]

    @property
    def target(self) -> int:
        """The last step before the padding that the gradient reaches; 0 where there is none."""
        reached = np.flatnonzero(self.gradient[: self.length].any(axis=1))
        return int(reached[-1]) + 1 if len(reached) else 0

    def seeded(self, steps: int) -> LinearLoss:
        """The loss whose gradient at the first steps is the one that came."""
        return LinearLoss(self.gradient[:steps])


def joined(parts: Sequence[ProbedSequence]) -> ProbedSequence:
    """One sequence of parts, each of which goes on from the states of the one before."""
    return ProbedSequence(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.gradient for part in parts]),
        sum(part.length for part in parts),
        parts[0].start,
    )


@dataclass(frozen=True, eq=False)
class ProbedModule:
    """A recurrent module, or one direction of it, as one pass found it.

    Attributes
    ----------
    layers : tuple of str
        Names of its layers, that next to the input first.
    cell : Cell
        The cell, or the stack of its layers; `EveryState` where the network does not read the
        last layer's hidden state alone.
    sequences : tuple of ProbedSequence
        The batch.
    own_gradients : mapping
        The gradients of its weights by automatic differentiation, by the names of the cell's
        weights; those that are trained.
    not_followed : str
        Why its sequences are not those that the network reads; "" where they are.
    """

    layers: tuple[str, ...]
    cell: Cell
    sequences: tuple[ProbedSequence, ...]
    own_gradients: Mapping[str, Array]
    not_followed: str = ""

    @property
    def readout(self) -> Readout:
        """That of the numbers themselves that the network reads."""
        return Readout(np.eye(self.cell.H))

    def weights_of(self, layer: int) -> list[str]:
        """Names of the weights of one layer whose gradients there are."""
        start = f"{layer}." if isinstance(self.cell, Stack) else ""
        return [name for name in self.own_gradients if name.startswith(start)]


def cell_as_read(cell: Cell, ends: Iterable[Array]) -> Cell:
    """The cell with every state read, where a gradient reaches others than the last layer's h.

    Parameters
    ----------
    cell : Cell
        The cell, or the stack of its layers.
    ends : iterable of arrays of shape (n, W)
        What reaches the states after the last steps, the last layer's h first.
    """
    if any(end[:, cell.H :].any() for end in ends):
        return EveryState(layers_of(cell))
    return cell
