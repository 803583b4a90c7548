"""Every single path: their number, their sum, and the graph they walk."""

from functools import cache

import numpy as np
import pytest
from oracles.scalar_terms import GATES

import gradflow as gf
from gradflow.analysis import (
    Edge,
    Node,
    Path,
    path_count,
    paths,
    unrolled_graph,
)

X = [1.0, -0.6, 0.8, 0.3, -1.2, 0.7]
PARAMETERS = [f"{kind}{gate}" for kind in ("w_x", "w_h", "b_") for gate in GATES]
CELLS = {
    "usual": gf.LSTM.scalar(0.5, 0.5),
    "mixed signs": gf.LSTM.scalar(
        {"i": 0.3, "f": -0.8, "c": 1.2, "o": 0.5},
        {"i": -2.0, "f": 3.0, "c": -1.5, "o": 2.5},
        0.5,
        b_i=0.1,
        b_c=-0.2,
    ),
    "saturated": gf.LSTM.scalar(
        {"i": -240.0, "f": 200.0, "c": 3.0, "o": -100.0},
        {"i": 30.0, "f": -20.0, "c": 0.5, "o": 9.0},
    ),
    "no way through two gates": gf.LSTM.scalar(0.5, {"i": 0.0, "f": 0.7, "c": 0.0, "o": -0.4}),
}
READOUT, LOSS = gf.Readout(1.5, 0.2), gf.SquaredError(0.4)


@cache
def flow_of(key):
    return gf.gradient_flow(CELLS[key], X, READOUT, LOSS, {"h": 0.3, "c": -0.5})


@cache
def classes_of(key, parameter):
    return flow_of(key).by_detours(parameter, classes=6), flow_of(key).by_first_gate(parameter)


def matrix_of(graph, weight):
    """Adjacency matrix with weight(edge) instead of 1."""
    place = {node: n for n, node in enumerate(graph.nodes)}
    matrix = np.zeros((len(place), len(place)), dtype=object)
    for edge in graph.edges:
        matrix[place[edge.start], place[edge.end]] += weight(edge)
    return matrix


def walks(graph, weight):
    """Sum over all walks from the first node to the last, from powers of the adjacency matrix."""
    matrix = matrix_of(graph, weight)
    total, power = 0, np.eye(len(matrix), dtype=int).astype(object)
    for _ in range(len(matrix)):
        power = power @ matrix
        total += power[0, -1]
    assert not power.any()
    return total


def by_class(graph):
    """Numbers of walks by how many edges lead through h, lowest class first."""
    base = 10**6  # above every count, so that one whole number holds them all as digits
    total = walks(graph, lambda edge: base if edge.is_crossing else 1)
    counts = []
    while total:
        total, count = divmod(total, base)
        counts.append(count)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("distance", range(5))
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_the_number_of_paths(parameter, distance):
    expected = ([1, 4, 19, 91, 436] if parameter[-1] == "o" else [1, 5, 24, 115, 551])[distance]
    found = paths(flow_of("mixed signs"), parameter, 6, distance + 1)
    graph = unrolled_graph(flow_of("mixed signs"), parameter, 6, distance + 1)
    assert len(found) == len({path.nodes for path in found}) == expected
    assert walks(graph, lambda edge: 1) == path_count(distance, parameter) == expected
    counts = by_class(graph)
    assert np.bincount([path.detours for path in found]).tolist() == counts
    assert max(map(len, (path.edges for path in found))) <= 3 * distance + 5


def test_path_counts_further_on_obey_the_recurrence():
    for parameter, first in (("w_xf", [1, 5, 24, 115, 551, 2640]), ("b_o", [1, 4, 19, 91, 436])):
        counts = [path_count(n, parameter) for n in range(40)]
        assert counts[: len(first)] == first
        for n in range(2, 40):
            assert counts[n] == 5 * counts[n - 1] - counts[n - 2]
    graph = unrolled_graph(flow_of("usual"), "w_xf", 6, 6)
    assert walks(graph, lambda edge: 1) == 2640


def test_the_24_paths_at_distance_two():
    found = paths(flow_of("mixed signs"), "w_xf", 3, 3)
    assert by_class(unrolled_graph(flow_of("mixed signs"), "w_xf", 3, 3)) == [1, 7, 16]
    after_h_3 = [path.steps[2] for path in found]
    through_c = [p for p, after in zip(found, after_h_3, strict=True) if after == "c_3"]
    by_output_gate = [p for p, after in zip(found, after_h_3, strict=True) if after == "o_3"]
    assert sum("c_2" in path.steps for path in through_c) == 16
    assert sum("c_2" in path.steps for path in by_output_gate) == 4
    assert sum("o_2" in path.steps for path in found) == 4
    assert sum("c_2" not in path.steps for path in found) == 4


@pytest.mark.slow
@pytest.mark.parametrize("key", CELLS)
@pytest.mark.parametrize(("t", "j"), [(1, 1), (3, 3), (4, 3), (3, 1), (5, 2), (6, 2)])
def test_the_paths_add_up_to_the_term_and_to_its_classes(key, t, j):
    flow = flow_of(key)
    for parameter in PARAMETERS:
        found = paths(flow, parameter, t, t + 1 - j)
        top = max(path.log10 for path in found)
        top = top if np.isfinite(top) else 0.0
        place = (t - 1, t - j)

        def assert_same(chosen, sign, log10, top=top):
            together = sum(path.sign * 10.0 ** (path.log10 - top) for path in chosen)
            assert abs(together - float(sign) * 10.0 ** (log10 - top)) <= 1e-10

        assert_same(found, flow.sign(parameter)[place], flow.log10(parameter)[place])
        detours, gates = classes_of(key, parameter)
        for d in range(6):
            assert_same(
                [path for path in found if path.detours == d],
                detours.sign[d][place],
                detours.log10[d][place],
            )
        for number, gate in enumerate([None, "i", "f", "c'", "o"]):
            assert_same(
                [path for path in found if path.first_gate == gate],
                gates.sign[number][place],
                gates.log10[number][place],
            )


def test_values_are_products_of_their_factors():
    for path in paths(flow_of("mixed signs"), "w_hc", 5, 4):
        assert path.value == pytest.approx(np.prod(path.factors), rel=1e-13)
        assert len(path.factors) == len(path.edges) == len(path.nodes) - 1
    found = paths(flow_of("saturated"), "w_xf", 6, 5)
    assert min(path.log10 for path in found) < -400
    assert found[-1].value == 0.0
    assert found[-1].sign != 0


def test_a_zero_weight_makes_its_paths_exactly_zero():
    found = paths(flow_of("no way through two gates"), "w_xf", 3, 3)
    for path in found:
        shut = any(edge.is_crossing and edge.start.kind in ("i", "c'") for edge in path.edges)
        assert (path.sign == 0) == shut
        assert np.isneginf(path.log10) == shut
        assert (path.value == 0.0) == shut


def test_the_largest_comes_first():
    sizes = [path.log10 for path in paths(flow_of("mixed signs"), "w_xf", 6, 5)]
    assert sizes == sorted(sizes, reverse=True)


def test_edges_are_the_local_derivatives():
    """Each quantity as a function of what it is computed from, differentiated by complex step."""
    flow, q, step = flow_of("mixed signs"), 3, 1e-30
    cell, trace = flow.cell, flow.trace
    gates = dict(zip(("i", "f", "c'", "o"), trace.gates[q - 1, :, 0], strict=True))
    given = {("x", q): X[q - 1], ("h", q - 1): trace.h[q - 1, 0], ("c", q - 1): trace.c[q - 1, 0]}
    given |= {(kind, q): value for kind, value in gates.items()} | {("c", q): trace.c[q, 0]}

    def computed(kind, at):
        if kind == "h":
            return at["o", q] * np.tanh(at["c", q])
        if kind == "c":
            return at["f", q] * at["c", q - 1] + at["i", q] * at["c'", q]
        gate = ("i", "f", "c'", "o").index(kind)
        z = cell.w_x[gate] * at["x", q] + cell.w_h[gate] * at["h", q - 1] + cell.b[gate]
        return np.tanh(z) if kind == "c'" else 1 / (1 + np.exp(-z))

    edges = [edge for edge in unrolled_graph(flow, "w_xf", 4, 4).edges if edge.start.step == q]
    assert len(edges) == 2 + 4 + 4 + 4
    for edge in edges:
        nudged = dict(given)
        nudged[edge.end] = given[edge.end] + 1j * step
        slope = computed(edge.start.kind, nudged).imag / step
        assert edge.value == pytest.approx(slope, rel=1e-12)
        assert edge.sign * 10.0**edge.log10 == pytest.approx(slope, rel=1e-12)


def test_a_graph_begins_with_the_loss_and_ends_with_the_parameter():
    graph = unrolled_graph(flow_of("usual"), "w_xf", 3, 3)
    assert graph.nodes[0] == Node("L", 3)
    assert graph.nodes[-1] == Node("w_xf", 1)
    inner = {Node(k, q) for k in ("h", "c", "i", "f", "c'", "o", "x") for q in (1, 2, 3)}
    assert set(graph.nodes[1:-1]) == inner
    assert len(graph.nodes) == len(set(graph.nodes))
    at_input = [edge for edge in graph.edges if edge.end.kind == "x"]
    assert len(at_input) == 12


def test_a_path_by_name():
    found = {path.steps: path for path in paths(flow_of("usual"), "w_xf", 3, 3)}
    longest = ("L_3", "h_3", "o_3", "h_2", "c_2", "c'_2", "h_1", "c_1", "f_1", "w_xf")
    assert found[longest].detours == 2
    assert found[longest].first_gate == "o"
    straight = found["L_3", "h_3", "c_3", "c_2", "c_1", "f_1", "w_xf"]
    assert straight.detours == 0
    assert straight.first_gate is None
    assert straight.edges[2] == next(
        edge
        for edge in unrolled_graph(flow_of("usual"), "w_xf", 3, 3).edges
        if edge.end == Node("c", 2)
    )


def test_paths_are_records():
    path, *_ = gf.paths(flow_of("usual"), "w_hi", 4, 3)
    assert gf.paths is paths
    assert isinstance(path, Path)
    assert isinstance(path.edges[0], Edge)
    with pytest.raises(AttributeError):
        path.sign = 1


@pytest.mark.slow
def test_more_than_four_steps_say_how_many_paths_it_would_be():
    with pytest.raises(ValueError, match=r"at most 5\. Got k=6, with 2640 .* w_xf: .*by_detours"):
        paths(flow_of("usual"), "w_xf", 6, 6)
    with pytest.raises(ValueError, match=r"with 2089 paths to w_xo"):
        paths(flow_of("usual"), "w_xo", 6, 6)
    assert len(str(path_count(998))) == 680
    with pytest.raises(ValueError, match=r"with 1\.29033e\+679 paths"):
        paths(gf.gradient_flow(CELLS["usual"], np.ones(1000)), "w_xf", 999, 999)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("w_xf", 7, 3), "t must be a whole number from 1 to 6. Got 7."),
        (("w_xf", 0, 1), "t must be a whole number from 1 to 6. Got 0."),
        (("w_xf", 2, 3), "k must be a whole number from 1 to 2. Got 3."),
        (("w_xf", 2, 0), "k must be a whole number from 1 to 2. Got 0."),
        (("w_xf", 2, 1.0), "k must be a whole number from 1 to 2. Got 1.0."),
        (("w_x", 2, 1), "parameter must be one of w_xi, .* Got 'w_x'."),
        (("w_xf", 2, 1, 1), "layer must be a whole number from 0 to 0. Got 1."),
    ],
)
def test_arguments_are_checked(arguments, message):
    for ask in (paths, unrolled_graph):
        with pytest.raises(ValueError, match=message):
            ask(flow_of("usual"), *arguments)


def test_the_cell_is_checked():
    with pytest.raises(ValueError, match=r"cell must be a scalar LSTM, .* Got RNN\(H=1, D=1\)\."):
        paths(gf.gradient_flow(gf.RNN(0.5, 0.9), X), "w_xf", 2, 2)
    vector = gf.LSTM(np.ones((4, 2, 1)), np.ones((4, 2, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"cell must be a scalar LSTM, .* Got LSTM\(H=2, D=1\)"):
        paths(gf.gradient_flow(vector, X), "w_xf", 2, 2)


def test_parts_of_a_path_multiply_to_it():
    (path, *_) = paths(flow_of("mixed signs"), "w_xf", 5, 3)
    first, middle, last = path.nodes[0], path.nodes[3], path.nodes[-1]
    parts = path.between(first, middle), path.between(middle, last)
    assert parts[0].nodes + parts[1].nodes[1:] == path.nodes
    assert parts[0].value * parts[1].value == pytest.approx(path.value, rel=1e-12)
    assert path.between(first, last) == path


def test_a_part_must_be_passed_in_its_order():
    (path, *_) = paths(flow_of("usual"), "w_xf", 5, 3)
    first, last = path.nodes[0], path.nodes[-1]
    assert path.between(last, first) is None
    assert path.between(first, first) is None
    assert path.between(first, Node("c", 1)) is None
