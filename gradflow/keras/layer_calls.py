"""A call of a recurrent layer: what it read, what it made, and the gradient that came back."""

from __future__ import annotations

import itertools
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
    states : tuple of tuples of Tensor of shape (n, H)
        Those after the last step, where the layer hands them on: for each cell, that next to the
        input first, of an LSTM h and c.
    """

    layer: Any
    given: Any
    mask: Any
    start: tuple[Any, ...]
    made: Any
    states: tuple[tuple[Any, ...], ...]

    @property
    def leaves(self) -> tuple[Any, ...]:
        """The tensors whose gradients are asked for: the output, and the last states.

        These stand as the way back comes to them, those of the last cell first.
        """
        return (self.made, *(state for own in self.states[::-1] for state in own))

    def at_end(self, gradients: Sequence[Any]) -> Array:
        """What reaches the states after the last step, (n, W): those of the last cell first.

        Parameters
        ----------
        gradients : sequence of Tensor or None
            Those of `leaves`.
        """
        ends = [
            np.zeros(state.shape) if gradient is None else as_array(gradient)
            for state, gradient in zip(self.leaves[1:], gradients[1:], strict=True)
        ]
        return np.concatenate(ends, axis=1) if ends else np.zeros((len(self.given), 0))

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
        outputs, ends = self._outputs(gradients[0]), self.at_end(gradients)[:, : cell.H]
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
                gradient = np.zeros((len(kept), cell.H))
                gradient[:, : outputs.shape[2]] = self._onto(kept, outputs[place])
                gradient[-1, : ends.shape[1]] += ends[place]
                yield ProbedSequence(
                    x[place, kept],
                    gradient,
                    min(known[place], len(kept)),
                    _start_of(cell, [state[place] for state in starts]),
                )

    def _counts(self) -> Array:
        n, T = self.given.shape[:2]
        return np.ones((n, T), bool) if self.mask is None else as_array(self.mask) != 0.0

    def _outputs(self, gradient: Any) -> Array:
        """The gradients of the output at every step, (n, T, H)."""
        (n, T), H = self.given.shape[:2], self.made.shape[-1]
        outputs = np.zeros((n, T, H))
        if gradient is not None:
            outputs[:, slice(None) if self.layer.return_sequences else -1] = as_array(gradient)
        return outputs

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
    cells = getattr(layer.cell, "cells", [layer.cell])
    # Copies: the output and the last state may be one tensor, and each has a gradient of its own.
    made = reached(made.clone())
    leaves = [reached(state.clone()) for state in keras.tree.flatten(states)]
    each = iter(leaves)
    by_cell = tuple(
        tuple(itertools.islice(each, len(keras.tree.flatten(cell.state_size)))) for cell in cells
    )
    call = LayerCall(layer, given, counts, start, made, by_cell if leaves else ())
    if not layer.return_state:
        return call, made.clone()
    handed_on = keras.tree.pack_sequence_as(states, [state.clone() for state in leaves])
    return call, (made.clone(), *handed_on)


def _start_of(cell: Cell, states: Sequence[Array]) -> dict[str, Array]:
    """The starting states of one sequence, by their names in the cell."""
    is_stack = isinstance(cell, Stack)
    names = [
        f"{number}.{name}" if is_stack else name
        for number, layer in enumerate(layers_of(cell))
        for name in layer.states
    ]
    return dict(zip(names, states, strict=False))
