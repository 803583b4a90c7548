"""Linear layers of a file, one of which can be the readout."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradflow.losses import Readout
from gradflow.weights.layers import check_shape
from gradflow.weights.left_out import ATTENTION
from gradflow.weights.tensors import FLOATS, Tensor, listed, shown

# PyTorch's torch.nn.Linear has a weight (O, H), Keras' Dense a kernel (H, O). A convolution over
# one place is a linear layer too: a weight (O, H, 1) or (O, H, 1, 1), a kernel (1, H, O).
NAME = re.compile(r"(?P<prefix>.*?)(?P<name>weight|kernel)(?P<output>:0)?", re.DOTALL)
# The readout is the only linear layer that fits, or the sum of the hidden units.
AUTO = "auto"


@dataclass(frozen=True)
class Linear:
    """A linear layer: its weight, its bias if it has one, and whether the inputs are on axis 0."""

    weight: Tensor
    bias: Tensor | None
    inputs_first: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its weight as a matrix."""
        return _matrix_shape(self.weight.shape, self.inputs_first)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its weight and, if it has one, its bias."""
        return (self.weight,) if self.bias is None else (self.weight, self.bias)

    @property
    def used(self) -> set[str]:
        """Names of its tensors."""
        return {tensor.name for tensor in self.tensors}


def linear_layers(tensors: Mapping[str, Tensor], H: int) -> dict[str, Linear]:
    """The layers that take H numbers, by name.

    Parameters
    ----------
    tensors : mapping
        The tensors of the file that are no part of a recurrent layer, and no embedding.
    H : int
        Units of the last recurrent layer.
    """
    found = {}
    for name, tensor in tensors.items():
        match = NAME.fullmatch(name)
        if match is None:
            continue
        keras = match["name"] == "kernel"
        shape = _matrix_shape(tensor.shape, keras)
        if len(shape) == 2 and 0 not in shape and shape[0 if keras else 1] == H:
            bias = tensors.get(f"{match['prefix']}bias{match['output'] or ''}")
            found[match["prefix"].rstrip("./_")] = Linear(tensor, bias, keras)
    return found


def offered_names(layers: Mapping[str, Linear], D: int, tables_told: bool) -> tuple[str, ...]:
    """The linear layers that are offered as the readout: those that are surely none else.

    A matrix without a bias that has as many columns as the model has inputs can be an embedding
    under a name that does not tell; it is the readout only where the user names it.

    Parameters
    ----------
    layers : mapping
        The linear layers that take the hidden units.
    D : int
        Inputs of the first recurrent layer.
    tables_told : bool
        Whether all embeddings are known.
    """
    return tuple(
        name
        for name, layer in layers.items()
        if layer.weight.dtype in FLOATS and (tables_told or not _can_be_table(layer, D))
    )


def _can_be_table(layer: Linear, D: int) -> bool:
    return layer.bias is None and not layer.inputs_first and layer.weight.shape[1:] == (D,)


def chosen_readout(
    readout: str | None, layers: Mapping[str, Linear], offered: Sequence[str], H: int
) -> str | None:
    """The name of the readout; None for the sum of the hidden units.

    Parameters
    ----------
    readout : str or None
        What the user says: "auto" is the only layer that is offered, if there is exactly one. What
        lies within an attention is none.
    layers : mapping
        The linear layers that take the H hidden units.
    offered : sequence of str
        Those that are surely no embedding, and read no other recurrent layer.
    H : int
        Units of the last recurrent layer.

    Raises
    ------
    ValueError
        If no layer has the name that is said.
    """
    if readout is None or (isinstance(readout, str) and readout in layers):
        return readout
    if isinstance(readout, str) and readout == AUTO:
        alone = [name for name in offered if not ATTENTION.search(name)]
        return alone[0] if len(alone) == 1 else None
    known = listed(layers) if layers else "none"
    raise ValueError(
        f"readout must name a linear layer of the file that takes H={H} numbers ({known}). "
        f"Got {shown(repr(readout))}."
    )


def _matrix_shape(shape: tuple[int, ...], inputs_first: bool) -> tuple[int, ...]:
    """The shape without the axes of a convolution that has one place."""
    over = shape[:-2] if inputs_first else shape[2:]
    if not set(over) <= {1}:
        return shape
    return shape[-2:] if inputs_first else shape[:2]


def readout_of(layer: Linear) -> Readout:
    """The readout that a linear layer makes.

    Raises
    ------
    ValueError
        If its bias does not fit.
    """
    w_o = layer.weight.values().reshape(layer.shape)
    w_o = w_o.T if layer.inputs_first else w_o
    if layer.bias is None:
        return Readout(w_o)
    check_shape(shown(layer.bias.name), layer.bias.shape, [(len(w_o),)])
    return Readout(w_o, layer.bias.values())
