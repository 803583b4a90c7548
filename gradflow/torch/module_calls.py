"""A call of a recurrent module: what it read, what it made, and the gradient that came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from gradflow.cells import Cell, Stack
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.scaled import Array
from gradflow.torch.recurrent_parts import RecurrentPart, as_array
from gradflow.watching.probed_module import ProbedSequence


@dataclass(frozen=True, eq=False)
class ModuleCall:
    """One call, with its tensors still in the graph.

    Attributes
    ----------
    module : torch.nn.RNN, LSTM or GRU
    given : Tensor or PackedSequence
        The input.
    start : tuple of Tensor
        Starting states, (layers and directions, n, H) each; none where they are 0.
    made : Tensor or PackedSequence
        The output.
    last : Tensor
        The hidden states after the last step, (layers and directions, n, H).
    cell_states : Tensor or None
        Those of the cells, in the same shape; an LSTM has them.
    """

    module: Any
    given: Any
    start: tuple[Any, ...]
    made: Any
    last: Any
    cell_states: Any

    @property
    def leaves(self) -> tuple[Any, ...]:
        """The tensors whose gradients are asked for: the output, and the last states."""
        states = (self.last, self.cell_states)
        return (_numbers(self.made), *(state for state in states if state is not None))

    def unseen(self, part: RecurrentPart, gradients: Sequence[Any]) -> str:
        """By what a gradient reaches one direction that is not carried back; "" if by nothing.

        Parameters
        ----------
        part : RecurrentPart
        gradients : sequence of Tensor or None
            Those of `leaves`.
        """
        hidden, *cells = (None if g is None else self._by_layer(g, part) for g in gradients[1:])
        if any(state is not None and state.any() for state in cells):
            return "its last cell state c_n"
        below = hidden is not None and hidden[:-1].any()
        return "the last state h_n of a layer below the last" if below else ""

    def sequences(
        self,
        part: RecurrentPart,
        cell: Cell,
        gradients: Sequence[Any],
        lengths: Sequence[int] | None,
    ) -> Iterator[ProbedSequence]:
        """The sequences of the batch as one direction reads them.

        Parameters
        ----------
        part, cell
            The direction, and its cell.
        gradients : sequence of Tensor or None
            Those of `leaves`.
        lengths : sequence of int, optional
            Steps of each sequence before its padding, where the input is not packed.

        Raises
        ------
        ValueError
            If there are more or fewer lengths than sequences.
        """
        x, steps = self._by_step(self.given, _numbers(self.given))
        back, _ = self._by_step(self.made, gradients[0], _numbers(self.made).shape)
        H, n = cell.H, x.shape[1]
        columns = slice(H, None) if part.is_reverse else slice(0, H)
        ends = None if gradients[1] is None else self._by_layer(gradients[1], part)
        starts = [self._by_layer(state, part) for state in self.start]
        # Read from its end, a sequence has its padding first.
        is_told = self._is_packed or part.is_reverse
        known = steps if lengths is None or is_told else lengths
        if len(known) != n:
            raise ValueError(f"lengths must be of each of the n={n} sequences. Got {len(known)}.")
        for place in range(n):
            own = slice(steps[place])
            gradient = back[own, place, columns].copy()
            if part.is_reverse:
                gradient = gradient[::-1]
            if ends is not None:
                gradient[-1] += ends[-1, place]
            inputs = x[own, place]
            yield ProbedSequence(
                inputs[::-1] if part.is_reverse else inputs,
                gradient,
                min(known[place], steps[place]),
                _start_of(cell, starts, place),
            )

    @property
    def _is_packed(self) -> bool:
        return isinstance(self.given, PackedSequence)

    def _by_step(self, packed: Any, numbers: Any, shape: Any = None) -> tuple[Array, list[int]]:
        """Numbers as (T, n, ..), and how many steps each sequence has; 0 where there are none."""
        if numbers is None:
            numbers = torch.zeros(shape)
        if self._is_packed:
            padded, lengths = pad_packed_sequence(_with_numbers(packed, numbers))
            return as_array(padded), lengths.tolist()
        array = as_array(numbers)
        if array.ndim == 2:
            array = array[:, None]
        elif self.module.batch_first:
            array = array.swapaxes(0, 1)
        return array, [array.shape[0]] * array.shape[1]

    def _by_layer(self, state: Any, part: RecurrentPart) -> Array:
        """A state of one direction, (layers, n, H)."""
        array = as_array(state)
        array = array[:, None] if array.ndim == 2 else array
        return array[part.is_reverse :: 1 + self.module.bidirectional]


def call_of(
    module: Any, arguments: tuple[Any, ...], named: Mapping[str, Any], output: Any
) -> tuple[ModuleCall, Any]:
    """The call, and what is to be handed on instead of the output.

    That is a copy: what is later written into it does not change what the call has.
    """
    given, hx = _arguments(*arguments, **named)
    made, after = output
    numbers, *states = (reached(part) for part in (_numbers(made), *_together(after)))
    start = () if hx is None else _together(hx)
    last, cell_states = (*states, None)[:2]
    call = ModuleCall(module, given, start, _with_numbers(made, numbers), last, cell_states)
    copies = tuple(state.clone() for state in states)
    return call, (
        _with_numbers(made, numbers.clone()),
        copies if isinstance(after, tuple) else copies[0],
    )


def _arguments(input: Any, hx: Any = None) -> tuple[Any, Any]:
    """The arguments of a recurrent module, by their places and names there."""
    return input, hx


def _together(states: Any) -> tuple[Any, ...]:
    return states if isinstance(states, tuple) else (states,)


def _numbers(sequences: Any) -> Any:
    return sequences.data if isinstance(sequences, PackedSequence) else sequences


def _with_numbers(sequences: Any, numbers: Any) -> Any:
    return sequences._replace(data=numbers) if isinstance(sequences, PackedSequence) else numbers


def reached(made: Any) -> Any:
    """A tensor that a gradient reaches, also where the module and its input are not trained."""
    return made if made.requires_grad else made.detach().requires_grad_()


def _start_of(cell: Cell, starts: Sequence[Array], place: int) -> dict[str, Array]:
    """The starting states of one sequence, by their names in the cell."""
    is_stack = isinstance(cell, Stack)
    return {
        f"{number}.{name}" if is_stack else name: state[number, place]
        for number, layer in enumerate(layers_of(cell))
        for name, state in zip(layer.states, starts, strict=False)
    }
