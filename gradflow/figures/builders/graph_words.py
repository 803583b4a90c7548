"""What is written at the nodes of an unrolled LSTM, and what the hover says of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradflow.analysis.unrolled_cell import Graph, Node
from gradflow.engine.one_layer import OneLayer, last_layer
from gradflow.figures.builders.number_words import number
from gradflow.flow import GradientFlow

_GATES = ("i", "f", "c'", "o")
_NAMES = {
    "x": "input",
    "i": "input gate",
    "f": "forget gate",
    "c'": "candidate",
    "o": "output gate",
    "c": "cell state",
    "h": "hidden state",
}


def node_symbol(node: Node, before: int = 0) -> str:
    """A quantity's letter with its step, in Plotly's tags; a parameter without one.

    Parameters
    ----------
    node : Node
        The quantity.
    before : int
        What its step is lowered by.
    """
    letter, _, index = node.kind.partition("_")
    return f"{letter.replace(chr(39), '′')}<sub>{index or node.step - before}</sub>"


def node_words(flow: GradientFlow, graph: Graph, before: int = 0) -> Mapping[Node, str]:
    """What the hover says of every node: its value, and a gate's pre-activation.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar LSTM, or of a stack whose last layer is one.
    graph : Graph
        Some of its steps.
    before : int
        What the numbers of the steps are lowered by.
    """
    return {node: _words(flow, node, before) for node in graph.nodes}


def _words(flow: GradientFlow, node: Node, before: int) -> str:
    kind, step, row = node.kind, node.step - before, node.step - 1
    symbol, layer = node_symbol(node, before), _last_layer(flow)
    trace = layer.trace
    if kind == "L":
        outputs = ", ".join(number(float(o)) for o in np.ravel(flow.trace.o[row]))
        return f"loss of step {step}; the output is {outputs}"
    if kind in _GATES:
        value, z = (float(part[row, _GATES.index(kind), 0]) for part in (trace.gates, trace.z))
        return f"{_NAMES[kind]} {symbol} = {number(value)}, of z = {number(z)}"
    if kind in _NAMES:
        value = {"x": trace.x[row], "c": trace.c[row + 1], "h": trace.h[row + 1]}[kind][0]
        return f"{_NAMES[kind]} {symbol} = {number(float(value))}"
    name, gate = kind[:-1].removesuffix("_"), _GATES.index(kind[-1].replace("c", "c'"))
    weight = number(float(np.ravel(layer.cell.weights[name])[gate]))
    return f"the weight {symbol} = {weight}, as step {step} uses it"


def _last_layer(flow: GradientFlow) -> OneLayer:
    """The last layer, whose paths the graph shows: they begin at the readout."""
    return last_layer(flow, len(flow.layers) - 1)
