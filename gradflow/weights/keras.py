"""Keras' names: kernel, recurrent_kernel and bias, under the path of their layer.

References
----------
Keras' documentation of keras.layers.LSTM, GRU and SimpleRNN: the order of the gates is i, f, c, o
for an LSTM and z, r, h for a GRU. A GRU with reset_after=True has a bias of two rows, the second
inside the reset gate.
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

# Keras 2 ends a name with the number of an output, ":0".
NAME = re.compile(r"(?P<prefix>.*?)(?P<name>recurrent_kernel|kernel|bias)(?::0)?", re.DOTALL)
BACKWARD = re.compile(r"(^|/)backward_")
RESET_FIRST = [1, 0, 2]  # z, r, h as r, z, n


def keras_modules(tensors: Mapping[str, Tensor]) -> list[Module]:
    """The modules whose recurrent weights are named as Keras names them."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if found := NAME.fullmatch(name):
            groups.setdefault(found["prefix"], {})[found["name"]] = tensor
    return [
        Module(prefix.rstrip("./_"), _family(prefix), group, _layers, _unsupported(prefix))
        for prefix, group in sorted(groups.items(), key=lambda item: _natural(item[0]))
        if "recurrent_kernel" in group
    ]


def _unsupported(prefix: str) -> str:
    return one_direction(prefix.rstrip("/")) if BACKWARD.search(prefix) else ""


def _family(prefix: str) -> str:
    """The prefix without the numbers that Keras adds: lstm, lstm_1 and lstm_2 are one family."""
    return "keras " + re.sub(r"_\d+(?=[/.]|$)", "", prefix)


def _natural(prefix: str) -> list[tuple[int, str]]:
    """What sorts lstm, lstm_2 and lstm_10 in this order."""
    parts = re.split(r"(\d+)", prefix)
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in parts]


def _layers(module: Module, cell: str | None) -> list[Layer]:
    if "kernel" not in module.tensors:
        raise ValueError(f"{module.label('kernel')} must be in the file beside recurrent_kernel.")
    w_x, w_h = module.tensors["kernel"], module.tensors["recurrent_kernel"]
    for tensor in (w_x, w_h):
        check_matrix(shown(tensor.name), tensor.shape)
    H, wide = w_h.shape
    gates = gate_count(shown(w_h.name), wide, H)
    check_shape(shown(w_x.name), w_x.shape, [(w_x.shape[0], wide)])
    kinds, b_x, b_h = _kinds_and_biases(module, gates, H)
    kind = chosen_kind(module.name, kinds, cell)
    b = b_x + b_h
    order = RESET_FIRST if gates == 3 else list(range(gates))
    b_hn = None
    if kind == "gru":
        b[2], b_hn = b_x[2], b_h[2]
    return [
        Layer(
            module.name,
            kind,
            w_h.dtype,
            _by_gate(w_x, gates, H)[order],
            _by_gate(w_h, gates, H)[order],
            b[order],
            b_hn,
        )
    ]


def _by_gate(tensor: Tensor, gates: int, H: int) -> Array:
    """(n, gates H) as (gates, H, n)."""
    return tensor.values().T.reshape(gates, H, -1)


def _kinds_and_biases(module: Module, gates: int, H: int) -> tuple[tuple[str, ...], Array, Array]:
    """What the layer can be, and its biases outside and inside the reset gate, (gates, H) each."""
    kinds = KINDS_BY_GATES[gates]
    none = np.zeros((gates, H))
    tensor = module.tensors.get("bias")
    if tensor is None:
        return kinds, none, none
    one, two = (gates * H,), (2, gates * H)
    check_shape(shown(tensor.name), tensor.shape, [one, two] if gates == 3 else [one])
    b = tensor.values().reshape(-1, gates, H)
    if gates != 3:
        return kinds, b[0], none
    return (("gru",), b[0], b[1]) if len(b) == 2 else (("gru_reset_before",), b[0], none)
