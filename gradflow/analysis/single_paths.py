"""Every single path of a scalar LSTM from a loss to a weight, for short distances.

The unrolled cell is a graph: an edge leads from a quantity to one it is computed from, and carries
the local derivative. A term is the sum over all paths from L_t to the weight at step j of the
product of their edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from gradflow.cells import GATES, LSTM, LSTMTrace
from gradflow.flow import GradientFlow, gradient_flow
from gradflow.losses import Loss, Readout
from gradflow.numerics.activations import SIGMOID, TANH, scaled_sigmoid
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import one_of, target_step, whole_number

# At this distance there are 551 paths; one step further 2640.
_FURTHEST = 4

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
    cell: LSTM,
    x: Any,
    t: int,
    j: int,
    parameter: str = "w_xf",
    readout: Readout | None = None,
    loss: Loss | None = None,
    initial_state: Mapping[str, Any] | None = None,
) -> tuple[Path, ...]:
    """Every path from the loss L_t to a parameter at step j.

    Parameters
    ----------
    cell : LSTM
        A scalar cell.
    x, readout, loss, initial_state
        As for `gradient_flow`.
    t, j : int
        Target and source step, t - j <= 4.
    parameter : str
        One parameter, such as "w_xf".

    Returns
    -------
    tuple of Path
        The largest first. Their values add up to the term of lag k = t + 1 - j.

    Raises
    ------
    ValueError
        As `gradient_flow` and `paths_of` do.
    """
    return paths_of(gradient_flow(cell, x, readout, loss, initial_state), t, j, parameter)


def paths_of(flow: GradientFlow, t: int, j: int, parameter: str = "w_xf") -> tuple[Path, ...]:
    """Every path from the loss L_t to a parameter at step j, of a flow that is there already.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar LSTM.
    t, j, parameter
        As for `paths`.

    Returns
    -------
    tuple of Path
        The largest first.

    Raises
    ------
    ValueError
        If the cell is not a scalar LSTM, a step or the parameter is not one of the flow, or t and j
        are more than 4 steps apart.
    """
    _checked(flow, t, j, parameter)
    if t - j > _FURTHEST:
        count = Decimal(path_count(t - j, parameter))
        raise ValueError(
            f"t - j must be at most {_FURTHEST}. Got t={t} and j={j}, with {count:.6g} paths to "
            f"{parameter}: flow.by_detours adds them up by class."
        )
    found = [_path(edges) for edges in _walks(unrolled_graph(flow, t, j, parameter))]
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


def unrolled_graph(flow: GradientFlow, t: int, j: int, parameter: str = "w_xf") -> Graph:
    """The unrolled cell from L_t back to step j, with the local derivative at every edge.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar LSTM.
    t, j : int
        Target and source step, 1 <= j <= t.
    parameter : str
        One parameter, such as "w_xf". Inputs are nodes too, on no path to it.

    Raises
    ------
    ValueError
        If the cell is not a scalar LSTM, or a step or the parameter is not one of the flow.
    """
    cell = _checked(flow, t, j, parameter)
    edges = [_edge(Node("L", t), Node("h", t), flow.state_slope[t - 1, 0])]
    for step in range(t, j - 1, -1):
        edges += _edges_of_step(cell, flow.trace, step, is_last=step == j)
    gate, source = cell.parameters[parameter]
    factor = {"x": flow.x[j - 1, 0], "state": flow.trace.h[j - 1, 0], "one": 1.0}[source]
    end = Node(parameter, j)
    edges.append(_edge(Node(_GATE_KINDS[gate], j), end, _gate_slopes(flow.trace, j)[gate] * factor))
    nodes = dict.fromkeys(node for edge in edges for node in (edge.start, edge.end))
    del nodes[end]
    return Graph((*nodes, end), tuple(edges))


def _checked(flow: GradientFlow, t: int, j: int, parameter: str) -> LSTM:
    if not isinstance(flow.cell, LSTM) or not flow.cell.signed:
        shape = f" with H={flow.cell.H}, D={flow.cell.D}" if isinstance(flow.cell, LSTM) else ""
        raise ValueError(
            "cell must be a scalar LSTM, as LSTM.scalar makes it. "
            f"Got {type(flow.cell).__name__}{shape}."
        )
    whole_number("j", j, 1, target_step(t, flow.T))
    one_of("parameter", parameter, flow.parameters)
    return flow.cell


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
