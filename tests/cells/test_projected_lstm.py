"""An LSTM whose hidden state is a projection: its equations, sizes, and what is not for it."""

import numpy as np
import pytest
from oracles.random_cells import cell_of

import gradflow as gf

T, D, H, U = 6, 2, 3, 5
CELL = cell_of("projected lstm", np.random.default_rng(3), D)
X = np.random.default_rng(4).normal(size=(T, D))
START = {"h": np.array([0.5, -1.0, 0.25]), "c": np.array([2.0, 0.0, -1.0, 0.5, 0.1])}


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def test_every_step_obeys_its_equations():
    trace = gf.gradient_flow(CELL, X, initial_state=START).trace
    i, f, c, o = (X @ CELL.w_x[g].T + trace.h[:-1] @ CELL.w_h[g].T + CELL.b[g] for g in range(4))
    cell_state = sigmoid(f) * trace.c[:-1] + sigmoid(i) * np.tanh(c)
    np.testing.assert_allclose(trace.c[1:], cell_state, rtol=1e-13)
    np.testing.assert_allclose(trace.q, sigmoid(o) * np.tanh(cell_state), rtol=1e-13)
    np.testing.assert_allclose(trace.h[1:], trace.q @ CELL.w_p.T, rtol=1e-13)
    np.testing.assert_array_equal(trace.h[0], START["h"])


def test_it_is_an_lstm_where_the_projection_is_the_identity():
    lstm = cell_of("lstm", np.random.default_rng(5), D)
    same = gf.ProjectedLSTM(lstm.w_x, lstm.w_h, lstm.b, np.eye(lstm.H))
    expected, found = (gf.gradient_flow(cell, X) for cell in (lstm, same))
    for name in ("x", *expected.parameters):
        np.testing.assert_allclose(found.log10(name), expected.log10(name), rtol=1e-12)
    products = (flow.log10_forget_product() for flow in (found, expected))
    np.testing.assert_array_equal(*products)


def test_one_unit_and_one_hidden_number_are_an_lstm_with_scaled_weights():
    """h = w_p q, so that q = h / w_p is the hidden state of an LSTM whose w_h is w_h w_p."""
    w_x, w_h, b = (np.random.default_rng(n).normal(size=(4, 1, 1)) for n in range(3))
    projected = gf.ProjectedLSTM(w_x, w_h, b[:, 0], [[-2.5]])
    lstm = gf.LSTM(w_x, w_h * -2.5, b[:, 0])
    x = np.random.default_rng(4).normal(size=(150, 1))
    found = gf.gradient_flow(projected, x, gf.Readout([1.0]), gf.UnitLoss())
    expected = gf.gradient_flow(lstm, x, gf.Readout([-2.5]), gf.UnitLoss())
    for name in ("w_xi", "w_xf", "b_c", "b_o", "x"):
        np.testing.assert_allclose(found.log10(name), expected.log10(name), rtol=1e-11, atol=1e-11)
    of_state = expected.log10("w_hf") - np.log10(2.5)  # which multiplied q, and not h
    np.testing.assert_allclose(found.log10("w_hf") - np.log10(2.5) * 2, of_state, rtol=1e-11)


def test_its_sizes_and_names():
    assert (CELL.H, CELL.D, CELL.units, CELL.signed) == (H, D, U, False)
    assert repr(CELL) == "ProjectedLSTM(H=3, D=2, units=5)"
    flow = gf.gradient_flow(CELL, X)
    assert flow.parameters[-1] == "w_p"
    shapes = {"w_x": (4, U, D), "w_h": (4, U, H), "b": (4, U), "w_p": (H, U), "w_hf": (U, H)}
    for name, shape in shapes.items():
        assert flow.total(name).shape == (T, *shape)


def test_a_forget_bias_is_added_to_its_forget_gate():
    changed = gf.analysis.with_forget_bias(CELL, 2.0)
    np.testing.assert_array_equal(changed.b[1], CELL.b[1] + 2.0)
    np.testing.assert_array_equal(changed.w_p, CELL.w_p)


def test_what_is_of_an_lstm_alone_is_refused_by_name():
    flow = gf.gradient_flow(CELL, X)
    with pytest.raises(ValueError, match=r"cell must be an LSTM, .* Got ProjectedLSTM\."):
        flow.by_detours("w_xf")
    with pytest.raises(ValueError, match=r"of the state of one LSTM. Got ProjectedLSTM\."):
        gf.state_jacobian(flow, 3).of_cell_state()


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("w_x", (4, U), r"w_x must have shape \(4, U, D\). Got \(4, 5\)."),
        ("w_x", (3, U, D), r"w_x must have shape \(4, U, D\). Got \(3, 5, 2\)."),
        ("w_h", (4, U, U), r"w_h must have shape \(4, 5, 3\), that is \(4, U, H\)"),
        ("b", (4, H), r"b must have shape \(4, 5\), that is \(4, U\). Got \(4, 3\)"),
        ("w_p", (U,), r"w_p must have shape \(H, U\). Got \(5,\)."),
        ("w_p", (H, H), r"w_p must have shape \(3, 5\), that is \(H, U\). Got \(3, 3\)"),
        ("w_p", (0, U), r"w_p must have shape \(H, U\). Got \(0, 5\)."),
    ],
)
def test_weights_that_do_not_fit_are_named(name, shape, message):
    with pytest.raises(ValueError, match=message):
        gf.ProjectedLSTM(**{**CELL.weights, name: np.ones(shape)})


def test_a_weight_that_is_not_finite_and_an_unknown_activation_are_named():
    with pytest.raises(ValueError, match="w_p must be finite"):
        gf.ProjectedLSTM(**{**CELL.weights, "w_p": np.full((H, U), np.nan)})
    with pytest.raises(ValueError, match="activation must be"):
        gf.ProjectedLSTM(**CELL.weights, activation="cosine")
