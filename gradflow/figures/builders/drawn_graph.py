"""The unrolled graph of a few steps: columns are steps, the cell line on top, one path lit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import plotly.graph_objects as go

from gradflow.figures.builders.colours import (
    EDGE,
    GRID,
    INK,
    LIT,
    LIT_BAND,
    LIT_INK,
    LIT_PAPER,
    NODE_INK,
    NODES,
    QUIET,
)
from gradflow.figures.builders.text import escaped, power_of_ten

HEIGHT = 600
FONT = 12
NODE_SIZE = 24
ZERO_WIDTH = 1.0

# Where the nodes of step 1 stand, to the right of its column's left edge, and above the ground.
# Gates stand one over the other, so that a column stays narrow enough for a phone.
PLACES = {
    "c": (0.74, 6.0),
    "f": (0.46, 5.0),
    "i": (0.46, 4.0),
    "c'": (0.46, 3.0),
    "o": (0.46, 2.0),
    "h": (0.86, 1.0),
    "x": (0.06, 3.5),
    "L": (1.22, -0.05),
    "w": (-0.2, 5.0),
}
# How far along an edge its factor is written, where the middle lies beside another node.
WRITTEN_AT = {("i", "c"): 0.7, ("c", "h"): 0.7}
TOP, GROUND = 6.5, -0.4
LEGEND_SIZES = (-3, -2, -1, 0, 1)


class Node(NamedTuple):
    """A number of the forward pass.

    kind is a key of `PLACES` (the candidate is "c'", the weight "w"), step its column, from 0 for
    the state before the first; label may hold Plotly's tags; said is what the hover says.
    """

    kind: str
    step: int
    label: str
    said: str


class Edge(NamedTuple):
    """What one number owes to another: tail and head are (kind, step), log10 the size of the
    derivative of head by tail, said what the hover says.
    """

    tail: tuple[str, int]
    head: tuple[str, int]
    log10: float
    said: str


@dataclass(frozen=True)
class Graph:
    """An unrolled network, and a path through it.

    Attributes
    ----------
    nodes : tuple of Node
        The nodes.
    edges : tuple of Edge
        The edges.
    columns : tuple of str
        Headings of the steps, from step 1; they may hold Plotly's tags.
    lit : tuple of (tail, head, text)
        Edges of the path that is lit, and what is written at each.

    Raises
    ------
    ValueError
        If an edge joins nodes that are not there, or a lit edge is no edge.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    columns: tuple[str, ...]
    lit: tuple[tuple[tuple[str, int], tuple[str, int], str], ...] = ()

    def __post_init__(self) -> None:
        there = {(node.kind, node.step) for node in self.nodes}
        joined = {(edge.tail, edge.head) for edge in self.edges}
        for tail, head in joined:
            if not {tail, head} <= there:
                raise ValueError(f"edges must join nodes of the graph. Got {tail} and {head}.")
        for tail, head, _ in self.lit:
            if (tail, head) not in joined:
                raise ValueError(f"lit must hold edges of the graph. Got {tail} to {head}.")


def graph(record: Graph, dark: bool | None = None) -> go.Figure:
    """The graph, forward from left to right; edges as wide as their derivative is large.

    Parameters
    ----------
    record : Graph
        The graph.
    dark : bool or None
        As in `View`.

    Returns
    -------
    plotly.graph_objects.Figure
        Traces "edge c1 c2" for each edge, "lit c1 c2" for the lit ones before them, "derivatives"
        for the hover of the edges, and "nodes".
    """
    place = {(node.kind, node.step): _place(node.kind, node.step) for node in record.nodes}
    lit = {(tail, head) for tail, head, _ in record.lit}
    band = [_band(tail, head, place) for tail, head, _ in record.lit]
    edges = sorted(record.edges, key=lambda edge: (edge.tail, edge.head) in lit)
    figure = go.Figure(
        [
            *band,
            *(_line(edge, place, (edge.tail, edge.head) in lit) for edge in edges),
            *_legend(len(record.columns)),
            _derivatives(record.edges, place),
            _nodes(record, place),
        ]
    )
    steps = len(record.columns)
    hidden = {"visible": False, "fixedrange": True}
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 4, "r": 4, "t": 6, "b": 4, "pad": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": FONT, "color": None if dark is None else INK[dark]},
        showlegend=False,
        hovermode="closest",
        dragmode=False,
        xaxis={**hidden, "range": [-0.38, steps + 0.44]},
        yaxis={**hidden, "range": [GROUND - 1.15, TOP + 0.75]},
        shapes=[_separator(step) for step in range(steps + 1)],
        annotations=[*_headings(record.columns), *_factors(record, place), *_legend_words(steps)],
    )
    return figure


def edge_width(log10: float) -> float:
    """Pixels for a derivative: 0.8 at 10^-3 and below, 1.2 more for each power of ten, to 6."""
    return min(0.8 + 1.2 * max(log10 + 3.0, 0.0), 6.0)


def _place(kind: str, step: int) -> tuple[float, float]:
    x, y = PLACES[kind]
    return step - 1 + x, y


def _name(tail: tuple[str, int], head: tuple[str, int]) -> str:
    return f"{tail[0]}{tail[1]} {head[0]}{head[1]}"


def _ends(
    tail: tuple[str, int], head: tuple[str, int], place: dict[tuple[str, int], tuple[float, float]]
) -> dict[str, Any]:
    return {
        "x": [place[tail][0], place[head][0]],
        "y": [place[tail][1], place[head][1]],
        "mode": "lines",
        "hoverinfo": "skip",
    }


def _band(
    tail: tuple[str, int], head: tuple[str, int], place: dict[tuple[str, int], tuple[float, float]]
) -> go.Scatter:
    line = {"color": LIT_BAND, "width": 13}
    return go.Scatter(name=f"lit {_name(tail, head)}", line=line, **_ends(tail, head, place))


def _line(edge: Edge, place: dict[tuple[str, int], tuple[float, float]], lit: bool) -> go.Scatter:
    return go.Scatter(
        name=f"edge {_name(edge.tail, edge.head)}",
        line=_stroke(edge.log10) | ({"color": LIT} if lit else {}),
        **_ends(edge.tail, edge.head, place),
    )


def _stroke(log10: float) -> dict[str, Any]:
    if log10 == float("-inf"):
        return {"color": EDGE, "width": ZERO_WIDTH, "dash": "dot"}
    return {"color": EDGE, "width": edge_width(log10)}


def _derivatives(
    edges: Sequence[Edge], place: dict[tuple[str, int], tuple[float, float]]
) -> go.Scatter:
    """Points along the edges that cannot be seen, for the hover."""
    at = [(edge, part) for edge in edges for part in (0.35, 0.5, 0.65)]
    return go.Scatter(
        name="derivatives",
        x=[_between(edge.tail, edge.head, place, part)[0] for edge, part in at],
        y=[_between(edge.tail, edge.head, place, part)[1] for edge, part in at],
        text=[edge.said for edge, _ in at],
        mode="markers",
        marker={"size": 12, "opacity": 0.0, "color": QUIET},
        hovertemplate="%{text}<extra></extra>",
    )


def _between(
    tail: tuple[str, int],
    head: tuple[str, int],
    place: dict[tuple[str, int], tuple[float, float]],
    part: float,
) -> tuple[float, float]:
    (x0, y0), (x1, y1) = place[tail], place[head]
    return x0 + part * (x1 - x0), y0 + part * (y1 - y0)


def _nodes(record: Graph, place: dict[tuple[str, int], tuple[float, float]]) -> go.Scatter:
    on_path = {end for tail, head, _ in record.lit for end in (tail, head)}
    keys = [(node.kind, node.step) for node in record.nodes]
    return go.Scatter(
        name="nodes",
        x=[place[key][0] for key in keys],
        y=[place[key][1] for key in keys],
        text=[node.label for node in record.nodes],
        customdata=[node.said for node in record.nodes],
        mode="markers+text",
        textfont={"size": FONT, "color": NODE_INK},
        marker={
            "size": NODE_SIZE,
            "opacity": 1.0,
            "color": [NODES[node.kind] for node in record.nodes],
            "symbol": ["square" if node.kind in "wxL" else "circle" for node in record.nodes],
            "line": {
                "color": [LIT if key in on_path else QUIET for key in keys],
                "width": [3 if key in on_path else 1 for key in keys],
            },
        },
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )


def _factors(
    record: Graph, place: dict[tuple[str, int], tuple[float, float]]
) -> list[dict[str, Any]]:
    """What is written at the edges of the path, clear of the nodes."""
    notes = []
    for tail, head, text in record.lit:
        x, y = _between(tail, head, place, WRITTEN_AT.get((tail[0], head[0]), 0.5))
        notes.append(
            {"text": escaped(text), "x": x, "y": y, "showarrow": False, "borderpad": 1}
            | {"font": {"size": FONT - 1, "color": LIT_INK}, "bgcolor": LIT_PAPER}
        )
    return notes


def _headings(columns: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"text": text, "x": number + 0.5, "y": TOP + 0.4, "showarrow": False}
        | {"font": {"size": FONT + 1}}
        for number, text in enumerate(columns)
    ]


def _separator(step: int) -> dict[str, Any]:
    line = {"color": GRID, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": step, "x1": step, "y0": GROUND, "y1": TOP + 0.7, "line": line} | {
        "layer": "below"
    }


def _legend(steps: int) -> list[go.Scatter]:
    """Samples of widths under the graph."""
    return [
        go.Scatter(
            name=f"width {exponent}",
            x=[x, x + 0.16],
            y=[GROUND - 0.85] * 2,
            mode="lines",
            line=_stroke(float(exponent)),
            hoverinfo="skip",
        )
        for exponent, x in zip(LEGEND_SIZES, _legend_places(steps), strict=False)
    ] + [
        go.Scatter(
            name="width of zero",
            x=[_legend_places(steps)[-1], _legend_places(steps)[-1] + 0.16],
            y=[GROUND - 0.85] * 2,
            mode="lines",
            line=_stroke(float("-inf")),
            hoverinfo="skip",
        )
    ]


def _legend_places(steps: int) -> list[float]:
    left, count = -0.3, len(LEGEND_SIZES) + 1
    return [left + n * (steps + 0.6) / count for n in range(count)]


def _legend_words(steps: int) -> list[dict[str, Any]]:
    plain: dict[str, Any] = {"showarrow": False, "xanchor": "left"}
    texts = [power_of_ten(exponent) for exponent in LEGEND_SIZES]
    texts[0] = "≤ " + texts[0]
    texts[-1] = "≥ " + texts[-1]
    words = [*texts, "zero"]
    title = "Width of an edge: the size of its local derivative"
    return [
        plain
        | {"text": title, "x": -0.3, "y": GROUND - 0.35, "font": {"size": FONT, "color": QUIET}},
        *(
            plain
            | {"text": text, "x": x + 0.2, "y": GROUND - 0.85}
            | {"font": {"size": FONT - 1, "color": QUIET}}
            for text, x in zip(words, _legend_places(steps), strict=True)
        ),
    ]
