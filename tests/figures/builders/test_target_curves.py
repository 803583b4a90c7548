"""Curves over the targets: the numbers and labels in them."""

import numpy as np
import pytest

from gradflow.figures.builders.target_curves import Measure, measure_curves


def test_each_measure_is_a_curve_over_the_targets_with_gaps_where_it_is_no_number():
    horizon = Measure("horizon", np.array([1.0, 2.0, 3.0]), "LSTM")
    half = Measure("half-life", np.array([np.nan, np.inf, 2.5]), "LSTM", "dot")
    figure = measure_curves([horizon, half], 2)
    assert [trace.name for trace in figure.data] == ["horizon", "half-life"]
    np.testing.assert_array_equal(figure.data[0].x, [1, 2, 3])
    np.testing.assert_array_equal(figure.data[1].y, [np.nan, np.nan, 2.5])
    assert figure.data[1].line.dash == "dot"
    assert figure.layout.xaxis.title.text == "target step t"
    assert figure.layout.yaxis.title.text == "steps"
    assert figure.layout.shapes[0].x0 == 2


@pytest.mark.parametrize(("largest", "end"), [(2.0, 2.0), (1e6, 3.0), (0.2, 1.0)])
def test_the_axis_ends_at_the_last_step_at_most(largest, end):
    figure = measure_curves([Measure("half-life", np.array([0.1, 0.1, largest]), "RNN")], 1)
    assert figure.layout.yaxis.range[1] == pytest.approx(1.05 * end)


def test_no_measures_give_an_empty_chart():
    figure = measure_curves([], 1)
    assert not figure.data
    assert figure.layout.xaxis.title.text == "target step t"
