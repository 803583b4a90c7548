"""The unrolled graph: widths, the lit path, places."""

import math

import pytest

from gradflow.figures.builders.drawn_graph import (
    Edge,
    Graph,
    Node,
    edge_width,
    graph,
)

NODES = (
    Node("h", 0, "h<sub>0</sub>", "h0 = 1"),
    Node("o", 1, "o", "o1 = 2"),
    Node("c", 1, "c", "c1 = 3"),
    Node("h", 1, "h", "h1 = 4"),
)
EDGES = (
    Edge(("h", 0), ("o", 1), -1.0, "do/dh"),
    Edge(("o", 1), ("h", 1), 0.0, "dh/do"),
    Edge(("c", 1), ("h", 1), -math.inf, "dh/dc"),
)
LIT = ((("o", 1), ("h", 1), "1"), (("h", 0), ("o", 1), "<0.1>"))


def record(**changes):
    return Graph(**{"nodes": NODES, "edges": EDGES, "columns": ("step 1",), "lit": LIT, **changes})


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_an_edge_is_wider_by_the_same_for_each_power_of_ten_and_never_gone():
    assert edge_width(-3.0) == edge_width(-50.0) > 0.0
    steps = [edge_width(n + 1.0) - edge_width(float(n)) for n in range(-3, 1)]
    assert steps == pytest.approx([steps[0]] * 4)
    assert edge_width(300.0) == edge_width(10.0) > edge_width(0.0)


def test_each_edge_is_drawn_as_wide_as_its_derivative_and_zero_is_dotted():
    drawn = traces(graph(record()))
    assert drawn["edge h0 o1"].line.width == edge_width(-1.0)
    assert drawn["edge o1 h1"].line.width == edge_width(0.0)
    assert drawn["edge c1 h1"].line.dash == "dot"
    assert [drawn[f"width {n}"].line.width for n in (-3, 0)] == [edge_width(-3), edge_width(0)]


def test_the_path_is_lit_and_nothing_else():
    figure = graph(record())
    drawn = traces(figure)
    assert {name for name in drawn if name.startswith("lit")} == {"lit o1 h1", "lit h0 o1"}
    assert drawn["edge o1 h1"].line.color == drawn["edge h0 o1"].line.color
    assert drawn["edge c1 h1"].line.color != drawn["edge o1 h1"].line.color
    rings = drawn["nodes"].marker.line.width
    assert [width > 1 for width in rings] == [True, True, False, True]


def test_factors_stand_on_their_edges_as_plain_text():
    figure = graph(record())
    drawn = traces(figure)
    notes = {note.text: note for note in figure.layout.annotations if note.bgcolor}
    for text, name in (("1", "edge o1 h1"), ("&lt;0.1&gt;", "edge h0 o1")):
        assert notes[text].x == pytest.approx(sum(drawn[name].x) / 2)
        assert notes[text].y == pytest.approx(sum(drawn[name].y) / 2)


def test_columns_are_steps_and_the_cell_line_is_on_top():
    nodes = traces(graph(record()))["nodes"]
    keys = [(node.kind, node.step) for node in NODES]
    place = {key: (nodes.x[n], nodes.y[n]) for n, key in enumerate(keys)}
    assert place["c", 1][1] == max(y for _, y in place.values())
    assert place["h", 1][0] - place["h", 0][0] == pytest.approx(1.0)
    assert place["h", 0][0] < 0.0 < place["o", 1][0] < 1.0


def test_the_hover_has_values_and_derivatives():
    drawn = traces(graph(record()))
    assert list(drawn["nodes"].customdata) == ["h0 = 1", "o1 = 2", "c1 = 3", "h1 = 4"]
    assert set(drawn["derivatives"].text) == {"do/dh", "dh/do", "dh/dc"}


def test_edges_and_paths_must_be_of_the_graph():
    with pytest.raises(ValueError, match="edges must join"):
        record(edges=(*EDGES, Edge(("x", 1), ("o", 1), 0.0, "")))
    with pytest.raises(ValueError, match="lit must hold"):
        record(lit=((("c", 1), ("o", 1), "1"),))
