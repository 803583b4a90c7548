"""PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, and so on upwards.

References
----------
PyTorch's documentation of torch.nn.LSTM, torch.nn.GRU and torch.nn.RNN: the order of the gates is
i, f, g, o for an LSTM and r, z, n for a GRU, whose reset gate multiplies w_hn h + b_hn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.layers import (
    KINDS_BY_GATES,
    Layer,
    Module,
    check_matrix,
    check_shape,
    chosen_kind,
    gate_count,
    one_direction,
)
from gradflow.weights.tensors import Tensor, shown

# A cell such as torch.nn.LSTMCell has the same names without a layer's number.
NAME = re.compile(
    r"(?P<prefix>.*?)(?P<name>(?:weight|bias)_(?:ih|hh|hr)(?:_l\d{1,3})?(?:_reverse)?)", re.DOTALL
)


def pytorch_modules(tensors: Mapping[str, Tensor]) -> list[Module]:
    """The modules whose recurrent weights are named as PyTorch names them."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if found := NAME.fullmatch(name):
            groups.setdefault(found["prefix"], {})[found["name"]] = tensor
    return [
        Module(prefix.rstrip("./_"), "", group, _layers, _unsupported(group))
        for prefix, group in groups.items()
    ]


def _unsupported(group: Mapping[str, Tensor]) -> str:
    for name, tensor in group.items():
        if name.endswith("_reverse"):
            return one_direction(tensor.name)
        if name.startswith("weight_hr"):
            return (
                "The layers must have no projection (proj_size), which is not supported. "
                f"Got {shown(tensor.name)}."
            )
    return ""


def _layers(module: Module, cell: str | None) -> list[Layer]:
    stem = "weight_hh"
    endings = {name.removeprefix(stem) for name in module.tensors if name.startswith(stem)}
    # From l0 upwards without a gap: a layer that lacks its weights is found missing.
    numbered = [f"_l{number}" for number in range(max(1, len(endings)))]
    return [_layer(module, end, cell) for end in ([""] if endings == {""} else numbered)]


def _layer(module: Module, ending: str, cell: str | None) -> Layer:
    w_x, w_h = (_tensor(module, f"weight_{kind}{ending}") for kind in ("ih", "hh"))
    for tensor in (w_x, w_h):
        check_matrix(shown(tensor.name), tensor.shape)
    wide, H = w_h.shape
    gates = gate_count(shown(w_h.name), wide, H)
    kinds = ("gru",) if gates == 3 else KINDS_BY_GATES[gates]
    name = f"{module.name} layer {ending[2:]}".strip() if ending else module.name
    kind = chosen_kind(name, kinds, cell)
    check_shape(shown(w_x.name), w_x.shape, [(wide, w_x.shape[1])])
    b_x, b_h = _biases(module, ending, gates, H)
    b, b_hn = b_x + b_h, None
    if kind == "gru":
        b[2], b_hn = b_x[2], b_h[2]
    return Layer(
        name,
        kind,
        w_h.dtype,
        w_x.values().reshape(gates, H, -1),
        w_h.values().reshape(gates, H, H),
        b,
        b_hn,
    )


def _biases(module: Module, ending: str, gates: int, H: int) -> tuple[Array, Array]:
    """Both biases, (gates, H) each; 0 where the layer has none."""
    names = [f"bias_{kind}{ending}" for kind in ("ih", "hh")]
    if not any(name in module.tensors for name in names):
        return np.zeros((gates, H)), np.zeros((gates, H))
    tensors = [_tensor(module, name) for name in names]
    for tensor in tensors:
        check_shape(shown(tensor.name), tensor.shape, [(gates * H,)])
    b_x, b_h = (tensor.values().reshape(gates, H) for tensor in tensors)
    return b_x, b_h


def _tensor(module: Module, name: str) -> Tensor:
    if name not in module.tensors:
        raise ValueError(f"{module.label(name)} must be in the file beside its layer's weights.")
    return module.tensors[name]
