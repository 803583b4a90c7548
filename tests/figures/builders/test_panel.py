"""Terms as they are drawn: by lag or by source step, relative to a unit, within a range."""

from __future__ import annotations

import numpy as np
import pytest
from support.panels import panel, trace

from gradflow.figures.builders.colour_scale import View, colour_range
from gradflow.figures.builders.heatmap_cells import shown_cells
from gradflow.figures.builders.panel import by_source, relative_to_first
from gradflow.figures.builders.target_by_source import square_panel
from gradflow.figures.builders.term_heatmap import heatmap


def test_relative_to_first_uses_the_largest_where_the_first_term_is_zero():
    log10 = np.array([[-1.0, np.nan, np.nan], [-np.inf, 3.0, np.nan], [-np.inf] * 3])
    shown = relative_to_first(log10)
    np.testing.assert_array_equal(shown[0], [0.0, np.nan, np.nan])
    np.testing.assert_array_equal(shown[1], [-np.inf, 0.0, np.nan])
    np.testing.assert_array_equal(shown[2], [-np.inf] * 3)


def test_by_source_turns_lags_into_source_steps():
    terms = np.array([[1.0, np.nan, np.nan], [1.0, 2.0, np.nan], [1.0, 2.0, 3.0]])
    expected = [[1.0, np.nan, np.nan], [2.0, 1.0, np.nan], [3.0, 2.0, 1.0]]
    np.testing.assert_array_equal(by_source(terms), expected)


@pytest.mark.parametrize("name", ["log10", "sign", "share", "inputs", "words", "clip", "unit"])
def test_mismatched_lengths_raise(name):
    wrong = ("a", "b") if name == "words" else np.zeros((2, 3))
    shape = {} if name == "log10" else {name: wrong}
    with pytest.raises(ValueError, match="must have shape"):
        panel(**({"log10": np.zeros((2, 3))} if name == "log10" else shape))


def test_a_panel_with_units_is_divided_by_them_on_the_figure_and_on_the_scale():
    found = panel(log10=np.full((4, 4), -3.0), unit=np.array([-4.0, -3.0, -5.0, 0.0]))
    np.testing.assert_array_equal(found.relative[:, 0], [1.0, 0.0, 2.0, -3.0])
    assert colour_range([found], True, -12.0) == (-12.0, 2.0)
    shown = trace(heatmap(found, View(low=-12.0, high=2.0)), "terms").z
    np.testing.assert_array_equal(shown[:, 0], [1.0, 0.0, 2.0, -3.0])


LOST = np.zeros((4, 4), bool)
LOST[[1, 2, 3], [0, 1, 0]] = True
# A sound row; a wrong k = 1 term; a wrong largest term over which the row is; a lost k = 1 term.
SIZES = np.full((4, 4), -np.inf)
SIZES[0, :3] = SIZES[1, :3] = 0.0, -1.0, -2.0
SIZES[2, 1:] = SIZES[3, 1:] = 2.0, 1.0, 0.0


@pytest.mark.parametrize("axis", ["lag", "source"])
def test_all_over_a_term_with_too_few_digits_is_marked_but_for_zeros(axis):
    found = panel(log10=SIZES, doubtful=LOST)
    expected = LOST | ((np.arange(4)[:, None] > 0) & np.isfinite(SIZES))
    for relative, marks in ((False, LOST), (True, expected)):
        view = View(relative=relative, axis=axis)
        shown = shown_cells(found, view).doubtful
        np.testing.assert_array_equal(
            shown, by_source(marks * 1.0) == 1 if axis == "source" else marks
        )
        assert shown_cells(found, view, 2).doubtful.any()


def test_a_row_over_a_unit_of_its_own_is_marked_where_that_is_wrong():
    wrong = np.array([False, True, False, False])
    found = panel(log10=SIZES, doubtful=LOST, unit=np.zeros(4), unit_doubtful=wrong)
    expected = LOST | (wrong[:, None] & np.isfinite(SIZES))
    np.testing.assert_array_equal(found.relative_doubtful, expected)
    square = square_panel("LSTM", "dL_t/db", SIZES, np.ones((4, 1)), doubtful=LOST)
    over_wrong = np.array([False, True, True, False])  # the rows whose largest term is
    np.testing.assert_array_equal(
        square.relative_doubtful, LOST | (over_wrong[:, None] & np.isfinite(SIZES))
    )


def test_view_refuses_a_range_that_is_empty():
    with pytest.raises(ValueError, match="low must be below high"):
        View(low=0.0, high=0.0)
    with pytest.raises(ValueError, match="axis must be"):
        View(axis="time")


def test_colour_range_is_shared_rounded_up_and_never_empty():
    first = panel(log10=np.full((4, 4), 0.0))
    second = panel(log10=np.where(np.arange(4) == 0, 0.0, 2.3) * np.ones((4, 1)))
    assert colour_range([first, second], True, -12.0) == (-12.0, 3.0)
    assert colour_range([first], True, -6.0) == (-6.0, 0.0)
    assert colour_range([panel(log10=np.full((4, 4), -40.5))], False, -12.0) == (-12.0, 0.0)
    assert colour_range([panel(log10=np.full((4, 4), -np.inf))], True, -12.0) == (-12.0, 0.0)
    assert colour_range([], False, 3.5) == (3.5, 4.0)
