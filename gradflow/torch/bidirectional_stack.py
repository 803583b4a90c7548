"""A stack of bidirectional layers as modules of its own, which hand out what each layer makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from gradflow.torch.call_arguments import arguments_of, as_given, together

_KINDS = (torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN)


def layer_of_stack(stack: Any, number: int) -> torch.nn.RNNBase:
    """One layer of a stack: a module with the stack's own parameters, as they stand.

    Parameters
    ----------
    stack : torch.nn.RNN, LSTM or GRU
        With two directions.
    number : int
        Which layer, 0 next to the input.

    Raises
    ------
    ValueError
        If a weight is made from others, as under `torch.nn.utils.parametrizations`.
    """
    kind = next(kind for kind in _KINDS if isinstance(stack, kind))
    own = {"nonlinearity": stack.nonlinearity} if kind is torch.nn.RNN else {}
    own |= {"proj_size": stack.proj_size} if kind is torch.nn.LSTM else {}
    read = 2 * (stack.proj_size or stack.hidden_size) if number else stack.input_size
    layer = kind(
        read,
        stack.hidden_size,
        bias=stack.bias,
        batch_first=stack.batch_first,
        bidirectional=True,
        device="meta",  # nothing is drawn at random for weights that are replaced
        **own,
    )
    for name in list(layer._parameters):
        of_stack = name.replace("_l0", f"_l{number}")
        weight = getattr(stack, of_stack)
        if not isinstance(weight, torch.nn.Parameter):
            raise ValueError(
                "a stack of bidirectional layers must have its weights as parameters. "
                f"Got {of_stack} made from others."
            )
        setattr(layer, name, weight)
    return layer


class LayersOfStack:
    """The layers of a stack, called one after the other where the stack is called.

    What they make is handed out instead of what the stack makes: the same numbers, but for the
    rounding, with every layer's own in the graph. There is no dropout between them.

    Attributes
    ----------
    layers : list of torch.nn.RNN, LSTM or GRU
        That next to the input first.
    """

    def __init__(self, stack: Any) -> None:
        self.layers = [layer_of_stack(stack, number) for number in range(stack.num_layers)]

    def end(self, stack: Any, arguments: Any, named: Any, output: Any) -> Any:
        """What the stack is to hand out; a hook on it."""
        made, hx = arguments_of(*arguments, **named)
        ends = []
        for number, layer in enumerate(self.layers):
            made, after = layer(made, None if hx is None else _start_of(together(hx), number))
            ends.append(together(after))
        return made, as_given(tuple(map(torch.cat, zip(*ends, strict=True))))


def _start_of(states: Sequence[Any], number: int) -> Any:
    """The starting states of both directions of a layer."""
    return as_given(tuple(state[2 * number : 2 * number + 2] for state in states))
