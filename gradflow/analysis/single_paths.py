"""Every single path of a scalar LSTM from a loss to a weight, for short distances.

The unrolled cell is a graph: an edge leads from a quantity to one it is computed from, and carries
the local derivative. A term is the sum over all paths from L_t to the weight at step j of the
product of their edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from gradflow.cells import GATES, LSTM, Cell, LSTMTrace
from gradflow.engine.one_layer import last_layer
from gradflow.engine.parameter_names import layer_and_name
from gradflow.flow import GradientFlow
from gradflow.numerics.activations import SIGMOID, TANH, scaled_sigmoid
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import one_of, target_step, whole_number

# Over this lag there are 551 paths; over one more 2640.
_LONGEST = 5

_CANDIDATE = "c'"
_GATE_KINDS = ("i", "f", _CANDIDATE, "o")


class Node(NamedTuple):
    """A quantity of one step.

    Attributes
    ----------
    kind : str
        "L", "h", "c", "x", a gate ("i", "f", "c'" for the candidate, "o"), or the name of a
        parameter: its copy that is used at this step.
    step : int
        1 .. T.
    """

    kind: str
    step: int

    @property
    def name(self) -> str:
        """As it is written: "h_3"; a parameter without its step."""
        return self.kind if self.kind[:2] in ("w_", "b_") else f"{self.kind}_{self.step}"


@dataclass(frozen=True)
class Edge:
    """A local derivative: of `start`, by `end`, with all else that `start` depends on held.

    Attributes
    ----------
    start, end : Node
        From the loss towards the weight.
    sign : int
        -1, 0 or 1.
    log10 : float
        log10 of the magnitude; minus infinity where it is exactly zero.
    value : float
        The derivative as float64 has it.
    """

    start: Node
    end: Node
    sign: int
    log10: float
    value: float

    @property
    def is_crossing(self) -> bool:
        """Whether it leads through h to the step before."""
        return self.end.kind == "h" and self.start.kind in _GATE_KINDS


@dataclass(frozen=True)
class Graph:
    """The unrolled cell from a loss L_t to a parameter at step j.

    Attributes
    ----------
    nodes : tuple of Node
        L_t first, then the steps t .. j, and last the parameter.
    edges : tuple of Edge
        In the order of their starts.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def __repr__(self) -> str:
        first, last = self.nodes[0], self.nodes[-1]
        return (
            f"Graph({first.name} to {last.name} of step {last.step}, {len(self.nodes)} nodes, "
            f"{len(self.edges)} edges)"
        )


@dataclass(frozen=True)
class Path:
    """One path from a loss to a parameter at one step.

    Attributes
    ----------
    edges : tuple of Edge
        From the loss on.
    sign : int
        -1, 0 or 1.
    log10 : float
        log10 of the magnitude; minus infinity where it is exactly zero.
    """

    edges: tuple[Edge, ...]
    sign: int
    log10: float

    def __repr__(self) -> str:
        return f"Path({' '.join(self.steps)}, {'-' if self.sign < 0 else ''}10^{self.log10:.2f})"

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What it passes, from the loss to the parameter."""
        return (self.edges[0].start, *(edge.end for edge in self.edges))

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the nodes."""
        return tuple(node.name for node in self.nodes)

    @property
    def factors(self) -> tuple[float, ...]:
        """The local derivative at each edge, as float64 has it."""
        return tuple(edge.value for edge in self.edges)

    @property
    def value(self) -> float:
        """The product of the factors, which under- and overflows as float64 must."""
        with np.errstate(over="ignore", under="ignore"):
            return float(self.sign * np.float64(10.0) ** self.log10) if self.sign else 0.0

    def between(self, start: Node, end: Node) -> Path | None:
        """The part of it from one node to another; None if it does not pass both in this order."""
        nodes = self.nodes
        if start not in nodes or end not in nodes or nodes.index(start) >= nodes.index(end):
            return None
        return _path(self.edges[nodes.index(start) : nodes.index(end)])

    @property
    def detours(self) -> int:
        """How many of its crossings from step to step run through h."""
        return sum(edge.is_crossing for edge in self.edges)

    @property
    def first_gate(self) -> str | None:
        """The kind of the gate it first leaves for h through; None of the cell path."""
        return next((edge.start.kind for edge in self.edges if edge.is_crossing), None)


def paths(
    flow: GradientFlow, parameter: str, t: int, k: int, layer: int | None = None
) -> tuple[Path, ...]:
    """Every path from the loss L_t to a parameter at step j = t + 1 - k.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar LSTM.
    parameter : str
        One parameter, such as "w_xf".
    t, k : int
        Target step and lag, 1 <= k <= t; k of at most 5.
    layer : int, optional
        The layer of a stack, which must be its last; may be left out where there is only one.

    Returns
    -------
    tuple of Path
        The largest first. Their values add up to the term.

    Raises
    ------
    ValueError
        If the layer is not a scalar LSTM or not the last, t, k or the parameter is not one of the
        flow, or k is above 5.

    See Also
    --------
    unrolled_graph : The graph that they walk.
    GradientFlow.by_detours : The paths added up by class, at any lag.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.5), [1.0, 1.0])
    >>> for path in gf.paths(flow, "w_xf", t=2, k=2)[:2]:
    ...     print(path)
    Path(L_2 h_2 c_2 c_1 f_1 w_xf, 0)
    Path(L_2 h_2 o_2 h_1 c_1 f_1 w_xf, 0)
    """
    graph = unrolled_graph(flow, parameter, t, k, layer)
    if k > _LONGEST:
        end = graph.nodes[-1].kind
        count = Decimal(path_count(k - 1, end))
        raise ValueError(
            f"k must be at most {_LONGEST}. Got k={k}, with {count:.6g} paths to {end}: "
            "flow.by_detours adds them up by class."
        )
    found = [_path(edges) for edges in _walks(graph)]
    return tuple(sorted(found, key=lambda path: path.log10, reverse=True))


def path_count(distance: int, parameter: str = "w_xf") -> int:
    """How many paths lead from L_t to a parameter of an LSTM at step j = t - distance.

    From h_t there are as many to c_j as to each gate that acts on c_j. A step further back adds
    four ways from c and one from h, which makes a(n) = 5 a(n-1) - a(n-2). To the output gate there
    are as many as to h_j, and the same holds.

    Parameters
    ----------
    distance : int
        t - j, from 0 on.
    parameter : str
        A parameter of one gate.
    """
    count, following = 1, 4 if parameter.endswith("o") else 5
    for _ in range(distance):
        count, following = following, 5 * following - count
    return count


def unrolled_graph(
    flow: GradientFlow, parameter: str, t: int, k: int, layer: int | None = None
) -> Graph:
    """The unrolled cell from L_t back to step j = t + 1 - k, with the derivative at every edge.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar LSTM.
    parameter : str
        One parameter, such as "w_xf". Inputs are nodes too, on no path to it.
    t, k : int
        Target step and lag, 1 <= k <= t.
    layer : int, optional
        The layer of a stack, which must be its last; may be left out where there is only one.

    Returns
    -------
    Graph

    Raises
    ------
    ValueError
        If the layer is not a scalar LSTM or not the last, or t, k or the parameter is not one of
        the flow.
    """
    number, name = layer_and_name(flow.cell, parameter, layer)
    asked = last_layer(flow, number)
    cell, trace = scalar_lstm(asked.cell), asked.trace
    j = t + 1 - whole_number("k", k, 1, target_step(t, flow.T))
    one_of("parameter", name, cell.parameters)
    edges = [_edge(Node("L", t), Node("h", t), flow.state_slope[t - 1, 0])]
    for step in range(t, j - 1, -1):
        edges += _edges_of_step(cell, trace, step, is_last=step == j)
    gate = cell.parameters[name].gate
    end = Node(name, j)
    factor = _gate_slopes(trace, j)[gate] * cell.source(name, trace)[j - 1, 0]
    edges.append(_edge(Node(_GATE_KINDS[gate], j), end, factor))
    nodes = dict.fromkeys(node for edge in edges for node in (edge.start, edge.end))
    del nodes[end]
    return Graph((*nodes, end), tuple(edges))


def scalar_lstm(cell: Cell) -> LSTM:
    """The cell, if it is a scalar LSTM.

    Raises
    ------
    ValueError
        If it is not.
    """
    if not isinstance(cell, LSTM) or not cell.signed:
        raise ValueError(f"cell must be a scalar LSTM, as LSTM.scalar makes it. Got {cell!r}.")
    return cell


def _edges_of_step(cell: LSTM, trace: LSTMTrace, step: int, is_last: bool) -> Iterator[Edge]:
    """The edges that start in h, c and the gates of one step; of the last, none to steps before."""
    at = step - 1
    i, f, o = (scaled_sigmoid(trace.z[at, gate, 0]) for gate in (0, 1, 3))
    candidate, c, c_before = trace.gates[at, 2, 0], trace.c[step, 0], trace.c[at, 0]
    h, cell_state = Node("h", step), Node("c", step)
    yield _edge(h, cell_state, o * TANH.slope(c))
    yield _edge(h, Node("o", step), np.tanh(c))
    if not is_last:
        yield _edge(cell_state, Node("c", at), f)
    for kind, factor in (("i", candidate), ("f", c_before), (_CANDIDATE, i)):
        yield _edge(cell_state, Node(kind, step), factor)
    slopes = _gate_slopes(trace, step)
    for kind, slope, w_x, w_h in zip(_GATE_KINDS, slopes, cell.w_x, cell.w_h, strict=True):
        yield _edge(Node(kind, step), Node("x", step), slope * w_x)
        if not is_last:
            yield _edge(Node(kind, step), Node("h", at), slope * w_h)


def _gate_slopes(trace: LSTMTrace, step: int) -> list[Scaled]:
    """The slope of each gate's own activation, in the order i, f, c, o."""
    z = trace.z[step - 1, :, 0]
    return [
        (TANH if gate == "c" else SIGMOID).slope(z[number]) for number, gate in enumerate(GATES)
    ]


def _edge(start: Node, end: Node, factor: Scaled | Array | float) -> Edge:
    number = factor if isinstance(factor, Scaled) else Scaled.of(np.asarray(factor, np.float64))
    return Edge(
        start, end, int(np.sign(number.mantissa)), float(number.log10()), float(number.plain())
    )


def _walks(graph: Graph) -> Iterator[tuple[Edge, ...]]:
    """The edges of every path from the first node of a graph to its last."""
    leaving: dict[Node, list[Edge]] = {}
    for edge in graph.edges:
        leaving.setdefault(edge.start, []).append(edge)
    unfinished: list[tuple[Edge, ...]] = [(edge,) for edge in leaving[graph.nodes[0]]]
    while unfinished:
        walk = unfinished.pop()
        if walk[-1].end == graph.nodes[-1]:
            yield walk
        unfinished += [(*walk, edge) for edge in leaving.get(walk[-1].end, [])]


def _path(edges: tuple[Edge, ...]) -> Path:
    return Path(edges, math.prod(e.sign for e in edges), math.fsum(e.log10 for e in edges))
