"""The unrolled scalar LSTM as a graph, from a loss back to a weight.

An edge leads from a quantity to one it is computed from, and carries the local derivative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradflow.cells import GATES, LSTM, Cell, LSTMTrace
from gradflow.engine.one_layer import last_layer
from gradflow.engine.parameter_names import layer_and_name
from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import one_of, target_step, whole_number

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

    See Also
    --------
    Edge : What leads from one to another.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
    >>> gf.paths(flow, "w_xf", t=3, k=2)[0].nodes[1]
    Node(kind='h', step=3)
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

    See Also
    --------
    Path : Edges one after the other.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
    >>> gf.paths(flow, "w_xf", t=3, k=2)[0].edges[2].start.name
    'o_3'
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

    See Also
    --------
    unrolled_graph : Makes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.unrolled_graph(flow, "w_xf", t=3, k=2)
    Graph(L_3 to w_xf of step 2, 16 nodes, 25 edges)
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def __repr__(self) -> str:
        first, last = self.nodes[0], self.nodes[-1]
        return (
            f"Graph({first.name} to {last.name} of step {last.step}, {len(self.nodes)} nodes, "
            f"{len(self.edges)} edges)"
        )


@requires_flow
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

    See Also
    --------
    paths : Its paths from the loss to the parameter.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.unrolled_graph(flow, "w_xf", t=3, k=2)
    Graph(L_3 to w_xf of step 2, 16 nodes, 25 edges)
    """
    number, name = layer_and_name(flow.cell, parameter, layer)
    asked = last_layer(flow, number)
    cell, trace = scalar_lstm(asked.cell), asked.trace
    last_step = target_step(t, flow.T)
    j = last_step + 1 - whole_number("k", k, 1, last_step)
    one_of("parameter", name, cell.parameters)
    edges = [_edge(Node("L", t), Node("h", t), flow.state_slope[t - 1, 0])]
    for step in range(t, j - 1, -1):
        edges += _edges_of_step(cell, trace, step, is_last=step == j)
    gate = cell.parameters[name].gate
    end = Node(name, j)
    factor = _gate_slopes(cell, trace, j)[gate] * cell.source(name, trace)[j - 1, 0]
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
    row = step - 1  # of the gates; states have one row more
    gate_value, phi = cell.squashes
    i, f, o = (gate_value.scaled_value(trace.z[row, gate, 0]) for gate in (0, 1, 3))
    candidate, c, c_before = trace.gates[row, 2, 0], trace.c[step, 0], trace.c[row, 0]
    h, cell_state = Node("h", step), Node("c", step)
    yield _edge(h, cell_state, o * phi.slope(c))
    yield _edge(h, Node("o", step), phi.value(c))
    if not is_last:
        yield _edge(cell_state, Node("c", step - 1), f)
    for kind, factor in (("i", candidate), ("f", c_before), (_CANDIDATE, i)):
        yield _edge(cell_state, Node(kind, step), factor)
    slopes = _gate_slopes(cell, trace, step)
    for kind, slope, w_x, w_h in zip(_GATE_KINDS, slopes, cell.w_x, cell.w_h, strict=True):
        yield _edge(Node(kind, step), Node("x", step), slope * w_x)
        if not is_last:
            yield _edge(Node(kind, step), Node("h", step - 1), slope * w_h)


def _gate_slopes(cell: LSTM, trace: LSTMTrace, step: int) -> list[Scaled]:
    """The slope of each gate's own activation, in the order i, f, c, o."""
    z = trace.z[step - 1, :, 0]
    gate_value, phi = cell.squashes
    return [(phi if gate == "c" else gate_value).slope(z[n]) for n, gate in enumerate(GATES)]


def _edge(start: Node, end: Node, factor: Scaled | Array | float) -> Edge:
    number = factor if isinstance(factor, Scaled) else Scaled.of(np.asarray(factor, np.float64))
    return Edge(
        start, end, int(np.sign(number.mantissa)), float(number.log10()), float(number.plain())
    )
