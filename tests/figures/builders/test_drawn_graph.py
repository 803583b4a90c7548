"""The unrolled graph: widths, the lit path, places."""

import math

import pytest

from gradflow.analysis.single_paths import Path
from gradflow.analysis.unrolled_cell import Edge, Graph, Node
from gradflow.figures.builders.drawn_graph import edge_width, graph_figure

LOSS, H, OUTPUT, C, WEIGHT = Node("L", 7), Node("h", 7), Node("o", 7), Node("c", 7), Node("w_xo", 6)
EARLIER = Node("h", 6)
GATE = Node("o", 6)
EDGES = (
    Edge(LOSS, H, 1, 0.0, 1.0),
    Edge(H, OUTPUT, -1, -math.log10(4.0), -0.25),
    Edge(H, C, 0, -math.inf, 0.0),
    Edge(OUTPUT, EARLIER, 1, -1.0, 0.1),
    Edge(EARLIER, GATE, 1, -9.0, 1e-9),
    Edge(GATE, WEIGHT, 1, 300.0, 1e300),
)
NODES = (LOSS, H, OUTPUT, C, EARLIER, GATE, WEIGHT)
GRAPH = Graph(NODES, EDGES)
LIT = Path((EDGES[1], EDGES[3]), -1, -1.6)
SAID = {node: f"value of {node.name}" for node in NODES}


def drawn(path=LIT, before=0, columns=("step 6", "step 7")):
    return graph_figure(GRAPH, path, SAID, columns, before)


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_an_edge_is_wider_by_the_same_for_each_power_of_ten_and_never_gone():
    assert edge_width(-3.0) == edge_width(-50.0) > 0.0
    steps = [edge_width(n + 1.0) - edge_width(float(n)) for n in range(-3, 1)]
    assert steps == pytest.approx([steps[0]] * 4)
    assert edge_width(300.0) == edge_width(10.0) > edge_width(0.0)


def test_each_edge_is_drawn_as_wide_as_its_derivative_and_zero_is_dotted():
    found = traces(drawn())
    assert found["edge h7 L7"].line.width == edge_width(0.0)
    assert found["edge h6 o7"].line.width == edge_width(-1.0)
    assert found["edge w6 o6"].line.width == edge_width(300.0)
    assert found["edge c7 h7"].line.dash == "dot"
    assert [found[f"width {n}"].line.width for n in (-3, 0)] == [edge_width(-3), edge_width(0)]


def test_the_path_is_lit_and_nothing_else():
    found = traces(drawn())
    assert {name for name in found if name.startswith("lit")} == {"lit o7 h7", "lit h6 o7"}
    assert found["edge o7 h7"].line.color == found["edge h6 o7"].line.color
    assert found["edge c7 h7"].line.color != found["edge o7 h7"].line.color
    rings = dict(zip(NODES, found["nodes"].marker.line.width, strict=True))
    assert {node for node, width in rings.items() if width > 1} == {H, OUTPUT, EARLIER}
    assert not any(name.startswith("lit") for name in traces(drawn(None)))


def test_factors_stand_on_their_edges_with_their_signs():
    figure = drawn()
    found = traces(figure)
    notes = {note.text: note for note in figure.layout.annotations if note.bgcolor}
    for text, name in (("−0.25", "edge o7 h7"), ("0.1", "edge h6 o7")):
        assert notes[text].x == pytest.approx(sum(found[name].x) / 2)
        assert notes[text].y == pytest.approx(sum(found[name].y) / 2)


def test_columns_are_steps_the_cell_line_is_on_top_and_a_weight_stands_by_its_gate():
    nodes = traces(drawn())["nodes"]
    place = dict(zip(NODES, zip(nodes.x, nodes.y, strict=True), strict=True))
    assert place[C][1] == max(y for _, y in place.values())
    assert place[H][0] - place[EARLIER][0] == pytest.approx(1.0)
    assert place[WEIGHT][0] < 0.0 < place[GATE][0] < 1.0
    assert place[WEIGHT][1] == place[GATE][1]


def test_the_hover_has_values_and_derivatives():
    found = traces(drawn())
    assert list(found["nodes"].customdata) == [SAID[node] for node in NODES]
    said = "dh<sub>7</sub>/do<sub>7</sub> = −0.25"
    assert said in found["derivatives"].text
    assert "dL<sub>7</sub>/dh<sub>7</sub> = 1" in found["derivatives"].text
    assert "do<sub>6</sub>/dw<sub>xo</sub> = 1.0 × 10³⁰⁰" in found["derivatives"].text


def test_steps_may_be_numbered_from_one():
    found = traces(drawn(before=5))
    assert "edge h1 o2" in found
    assert list(found["nodes"].text)[-2:] == ["o<sub>1</sub>", "w<sub>xo</sub>"]


def test_the_path_must_be_of_the_graph_and_every_step_has_a_heading():
    with pytest.raises(ValueError, match="path must hold edges of the graph"):
        drawn(Path((Edge(C, GATE, 1, 0.0, 1.0),), 1, 0.0))
    with pytest.raises(ValueError, match="columns must be 2 headings"):
        drawn(columns=("step 7",))
