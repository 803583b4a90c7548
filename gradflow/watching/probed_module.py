"""What one pass through a network shows of one of its recurrent modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gradflow.cells import Cell, Stack
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
        dL/dh_t of its last layer: what the rest of the network sends back.
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


@dataclass(frozen=True, eq=False)
class ProbedModule:
    """A recurrent module, or one direction of it, as one pass found it.

    Attributes
    ----------
    layers : tuple of str
        Names of its layers, that next to the input first.
    cell : Cell
        The cell, or the stack of its layers.
    sequences : tuple of ProbedSequence
        The batch.
    own_gradients : mapping
        The gradients of its weights by automatic differentiation, by the names of the cell's
        weights; those that are trained.
    unseen : str
        By what a gradient reaches it too that the sequences do not have; "" if by nothing.
    """

    layers: tuple[str, ...]
    cell: Cell
    sequences: tuple[ProbedSequence, ...]
    own_gradients: Mapping[str, Array]
    unseen: str = ""

    @property
    def readout(self) -> Readout:
        """That of the hidden units themselves."""
        return Readout(np.eye(self.cell.H))

    def weights_of(self, layer: int) -> list[str]:
        """Names of the weights of one layer whose gradients there are."""
        start = f"{layer}." if isinstance(self.cell, Stack) else ""
        return [name for name in self.own_gradients if name.startswith(start)]
