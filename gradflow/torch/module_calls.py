"""A call of a recurrent module: what it read, what it made, and the gradient that came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from gradflow.cells import Cell, Stack
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.scaled import Array
from gradflow.torch.call_arguments import arguments_of, as_given, together
from gradflow.torch.recurrent_parts import RecurrentPart, as_array, is_cell
from gradflow.watching.probed_module import ProbedSequence


@dataclass(frozen=True, eq=False)
class ModuleCall:
    """One call, with its tensors still in the graph.

    Attributes
    ----------
    module : torch.nn.RNN, LSTM or GRU, or the cell of one, which takes one step
    given : Tensor or PackedSequence
        The input.
    start : tuple of Tensor
        Starting states, (layers and directions, n, H) each, or (n, H) of a cell; none where they
        are 0.
    made : Tensor, PackedSequence or None
        The output; a cell has none but its states.
    states : tuple of Tensor
        Those after the last step, shaped as `start`: what the rest of the network depends on.
    passed_on : tuple of Tensor
        The same for a call that goes on from here. What comes back on this way is not in the
        gradients of `states`.
    before : ModuleCall or None
        The call that this one goes on from.
    """

    module: Any
    given: Any
    start: tuple[Any, ...]
    made: Any
    states: tuple[Any, ...]
    passed_on: tuple[Any, ...]
    before: ModuleCall | None

    @property
    def leaves(self) -> tuple[Any, ...]:
        """The tensors whose gradients are asked for: the last states, and the output."""
        return self.states if self.made is None else (*self.states, _numbers(self.made))

    @property
    def tells_lengths(self) -> bool:
        """Whether its sequences come without padding."""
        return isinstance(self.given, PackedSequence)

    def at_end(self, part: RecurrentPart, gradients: Sequence[Any]) -> Array:
        """What reaches the states after the last step, (n, W): those of the last layer first.

        Parameters
        ----------
        part : RecurrentPart
            The direction.
        gradients : sequence of Tensor or None
            Those of `leaves`.
        """
        by_layer = [
            self._by_layer(torch.zeros_like(state) if gradient is None else gradient, part)
            for state, gradient in zip(self.states, gradients, strict=False)
        ]
        downward = range(len(part.layers))[::-1]
        return np.concatenate([state[n] for n in downward for state in by_layer], axis=1)

    def sequences(
        self, part: RecurrentPart, cell: Cell, gradients: Sequence[Any]
    ) -> Iterator[ProbedSequence]:
        """The sequences of the batch as one direction reads them.

        Parameters
        ----------
        part, cell
            The direction, and its cell.
        gradients : sequence of Tensor or None
            Those of `leaves`.
        """
        x, steps = self._by_step(self.given, _numbers(self.given))
        back = np.zeros((*x.shape[:2], cell.H))
        if self.made is not None and gradients[-1] is not None:
            outputs, _ = self._by_step(self.made, gradients[-1])
            width = outputs.shape[2] // (1 + self.module.bidirectional)  # of one direction
            own = slice(width, None) if part.is_reverse else slice(0, width)
            back[..., :width] = outputs[..., own]
        ends = self.at_end(part, gradients)[:, : cell.H]
        starts = [self._by_layer(state, part) for state in self.start]
        for place, T in enumerate(steps):
            inputs, gradient = x[:T, place], back[:T, place]
            if part.is_reverse:
                inputs, gradient = inputs[::-1], gradient[::-1]
            gradient[-1] += ends[place]
            yield ProbedSequence(inputs, gradient, T, _start_of(cell, starts, place))

    def _by_step(self, packed: Any, numbers: Any) -> tuple[Array, list[int]]:
        """Numbers as (T, n, ..), and how many steps each sequence has."""
        if self.tells_lengths:
            padded, lengths = pad_packed_sequence(_with_numbers(packed, numbers))
            return as_array(padded), lengths.tolist()
        array = as_array(numbers)
        if is_cell(self.module):
            array = np.atleast_2d(array)[None]
        elif array.ndim == 2:
            array = array[:, None]
        elif self.module.batch_first:
            array = array.swapaxes(0, 1)
        return array, [array.shape[0]] * array.shape[1]

    def _by_layer(self, state: Any, part: RecurrentPart) -> Array:
        """A state of one direction, (layers, n, H)."""
        array = as_array(state)
        if is_cell(self.module):
            return np.atleast_2d(array)[None]
        array = array[:, None] if array.ndim == 2 else array
        return array[part.is_reverse :: 1 + self.module.bidirectional]


class KeptCalls:
    """The calls of modules during one pass, and which of them go on from the states of another.

    That is so where a module is given the states that it made, as it made them: a loop over the
    steps of a sequence, or over its chunks.
    """

    def __init__(self) -> None:
        self.calls: list[ModuleCall] = []
        # By what was handed out, which is kept so that nothing else has its identity.
        self._open: dict[int, tuple[ModuleCall, tuple[Any, ...]]] = {}
        self._before: ModuleCall | None = None

    def begin(self, module: Any, arguments: Any, named: Any) -> Any:
        """What a module is to be called with; None where that is as it is."""
        given, hx = arguments_of(*arguments, **named)
        before = self._before = None if hx is None else self._taken(module, together(hx))
        if before is None:
            return None
        return (given, as_given(before.passed_on)), {}

    def end(self, module: Any, arguments: Any, named: Any, output: Any) -> Any:
        """Keep a call; what is to be handed out instead of the output.

        That is a copy: what is later written into it does not change what the call has.
        """
        given, hx = arguments_of(*arguments, **named)
        made, after = (None, output) if is_cell(module) else output
        start, passed_on = (() if hx is None else together(hx)), together(after)
        if made is not None:
            made = _with_numbers(made, reached(_numbers(made)))
        states = tuple(reached(state.clone()) for state in passed_on)
        call = ModuleCall(module, given, start, made, states, passed_on, self._before)
        copies = tuple(state.clone() for state in states)
        self.calls.append(call)
        self._open[id(copies[0])] = call, copies
        if made is None:
            return as_given(copies)
        return _with_numbers(made, _numbers(made).clone()), as_given(copies)

    def _taken(self, module: Any, states: tuple[Any, ...]) -> ModuleCall | None:
        """The call that made these states and that none has gone on from yet, if there is one."""
        call, copies = self._open.get(id(states[0]), (None, ()))
        if call is None or call.module is not module or len(states) != len(copies):
            return None
        pairs = zip(states, copies, strict=True)
        if any(state is not copy or copy._version for state, copy in pairs):
            return None
        del self._open[id(states[0])]
        return call


def chains_of(calls: Sequence[ModuleCall]) -> list[list[ModuleCall]]:
    """Calls that go on from each other together, in their order."""
    chains: dict[ModuleCall | None, list[ModuleCall]] = {}
    for call in calls:
        chain = chains.pop(call.before, []) if call.before is not None else []
        chains[call] = [*chain, call]
    return list(chains.values())


def reached(made: Any) -> Any:
    """A tensor that a gradient reaches, also where the module and its input are not trained."""
    return made if made.requires_grad else made.detach().requires_grad_()


def _numbers(sequences: Any) -> Any:
    return sequences.data if isinstance(sequences, PackedSequence) else sequences


def _with_numbers(sequences: Any, numbers: Any) -> Any:
    return sequences._replace(data=numbers) if isinstance(sequences, PackedSequence) else numbers


def _start_of(cell: Cell, starts: Sequence[Array], place: int) -> dict[str, Array]:
    """The starting states of one sequence, by their names in the cell."""
    is_stack = isinstance(cell, Stack)
    return {
        f"{number}.{name}" if is_stack else name: state[number, place]
        for number, layer in enumerate(layers_of(cell))
        for name, state in zip(layer.states, starts, strict=False)
    }
