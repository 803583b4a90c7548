"""The recurrent modules inside a network, each direction by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from gradflow.cells import Cell, Stack
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.scaled import Array
from gradflow.torch.bidirectional_stack import layer_of_stack
from gradflow.weights.torch_modules import from_module

# What torch.compile puts before the name of a module that it wraps.
_COMPILED = "_orig_mod"

_WAYS = ("forward", "reverse")

# PyTorch's names of the cells' weights. Its two biases have one gradient; that inside the reset
# gate is the last third of the second.
_PYTORCHS = {
    "w_x": "weight_ih",
    "w_h": "weight_hh",
    "w_s": "weight_hh",
    "b": "bias_ih",
    "b_hn": "bias_hh",
    "w_p": "weight_hr",
}


@dataclass(frozen=True)
class RecurrentPart:
    """A recurrent module of a network, or one of its two directions.

    Attributes
    ----------
    module : torch.nn.RNN, LSTM or GRU, or the cell of one
    name : str
        Its name in the network, with the direction where there are two.
    direction : {"forward", "reverse"} or None
        None where there is one.
    layer : int or None
        Which layer of a stack of bidirectional layers, 0 next to the input: each of them reads both
        directions of the one below. None where the module is read as a whole.
    """

    module: Any
    name: str
    direction: str | None
    layer: int | None = None

    @property
    def is_reverse(self) -> bool:
        """Whether it reads the sequence from its end."""
        return self.direction == "reverse"

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of its layers, that next to the input first."""
        is_one = is_cell(self.module) or self.layer is not None
        several = range(1 if is_one else self.module.num_layers)
        return tuple(f"{self.name}.{n}" for n in several) if len(several) > 1 else (self.name,)

    def cell(self) -> Cell:
        """The cell with the weights as they stand.

        Raises
        ------
        ValueError
            If it is not supported, or a weight is not finite.
        """
        module = self.module if self.layer is None else layer_of_stack(self.module, self.layer)
        return from_module(module, direction=self.direction).cell

    def own_gradients(self, cell: Cell, gradients: Mapping[str, Any]) -> dict[str, Array]:
        """The gradients of its parameters by the names of the cell's weights, in their shapes.

        Parameters
        ----------
        cell : Cell
        gradients : mapping
            By PyTorch's names; what is missing is not trained.
        """
        own = {}
        for number, layer in enumerate(layers_of(cell)):
            before = f"{number}." if isinstance(cell, Stack) else ""
            end = "" if is_cell(self.module) else f"_l{number}{'_reverse' * self.is_reverse}"
            for name, weight in layer.weights.items():
                found = gradients.get(_PYTORCHS[name] + end)
                if found is not None:
                    own[before + name] = (
                        as_array(found).ravel()[-weight.size :].reshape(weight.shape)
                    )
        return own


def parts_of_network(network: torch.nn.Module) -> tuple[list[RecurrentPart], dict[str, str]]:
    """The recurrent modules of a network.

    Returns
    -------
    parts : list of RecurrentPart
    left_out : dict
        Names of those that are not supported, and why.
    """
    parts, left_out = [], {}
    for path, module in network.named_modules():
        plain = ".".join(step for step in path.split(".") if step != _COMPILED)
        name = plain or type(module).__name__.lower()
        if isinstance(module, torch.nn.RNNBase | torch.nn.RNNCellBase):
            try:
                found = _directions(module, name)
                for part in found:
                    part.cell()
            except ValueError as error:
                left_out[name] = str(error)
            else:
                parts += found
    return parts, left_out


def is_cell(module: Any) -> bool:
    """Whether a module takes one step in a call."""
    return isinstance(module, torch.nn.RNNCellBase)


def as_array(tensor: Any) -> Array:
    """The numbers of a tensor in float64."""
    return tensor.detach().cpu().to(torch.float64).numpy()


def _directions(module: Any, name: str) -> list[RecurrentPart]:
    if is_cell(module):
        if not isinstance(module, torch.nn.RNNCell | torch.nn.LSTMCell | torch.nn.GRUCell):
            raise ValueError(
                f"a cell must be RNNCell, LSTMCell or GRUCell. Got {type(module).__name__}."
            )
        return [RecurrentPart(module, name, None)]
    if not module.bidirectional:
        return [RecurrentPart(module, name, None)]
    if module.num_layers == 1:
        return [RecurrentPart(module, f"{name}.{way}", way) for way in _WAYS]
    return [
        RecurrentPart(module, f"{name}.{layer}.{way}", way, layer)
        for layer in range(module.num_layers)
        for way in _WAYS
    ]
