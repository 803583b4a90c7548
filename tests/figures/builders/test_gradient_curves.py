"""Curves of a whole gradient: norms by lag, and errors by length."""

import numpy as np

import gradflow as gf
from gradflow.figures.builders.lag_norms import LagNorms, norm_curves
from gradflow.figures.builders.truncation_lines import error_curves


def gradient(w_s=0.9, T=20):
    cell = gf.RNN(1.0, w_s, activation="identity")
    return gf.training_gradient(cell, np.zeros(T), gf.UnitLoss())


def test_norms_stand_over_the_lags_of_their_bins():
    bins = gradient().by_lag([1, 6, 11])
    figure = norm_curves(bins.first, bins.last, [LagNorms("<all>", bins.together, "LSTM")])
    [curve] = figure.data
    assert list(curve.x) == ["1–5", "6–10", "11–20"]
    np.testing.assert_allclose(np.round(curve.y, 1), [74.6, 31.9, 14.4])
    assert curve.name == "&lt;all&gt;"


def test_a_part_that_is_exactly_zero_leaves_a_gap():
    bins = gradient(w_s=0.0).by_lag([1, 2])
    [curve] = norm_curves(bins.first, bins.last, [LagNorms("all", bins.together, "LSTM")]).data
    assert np.isnan(curve.y).tolist() == [False, True]


def test_errors_stand_over_their_lengths():
    curve = gradient().chunk_curve([5, 10, 20])
    figure = error_curves(curve, (0.01, 0.1), 10)
    together = figure.data[-1]
    assert together.name == "all weights"
    assert list(together.x) == [5, 10, 20]
    np.testing.assert_allclose(np.round(together.y[:2], 3), [0.565, 0.316])
    assert np.isnan(together.y[2])  # none is left, which has no place among powers of ten
    heights = [line.y0 for line in figure.layout.shapes if line.y0 == line.y1]
    assert heights == [0.01, 0.1]


def test_a_gradient_of_zero_has_no_curve():
    curve = gf.training_gradient(gf.RNN(1.0, 0.9), [1.0, 2.0], gf.UnitLoss(), [0.0, 0.0])
    figure = error_curves(curve.truncation_curve(), (0.01,), 1)
    assert np.isnan(figure.data[-1].y).all()
