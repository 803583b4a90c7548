"""The plots of a survey show its numbers."""

import numpy as np
import pytest

import gradflow as gf

RNN = gf.RNN(1.0, 0.5, activation="identity")
SEEN = gf.survey(RNN, np.zeros((3, 20)), gf.UnitLoss(), "last", lengths=[2, 4])


def test_bands_lie_around_the_median_at_every_lag():
    figure = gf.figures.plot_survey(SEEN)
    wide, half, median = figure.data
    assert [trace.name for trace in figure.data] == [
        "90% of the terms",
        "50% of the terms",
        "median",
    ]
    np.testing.assert_array_equal(median.x, np.arange(1, 21))
    np.testing.assert_allclose(median.y, np.arange(20) * np.log10(0.5), atol=0.0251)
    for band in (wide, half):
        np.testing.assert_array_equal(band.y[:20], median.y)  # the sequences are the same
    assert figure.layout.xaxis.title.text.startswith("lag k")
    assert "3 sequences" in figure.layout.title.text


def test_exact_zeros_are_gaps():
    relu = gf.RNN(1.0, 1.0, activation="relu")
    seen = gf.survey(relu, [[-1.0, -1.0, 1.0]], gf.UnitLoss(), "last")
    assert np.isnan(gf.figures.plot_survey(seen).data[-1].y).tolist() == [False, True, True]


def test_errors_are_those_of_the_mean_gradient():
    windows, chunks = gf.figures.plot_survey_errors(SEEN).data
    np.testing.assert_array_equal(windows.y, SEEN.window_curve().together.relative_error)
    np.testing.assert_array_equal(chunks.y, SEEN.chunk_curve().together.relative_error)
    assert windows.x.tolist() == [2, 4]


def test_a_layer_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="layer must be a whole number from 0 to 0"):
        gf.figures.plot_survey(SEEN, layer=1)
