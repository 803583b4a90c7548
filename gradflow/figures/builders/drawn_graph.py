"""The unrolled graph of a few steps: columns are steps, the cell line on top, one path lit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from gradflow.analysis.single_paths import Path
from gradflow.analysis.unrolled_cell import Edge, Graph, Node
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
from gradflow.figures.builders.graph_words import node_symbol
from gradflow.figures.builders.number_words import signed
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
}
WEIGHT = -0.2  # a parameter stands left of the gate that it acts on
ROUND = ("c", "f", "i", "c'", "o", "h")
# How far along an edge its factor is written, where the middle lies beside another node.
WRITTEN_AT = {("i", "c"): 0.7, ("c", "h"): 0.7}
TOP, GROUND = 6.5, -0.4
LEGEND_SIZES = (-3, -2, -1, 0, 1)


def graph_figure(
    graph: Graph,
    path: Path | None,
    said: Mapping[Node, str],
    columns: Sequence[str],
    before: int = 0,
    dark: bool | None = None,
) -> go.Figure:
    """The graph, forward from left to right; edges as wide as their derivative is large.

    Parameters
    ----------
    graph : Graph
        Some steps of an LSTM, as `unrolled_cell.unrolled_graph` gives them.
    path : Path or None
        A path through it, which is lit.
    said : mapping of Node to str
        What the hover says of every node.
    columns : sequence of str
        Headings of the steps, from the first shown; they may hold Plotly's tags.
    before : int
        What the numbers of the steps are lowered by.
    dark : bool or None
        As in `View`.

    Returns
    -------
    plotly.graph_objects.Figure
        Traces "edge c1 c2" for each edge, "lit c1 c2" for the lit ones before them, "derivatives"
        for the hover of the edges, and "nodes".

    Raises
    ------
    ValueError
        If the path has an edge that is not of the graph, or there is not a heading for every step.
    """
    lit = () if path is None else path.edges
    _check(graph, lit, columns)
    numbered = _Numbered(graph, before)
    edges = sorted(graph.edges, key=lambda edge: edge in lit)
    figure = go.Figure(
        [
            *(_band(edge, numbered) for edge in lit),
            *(_line(edge, numbered, edge in lit) for edge in edges),
            *_legend(len(columns)),
            _derivatives(graph.edges, numbered),
            _nodes(graph, lit, said, numbered),
        ]
    )
    steps = len(columns)
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
        annotations=[*_headings(columns), *_factor_notes(lit, numbered), *_legend_words(steps)],
    )
    return figure


def _check(graph: Graph, lit: Sequence[Edge], columns: Sequence[str]) -> None:
    outside = [edge for edge in lit if edge not in graph.edges]
    if outside:
        ends = f"{outside[0].start.name} to {outside[0].end.name}"
        raise ValueError(f"path must hold edges of the graph. Got {ends}.")
    steps = graph.nodes[0].step - graph.nodes[-1].step + 1
    if len(columns) != steps:
        raise ValueError(f"columns must be {steps} headings, one a step. Got {len(columns)}.")


class _Numbered:
    """The nodes of a graph as they are drawn: where they stand, and how they are written."""

    def __init__(self, graph: Graph, before: int) -> None:
        self._first, self._before = graph.nodes[-1].step, before
        self._weight_height = PLACES[graph.edges[-1].start.kind][1]  # that of the gate it acts on

    def place(self, node: Node) -> tuple[float, float]:
        x, y = PLACES.get(node.kind, (WEIGHT, self._weight_height))
        return node.step - self._first + x, y

    def between(self, edge: Edge, part: float) -> tuple[float, float]:
        """A point on an edge, counted from where the forward pass comes from."""
        (x0, y0), (x1, y1) = self.place(edge.end), self.place(edge.start)
        return x0 + part * (x1 - x0), y0 + part * (y1 - y0)

    def symbol(self, node: Node) -> str:
        return node_symbol(node, self._before)

    def name(self, edge: Edge) -> str:
        """The name of an edge's trace: "c1 c2"."""
        return " ".join(
            f"{node.kind if node.kind in PLACES else 'w'}{node.step - self._before}"
            for node in (edge.end, edge.start)
        )


def edge_width(log10: float) -> float:
    """Pixels for a derivative: 0.8 at 10^-3 and below, 1.2 more for each power of ten, to 6."""
    return min(0.8 + 1.2 * max(log10 + 3.0, 0.0), 6.0)


def _ends(edge: Edge, numbered: _Numbered) -> dict[str, Any]:
    (x0, y0), (x1, y1) = numbered.place(edge.end), numbered.place(edge.start)
    return {"x": [x0, x1], "y": [y0, y1], "mode": "lines", "hoverinfo": "skip"}


def _band(edge: Edge, numbered: _Numbered) -> go.Scatter:
    line = {"color": LIT_BAND, "width": 13}
    return go.Scatter(name=f"lit {numbered.name(edge)}", line=line, **_ends(edge, numbered))


def _line(edge: Edge, numbered: _Numbered, is_lit: bool) -> go.Scatter:
    return go.Scatter(
        name=f"edge {numbered.name(edge)}",
        line=_stroke(edge.log10) | ({"color": LIT} if is_lit else {}),
        **_ends(edge, numbered),
    )


def _stroke(log10: float) -> dict[str, Any]:
    if log10 == float("-inf"):
        return {"color": EDGE, "width": ZERO_WIDTH, "dash": "dot"}
    return {"color": EDGE, "width": edge_width(log10)}


def _derivatives(edges: Sequence[Edge], numbered: _Numbered) -> go.Scatter:
    """Points along the edges that cannot be seen, for the hover."""
    points = [(edge, *numbered.between(edge, part)) for edge in edges for part in (0.35, 0.5, 0.65)]
    return go.Scatter(
        name="derivatives",
        x=[x for _, x, _ in points],
        y=[y for _, _, y in points],
        text=[_derivative_words(edge, numbered) for edge, _, _ in points],
        mode="markers",
        marker={"size": 12, "opacity": 0.0, "color": QUIET},
        hovertemplate="%{text}<extra></extra>",
    )


def _derivative_words(edge: Edge, numbered: _Numbered) -> str:
    size = signed(edge.sign, edge.log10)
    return f"d{numbered.symbol(edge.start)}/d{numbered.symbol(edge.end)} = {size}"


def _nodes(
    graph: Graph, lit: Sequence[Edge], said: Mapping[Node, str], numbered: _Numbered
) -> go.Scatter:
    on_path = {node for edge in lit for node in (edge.start, edge.end)}
    places = [numbered.place(node) for node in graph.nodes]
    return go.Scatter(
        name="nodes",
        x=[x for x, _ in places],
        y=[y for _, y in places],
        text=[numbered.symbol(node) for node in graph.nodes],
        customdata=[said[node] for node in graph.nodes],
        mode="markers+text",
        textfont={"size": FONT, "color": NODE_INK},
        marker={
            "size": NODE_SIZE,
            "opacity": 1.0,
            "color": [NODES.get(node.kind, NODES["w"]) for node in graph.nodes],
            "symbol": ["circle" if node.kind in ROUND else "square" for node in graph.nodes],
            "line": {
                "color": [LIT if node in on_path else QUIET for node in graph.nodes],
                "width": [3 if node in on_path else 1 for node in graph.nodes],
            },
        },
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )


def _factor_notes(lit: Sequence[Edge], numbered: _Numbered) -> list[dict[str, Any]]:
    """What is written at the edges of the path, clear of the nodes."""
    notes = []
    for edge in lit:
        x, y = numbered.between(edge, WRITTEN_AT.get((edge.end.kind, edge.start.kind), 0.5))
        text = signed(edge.sign, edge.log10).replace(" × ", "·")
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
        plain | {"text": title, "x": -0.3, "y": GROUND - 0.35, "font": {"size": FONT}},
        *(
            plain | {"text": text, "x": x + 0.2, "y": GROUND - 0.85} | {"font": {"size": FONT - 1}}
            for text, x in zip(words, _legend_places(steps), strict=True)
        ),
    ]
