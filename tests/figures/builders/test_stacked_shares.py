"""The shares of classes of paths: outlines, hover and mark."""

import numpy as np
import pytest

from gradflow.figures.builders.stacked_shares import (
    HOVER,
    NOTHING,
    Shares,
    shares,
    stacked,
)

SHARE = np.array([[1.0, -0.25, np.nan, 0.5], [0.0, 0.5, np.nan, 0.25], [0.0, -0.25, np.nan, 0.25]])


def record(**changes):
    fields = {"labels": ("cell path", "1 detour", "<b>"), "colours": ("red", "green", "blue")}
    return Shares(**{**fields, "share": SHARE, **changes})


def test_positive_shares_stand_on_each_other_and_negative_ones_hang():
    low, high = stacked(SHARE)
    np.testing.assert_array_equal(low[:, 1], [-0.25, 0.0, -0.5])
    np.testing.assert_array_equal(high[:, 1], [0.0, 0.5, -0.25])
    np.testing.assert_array_equal(low[:, 3], [0.0, 0.5, 0.75])
    np.testing.assert_array_equal(high[:, 3], [0.5, 0.75, 1.0])
    np.testing.assert_array_equal(high - low, np.abs(np.nan_to_num(SHARE)))


def test_an_outline_encloses_its_shares():
    figure = shares(record())
    for n, trace in enumerate(figure.data[:3]):
        x, y = (np.append(part, part[0]).astype(float) for part in (trace.x, trace.y))
        area = 0.5 * (x[1:] * y[:-1] - x[:-1] * y[1:]).sum()  # each lag is 1 wide
        assert area == pytest.approx(np.nansum(np.abs(SHARE[n])))


def test_the_hover_gives_every_share_and_names_lags_without_paths():
    figure = shares(record())
    by_name = {trace.name: trace for trace in figure.data}
    np.testing.assert_array_equal(by_name[HOVER].x, [1, 2, 4])
    np.testing.assert_allclose(by_name[HOVER].customdata, SHARE[:, [0, 1, 3]].T)
    assert "&lt;b&gt; %{customdata[2]" in by_name[HOVER].hovertemplate
    np.testing.assert_array_equal(by_name[NOTHING].x, [3])


def test_it_says_where_every_path_is_zero():
    def notes(share):
        return [note.text for note in shares(record(share=share)).layout.annotations]

    assert notes(np.full((3, 4), np.nan)) == ["every path is exactly zero at every lag"]
    assert notes(SHARE) == []
    assert notes(np.zeros((3, 0))) == []


def test_the_axis_goes_below_zero_only_where_shares_do():
    assert tuple(shares(record()).layout.yaxis.range) == (-0.5, 1.0)
    above = np.array([[1.0], [0.0], [0.0]])
    assert tuple(shares(record(share=above)).layout.yaxis.range) == (0.0, 1.0)


def test_the_mark_stands_before_its_lag_and_its_words_inside_the_plot():
    figure = shares(record(mark=2, note="from lag 2 on"))
    assert figure.layout.shapes[0].x0 == 1.5
    [note] = figure.layout.annotations
    assert (note.text, note.xanchor) == ("from lag 2 on", "left")
    long = shares(record(mark=2, note="detours <b> from lag 2 on"))
    assert long.layout.annotations[0].text == "detours &lt;b&gt; from<br>lag 2 on"
    late = shares(record(mark=4, note="from lag 4 on"))
    assert late.layout.annotations[0].xanchor == "right"
    assert not shares(record()).layout.shapes


def test_axes_are_named_and_nothing_gives_an_empty_figure():
    figure = shares(record(share=np.zeros((3, 0))))
    assert "t = 0" in figure.layout.xaxis.title.text
    assert "share" in figure.layout.yaxis.title.text
    assert all(len(trace.x) == 0 for trace in figure.data)


def test_mismatched_lengths_raise():
    with pytest.raises(ValueError, match="share must have shape"):
        record(share=np.zeros((2, 4)))
    with pytest.raises(ValueError, match="colours must be 3"):
        record(colours=("red",))
