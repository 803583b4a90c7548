"""What the hover says of the nodes: the numbers of the forward pass."""

import re

import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis.unrolled_cell import Node, unrolled_graph
from gradflow.figures.builders.graph_words import node_symbol, node_words

FLOW = gf.gradient_flow(
    gf.LSTM.scalar(w_x={"i": 0.3, "f": -0.4, "c": 0.5, "o": 0.6}, w_h=0.7, b_f=1.25),
    [1.0, -0.5, 2.0, 0.25],
    loss=gf.UnitLoss(),
)


@pytest.mark.parametrize(
    ("parameter", "value"), [("w_xf", -0.4), ("w_xo", 0.6), ("w_hc", 0.7), ("b_f", 1.25)]
)
def test_a_parameter_is_said_with_its_value_and_without_a_step(parameter, value):
    words = node_words(FLOW, unrolled_graph(FLOW, parameter, t=4, k=2))
    said = words[Node(parameter, 3)]
    kind, index = parameter.split("_")
    number = f"{value:g}".replace("-", "−")
    assert said == f"the weight {kind}<sub>{index}</sub> = {number}, as step 3 uses it"


def test_every_node_is_said_with_its_number():
    words = node_words(FLOW, unrolled_graph(FLOW, "w_xf", t=4, k=3), before=1)
    numbers = {
        Node("x", 3): FLOW.x[2, 0],
        Node("h", 3): FLOW.trace.h[3, 0],
        Node("c", 2): FLOW.trace.c[2, 0],
        Node("c'", 4): FLOW.trace.gates[3, 2, 0],
        Node("o", 4): FLOW.trace.gates[3, 3, 0],
        Node("L", 4): np.ravel(FLOW.trace.o)[3],
    }
    for node, value in numbers.items():
        said = re.search(r"(?:=|output is) (-?[\d.]+)", words[node])
        assert float(said[1]) == pytest.approx(value, rel=6e-3)


def test_symbols_carry_the_step_that_is_shown():
    assert node_symbol(Node("c'", 9), before=7) == "c′<sub>2</sub>"
    assert node_symbol(Node("w_hf", 9), before=7) == "w<sub>hf</sub>"


def test_of_a_stack_they_are_the_last_layers():
    stack = gf.Stack([gf.RNN(0.5, 0.9), FLOW.cell])
    flow = gf.gradient_flow(stack, FLOW.x)
    words = node_words(flow, unrolled_graph(flow, "w_xf", t=4, k=2, layer=1))
    below = float(flow.trace.layers[0].hidden[4, 0])
    assert words[Node("x", 4)] == f"input x<sub>4</sub> = {below:.3g}"
    assert words[Node("w_xf", 3)].startswith("the weight w<sub>xf</sub> = −0.4")
