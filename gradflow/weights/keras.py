"""Keras' names: kernel, recurrent_kernel and bias, under the path of their layer.

References
----------
Keras' documentation of keras.layers.LSTM, GRU and SimpleRNN: the order of the gates is i, f, c, o
for an LSTM and z, r, h for a GRU. A GRU with reset_after=True has a bias of two rows, the second
inside the reset gate. cuDNN reads the same memory as matrices of H rows, gate by gate, and has a
bias for the input and one for the state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import one_of
from gradflow.weights.directions import paired
from gradflow.weights.keras_graph import LayerGraph
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
)
from gradflow.weights.pytorch import joined_biases
from gradflow.weights.tensors import ChoiceError, Tensor, by_prefix, shown

# Keras 2 ends a name with the number of an output, ":0".
NAME = re.compile(r"(?P<prefix>.*?)(?P<name>recurrent_kernel|kernel|bias)(?::0)?", re.DOTALL)
FORWARD = re.compile(r"(^|/)forward_")
# What Keras calls the part of a layer that has its weights.
CELL = re.compile(r"(?:^|[/.])(?:lstm|gru|simple_rnn)_cell(?:_\d+)?$")
RESET_FIRST = [1, 0, 2]  # z, r, h as r, z, n
ORDERS = ("ifco", "icfo")  # Keras' own, and haste's i, g, f, o


def keras_modules(tensors: Mapping[str, Tensor], graph: LayerGraph | None = None) -> list[Module]:
    """The modules whose recurrent weights are named as Keras names them.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    graph : LayerGraph, optional
        What the configuration of the model tells.
    """
    groups = by_prefix(tensors, NAME)
    modules = {
        prefix: _module(prefix, group, graph)
        for prefix, group in sorted(groups.items(), key=lambda item: _natural(item[0]))
        if "recurrent_kernel" in group
    }
    return list(_with_both_directions(modules))


def _with_both_directions(modules: Mapping[str, Module]) -> Iterator[Module]:
    """The modules, with both directions of a bidirectional layer as one."""
    backward = {place: FORWARD.sub(r"\1backward_", place) for place in modules}
    paired = {other for place, other in backward.items() if place != other and other in modules}
    for place, module in modules.items():
        other = modules.get(backward[place], module)
        if other is not module:
            more = {f"backward {name}": tensor for name, tensor in other.tensors.items()}
            both = partial(_of_both, module, other)
            yield replace(module, tensors={**module.tensors, **more}, layers=both)
        elif place not in paired:
            yield module


def _of_both(forward: Module, backward: Module, module: Module, answers: Answers) -> list[Layer]:
    (one,), (other,) = (part.layers(part, answers) for part in (forward, backward))
    return [paired(one, other, module.told.merge)]


def _module(prefix: str, group: Mapping[str, Tensor], graph: LayerGraph | None) -> Module:
    name = prefix.rstrip("./_")
    told = Told() if graph is None else graph.told_of(name)
    # Beside the cell lies what belongs to the layer.
    stem = prefix[: -len(found[0].lstrip("/.")) - 1] if (found := CELL.search(name)) else prefix
    return Module(name, stem, group, _layers, told.unsupported, told)


def _natural(prefix: str) -> list[tuple[int, str]]:
    """What sorts lstm, lstm_2 and lstm_10 in this order."""
    parts = re.split(r"(\d+)", prefix)
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in parts]


def _layers(module: Module, answers: Answers) -> list[Layer]:
    if "kernel" not in module.tensors:
        raise ValueError(f"{module.label('kernel')} must be in the file beside recurrent_kernel.")
    w_x, w_h = module.tensors["kernel"], module.tensors["recurrent_kernel"]
    for tensor in (w_x, w_h):
        check_matrix(shown(tensor.name), tensor.shape)
    H, wide = w_h.shape
    gates = gate_count(shown(w_h.name), wide, H)
    check_shape(shown(w_x.name), w_x.shape, [(w_x.shape[0], wide)])
    kinds, b_x, b_h, of_cudnn = _kinds_and_biases(module, gates, H)
    kind = chosen_kind(module.name, kinds, answers, module.told)
    order, known_from = _order(module, answers, gates)
    b, b_hn = joined_biases(b_x[order], b_h[order])
    if kind != "gru":
        b = (b_x + b_h)[order]
    activation, recurrent_activation = "tanh", "sigmoid"
    if gates > 1:
        # What cuDNN runs has no other activations.
        assumed = "the bias, which is cuDNN's" if of_cudnn else ""
        activation, recurrent_activation, more = chosen_activations(
            module.name, answers, module.told, assumed
        )
        known_from += more
    return [
        Layer(
            module.name,
            kind,
            w_h.dtype,
            _by_gate(w_x, gates, H, of_cudnn)[order],
            _by_gate(w_h, gates, H, of_cudnn)[order],
            b,
            b_hn if kind == "gru" else None,
            activation,
            recurrent_activation,
            known_from + module.told.notes,
        )
    ]


def _by_gate(tensor: Tensor, gates: int, H: int, of_cudnn: bool) -> Array:
    """(n, gates H) as (gates, H, n)."""
    if not of_cudnn:
        return tensor.values().T.reshape(gates, H, -1)
    parts = np.split(tensor.values(), gates, axis=1)
    return np.array([np.ascontiguousarray(part).reshape(H, -1) for part in parts])


def _order(module: Module, answers: Answers, gates: int) -> tuple[list[int], tuple[str, ...]]:
    """Where each gate stands in the file, and where that is known from."""
    if gates == 1:
        return [0], ()
    if gates == 3:
        return RESET_FIRST, ("Gates in the order z, r, h: assumed from the names.",)
    source = ""
    if module.told.source:
        source = f"told by {module.told.source}"
    elif CELL.search(module.name):
        source = "assumed from the names, which are Keras'"
    elif answers.gates is not None:
        one_of("gates", answers.gates, ORDERS)
        source = "as you said"
    if not source:
        place = shown(module.name) if module.name else "the layer"
        raise ChoiceError(
            f"gates must be said for {place}, as its names do not tell their order: "
            '"ifco" as Keras has it, or "icfo" as haste has it.',
            "gates",
            ORDERS,
        )
    letters = answers.gates if source == "as you said" and answers.gates else "ifco"
    return [letters.index(gate) for gate in "ifco"], (
        f"Gates in the order {', '.join(letters)}: {source}.",
    )


def _kinds_and_biases(
    module: Module, gates: int, H: int
) -> tuple[tuple[str, ...], Array, Array, bool]:
    """What the layer can be, its biases of the input and of the state, and whether it is cuDNN's.

    The biases are (gates, H) each.
    """
    kinds = KINDS_BY_GATES[gates]
    none = np.zeros((gates, H))
    tensor = module.tensors.get("bias")
    if tensor is None:
        return kinds, none, none, False
    one, two, of_cudnn = (gates * H,), (2, gates * H), (2 * gates * H,)
    more: dict[int, list[tuple[int, ...]]] = {1: [], 3: [two, of_cudnn], 4: [of_cudnn]}
    allowed = [one, *more[gates]]
    check_shape(shown(tensor.name), tensor.shape, allowed)
    b = tensor.values().reshape(-1, gates, H)
    if len(b) == 2:
        return kinds[:1], b[0], b[1], tensor.shape == of_cudnn
    return kinds[1:] if gates == 3 else kinds, b[0], none, False
