"""The complex step check: small on right terms, large on wrong ones."""

from dataclasses import replace

import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis.complex_step import complex_step_total, residual, residual_at

X = np.sin(np.arange(40) * 3 / 7 + 1 / 3)
CELLS = {
    "tanh": gf.RNN(0.5, 0.9, 0.1),
    "negative": gf.RNN(0.5, -1.2),
    "identity": gf.RNN(0.5, 1.1, activation="identity"),
    "sigmoid": gf.RNN(-2.0, 3.0, 0.3, "sigmoid"),
    "relu": gf.RNN(0.5, 0.9, -0.1, "relu"),
    "lstm": gf.LSTM.scalar(w_x=0.5, w_h=0.5),
    "lstm by gate": gf.LSTM.scalar(
        w_x={"i": 1.0, "f": -0.5, "c": 2.0, "o": 0.3},
        w_h={"i": -1.0, "f": 2.5, "c": 1.5, "o": -0.7},
        b_f=5.0,
    ),
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("loss", [gf.SquaredError(0.3), gf.BinaryCrossEntropy(1.0), gf.UnitLoss()])
@pytest.mark.parametrize("T", [1, 40])
def test_terms_add_up_to_the_complex_step_total(name, loss, T):
    start = dict.fromkeys(CELLS[name].states, 0.4)
    flow = gf.gradient_flow(CELLS[name], X[:T], gf.Readout(-1.3, 0.2), loss, start)
    assert residual(flow).shape == (T,)
    assert residual(flow).max() < 1e-12


@pytest.mark.parametrize("name", CELLS)
def test_the_total_is_the_derivative(name):
    # A central difference knows nothing of complex numbers.
    cell, step = CELLS[name], 1e-6

    def losses(nudge):
        nudged = replace(cell, w_x=cell.w_x + nudge)
        return 0.5 * gf.gradient_flow(nudged, X).trace.o ** 2

    expected = (losses(step) - losses(-step)) / (2 * step)
    found = complex_step_total(gf.gradient_flow(cell, X))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())


def at_each_target(flow):
    return np.array([residual_at(flow, t) for t in range(1, flow.T + 1)])


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("loss", [gf.SquaredError(0.3), gf.BinaryCrossEntropy(1.0), gf.UnitLoss()])
def test_one_target_alone_adds_up_too(name, loss):
    start = dict.fromkeys(CELLS[name].states, 0.4)
    flow = gf.gradient_flow(CELLS[name], X, gf.Readout(-1.3, 0.2), loss, start)
    assert at_each_target(flow).max() < 1e-12


def test_vector_readout():
    flow = gf.gradient_flow(
        CELLS["lstm"], X, gf.Readout(np.array([[1.0], [-2.0], [0.5]])), gf.SoftmaxCrossEntropy(1)
    )
    assert residual(flow).max() < 1e-12


@pytest.mark.parametrize(
    "planted",
    [
        {"cell": gf.RNN(0.5, 0.9001, 0.1)},
        {"loss": gf.SquaredError(0.001)},
        {"readout": gf.Readout(1.001)},
        {"x": X[::-1].reshape(-1, 1)},
    ],
)
def test_a_planted_error_is_seen(planted):
    flow = gf.gradient_flow(CELLS["tanh"], X)
    wrong = replace(flow, **planted)
    assert residual(wrong).max() > 1e-5
    np.testing.assert_allclose(at_each_target(wrong), residual(wrong), rtol=1e-6, atol=1e-12)


def test_a_total_without_terms_is_seen():
    silent = gf.gradient_flow(gf.RNN(0.5, 0.9), np.zeros(4))  # o = 0, the target
    assert (residual(silent) == 0.0).all()
    wrong = replace(silent, x=np.ones((4, 1)), loss=gf.UnitLoss())
    assert (residual(wrong) == np.inf).all()
    assert (at_each_target(silent) == 0.0).all()
    assert (at_each_target(wrong) == np.inf).all()


@pytest.mark.parametrize("w_x", [20.0, 300.0, 5000.0])
@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "lstm"])
def test_saturated_cells_warn_of_nothing(w_x, kind):
    if kind == "lstm":
        cell = gf.LSTM.scalar(w_x=min(w_x, 250.0), w_h=0.5)
    else:
        cell = gf.RNN(w_x, 0.5, activation=kind)
    found = residual(gf.gradient_flow(cell, np.cos(np.arange(6.0))))
    checked = found[~np.isnan(found)]
    assert (checked < 1e-12).all()
    assert len(checked) or w_x >= 300.0


def test_what_float64_cannot_hold_is_not_checked():
    flow = gf.gradient_flow(gf.RNN(400.0, 0.5), np.ones(3), loss=gf.UnitLoss())
    assert np.isfinite(flow.log10("w_x")[0, 0])
    assert np.isnan(residual(flow)).all()
    assert np.isnan(at_each_target(flow)).all()


@pytest.mark.parametrize("name", CELLS)
def test_zero_input_has_residual_zero(name):
    flow = gf.gradient_flow(CELLS[name], np.zeros(5), loss=gf.UnitLoss())
    assert (residual(flow) == 0.0).all()


@pytest.mark.parametrize("check", [complex_step_total, residual, lambda flow: residual_at(flow, 1)])
def test_vector_cells_are_refused(check):
    flow = gf.gradient_flow(gf.RNN(np.ones((2, 1)), np.eye(2)), np.ones(3))
    with pytest.raises(
        ValueError, match=r"flow must be of a scalar cell.* Got a cell with H=2, D=1"
    ):
        check(flow)


def test_a_target_beyond_the_sequence_is_refused():
    with pytest.raises(ValueError, match="t must be"):
        residual_at(gf.gradient_flow(CELLS["tanh"], X), 41)
