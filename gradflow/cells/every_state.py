"""A stack of which every state is read, and not the hidden state of its last layer alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from gradflow.cells.base import Number, Room, Step, times
from gradflow.cells.stack import Stack, StackTrace
from gradflow.numerics.scaled import Array

# The state that the readout sees: all others side by side.
_READ = "read"


@dataclass(frozen=True, repr=False)
class EveryStateTrace(StackTrace):
    """What the forward pass made.

    Attributes
    ----------
    read : array of shape (T + 1, H)
        What the readout sees, and H its width.
    """

    read: Array

    @property
    def hidden(self) -> Array:
        return self.read


@dataclass(frozen=True, eq=False, repr=False)
class EveryState(Stack):
    """Layers of cells whose readout sees all of their states side by side.

    The states stand in the order of the way back: those of the last layer first, and of an LSTM h
    before c. With this a loss may depend on a cell state, or on a state of a lower layer: its
    gradient enters the sweep as that of a hidden state does, and is passed on within the step.

    Parameters
    ----------
    layers : sequence of RNN, LSTM or GRU
        One or more.

    Raises
    ------
    ValueError
        As for `Stack`.

    Examples
    --------
    The gradient of c_T alone, a linear loss of the second of two units:

    >>> import numpy as np
    >>> import gradflow as gf
    >>> from gradflow.cells.every_state import EveryState
    >>> lstm = gf.LSTM.scalar(w_x=0.0, w_h=0.0, b_f=1.0)
    >>> seen = EveryState([lstm])
    >>> seen.states
    ('read', '0.h', '0.c')
    >>> loss = gf.LinearLoss([[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    >>> flow = gf.gradient_flow(seen, np.ones(3), gf.Readout(np.eye(2)), loss, targets="last")
    >>> (10.0 ** flow.log10_row("b_c", t=3, layer=0)).round(4)  # i, and a forget gate a step
    array([0.5   , 0.3655, 0.2672])
    """

    @property
    def H(self) -> int:
        """Numbers of all states together."""
        return sum(super().widths)

    @property
    def signed(self) -> bool:
        return False

    @property
    def states(self) -> tuple[str, ...]:
        return (_READ, *super().states)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.H, *super().widths)

    def run(
        self, x: Array, start: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> dict[str, Array]:
        """As `Stack.run`, and all states side by side."""
        arrays = super().run(x, start, weights)
        read = np.concatenate([arrays[name] for name in super().states], axis=-1)
        return {_READ: read, **arrays}

    def trace(self, **arrays: Array) -> EveryStateTrace:
        made = super().trace(**arrays)
        return EveryStateTrace(made.x, made.layers, made.o, arrays[_READ])

    def back(self, moves: Any, carried: tuple[Number, ...], out: Room | None = None) -> Step:
        # What is read goes nowhere in time: it enters at its own step, where all else is 0 yet, so
        # that no sum grows beyond what the bounds of a step allow.
        read, *own = carried
        ends = pairwise(accumulate(super().widths, initial=0))
        entered = tuple(
            state + read[..., first:stop] for state, (first, stop) in zip(own, ends, strict=True)
        )
        signals, before = super().back(moves, entered, None if out is None else out[1:])
        return signals, (times(read, 0.0, None if out is None else out[0]), *before)
