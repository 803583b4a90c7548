"""Stacks of layers: names, terms of every layer and of the inputs, at any magnitude."""

import numpy as np
import pytest
from oracles.layers import (
    MANY_DIGITS,
    Stacked,
    as_terms,
    random_layer,
    scalar_layer,
    terms,
    terms_found,
)
from oracles.reference import DIGITS
from oracles.scalar_terms import assert_same_terms

import gradflow as gf
from gradflow.analysis.complex_step import residual

SINE = np.sin(np.arange(6) * 3 / 7 + 1 / 3)[:, None]
ORDINARY = {
    "rnn": scalar_layer("rnn", 0.7, -0.9, 0.2, s=0.3),
    "lstm": scalar_layer("lstm", (0.5, -0.4, 1.2, 0.3), (0.9, 0.6, -1.1, 0.4), 0.5, h=0.1, c=-0.4),
    "gru": scalar_layer("gru", (0.7, -0.4, 1.1), (-0.5, 0.9, 1.3), (0.2, 0.5, -0.1), 0.3, h=0.2),
    "original gru": scalar_layer("original gru", (0.7, -0.4, 1.1), (-0.5, 0.9, 1.3), 0.2),
}
SATURATED = {
    "rnn": scalar_layer("rnn", 900.0, -700.0, 90.0, s=0.3),
    "lstm": scalar_layer("lstm", (250, 200, -250, 180), (-50, 40, 90, -60), 9.0, c=0.37),
    "gru": scalar_layer("gru", (250, -150, 250), (90, 150, -180), (9, 5, 7), h=0.3),
    "original gru": scalar_layer("original gru", (250, -150, 250), (90, 150, -180), 7, h=0.3),
}


def scaled(layer, factor):
    """The same layer with its input weights times a factor."""
    return scalar_layer(layer.kind, layer.w_x.ravel() * factor, layer.w_h.ravel(), layer.b.ravel())


SCALARS = {
    "two RNNs": ["rnn", "rnn"],
    "two LSTMs": ["lstm", "lstm"],
    "LSTM below RNN": ["lstm", "rnn"],
    "GRU below LSTM": ["gru", "lstm"],
    "all four": ["original gru", "rnn", "lstm", "gru"],
    "one layer": ["lstm"],
}
SCALARS = {key: [ORDINARY[kind] for kind in kinds] for key, kinds in SCALARS.items()} | {
    "RNN below a saturated RNN": [ORDINARY["rnn"], SATURATED["rnn"]],
    "saturated RNN below an LSTM": [SATURATED["rnn"], ORDINARY["lstm"]],
    "LSTM below a saturated LSTM": [ORDINARY["lstm"], SATURATED["lstm"]],
    "saturated LSTM below a GRU": [SATURATED["lstm"], ORDINARY["gru"]],
    "RNN below a saturated GRU": [ORDINARY["rnn"], SATURATED["gru"]],
    "RNN below a saturated original GRU": [ORDINARY["rnn"], SATURATED["original gru"]],
    "three saturated": [SATURATED["gru"], SATURATED["lstm"], SATURATED["rnn"]],
    "tiny weights between": [ORDINARY["gru"], scaled(ORDINARY["lstm"], 1e-120), ORDINARY["rnn"]],
    "tiny weights to the input": [scaled(ORDINARY["lstm"], 1e-200), ORDINARY["rnn"]],
    "cut in two": [ORDINARY["gru"], scaled(ORDINARY["lstm"], 0.0)],
}
VECTORS = {
    "LSTM below LSTM": [("lstm", 3), ("lstm", 2)],
    "GRU, RNN": [("gru", 2), ("rnn", 3)],
    "original GRU, LSTM, RNN of one unit": [("original gru", 2), ("lstm", 3), ("rnn", 1)],
    "RNN of one unit below a GRU": [("rnn", 1), ("gru", 3)],
    "a GRU of one unit below one of two": [("gru", 1), ("gru", 2)],
}


@pytest.mark.parametrize("key", SCALARS)
def test_signed_terms_are_those_of_high_precision(key):
    problem = Stacked(SCALARS[key], SINE, np.array([1.3]))
    assert_right(problem, MANY_DIGITS if "saturated" in key else DIGITS, scalar=True)


@pytest.mark.parametrize("scale", [0.7, 30.0])
@pytest.mark.parametrize("key", VECTORS)
def test_norms_are_those_of_high_precision(key, scale):
    problem = vectors(VECTORS[key], scale)
    assert_right(problem, MANY_DIGITS if scale > 1 else DIGITS)


def vectors(sizes, scale, D=2, T=4):
    generator = np.random.default_rng(1)
    layers, below = [], D
    for kind, H in sizes:
        layers.append(random_layer(kind, H, below, generator, scale))
        below = H
    return Stacked(layers, generator.normal(size=(T, D)), generator.normal(size=below))


def assert_right(problem, digits=DIGITS, scalar=False):
    flow = problem.flow(scalar)
    for key, entries in terms(problem, digits).items():
        assert_same_terms(terms_found(flow, key), as_terms(entries, scalar))


@pytest.mark.parametrize("T", [1, 2, 300])
@pytest.mark.parametrize("sizes", [(1, 1), (2, 3)])
def test_terms_of_linear_layers_are_those_of_their_closed_form(sizes, T):
    # A signal leaves the last layer after m of n steps back: sum over m of a^m b^(n - m).
    below, above = 0.4, 0.01
    cells = [
        gf.RNN(np.full((H, D), 1.0 / D), w_s * np.eye(H), activation="identity")
        for H, D, w_s in ((sizes[0], 1, below), (sizes[1], sizes[0], above))
    ]
    flow = gf.gradient_flow(gf.Stack(cells), np.ones(T), loss=gf.UnitLoss())
    n = np.arange(T)
    expected = n * np.log10(below) + np.log10(
        (1 - (above / below) ** (n + 1)) / (1 - above / below)
    )
    np.testing.assert_allclose(flow.log10("x")[-1] - np.log10(sizes[1]), expected, atol=1e-10)
    upper = flow.log10("b", layer=1)[-1]
    np.testing.assert_allclose(upper - 0.5 * np.log10(sizes[1]), n * np.log10(above), atol=1e-10)


def test_scalar_layers_give_what_arrays_of_one_element_give():
    layers = SCALARS["all four"]
    problem = Stacked(layers, np.sin(np.arange(120.0))[:, None], np.ones(1))
    signed, unsigned = problem.flow(scalar=True), problem.flow()
    for name in (*signed.parameters, "0.b", "2.w_x", "x"):
        np.testing.assert_allclose(unsigned.log10(name), signed.log10(name), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(
        signed.total("w_x", layer=2), unsigned.total("w_x", layer=2)[..., 0, 0], rtol=1e-10
    )


def test_terms_of_scalar_layers_add_up_by_the_independent_check():
    flow = Stacked(SCALARS["all four"], SINE, np.ones(1)).flow(scalar=True)
    for layer in range(4):
        assert residual(flow, layer=layer).max() < 1e-13
    with pytest.raises(ValueError, match="layer must be a whole number from 0"):
        residual(flow, layer=4)


STACK = gf.Stack([gf.LSTM.scalar(0.5, 0.5), gf.RNN(0.5, 0.9), gf.GRU.scalar(0.4, 0.3)])
FLOW = gf.gradient_flow(STACK, SINE)


def test_a_stack_knows_its_sizes_and_layers():
    stack = Stacked(vectors([("lstm", 3), ("rnn", 4)], 1.0).layers, None, None)
    cells = gf.Stack([layer.cell() for layer in stack.layers])
    assert (cells.D, cells.H, cells.signed, STACK.signed) == (2, 4, False, True)
    assert FLOW.layers == STACK.layers
    assert gf.gradient_flow(STACK.layers[1], SINE).layers == (STACK.layers[1],)


def test_the_trace_has_a_record_for_each_layer():
    trace = FLOW.trace
    assert [type(layer).__name__ for layer in trace.layers] == ["LSTMTrace", "RNNTrace", "GRUTrace"]
    np.testing.assert_array_equal(trace.layers[1].x, trace.layers[0].h[1:])
    np.testing.assert_array_equal(trace.layers[1].o, trace.layers[1].s[1:])
    np.testing.assert_array_equal(trace.hidden, trace.layers[2].h)
    np.testing.assert_array_equal(trace.o, trace.hidden[1:, 0])
    with pytest.raises(ValueError, match="read-only"):
        trace.layers[0].h[0] = 1.0


def test_each_layer_runs_as_it_would_alone():
    alone = gf.gradient_flow(STACK.layers[1], FLOW.trace.layers[0].h[1:])
    np.testing.assert_array_equal(FLOW.trace.layers[1].s, alone.trace.s)


def test_the_last_layers_terms_are_those_of_a_cell_that_is_fed_its_inputs():
    alone = gf.gradient_flow(STACK.layers[2], FLOW.trace.layers[1].s[1:])
    for name in alone.parameters:
        np.testing.assert_allclose(FLOW.log10(name, layer=2), alone.log10(name), rtol=1e-12)
        np.testing.assert_array_equal(FLOW.sign(name, layer=2), alone.sign(name))


def test_names_hold_their_layer():
    assert FLOW.parameters[:2] == ("0.w_xi", "0.w_xf")
    assert FLOW.parameters[12:15] == ("1.w_x", "1.w_s", "1.b")
    assert FLOW.parameters[-1] == "2.b_hn"
    np.testing.assert_array_equal(FLOW.log10("0.w_xf"), FLOW.log10("w_xf", layer=0))
    np.testing.assert_array_equal(FLOW.share("0.b"), FLOW.share("b", layer=0))
    np.testing.assert_array_equal(FLOW.value("1.w_s"), FLOW.value("w_s", layer=1))
    np.testing.assert_array_equal(FLOW.sign("2.b_z"), FLOW.sign("b_z", layer=2))
    np.testing.assert_array_equal(FLOW.log10_total("2.b"), FLOW.log10_total("b", layer=2))


def test_a_stack_of_one_layer_needs_no_layer():
    cell = gf.LSTM.scalar(0.5, 0.5)
    one, alone = gf.gradient_flow(gf.Stack([cell]), SINE), gf.gradient_flow(cell, SINE)
    for name in (*alone.parameters, "w_x", "x"):
        np.testing.assert_array_equal(one.log10(name), alone.log10(name))
        np.testing.assert_array_equal(one.log10(name), alone.log10(name, layer=0))
    for name in ("b_o", "readout.w_o", "readout.b_o"):
        np.testing.assert_allclose(one.total(name), alone.total(name), rtol=1e-14)
    np.testing.assert_array_equal(one.log10_forget_product(), alone.log10_forget_product())


def test_the_readouts_bias_is_told_from_a_gates_by_its_name():
    np.testing.assert_array_equal(FLOW.total("readout.b_o"), FLOW.trace.o)
    np.testing.assert_array_equal(
        FLOW.total("readout.w_o"), FLOW.trace.o * FLOW.trace.hidden[1:, 0]
    )
    gate = np.nansum(FLOW.value("0.b_o"), axis=1)
    np.testing.assert_allclose(FLOW.total("b_o", layer=0), gate, rtol=1e-12)
    np.testing.assert_array_equal(FLOW.total("0.b_o"), FLOW.total("b_o", layer=0))


@pytest.mark.parametrize("question", ["total", "log10_total", "sign_total"])
@pytest.mark.parametrize(
    ("name", "layer", "message"),
    [
        ("b_o", None, r"layer must be a whole number from 0 to 2\. Got None"),
        ("b_o", 1, r"parameter must be one of w_x, w_s, b\. Got 'b_o'"),
        ("b_o", 2, r"parameter must be one of .*, b_hn, w_x, w_h, b\. Got 'b_o'"),
        ("w_o", None, r"parameter must be one of .*, readout\.w_o, readout\.b_o\. Got 'w_o'"),
        ("readout.b_o", 0, r"parameter must be one of w_xi, .* Got 'readout\.b_o'"),
    ],
)
def test_a_bias_of_the_output_gate_is_never_that_of_the_readout(question, name, layer, message):
    with pytest.raises(ValueError, match=message):
        getattr(FLOW, question)(name, layer=layer)


@pytest.mark.parametrize("cell", [gf.RNN(0.5, 0.9), gf.GRU.scalar(0.5, 0.5)])
def test_a_cell_without_an_output_gate_has_no_b_o(cell):
    flow = gf.gradient_flow(cell, SINE)
    with pytest.raises(ValueError, match=r"one of .*, readout\.b_o\. Got 'b_o'"):
        flow.total("b_o")
    np.testing.assert_array_equal(flow.total("readout.b_o"), flow.trace.o)


def test_totals_have_the_shapes_that_the_layers_hold():
    flow = vectors([("lstm", 3), ("gru", 2)], 1.0).flow()
    assert flow.total("w_x", layer=0).shape == (4, 4, 3, 2)
    assert flow.total("w_x", layer=1).shape == (4, 3, 2, 3)
    assert flow.total("b_hn", layer=1).shape == (4, 2)
    assert flow.total("w_hf", layer=0).shape == (4, 3, 3)


def test_states_start_where_they_are_told():
    start = {"0.c": 0.7, "2.h": [-0.5]}
    trace = gf.gradient_flow(STACK, SINE, initial_state=start).trace
    assert trace.layers[0].c[0, 0] == 0.7
    assert trace.layers[2].h[0, 0] == -0.5
    assert trace.layers[1].s[0, 0] == 0.0


def test_measures_of_memory_are_of_one_layer():
    for layer in range(3):
        seen = gf.memory.measure(FLOW, 6, layer=layer)
        row = FLOW.log10("b", layer=layer)[5]
        np.testing.assert_allclose(seen.log10_signal, row, rtol=1e-13, atol=1e-13)
        assert seen.verdict == gf.memory.verdict(FLOW, 6, layer=layer)
        assert seen.half_life == gf.memory.half_life(FLOW, 6, layer=layer)
        assert seen.cancellation == gf.memory.cancellation(FLOW, 6, layer=layer)
    with pytest.raises(ValueError, match="layer must be"):
        gf.memory.measure(FLOW, 6)


def test_the_product_of_forget_gates_is_that_of_a_layer():
    alone = gf.gradient_flow(STACK.layers[0], SINE)
    np.testing.assert_array_equal(FLOW.log10_forget_product(layer=0), alone.log10_forget_product())
    with pytest.raises(ValueError, match=r"must have a forget gate, as an LSTM has\. Got RNN"):
        FLOW.log10_forget_product(layer=1)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: FLOW.log10("b"), "layer must be a whole number from 0 to 2"),
        (lambda: FLOW.log10("w_xf"), "layer must be a whole number .* Got None"),
        (lambda: FLOW.log10("b", layer=3), "layer must be .* Got 3"),
        (lambda: FLOW.log10("b", layer=-1), "layer must be .* Got -1"),
        (lambda: FLOW.log10("b", layer=True), "layer must be .* Got True"),
        (lambda: FLOW.log10("w_xf", layer=1), "parameter must be one of w_x, w_s, b. Got 'w_xf'"),
        (lambda: FLOW.log10("3.b"), "parameter must be one of"),
        (lambda: FLOW.log10("w_o"), "parameter must be one of"),
        (lambda: FLOW.total("w_o", layer=1), "parameter must be one of w_x, w_s, b"),
        (lambda: FLOW.sign("b", layer=0), "parameter must name one gate"),
        (lambda: FLOW.total("x"), "the inputs have no total"),
        (lambda: FLOW.log10_total("x"), "the inputs have no total"),
        (lambda: FLOW.log10("x", layer=1), "layer must be 0 for 'x'"),
        (lambda: gf.gradient_flow(gf.RNN(1, 1), [1.0]).log10("b", layer=1), "layer must be"),
        (lambda: gf.gradient_flow(STACK, SINE, initial_state={"h": 1}), "keys among 2.h, 1.s, 0.h"),
        (lambda: gf.gradient_flow(STACK, SINE, initial_state={"0.h": [1, 2]}), "shape \\(1,\\)"),
        (lambda: gf.Stack([]), "layers must be a list of one or more cells"),
        (lambda: gf.Stack(gf.RNN(1, 1)), "layers must be a list"),
        (lambda: gf.Stack([gf.RNN(1, 1), 3]), "layers must be cells, .* Got 3 as layer 1"),
        (lambda: gf.Stack([STACK]), "layers must be cells"),
        (
            lambda: gf.Stack([gf.RNN(np.ones((2, 1)), np.eye(2)), gf.RNN(1, 1)]),
            "D=2 for layer 1. Got D=1",
        ),
    ],
)
def test_a_wrong_argument_is_named(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()


def test_signs_are_those_of_scalar_layers_alone():
    flow = vectors([("rnn", 1), ("rnn", 2)], 1.0).flow()
    with pytest.raises(ValueError, match="sign must be asked of a scalar cell"):
        flow.sign("x")


@pytest.mark.parametrize("cell", [gf.RNN(0.5, 0.9), gf.LSTM.scalar(0.5, 0.5), gf.GRU.scalar(1, 1)])
def test_terms_of_the_inputs_are_the_bias_terms_times_the_input_weights(cell):
    flow = gf.gradient_flow(cell, SINE)
    names = cell.groups.get("b", ("b",))
    parts = [w * flow.value(b) for w, b in zip(np.atleast_1d(cell.w_x), names, strict=True)]
    lower = np.tri(6, dtype=bool)
    np.testing.assert_allclose(flow.value("x")[lower], sum(parts)[lower], rtol=1e-11, atol=1e-16)
    assert (flow.sign("x")[lower] == np.sign(flow.value("x")[lower])).all()
    np.testing.assert_allclose(np.nansum(flow.share("x"), axis=1), 1.0, rtol=1e-12)
