"""Three steps of the LSTM, unrolled: the graph that is drawn, and its 24 paths by size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import gradflow as gf
from gradflow.analysis import (
    Edge,
    Node,
    Path,
    paths,
    unrolled_graph,
)
from gradflow.figures.builders.drawn_graph import Edge as DrawnEdge
from gradflow.figures.builders.drawn_graph import Graph
from gradflow.figures.builders.drawn_graph import Node as DrawnNode
from gradflow.figures.builders.number_words import number, signed
from gradflow.numerics.scaled import Array
from gradflow.ui.shared.experiment import Experiment

STEPS = 3
PARAMETER = "w_xf"

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


@dataclass(frozen=True, eq=False)
class Unrolled:
    """Three steps of a flow, numbered 1 to 3, and the paths from the last loss to w_xf at step 1.

    Attributes
    ----------
    flow : GradientFlow
        The LSTM's.
    t : int
        Step of the sequence that is step 3 here.
    paths : tuple of Path
        By size, the largest first.
    share : array of shape (24,)
        Each path's share of the sizes of all, negative against their sum; nan where all are zero.
    """

    flow: gf.GradientFlow
    t: int
    paths: tuple[Path, ...]
    share: Array

    @property
    def before(self) -> int:
        """The step of the sequence before step 1 here."""
        return self.t - STEPS

    @property
    def log10(self) -> float:
        """log10 of the size of the term that the paths add up to."""
        return float(self.flow.log10(PARAMETER)[self.t - 1, STEPS - 1])

    @property
    def sign(self) -> int:
        """Its sign."""
        return int(self.flow.sign(PARAMETER)[self.t - 1, STEPS - 1])

    def place(self, node: Node) -> tuple[str, int]:
        """A node's kind in the figure, and its step in the three steps' own numbers."""
        kind = "w" if node.kind == PARAMETER else node.kind
        return kind, node.step - self.before

    def nodes(self, path: Path) -> tuple[tuple[str, int], ...]:
        """The places of a path's nodes, from the loss to the weight."""
        return tuple(self.place(node) for node in path.nodes)


def unrolled(experiment: Experiment, t: int) -> Unrolled | None:
    """The three steps up to the target, or the first three; None of a shorter sequence."""
    flow = experiment.lstm
    if flow.T < STEPS:
        return None
    t = max(t, STEPS)
    found = paths(flow, PARAMETER, t, STEPS)
    log10, sign = (np.array([getattr(path, name) for path in found]) for name in ("log10", "sign"))
    whole = np.asarray(flow.sign(PARAMETER)[t - 1, STEPS - 1])
    return Unrolled(flow, t, found, signed_shares(log10, sign, whole))


def graph(of: Unrolled, rank: int) -> Graph:
    """The graph with the path of that rank lit; 1 is the largest."""
    record = unrolled_graph(of.flow, PARAMETER, of.t, STEPS)
    lit = tuple(
        (of.place(edge.end), of.place(edge.start), _size(edge).replace(" × ", "·"))
        for edge in of.paths[rank - 1].edges
    )
    columns = tuple(f"step {n}<br>({n + of.before} of {of.flow.T})" for n in range(1, STEPS + 1))
    nodes = tuple(_node(of, node) for node in record.nodes)
    return Graph(nodes, tuple(_edge(of, edge) for edge in record.edges), columns, lit)


def _node(of: Unrolled, node: Node) -> DrawnNode:
    kind, step = of.place(node)
    label, trace, at = _symbol(kind, step), of.flow.trace, node.step - 1
    if kind == "L":
        outputs = ", ".join(number(float(o)) for o in np.ravel(trace.o[at]))
        return DrawnNode(kind, step, label, f"loss of step {step}; the output is {outputs}")
    if kind == "w":
        weight = number(float(of.flow.cell.weights["w_x"][_GATES.index("f")]))
        return DrawnNode(
            kind, step, label, f"the weight {label} = {weight}, as step {step} uses it"
        )
    states = {"x": of.flow.x[at, 0], "c": trace.c[at + 1, 0], "h": trace.h[at + 1, 0]}
    if kind in states:
        said = f"{_NAMES[kind]} {label} = {number(float(states[kind]))}"
    else:
        value, z = (float(part[at, _GATES.index(kind), 0]) for part in (trace.gates, trace.z))
        said = f"{_NAMES[kind]} {label} = {number(value)}, of z = {number(z)}"
    return DrawnNode(kind, step, label, said)


def _edge(of: Unrolled, edge: Edge) -> DrawnEdge:
    tail, head = of.place(edge.end), of.place(edge.start)
    said = f"d{_symbol(*head)}/d{_symbol(*tail)} = {_size(edge)}"
    return DrawnEdge(tail, head, edge.log10, said)


def _size(edge: Edge) -> str:
    return signed(edge.sign, edge.log10)


def _symbol(kind: str, step: int) -> str:
    """A quantity's letter with its step, in Plotly's tags."""
    if kind == "w":
        return "w<sub>xf</sub>"
    return f"{kind.replace(chr(39), '′')}<sub>{step}</sub>"
