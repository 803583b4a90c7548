"""Clipping against the plain definition, and where plain numbers end."""

import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis.clipping import (
    clip_factors,
    log10_clip_factors,
    log10_clipped,
    log10_gradient_norm,
)


def test_factors_are_those_of_the_plain_norm():
    x = np.random.default_rng(3).normal(size=12)
    flow = gf.gradient_flow(gf.LSTM.scalar(0.7, 1.2, 0.5), x, loss=gf.UnitLoss())
    names = (*flow.parameters, "readout.w_o", "readout.b_o")
    length = np.sqrt(sum(flow.total(name) ** 2 for name in names))
    np.testing.assert_allclose(10.0 ** log10_gradient_norm(flow), length, rtol=1e-12)
    threshold = float(np.median(length))
    expected = np.minimum(1.0, threshold / length)
    np.testing.assert_allclose(clip_factors(flow, threshold), expected, rtol=1e-12)
    assert (clip_factors(flow, threshold) < 1.0).any()


@pytest.mark.parametrize("name", ["w_x", "w_hf", "b"])
def test_clipped_terms_are_the_plain_terms_times_the_factor_of_their_row(name):
    x = np.random.default_rng(8).normal(size=12)
    flow = gf.gradient_flow(gf.LSTM.scalar(0.7, 1.2, 0.5), x, loss=gf.UnitLoss())
    threshold = 10.0 ** float(np.median(log10_gradient_norm(flow)))
    expected = np.abs(flow.value(name)) * clip_factors(flow, threshold)[:, None]
    clipped = 10.0 ** log10_clipped(flow, name, threshold=threshold)
    np.testing.assert_allclose(clipped, expected, rtol=1e-12)


def test_a_gradient_beyond_float64_is_clipped_by_the_right_factor():
    cell = gf.RNN(w_x=1.0, w_s=1.0e3, activation="identity")
    x = np.zeros(150)
    x[0] = 1.0e-200  # keeps the forward pass within float64
    flow = gf.gradient_flow(cell, x, loss=gf.UnitLoss())
    # dL_t/db is the sum over k of 1000^(k-1); at t = 150 its log10 is 447 and a bit.
    assert log10_gradient_norm(flow)[-1] == pytest.approx(447 + np.log10(1000 / 999), abs=1e-9)
    assert clip_factors(flow, 1.0)[-1] == 0.0
    assert log10_clip_factors(flow, 1.0)[-1] == -log10_gradient_norm(flow)[-1]


def test_a_gradient_that_is_zero_is_not_clipped():
    flow = gf.gradient_flow(gf.RNN(0.5, 0.5), np.ones(4), gf.Readout(0.0), gf.SquaredError(0.0))
    assert (log10_gradient_norm(flow) == -np.inf).all()
    assert (clip_factors(flow, 1.0) == 1.0).all()


@pytest.mark.parametrize("threshold", [0.0, -1.0, np.nan, np.inf, "1", [1.0, 2.0]])
def test_bad_thresholds_are_named(threshold):
    flow = gf.gradient_flow(gf.RNN(0.5, 0.5), np.ones(3))
    with pytest.raises(ValueError, match="threshold must"):
        clip_factors(flow, threshold)
    with pytest.raises(ValueError, match="threshold must"):
        log10_clipped(flow, "w_x", threshold=threshold)
