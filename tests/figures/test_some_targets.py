"""Figures of flows with chosen targets: their rows at their steps, and nothing elsewhere."""

import numpy as np
import pytest

import gradflow as gf
from gradflow import figures

T = 12
CELL, X = gf.LSTM.scalar(0.5, -0.7), np.cos(np.arange(T))
EVERY = gf.gradient_flow(CELL, X)
SOME = gf.gradient_flow(CELL, X, targets=[3, 8, 11])
LAST = gf.gradient_flow(CELL, X, targets="last")


@pytest.mark.parametrize("axis", ["lag", "source"])
def test_a_heatmap_has_the_rows_of_the_targets_and_says_so(axis):
    every, some = (figures.plot_heatmap(f, "w_xf", axis=axis, signs=True) for f in (EVERY, SOME))
    z, whole = some.data[0].z, every.data[0].z
    rows = SOME.targets - 1
    np.testing.assert_array_equal(np.isnan(z[rows]), np.isnan(whole[rows]))
    assert np.isnan(np.delete(z, rows, axis=0)).all()
    assert (some.data[0].customdata[rows, 0, 0] == SOME.targets).all()
    assert some.layout.annotations[0].text.endswith(" · t = 3, 8, 11 alone")
    assert "alone" not in every.layout.annotations[0].text


def test_a_heatmap_of_many_targets_counts_them():
    flow = gf.gradient_flow(CELL, X, targets=[1, 2, 3, 4, 5])
    heading = figures.plot_heatmap(flow).layout.annotations[0].text
    assert heading.endswith(f" · 5 of {T} targets alone")


def test_a_comparison_shows_the_last_target_that_all_have():
    figure = figures.plot_comparison({"some": SOME, "every": EVERY}, "w_xf")
    curves = {trace.name: trace.y for trace in figure.data if trace.type == "scatter"}
    assert len(curves["some"]) == 11
    np.testing.assert_allclose(curves["some"], curves["every"], rtol=1e-12)


def test_flows_without_a_common_target_are_not_compared():
    with pytest.raises(ValueError, match=r"^flows must have a target step in common\."):
        figures.plot_comparison({"some": SOME, "last": LAST}, "w_xf")


def test_the_measures_stand_at_the_targets():
    horizon = figures.plot_measures(SOME).data[0].y
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(horizon)) + 1, SOME.targets)
    whole = figures.plot_measures(EVERY).data[0].y
    np.testing.assert_array_equal(horizon[SOME.targets - 1], whole[SOME.targets - 1])


PLOTS = {
    "profile": lambda flow, t: figures.plot_profile(flow, t),
    "path classes": lambda flow, t: figures.plot_path_classes(flow, t=t),
    "first gates": lambda flow, t: figures.plot_path_classes(flow, t=t, by="first gate"),
    "path graph": lambda flow, t: figures.plot_path_graph(flow, t=t),
    "factors": lambda flow, t: figures.plot_factors(flow, "w_xf", t),
    "units": lambda flow, t: figures.plot_units(flow, t),
}


@pytest.mark.slow
@pytest.mark.parametrize("plot", PLOTS)
def test_a_plot_of_one_target_is_that_of_a_flow_of_every_target(plot):
    expected = PLOTS[plot](EVERY, 11)
    for found in (PLOTS[plot](SOME, 11), PLOTS[plot](SOME, None)):
        assert found.to_json() == expected.to_json()


def test_a_notebook_shows_it():
    assert "alone" in LAST._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("axis", ["lag", "source"])
def test_terms_without_digits_are_marked_and_not_called_zero(axis):
    flow = gf.gradient_flow(gf.RNN(1e-300, 1e-30), gf.sequences.impulse(6), loss=gf.UnitLoss())
    figure = figures.plot_heatmap(flow, "w_s", axis=axis, least_digits=6)
    traces = {trace.name: trace for trace in figure.data}
    few = np.isfinite(traces["too few digits"].z)
    lacks = flow.digits("w_s") < 6
    # The picture divides a row by its k = 1 term; what is exactly zero stays so.
    lacks |= lacks[:, :1] & np.isfinite(flow.log10("w_s"))
    t, k = np.nonzero(lacks)
    column = k if axis == "lag" else t - k
    expected = np.zeros((6, 6), bool)
    expected[t, column] = True
    np.testing.assert_array_equal(few, expected)
    assert few.any()
    assert not (few & np.isfinite(traces["exactly zero"].z)).any()
    assert np.isfinite(traces["exactly zero"].z).any()
    plain = figures.plot_heatmap(flow, "w_s", axis=axis)
    assert "too few digits" not in {trace.name for trace in plain.data}
