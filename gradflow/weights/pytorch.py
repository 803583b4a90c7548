"""PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, and so on upwards.

References
----------
PyTorch's documentation of torch.nn.LSTM, torch.nn.GRU and torch.nn.RNN: the order of the gates is
i, f, g, o for an LSTM and r, z, n for a GRU, whose reset gate multiplies w_hn h + b_hn. Equinox'
LSTMCell and GRUCell have the same order, and name their biases bias and bias_n.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.directions import paired
from gradflow.weights.layers import (
    KINDS_BY_GATES,
    Answers,
    Layer,
    Module,
    Told,
    check_matrix,
    check_shape,
    chosen_activations,
    chosen_kind,
    gate_count,
    projected_units,
)
from gradflow.weights.tensors import Tensor, by_prefix, shown

# A cell such as torch.nn.LSTMCell has the same names without a layer's number.
NAME = re.compile(
    r"(?P<prefix>.*?)(?P<name>(?:weight|bias)_(?:ih|hh|hr)(?:_l\d{1,3})?(?:_reverse)?)", re.DOTALL
)
NUMBER = re.compile(r"_l(\d+)")
REVERSE = "_reverse"
OF_EQUINOX = ("bias", "bias_n")
GATE_LETTERS = {1: "", 3: "r, z, n", 4: "i, f, g, o"}


def pytorch_modules(
    tensors: Mapping[str, Tensor], told: Mapping[str, Told] | None = None
) -> list[Module]:
    """The modules whose recurrent weights are named as PyTorch names them.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    told : mapping, optional
        What is known of a module, by its name.
    """
    groups = by_prefix(tensors, NAME)
    for prefix, group in groups.items():
        if "weight_ih" in group and "bias_ih" not in group:
            more = {name: tensors.get(prefix + name) for name in OF_EQUINOX}
            group.update({name: tensor for name, tensor in more.items() if tensor is not None})
    return [
        _module(prefix, group, (told or {}).get(prefix.rstrip("./_"), Told()))
        for prefix, group in groups.items()
    ]


def _module(prefix: str, group: Mapping[str, Tensor], told: Told) -> Module:
    return Module(prefix.rstrip("./_"), prefix, group, _layers, told.unsupported, told)


def _layers(module: Module, answers: Answers) -> list[Layer]:
    numbers = {found[1] for name in module.tensors for found in NUMBER.finditer(name)}
    if not numbers:
        return [_layer(module, "", answers)]
    # From l0 to the highest that any tensor names: one that lacks its weights is found missing.
    layers = [_layer(module, f"_l{n}", answers) for n in range(max(map(int, numbers)) + 1)]
    if not any(name.endswith(REVERSE) for name in module.tensors):
        return layers
    others = [_layer(module, f"_l{n}{REVERSE}", answers) for n in range(len(layers))]
    return [paired(*pair, "concat") for pair in zip(layers, others, strict=True)]


def _layer(module: Module, ending: str, answers: Answers) -> Layer:
    w_x, w_h = (_tensor(module, f"weight_{kind}{ending}") for kind in ("ih", "hh"))
    for tensor in (w_x, w_h):
        check_matrix(shown(tensor.name), tensor.shape)
    w_p = _projection(module, ending)
    wide, H = w_h.shape[0], w_h.shape[1] if w_p is None else projected_units(w_h, w_p)
    gates = gate_count(shown(w_h.name), wide, H)
    name = f"{module.name} layer {ending[2:].replace('_', ' ')}".strip() if ending else module.name
    kind = chosen_kind(name, _kinds(gates), answers, module.told)
    check_shape(shown(w_x.name), w_x.shape, [(wide, w_x.shape[1])])
    b, b_hn = _equinox_biases(module, gates, H) or _biases(module, ending, gates, H)
    activation, recurrent_activation, known_from = "tanh", "sigmoid", tuple[str, ...]()
    if gates > 1:
        known_from = (f"Gates in the order {GATE_LETTERS[gates]}: assumed from the names.",)
        activation, recurrent_activation, more = chosen_activations(
            name, answers, module.told, "the names, which are PyTorch's"
        )
        known_from += more
    return Layer(
        name,
        kind,
        w_h.dtype,
        w_x.values().reshape(gates, H, -1),
        w_h.values().reshape(gates, H, -1),
        b,
        b_hn if kind == "gru" else None,
        activation,
        recurrent_activation,
        known_from + module.told.notes + _folding(*filter(None, (w_x, w_h, w_p))),
        w_p=None if w_p is None else w_p.values(),
    )


def _projection(module: Module, ending: str) -> Tensor | None:
    """The projection of a layer whose module has any."""
    if not any(name.startswith("weight_hr") for name in module.tensors):
        return None
    return _tensor(module, f"weight_hr{ending}")


def _kinds(gates: int) -> tuple[str, ...]:
    return {1: ("rnn_tanh", "rnn_relu"), 3: ("gru",)}.get(gates, KINDS_BY_GATES[gates])


def _folding(*weights: Tensor) -> tuple[str, ...]:
    parts = [part for tensor in weights for part in tensor.parts]
    if not parts:
        return ()
    if any(part.endswith("_raw") for part in parts):
        return ("Weights as they were before dropout (_raw).",)
    return ("Normalised weights put together (weight_norm).",)


def _biases(module: Module, ending: str, gates: int, H: int) -> tuple[Array, Array | None]:
    """The biases, (gates, H), and of a GRU the one inside the reset gate; 0 if there are none."""
    names = [f"bias_{kind}{ending}" for kind in ("ih", "hh")]
    if not any(name in module.tensors for name in names):
        b_x, b_h = np.zeros((gates, H)), np.zeros((gates, H))
    else:
        tensors = [_tensor(module, name) for name in names]
        for tensor in tensors:
            check_shape(shown(tensor.name), tensor.shape, [(gates * H,)])
        b_x, b_h = (tensor.values().reshape(gates, H) for tensor in tensors)
    return joined_biases(b_x, b_h)


def joined_biases(b_x: Array, b_h: Array) -> tuple[Array, Array | None]:
    """Biases of the input and of the state, (gates, H) each, as gradflow has them.

    Returns
    -------
    b : array of shape (gates, H)
    b_hn : array of shape (H,) or None
        Of three gates r, z, n, the bias inside the reset gate.
    """
    b = b_x + b_h
    if len(b) != 3:
        return b, None
    b[2] = b_x[2]
    return b, b_h[2]


def _equinox_biases(module: Module, gates: int, H: int) -> tuple[Array, Array | None] | None:
    bias, bias_n = (module.tensors.get(name) for name in OF_EQUINOX)
    if bias is None and bias_n is None:
        return None
    bias = _tensor(module, "bias")
    check_shape(shown(bias.name), bias.shape, [(gates * H,)])
    b = bias.values().reshape(gates, H)
    if gates == 3:
        bias_n = _tensor(module, "bias_n")
        check_shape(shown(bias_n.name), bias_n.shape, [(H,)])
        return b, bias_n.values()
    if bias_n is not None:
        raise ValueError(f"{module.label('bias_n')} must belong to a GRU. Got {gates} gates.")
    return b, None


def _tensor(module: Module, name: str) -> Tensor:
    if name not in module.tensors:
        raise ValueError(f"{module.label(name)} must be in the file beside its layer's weights.")
    return module.tensors[name]
