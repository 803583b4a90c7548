"""The graph of an ONNX model: its nodes, its constants, and which recurrent node feeds which.

References
----------
ONNX' documentation of the operators LSTM, GRU and RNN: the output Y has the axes time, direction,
batch and unit, or batch, time, direction and unit where layout is 1; the input X has time, batch
and unit, or batch, time and unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.tensors import Tensor, shown

RECURRENT = ("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM")
# What hands on its first input as it is, once a model is trained.
TRANSPARENT = ("Identity", "Dropout", "Cast")
# What makes of zeros nothing but zeros.
KEEPS_ZEROS = (
    *TRANSPARENT, "Expand", "Slice", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Tile",
    "Gather", "Split",
)  # fmt: skip
# What moves numbers, or takes some of them.
MOVES = ("Flatten", "Gather", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze")
ZERO = Tensor("zero", "float32", (), lambda: np.zeros(()))
STEPS = 1000  # nodes that are followed at most

# The axes of a sequence, one letter each: time, direction, batch and unit.
OUTPUT = {0: "tdbu", 1: "btdu"}
INPUT = {0: "tbu", 1: "btu"}


@dataclass(frozen=True)
class OnnxNode:
    """One node.

    Attributes
    ----------
    name : str
        Its name, or that of its first output where it has none.
    kind : str
        Its operator.
    inputs, outputs : tuple of str
        Names of values; "" where an input is left out.
    attributes : mapping
        Numbers, texts, lists of these and tensors, by name.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def input(self, place: int) -> str:
        """The name of an input, "" where there is none."""
        return self.inputs[place] if place < len(self.inputs) else ""

    def whole(self, name: str, usual: int) -> int:
        """An attribute that is a whole number.

        Raises
        ------
        ValueError
            If it is something else.
        """
        value = self.attributes.get(name, usual)
        if type(value) is not int:
            raise ValueError(f"{name} of {shown(self.name)} must be a whole number.")
        return value


@dataclass(frozen=True)
class OnnxGraph:
    """The main graph of a model.

    Attributes
    ----------
    nodes : tuple of OnnxNode
        All nodes, but for those of graphs within nodes.
    constants : mapping
        Tensors by the names of values.
    makers : mapping
        The node that makes a value, by the value's name.
    """

    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, Tensor]
    makers: Mapping[str, OnnxNode]

    @property
    def recurrent(self) -> list[OnnxNode]:
        """The nodes that are recurrent layers."""
        return [node for node in self.nodes if node.kind in RECURRENT]

    def constant(self, value: str) -> Tensor | None:
        """The constant that a value is, also where it is dequantized; None if it is none."""
        for _ in range(STEPS):
            maker = self.makers.get(value)
            if value in self.constants or maker is None:
                return self.constants.get(value)
            if maker.kind == "DequantizeLinear":
                return self._dequantized(maker)
            if maker.kind != "Identity":
                return None
            value = maker.input(0)
        return None

    def _dequantized(self, node: OnnxNode) -> Tensor | None:
        stored, scale = (self.constants.get(node.input(place)) for place in (0, 1))
        zero = self.constants.get(node.input(2))
        if stored is None or scale is None or (node.input(2) and zero is None):
            return None
        axis = node.whole("axis", 1)
        return dequantized(stored, scale, zero, axis)

    def is_zero(self, value: str) -> bool:
        """Whether a value is known to be zeros alone."""
        waiting, seen = [value], set[str]()
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            tensor, maker = self.constants.get(one), self.makers.get(one)
            if maker is not None and maker.kind == "ConstantOfShape":
                tensor = maker.attributes.get("value", ZERO)
            if isinstance(tensor, Tensor):
                if np.any(tensor.read()):
                    return False
            elif maker is not None and maker.kind in (*KEEPS_ZEROS, "Concat"):
                waiting += maker.inputs if maker.kind == "Concat" else maker.inputs[:1]
            else:
                return False
        return True

    def feeds(self) -> frozenset[tuple[str, str]]:
        """Names of nodes of which the first hands its states to the second, step by step."""
        pairs = ((self._below(node), node) for node in self.recurrent)
        return frozenset((below.name, node.name) for below, node in pairs if below is not None)

    def sources(self) -> dict[str, str]:
        """By the name of a node that of the one whose numbers it reads, moved about at most."""
        found = ((node, self._source(node)) for node in self.nodes)
        return {node.name: source.name for node, source in found if source is not None}

    def _source(self, node: OnnxNode) -> OnnxNode | None:
        value = node.input(0)
        for _ in range(STEPS):
            maker = self.makers.get(value)
            moves = maker is not None and maker.kind in (*TRANSPARENT, *MOVES)
            if maker is None or not moves or self.constant(maker.input(0)) is not None:
                return maker
            value = maker.input(0)
        return None

    def _below(self, node: OnnxNode) -> OnnxNode | None:
        """The recurrent node whose states, and nothing else, a node takes as its input."""
        value, between = node.input(0), list[OnnxNode]()
        for _ in range(STEPS):
            maker = self.makers.get(value)
            if maker is None:
                return None
            if maker.kind in RECURRENT:
                made = OUTPUT.get(maker.whole("layout", 0))
                wanted = INPUT.get(node.whole("layout", 0))
                whole = value == maker.outputs[0] and made is not None
                axes = made if whole else None
                for step in reversed(between):
                    axes = None if axes is None else self._moved(axes, step)
                return maker if axes is not None and axes == wanted else None
            between.append(maker)
            value = maker.input(0)
        return None

    def _moved(self, axes: str, node: OnnxNode) -> str | None:
        """The axes after a node that only moves or drops axes; None after any other.

        A dropped direction is the only one, which the size of the weights tells: a layer of two
        directions hands on twice its units.
        """
        if node.kind in TRANSPARENT:
            return axes
        if node.kind == "Transpose":
            moved = node.attributes.get("perm")
            if not isinstance(moved, tuple) or sorted(moved) != list(range(len(axes))):
                return None
            return "".join(axes[place] for place in moved)
        given = node.attributes.get("axes", self._whole_numbers(node.input(1)))
        if not isinstance(given, tuple):
            return None
        if node.kind == "Squeeze":
            dropped = {axes[axis] for axis in given if -len(axes) <= axis < len(axes)}
            return axes.replace("d", "") if dropped == {"d"} else None
        if node.kind == "Reshape" and axes[-2:] == "du":
            return axes.replace("d", "") if len(given) == 3 and given[:2] == (0, 0) else None
        return None

    def _whole_numbers(self, value: str) -> tuple[int, ...] | None:
        tensor = self.constants.get(value)
        if tensor is None or tensor.dtype != "int64" or len(tensor.shape) != 1:
            return None
        return tuple(int(number) for number in tensor.read())


def read_graph(graph: Any, tensor: Callable[[str, Any], Tensor]) -> OnnxGraph:
    """The graph of a message.

    Parameters
    ----------
    graph : onnx.GraphProto
        The message.
    tensor : callable
        What makes a Tensor of a name and an onnx.TensorProto.
    """
    nodes = tuple(_node(node, tensor) for node in graph.node)
    constants = {one.name: tensor(one.name, one) for one in graph.initializer}
    for node in nodes:
        value = node.attributes.get("value")
        if node.kind == "Constant" and isinstance(value, Tensor) and node.outputs:
            constants[node.outputs[0]] = value
    makers = {value: node for node in nodes if node.kind != "Constant" for value in node.outputs}
    return OnnxGraph(nodes, constants, makers)


def _node(node: Any, tensor: Callable[[str, Any], Tensor]) -> OnnxNode:
    outputs = tuple(node.output)
    name = node.name or next(filter(None, outputs), node.op_type)
    return OnnxNode(name, node.op_type, tuple(node.input), outputs, dict(_attributes(node, tensor)))


def _attributes(node: Any, tensor: Callable[[str, Any], Tensor]) -> Iterator[tuple[str, Any]]:
    """The attributes that are numbers, texts, lists of these or tensors."""
    readers: dict[int, Callable[[Any], Any]] = {
        1: lambda one: float(one.f),
        2: lambda one: int(one.i),
        3: lambda one: _text(one.s),
        4: lambda one: tensor(f"{node.output[0] if node.output else node.name}", one.t),
        6: lambda one: tuple(map(float, one.floats)),
        7: lambda one: tuple(map(int, one.ints)),
        8: lambda one: tuple(map(_text, one.strings)),
    }
    for one in node.attribute:
        if one.type in readers:
            yield one.name, readers[one.type](one)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def dequantized(stored: Tensor, scale: Tensor, zero: Tensor | None, axis: int) -> Tensor:
    """(stored - zero) scale, with a scale and a zero for all, or for each place along an axis.

    The parts of the tensor tell that it was quantized.
    """
    read = partial(_dequantized, stored, scale, zero, axis)
    parts = tuple(one.name for one in (stored, scale, zero) if one is not None)
    return Tensor(stored.name, scale.dtype, stored.shape, read, parts)


def _dequantized(stored: Tensor, scale: Tensor, zero: Tensor | None, axis: int) -> Array:
    number = stored.read().astype(np.float64)
    offset = 0.0 if zero is None else _along(stored, zero, zero.read().astype(np.float64), axis)
    return (number - offset) * _along(stored, scale, scale.values(), axis)


def _along(stored: Tensor, tensor: Tensor, values: Array, axis: int) -> Array:
    """The values in a shape that fits the stored numbers."""
    if values.size == 1:
        return values.reshape(())
    rank = len(stored.shape)
    axis = axis + rank if axis < 0 else axis
    if values.ndim == 1 and 0 <= axis < rank and values.size == stored.shape[axis]:
        return values.reshape([-1 if place == axis else 1 for place in range(rank)])
    if rank == 3 and values.shape == (stored.shape[0], stored.shape[2]):
        return values[:, None, :]
    raise ValueError(f"{shown(tensor.name)} must fit {shown(stored.name)}. Got {values.shape}.")
