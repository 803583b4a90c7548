"""The recurrent layers of an ONNX graph, and the tensors beside them that are layers too.

References
----------
ONNX' documentation of the operators LSTM, GRU and RNN: W (directions, gates H, D), R (directions,
gates H, H), B with both biases side by side; the gates are i, o, f, c and z, r, h. ONNX Runtime's
contributed operator DynamicQuantizeLSTM has W and R of 8 bits with the inputs first, and rounds
inputs and states to 8 bits as it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.directions import paired
from gradflow.weights.gate_blocks import GateBlocks, Source, layer_of, transposed
from gradflow.weights.layers import (
    FROM_THE_END,
    Answers,
    Layer,
    Module,
    Told,
)
from gradflow.weights.onnx_graph import OnnxGraph, OnnxNode, dequantized
from gradflow.weights.refusals import no_peepholes
from gradflow.weights.tensors import Tensor, listed, shown

SOURCE = "the graph"
KINDS = {"LSTM": "lstm", "DynamicQuantizeLSTM": "lstm", "GRU": "gru", "RNN": "rnn"}
ORDERS = {"lstm": "iofc", "gru": "zrh", "rnn": ""}
USUAL = {
    "lstm": ("sigmoid", "tanh", "tanh"), "gru": ("sigmoid", "tanh"), "rnn": ("tanh",),
}  # fmt: skip
STATES = {"lstm": ("h", "c"), "gru": ("h",), "rnn": ("s",)}
DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}

# Activations by the names of ONNX in small letters, with the alpha and beta that each must have.
ACTIVATIONS: dict[tuple[str, float | None, float | None], str] = {
    ("tanh", None, None): "tanh",
    ("sigmoid", None, None): "sigmoid",
    ("relu", None, None): "relu",
    ("softsign", None, None): "softsign",
    ("affine", 1.0, 0.0): "linear",
    ("elu", 1.0, None): "elu",
    ("hardsigmoid", 0.2, 0.5): "hard_sigmoid_fifth",
    ("hardsigmoid", 1 / 6, 0.5): "hard_sigmoid_sixth",
}
# Those that take an alpha and a beta, with their values where none are given.
ALPHA = {"affine": 1.0, "elu": 1.0, "hardsigmoid": 0.2, "leakyrelu": 0.01,
         "thresholdedrelu": 1.0, "scaledtanh": 1.0}  # fmt: skip
BETA = {"affine": 0.0, "hardsigmoid": 0.5, "scaledtanh": 1.0}
PEEPHOLES = 7  # the input with weights from the cell state to the gates
QUANTIZED = (
    "Weights of 8 bits, dequantized. What runs them rounds inputs and states to 8 bits too, which "
    "is not done here."
)


def onnx_modules(graph: OnnxGraph) -> list[Module]:
    """A module for each recurrent node."""
    return [_module(graph, node) for node in graph.recurrent]


def _module(graph: OnnxGraph, node: OnnxNode) -> Module:
    tensors = {
        role: tensor
        for role, place in (("W", 1), ("R", 2), ("B", 3))
        if (tensor := _weight(graph, node, place)) is not None
    }
    layers = partial(_layers, graph, node)
    # What lies beside a node belongs to other nodes: no name begins as this one does.
    return Module(node.name, f"{node.name}\0", tensors, layers, _unsupported(graph, node, tensors))


def _weight(graph: OnnxGraph, node: OnnxNode, place: int) -> Tensor | None:
    if node.kind != "DynamicQuantizeLSTM" or place == 3:
        return graph.constant(node.input(place))
    scale, zero = (graph.constant(node.input(6 + 2 * place + more)) for more in (0, 1))
    stored = graph.constant(node.input(place))
    return None if stored is None or scale is None else dequantized(stored, scale, zero, 0)


def _unsupported(graph: OnnxGraph, node: OnnxNode, tensors: Mapping[str, Tensor]) -> str:
    """What of a node is not supported, as a sentence."""
    name = shown(node.name)
    for role, place in (("W", 1), ("R", 2), ("B", 3)):
        if node.input(place) and role not in tensors:
            return f"{role} of {name} must be a constant in the file. The graph computes it."
    if node.input(PEEPHOLES):
        return no_peepholes(f"{name} with P")
    if node.attributes.get("clip"):
        return f"The cells must not be clipped (clip), which is not supported. Got {name}."
    if node.whole("input_forget", 0):
        return f"The gates must not be coupled (input_forget), which is not supported. Got {name}."
    return ""


def _layers(graph: OnnxGraph, node: OnnxNode, module: Module, answers: Answers) -> list[Layer]:
    direction = node.attributes.get("direction", "forward")
    count = DIRECTIONS.get(direction, 0)
    for role, rank in (("W", 3), ("R", 3), ("B", 2)):
        tensor = module.tensors.get(role)
        if tensor is None and role != "B":
            raise ValueError(f"{shown(node.name)} must have {role} in the file.")
        if tensor is not None and (len(tensor.shape) != rank or tensor.shape[0] != count):
            raise ValueError(
                f"{shown(tensor.name)} must have {rank} axes, the first of them the directions "
                f"({direction}). Got {tensor.shape}."
            )
    layers = [_of_place(graph, node, module, answers, place) for place in range(count)]
    if len(layers) == 2:
        return [paired(layers[0], layers[1], "concat")]
    notes = (FROM_THE_END,) if direction == "reverse" else ()
    known_from = layers[0].known_from + notes
    return [replace(layers[0], direction=direction, known_from=known_from)]


def _of_place(
    graph: OnnxGraph, node: OnnxNode, module: Module, answers: Answers, place: int
) -> Layer:
    """One direction of a node, the first or the second."""
    kind = KINDS[node.kind]
    count = DIRECTIONS[node.attributes.get("direction", "forward")]
    blocks = _blocks(node, module.tensors, place)
    notes = (QUANTIZED,) if module.tensors["R"].parts else ()
    start, more = _start(graph, node, kind, place, min(blocks.w_h.shape))
    told = _told(node, kind, place, count)
    told = replace(told, notes=(*told.notes, *notes, *more))
    source = Source(told, ORDERS[kind], f"told by {SOURCE}")
    return replace(layer_of(node.name, blocks, answers, source), start=start)


def _blocks(node: OnnxNode, tensors: Mapping[str, Tensor], place: int) -> GateBlocks:
    w_x, w_h = (_of_direction(tensors[role], place) for role in ("W", "R"))
    if node.kind == "DynamicQuantizeLSTM":
        w_x, w_h = transposed(w_x), transposed(w_h)
    if "B" not in tensors:
        return GateBlocks(w_x, w_h, units_first=True)
    both = _of_direction(tensors["B"], place)
    half = both.shape[0] // 2
    return GateBlocks(
        w_x,
        w_h,
        replace(both, shape=(half,), read=lambda: both.read()[:half]),
        replace(both, shape=(both.shape[0] - half,), read=lambda: both.read()[half:]),
        units_first=True,
    )


def _of_direction(tensor: Tensor, place: int) -> Tensor:
    return replace(tensor, shape=tensor.shape[1:], read=lambda: tensor.read()[place])


def _told(node: OnnxNode, kind: str, place: int, count: int) -> Told:
    """What the attributes of a node tell."""
    found = _activations(node, kind, place, count)
    first = ("The first axis of its input is batch.",) if node.whole("layout", 0) else ()
    if kind == "rnn":
        return Told(SOURCE, f"rnn_{found[0]}", notes=first)
    if kind == "lstm" and found[1] != found[2]:
        raise ValueError(
            f"{shown(node.name)} must have one activation for the candidate and the cell state. "
            f"Got {found[1]} and {found[2]}."
        )
    if kind == "gru" and not node.whole("linear_before_reset", 0):
        kind = "gru_reset_before"
    return Told(SOURCE, kind, found[1], found[0], notes=first)


def _activations(node: OnnxNode, kind: str, place: int, count: int) -> list[str]:
    """The activations of one direction, by gradflow's names."""
    each = len(USUAL[kind])
    names = node.attributes.get("activations") or USUAL[kind] * count
    if not isinstance(names, tuple) or len(names) != each * count:
        raise ValueError(
            f"{shown(node.name)} must have {each * count} activations. Got {shown(str(names))}."
        )
    # Both lists are used up by those activations alone that take a number.
    alphas, betas = (_numbers(node, f"activation_{name}") for name in ("alpha", "beta"))
    found = []
    for name in (str(name).lower() for name in names):
        alpha = next(alphas, ALPHA[name]) if name in ALPHA else None
        beta = next(betas, BETA[name]) if name in BETA else None
        found.append(_activation(node, name, alpha, beta))
    return found[place * each : (place + 1) * each]


def _numbers(node: OnnxNode, name: str) -> Iterator[float]:
    values = node.attributes.get(name, ())
    if not isinstance(values, tuple) or not all(isinstance(value, float) for value in values):
        raise ValueError(f"{name} of {shown(node.name)} must be numbers.")
    return iter(values)


def _activation(node: OnnxNode, name: str, alpha: float | None, beta: float | None) -> str:
    for (known, *numbers), ours in ACTIVATIONS.items():
        # The numbers are float32 in the file.
        same = all(
            a is b is None or (a is not None and b is not None and abs(a - b) < 1e-6)
            for a, b in zip(numbers, (alpha, beta), strict=True)
        )
        if known == name and same:
            return ours
    said = ", ".join(f"{value:g}" for value in (alpha, beta) if value is not None)
    known_names = listed(dict.fromkeys(known for known, *_ in ACTIVATIONS), "or")
    raise ValueError(
        f"The activations must be {known_names}. Got {shown(name)}"
        f"{f' ({said})' if said else ''} in {shown(node.name)}."
    )


def _start(
    graph: OnnxGraph, node: OnnxNode, kind: str, place: int, H: int
) -> tuple[dict[str, Array], tuple[str, ...]]:
    """The starting states of a direction, and what is to be said of them."""
    start, notes = {}, []
    for number, state in enumerate(STATES[kind]):
        value = node.input(5 + number)
        tensor = graph.constant(value) if value else None
        if tensor is not None and not graph.is_zero(value):
            start[state] = _state(node, tensor, place, H)
            notes.append(f"Starts at the {state} that the file has.")
        elif value and tensor is None and not graph.is_zero(value):
            notes.append(f"Starts at {state} = 0: assumed, as the graph is given another.")
    return start, tuple(notes)


def _state(node: OnnxNode, tensor: Tensor, place: int, H: int) -> Array:
    """A starting state, which must be one for all sequences of a batch."""
    values = tensor.values()
    values = values.swapaxes(0, 1) if node.whole("layout", 0) and values.ndim == 3 else values
    if values.ndim != 3 or len(values) <= place or values.shape[2] != H or not values.shape[1]:
        raise ValueError(f"{shown(tensor.name)} must fit {shown(node.name)}. Got {tensor.shape}.")
    if np.any(values[place] != values[place, 0]):
        raise ValueError(f"{shown(tensor.name)} must be one state for all sequences of a batch.")
    return values[place, 0]


def other_tensors(graph: OnnxGraph) -> Iterator[tuple[str, Tensor]]:
    """The linear layers, 1x1 convolutions and embeddings, by names that tell which they are."""
    added = {
        node.input(1 - place): graph.constant(node.input(place))
        for node in graph.nodes
        if node.kind == "Add"
        for place in (0, 1)
        if graph.constant(node.input(place)) is not None
    }
    for node in graph.nodes:
        weight = graph.constant(node.input(0 if node.kind == "Gather" else 1))
        if weight is None or not node.outputs:
            continue
        bias = graph.constant(node.input(2))
        if node.kind == "MatMul" and len(weight.shape) == 2:
            yield _called(node, "kernel", weight)
            bias = added.get(node.outputs[0])
        elif (node.kind == "Gemm" and _plain(node)) or (
            node.kind == "Conv" and node.whole("group", 1) == 1
        ):
            rows_are_outputs = node.kind == "Conv" or node.whole("transB", 0)
            yield _called(node, "weight" if rows_are_outputs else "kernel", weight)
        elif node.kind == "Gather" and len(weight.shape) == 2 and not node.whole("axis", 0):
            yield _called(node, "embedding", weight)
            continue
        else:
            continue
        if bias is not None and len(bias.shape) == 1:
            yield _called(node, "bias", bias)


def _called(node: OnnxNode, part: str, tensor: Tensor) -> tuple[str, Tensor]:
    name = f"{node.name}/{part}"
    return name, replace(tensor, name=name)


def _plain(node: OnnxNode) -> bool:
    """Whether a Gemm is a product and a bias."""
    factors = [node.attributes.get(name, 1.0) for name in ("alpha", "beta")]
    return factors == [1.0, 1.0] and not node.whole("transA", 0)
