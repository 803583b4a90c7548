"""One row of terms as curves over the lag."""

from __future__ import annotations

import numpy as np
import pytest
from support.panels import trace

from gradflow.figures.builders.colours import (
    LINES,
)
from gradflow.figures.builders.lag_profile import Line, Profile, profile


def test_profile_draws_lines_reference_and_markers(curves):
    figure = profile(curves)
    rnn = trace(figure, "RNN")
    np.testing.assert_array_equal(rnn.y, [0.0, -3.0, np.nan, -30.0])
    np.testing.assert_array_equal(rnn.x, [1, 2, 3, 4])
    assert rnn.line.color == LINES["RNN"]
    assert rnn.connectgaps is False
    assert rnn.mode == "lines+markers"
    assert trace(figure, "LSTM").mode == "lines"
    reference = trace(figure, "|w<sub>s</sub>|<sup>k−1</sup>")
    np.testing.assert_allclose(reference.y, curves.reference)
    assert reference.line.dash == "dash"
    marks = trace(figure, "zero in lower precision: RNN")
    assert (marks.x, marks.y, marks.text) == ((2,), (-3.0,), ("f16",))
    assert trace(figure, "zero in lower precision: LSTM").text == ("f16 bf16",)
    title = figure.layout.xaxis.title.text
    assert title.startswith("lag k from t = 4 (k = 1: the target step itself)")
    assert "gaps are exact zeros: RNN" in title
    assert "✕" in title
    assert figure.layout.yaxis.tickprefix == "10<sup>"


def test_profile_ends_at_the_floor_unless_a_marker_lies_deeper(curves):
    low, high = profile(curves, floor=-12.0).layout.yaxis.range
    assert -14.0 < low < -12.0
    assert 0.0 < high < 1.0
    deep = Profile(4, curves.lags, curves.lines, None, {"RNN": {"float64": 4}})
    assert profile(deep).layout.yaxis.range[0] < -30.0


def test_profile_says_which_curve_is_zero_throughout():
    nothing = Profile(2, np.arange(1, 3), (Line("RNN", np.full(2, -np.inf), "RNN"),))
    figure = profile(nothing)
    assert "all exactly zero, no curve: RNN" in figure.layout.xaxis.title.text
    assert figure.layout.yaxis.range == (-12.0, 0.0)


def test_profile_refuses_mismatched_lengths_and_unknown_colours():
    with pytest.raises(ValueError, match=r"RNN must have shape \(3,\)"):
        Profile(3, np.arange(1, 4), (Line("RNN", np.zeros(2), "RNN"),))
    with pytest.raises(ValueError, match="reference must have shape"):
        Profile(3, np.arange(1, 4), (), np.zeros(2))
    with pytest.raises(ValueError, match="colour must be one of"):
        Profile(3, np.arange(1, 4), (Line("RNN", np.zeros(3), "pink"),))
