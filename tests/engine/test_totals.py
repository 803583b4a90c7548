"""Totals of vector cells, where one power of two cannot serve all their numbers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradflow as gf

# A linear cell of two units that do not touch: at t = 3 each total is 1 + 1/2 + 1/4 times its own.
APART = gf.RNN(np.ones((2, 1)), 0.5 * np.eye(2), np.zeros(2), "identity")


def test_units_of_very_different_size_each_keep_their_digits():
    readout = gf.Readout(np.array([1e160, 1e-160]))
    flow = gf.gradient_flow(APART, np.ones(3), readout, gf.UnitLoss())
    for name in ("w_x", "b"):
        total = flow.total(name)[-1].ravel()
        np.testing.assert_allclose(total, [1.75e160, 1.75e-160], rtol=1e-14)


def test_columns_of_very_different_size_each_keep_their_digits():
    cell = gf.RNN(np.eye(2), 0.5 * np.eye(2), np.zeros(2), "identity")
    x = np.array([[1e200, 1e-200]] * 3)
    flow = gf.gradient_flow(cell, x, loss=gf.UnitLoss())
    np.testing.assert_allclose(flow.total("w_x")[-1], [[1.75e200, 1.75e-200]] * 2, rtol=1e-14)


def test_a_total_that_overflows_leaves_the_zeros_of_its_input_zero():
    cell = gf.RNN(np.zeros((2, 2)), 0.5 * np.eye(2), np.zeros(2), "identity")
    x = np.array([[1e20, 0.0]] * 3)
    flow = gf.gradient_flow(cell, x, gf.Readout(1e300), gf.UnitLoss())
    total = flow.total("w_x")[-1]
    assert np.isposinf(total[:, 0]).all()
    assert (total[:, 1] == 0.0).all()
    np.testing.assert_allclose(flow.log10_total("w_x")[-1], 320 + np.log10(1.75 * 2**0.5))


@pytest.mark.parametrize("T", [1, 2, 15, 16, 17, 40, 70])
def test_totals_are_the_sum_of_outer_products_at_every_length(T):
    generator = np.random.default_rng(T)
    cell = gf.RNN(*(generator.normal(size=s) for s in ((3, 2), (3, 3), (3,))))
    flow = gf.gradient_flow(cell, generator.normal(size=(T, 2)), loss=gf.UnitLoss())
    slopes = 1.0 - np.tanh(flow.trace.z) ** 2
    expected = np.zeros((3, 2))
    delta = np.ones(3)
    for j in range(T, 0, -1):
        expected += np.outer(delta * slopes[j - 1], flow.x[j - 1])
        delta = (delta * slopes[j - 1]) @ cell.w_s
    np.testing.assert_allclose(flow.total("w_x")[-1], expected, rtol=1e-10)
    size = np.log10(np.linalg.norm(expected))
    assert flow.log10_total("w_x")[-1] == pytest.approx(size, abs=1e-10)


@pytest.mark.parametrize("name", ["w_x", "w_xf", "b", "readout.w_o", "readout.b_o"])
def test_signs_of_totals_are_those_of_the_plain_totals(name):
    generator = np.random.default_rng(4)
    cell = gf.LSTM.scalar(w_x=0.5, w_h=-1.5, b_f=0.5)
    flow = gf.gradient_flow(cell, generator.normal(size=30), loss=gf.SquaredError(0.1))
    signs = flow.sign_total(name)
    assert signs.dtype == np.int8
    assert {-1, 1} <= set(signs.ravel().tolist())
    np.testing.assert_array_equal(signs, np.sign(flow.total(name)))


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_total_too_small_for_float64_keeps_its_sign(sign):
    cell, readout = gf.RNN(500.0, 0.1), gf.Readout(sign)
    flow = gf.gradient_flow(cell, [1.0, 1.0], readout, gf.UnitLoss())
    assert flow.total("w_x").tolist() == [0.0, 0.0]
    assert flow.sign_total("w_x").tolist() == [sign, sign]


def test_totals_of_vectors_have_no_sign():
    flow = gf.gradient_flow(gf.RNN(np.eye(2), np.eye(2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="sign_total must"):
        flow.sign_total("w_x")


def test_measures_and_sequences_come_with_the_package():
    code = "import gradflow as gf; gf.memory.measure; gf.sequences.ones"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("cell", "readout", "loss", "argument"),
    [
        (gf.RNN(1e308, 0.0, activation="identity"), None, gf.SquaredError(-1.7e308), "loss"),
        (
            gf.RNN(0.5, 0.5),
            gf.Readout([[1.0], [2.0]]),
            gf.SoftmaxCrossEntropy(1e300),
            "target",
        ),
    ],
)
def test_slopes_of_a_loss_beyond_float64_are_refused(cell, readout, loss, argument):
    with pytest.raises(ValueError, match=f"{argument} must"):
        gf.gradient_flow(cell, np.ones(2), readout, loss)
