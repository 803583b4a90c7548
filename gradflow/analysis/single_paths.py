"""Every single path of a scalar LSTM from a loss to a weight, for short distances.

A term is the sum over all paths through the unrolled cell, from L_t to the weight at step j, of the
product of their edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from gradflow.analysis.unrolled_cell import Edge, Graph, Node, unrolled_graph
from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.log10_numbers import signed_power
from gradflow.numerics.validation import shown, whole_number

# Over this lag there are 551 paths; over one more 2640.
_LONGEST = 5


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

    See Also
    --------
    paths : Makes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
    >>> gf.paths(flow, "w_xc", t=2, k=2)[0]
    Path(L_2 h_2 c_2 c_1 c'_1 w_xc, 10^-1.54)
    """

    edges: tuple[Edge, ...]
    sign: int
    log10: float

    def __repr__(self) -> str:
        return f"Path({' '.join(self.steps)}, {signed_power(self.sign, self.log10)})"

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


@requires_flow
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
    >>> for path in gf.paths(flow, "w_xc", t=2, k=2)[:2]:
    ...     print(path)
    Path(L_2 h_2 c_2 c_1 c'_1 w_xc, 10^-1.20)
    Path(L_2 h_2 c_2 c'_2 h_1 c_1 c'_1 w_xc, 10^-1.99)
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

    See Also
    --------
    paths : The paths themselves.

    Examples
    --------
    >>> import gradflow as gf
    >>> [gf.analysis.path_count(distance) for distance in range(5)]
    [1, 5, 24, 115, 551]
    """
    whole_number("distance", distance, 0)
    if not isinstance(parameter, str):
        raise ValueError(f"parameter must be the name of one. Got {shown(parameter)}.")
    count, following = 1, 4 if parameter.endswith("o") else 5
    for _ in range(distance):
        count, following = following, 5 * following - count
    return count


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
