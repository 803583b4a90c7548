"""Linear layers of a file, one of which can be the readout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gradflow.losses import Readout
from gradflow.weights.layers import check_shape
from gradflow.weights.tensors import Tensor, listed, shown

# PyTorch's torch.nn.Linear has a weight (O, H), Keras' Dense a kernel (H, O). A convolution over
# one place is a linear layer too: a weight (O, H, 1) or (O, H, 1, 1), a kernel (1, H, O).
NAME = re.compile(r"(?P<prefix>.*?)(?P<name>weight|kernel)(?P<output>:0)?", re.DOTALL)


@dataclass(frozen=True)
class Linear:
    """A linear layer: its weight, its bias if it has one, and whether the inputs are on axis 0."""

    weight: Tensor
    bias: Tensor | None
    inputs_first: bool


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


def _matrix_shape(shape: tuple[int, ...], inputs_first: bool) -> tuple[int, ...]:
    """The shape without the axes of a convolution that has one place."""
    over = shape[:-2] if inputs_first else shape[2:]
    if not set(over) <= {1}:
        return shape
    return shape[-2:] if inputs_first else shape[:2]


def readout_of(layers: Mapping[str, Linear], name: str, H: int) -> Readout:
    """The readout that a linear layer makes.

    Raises
    ------
    ValueError
        If no layer has this name, or its bias does not fit.
    """
    if not isinstance(name, str) or name not in layers:
        known = listed(layers) if layers else "none"
        raise ValueError(
            f"readout must name a linear layer of the file that takes H={H} numbers ({known}). "
            f"Got {shown(repr(name))}."
        )
    layer = layers[name]
    w_o = layer.weight.values()
    w_o = w_o.reshape(_matrix_shape(w_o.shape, layer.inputs_first))
    w_o = w_o.T if layer.inputs_first else w_o
    if layer.bias is None:
        return Readout(w_o)
    check_shape(shown(layer.bias.name), layer.bias.shape, [(len(w_o),)])
    return Readout(w_o, layer.bias.values())
