"""A call of a recurrent layer: what it read, what it made, and the gradient that came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from gradflow.cells import Cell, Stack
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.scaled import Array
from gradflow.torch.module_calls import reached
from gradflow.torch.recurrent_parts import as_array
from gradflow.watching.probed_module import ProbedSequence


@dataclass(frozen=True, eq=False)
class LayerCall:
    """One call, with its tensors still in the graph.

    Attributes
    ----------
    layer : keras.layers.RNN
    given : Tensor of shape (n, T, D)
        The input.
    mask : Tensor of shape (n, T) or None
        Steps that count.
    start : tuple of Tensor of shape (n, H)
        Starting states, those of the cell next to the input first; none where they are 0.
    made : Tensor of shape (n, T, H) or (n, H)
        The output: at every step as the layer reads them, or at the last.
    last : Tensor of shape (n, H) or None
        The last cell's hidden state after the last step, where the layer hands it on.
    others : tuple of Tensor
        All other states after the last step, where it hands them on.
    """

    layer: Any
    given: Any
    mask: Any
    start: tuple[Any, ...]
    made: Any
    last: Any
    others: tuple[Any, ...]

    @property
    def leaves(self) -> tuple[Any, ...]:
        """The tensors whose gradients are asked for: the output, and the last states."""
        return (self.made,) if self.last is None else (self.made, self.last, *self.others)

    def unseen(self, gradients: Sequence[Any]) -> str:
        """By what a gradient reaches it that is not carried back; "" if by nothing."""
        missed = any(found is not None and bool(found.any()) for found in gradients[2:])
        return "its last cell state c, or a state of a cell below the last" if missed else ""

    def sequences(
        self, cell: Cell, gradients: Sequence[Any], lengths: Sequence[int] | None
    ) -> Iterator[ProbedSequence]:
        """The sequences of the batch as the layer reads them: steps that count alone.

        Parameters
        ----------
        cell : Cell
        gradients : sequence of Tensor or None
            Those of `leaves`.
        lengths : sequence of int, optional
            Steps of each sequence before its padding, where no mask tells.

        Raises
        ------
        ValueError
            If there are more or fewer lengths than sequences.
        """
        x, counts = as_array(self.given), self._counts()
        outputs, last = self._by_step(gradients)
        n, T = counts.shape
        if lengths is not None and len(lengths) != n:
            raise ValueError(f"lengths must be of each of the n={n} sequences. Got {len(lengths)}.")
        # Read from its end, a sequence has its padding first.
        is_told = self.mask is not None or self.layer.go_backwards
        known = [T] * n if lengths is None or is_told else lengths
        if self.layer.go_backwards:
            x, counts = x[:, ::-1], counts[:, ::-1]
        starts = [as_array(state) for state in self.start]
        for place in range(n):
            kept = np.flatnonzero(counts[place])
            if len(kept):
                gradient = self._onto(kept, outputs[place])
                gradient[-1] += last[place]
                yield ProbedSequence(
                    x[place, kept],
                    gradient,
                    min(known[place], len(kept)),
                    _start_of(cell, [state[place] for state in starts]),
                )

    def _counts(self) -> Array:
        n, T = self.given.shape[:2]
        return np.ones((n, T), bool) if self.mask is None else as_array(self.mask) != 0.0

    def _by_step(self, gradients: Sequence[Any]) -> tuple[Array, Array]:
        """The gradients of the output at every step, (n, T, H), and of the last state, (n, H)."""
        (n, T), H = self.given.shape[:2], self.made.shape[-1]
        outputs, last = np.zeros((n, T, H)), np.zeros((n, H))
        if gradients[0] is not None:
            outputs[:, slice(None) if self.layer.return_sequences else -1] = as_array(gradients[0])
        if self.last is not None and gradients[1] is not None:
            last += as_array(gradients[1])
        return outputs, last

    def _onto(self, kept: Array, outputs: Array) -> Array:
        """The gradient at the steps that count: the others repeat the output before, or are 0."""
        if self.layer.zero_output_for_mask:
            return outputs[kept]
        gradient = np.zeros((len(kept), outputs.shape[1]))
        repeats = np.searchsorted(kept, np.arange(len(outputs)), side="right") - 1
        is_after = repeats >= 0
        np.add.at(gradient, repeats[is_after], outputs[is_after])
        return gradient


def call_of_layer(
    layer: Any, given: Any, mask: Any, initial_state: Any, output: Any
) -> tuple[LayerCall, Any]:
    """The call, and what is to be handed on instead of the output: a copy, as it may be written to.

    Parameters
    ----------
    layer, given, mask, initial_state
        The layer, and what it was called with.
    output : Tensor, or sequence of them
        What it returned: with `return_state` the states after the output.
    """
    made, *states = output if layer.return_state else (output,)
    start = tuple(keras.tree.flatten(initial_state) if initial_state is not None else ())
    counts = keras.tree.flatten(mask)[0]
    # Copies: the output and the last state may be one tensor, and each has a gradient of its own.
    made = reached(made.clone())
    if not states:
        call = LayerCall(layer, given, counts, start, made, None, ())
        return call, made.clone()
    below = len(keras.tree.flatten(states[:-1])) if _is_stacked(layer) else 0
    others = [reached(state.clone()) for state in keras.tree.flatten(states)]
    handed_on = keras.tree.pack_sequence_as(states, [state.clone() for state in others])
    last = others.pop(below)
    call = LayerCall(layer, given, counts, start, made, last, tuple(others))
    return call, (made.clone(), *handed_on)


def _is_stacked(layer: Any) -> bool:
    return len(getattr(layer.cell, "cells", ())) > 1


def _start_of(cell: Cell, states: Sequence[Array]) -> dict[str, Array]:
    """The starting states of one sequence, by their names in the cell."""
    is_stack = isinstance(cell, Stack)
    names = [
        f"{number}.{name}" if is_stack else name
        for number, layer in enumerate(layers_of(cell))
        for name in layer.states
    ]
    return dict(zip(names, states, strict=False))
