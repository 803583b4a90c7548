"""What the cells hold, and that each step of a forward pass obeys the equations of its cell."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from oracles.reference import flow_of, high_precision_run
from oracles.scalar_terms import ACTIVATIONS, GATES, Problem

import gradflow as gf

GENERATOR = np.random.default_rng(4)
LSTM_NAMES = tuple(stem + gate for stem in ("w_x", "w_h", "b_") for gate in GATES)


def rnn(H, D, activation="tanh"):
    w_s = GENERATOR.normal(size=(H, H)) / 2
    return gf.RNN(GENERATOR.normal(size=(H, D)), w_s, GENERATOR.normal(size=H), activation)


def lstm(H, D):
    w_h = GENERATOR.normal(size=(4, H, H)) / 2
    return gf.LSTM(GENERATOR.normal(size=(4, H, D)), w_h, GENERATOR.normal(size=(4, H)))


SCALAR_RNN = gf.RNN(w_x=0.5, w_s=0.9, b=0.25)
SCALAR_LSTM = gf.LSTM.scalar(w_x=0.5, w_h={"i": 1, "f": 2, "c": 3, "o": 4}, b_f=2.0, b_c=-1.0)
CELLS = [SCALAR_RNN, SCALAR_LSTM, rnn(1, 1), lstm(1, 1), rnn(3, 2), lstm(3, 2), lstm(1, 2)]


SIZES = [
    (1, 1, True),
    (1, 1, True),
    (1, 1, False),
    (1, 1, False),
    (3, 2, False),
    (3, 2, False),
    (1, 2, False),
]


@pytest.mark.parametrize(("cell", "sizes"), list(zip(CELLS, SIZES, strict=True)))
def test_a_cell_knows_its_sizes_and_whether_it_was_given_numbers(cell, sizes):
    assert (cell.H, cell.D, cell.signed) == sizes


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_are_named_by_weight_and_gate(cell):
    flow = gf.gradient_flow(cell, np.ones((2, cell.D)))
    expected = LSTM_NAMES if isinstance(cell, gf.LSTM) else ("w_x", "w_s", "b")
    assert flow.parameters == expected


@pytest.mark.parametrize("cell", CELLS)
def test_totals_have_the_shape_of_the_parameter_as_the_cell_holds_it(cell):
    flow = gf.gradient_flow(cell, np.ones((2, cell.D)))
    H, D = cell.H, cell.D
    shapes = {"w_x": (H, D), "w_s": (H, H), "w_h": (H, H), "b": (H,), "b_": (H,)}
    shapes = {stem: () if cell.signed else shape for stem, shape in shapes.items()}
    if isinstance(cell, gf.LSTM):
        for name in LSTM_NAMES:
            assert flow.total(name).shape == (2, *shapes[name[:-1]])
        for name in ("w_x", "w_h", "b"):
            assert (
                flow.total(name).shape == (2, *getattr(cell, name).shape) == (2, 4, *shapes[name])
            )
    else:
        for name in flow.parameters:
            assert flow.total(name).shape == (2, *getattr(cell, name).shape) == (2, *shapes[name])


@pytest.mark.parametrize("cell", CELLS)
def test_an_rnn_or_lstm_leaves_a_trace_with_an_axis_of_units(cell):
    T, H = 5, cell.H
    trace = gf.gradient_flow(cell, np.ones((T, cell.D))).trace
    is_lstm = isinstance(cell, gf.LSTM)
    gates = {"z": (T, 4, H), "gates": (T, 4, H), "c": (T + 1, H), "h": (T + 1, H)}
    expected = gates if is_lstm else {"z": (T, H), "s": (T + 1, H)}
    assert {name: getattr(trace, name).shape for name in expected} == expected
    assert trace.o.shape == (T,)


def test_a_scalar_lstm_keeps_its_gates_in_the_order_i_f_c_o():
    np.testing.assert_array_equal(SCALAR_LSTM.w_x, [0.5] * 4)
    np.testing.assert_array_equal(SCALAR_LSTM.w_h, [1, 2, 3, 4])
    np.testing.assert_array_equal(SCALAR_LSTM.b, [0, 2, -1, 0])
    default = gf.LSTM.scalar(w_x=0.5, w_h=0.5)
    np.testing.assert_array_equal(default.b, [0, 1, 0, 0])


def test_the_order_of_a_mapping_does_not_matter():
    turned = gf.LSTM.scalar(w_x={"o": 4, "c": 3, "f": 2, "i": 1}, w_h=0.5)
    np.testing.assert_array_equal(turned.w_x, [1, 2, 3, 4])


def test_the_bias_of_an_rnn_is_zero_and_its_activation_tanh_unless_given():
    assert gf.RNN(0.5, 0.9).b == 0.0
    assert gf.RNN(0.5, 0.9).activation == "tanh"
    np.testing.assert_array_equal(gf.RNN(np.ones((3, 2)), np.eye(3)).b, np.zeros(3))


X = GENERATOR.normal(size=(6, 2))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_step_of_an_rnn_obeys_its_equation(activation):
    cell, start = rnn(3, 2, activation), np.array([0.5, -1.0, 0.25])
    trace = gf.gradient_flow(cell, X, initial_state={"s": start}).trace
    np.testing.assert_array_equal(trace.s[0], start)
    z = X @ cell.w_x.T + trace.s[:-1] @ cell.w_s.T + cell.b
    np.testing.assert_allclose(trace.z, z, rtol=1e-13)
    np.testing.assert_allclose(trace.s[1:], ACTIVATIONS[activation](z), rtol=1e-13)
    np.testing.assert_allclose(trace.o, trace.s[1:].sum(axis=1), rtol=1e-13)


def test_every_step_of_an_lstm_obeys_its_equations():
    cell = lstm(3, 2)
    start = {"h": np.array([0.5, -1.0, 0.25]), "c": np.array([2.0, 0.0, -1.0])}
    trace = gf.gradient_flow(cell, X, initial_state=start).trace
    np.testing.assert_array_equal(trace.h[0], start["h"])
    np.testing.assert_array_equal(trace.c[0], start["c"])
    for g, name in enumerate(GATES):
        z = X @ cell.w_x[g].T + trace.h[:-1] @ cell.w_h[g].T + cell.b[g]
        np.testing.assert_allclose(trace.z[:, g], z, rtol=1e-13)
        value = np.tanh(z) if name == "c" else ACTIVATIONS["sigmoid"](z)
        np.testing.assert_allclose(trace.gates[:, g], value, rtol=1e-13)
    i, f, candidate, o = np.moveaxis(trace.gates, 1, 0)
    np.testing.assert_allclose(trace.c[1:], f * trace.c[:-1] + i * candidate, rtol=1e-13)
    np.testing.assert_allclose(trace.h[1:], o * np.tanh(trace.c[1:]), rtol=1e-13)
    np.testing.assert_allclose(trace.o, trace.h[1:].sum(axis=1), rtol=1e-13)


@pytest.mark.parametrize("size", ["a number", "an array"])
def test_a_state_may_be_one_number_for_all_units(size):
    state = 0.5 if size == "a number" else np.full(3, 0.5)
    flow = gf.gradient_flow(lstm(3, 2), X, initial_state={"c": state})
    np.testing.assert_array_equal(flow.trace.c[0], [0.5] * 3)
    np.testing.assert_array_equal(flow.trace.h[0], [0.0] * 3)


@pytest.mark.parametrize("is_lstm", [False, True])
def test_hidden_states_agree_with_eighty_digits(is_lstm):
    gates, recurrent = ((4,), "w_h") if is_lstm else ((), "w_s")
    weights = {
        "w_x": GENERATOR.normal(size=(*gates, 2, 2)) * 3,
        recurrent: GENERATOR.normal(size=(*gates, 2, 2)),
        "b": GENERATOR.normal(size=(*gates, 2)),
    }
    problem = Problem(weights, X, loss="unit")
    hidden, _ = high_precision_run(problem)
    expected = [[float(unit.value) for unit in h] for h in hidden]
    trace = flow_of(problem).trace
    found = trace.h if is_lstm else trace.s
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_inputs_of_one_axis_are_those_of_one_column():
    one = gf.gradient_flow(SCALAR_LSTM, X[:, 0])
    two = gf.gradient_flow(SCALAR_LSTM, X[:, :1])
    assert one.x.shape == two.x.shape == (6, 1)
    np.testing.assert_array_equal(one.value("w_xf"), two.value("w_xf"))
    whole = gf.gradient_flow(SCALAR_RNN, [1, 2, 3])
    np.testing.assert_array_equal(whole.x[:, 0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_frozen_and_its_arrays_are_read_only(cell):
    with pytest.raises(FrozenInstanceError):
        cell.w_x = 1.0
    with pytest.raises(ValueError, match="read-only"):
        cell.w_x[...] = 1.0
    changed = replace(cell, w_x=cell.w_x * 2)
    np.testing.assert_array_equal(changed.w_x, cell.w_x * 2)
    assert changed.signed is cell.signed


def test_a_cell_and_a_flow_hold_copies_of_what_was_given():
    w_x, w_s, x = np.ones((2, 1)), np.eye(2), np.ones(3)
    cell = gf.RNN(w_x, w_s)
    flow = gf.gradient_flow(cell, x)
    before = flow.value("w_s").copy()
    w_x[:], w_s[:], x[:] = 9.0, 9.0, 9.0
    assert (cell.w_x == 1.0).all()
    np.testing.assert_array_equal(cell.w_s, np.eye(2))
    assert (flow.x == 1.0).all()
    np.testing.assert_array_equal(flow.value("w_s"), before)
