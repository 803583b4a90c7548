"""One byte a cell says the colour that Plotly gives it."""

from dataclasses import replace

import numpy as np
import pytest
from plotly.colors import hex_to_rgb, label_rgb, sample_colorscale, unlabel_rgb

import gradflow as gf
from gradflow.figures.builders.cell_levels import (
    CHEQUER,
    FEW,
    FIRST,
    FREE,
    NOTHING,
    colour_table,
    shown_levels,
    signed_levels,
)
from gradflow.figures.builders.colour_scale import View, colour_range, ends_and_colours
from gradflow.figures.builders.flow_records import term_panel
from gradflow.figures.builders.heatmap_cells import positions, shown_cells

# A colour moves by no more than this over one of the 239 steps of the scale, which has four parts.
WITHIN = 4 * 255 / 239


def _shown(signs, block=1, w_h=1.4):
    x = np.where(np.arange(12) % 5 == 2, 0.0, 1.0)  # some terms are exactly zero
    panel = term_panel(gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=w_h), x), "w_xc")
    low, high = colour_range([panel], True, -2.0)
    view = View(floor=-2.0, signs=signs, low=low, high=high)
    return panel, view, shown_cells(panel, view, block)


@pytest.mark.parametrize("signs", [False, True])
@pytest.mark.parametrize("block", [1, 5])
def test_a_cell_has_the_colour_that_plotly_gives_it(signs, block):
    panel, view, cells = _shown(signs, block)
    levels, table = shown_levels(cells, view), colour_table(panel, view)
    low, high, scale = ends_and_colours(panel, view)
    finite = np.isfinite(cells.log10)
    shares = np.clip((positions(cells, view)[finite] - low) / (high - low), 0.0, 1.0)
    stops = [[place, label_rgb(hex_to_rgb(colour))] for place, colour in scale]
    expected = [unlabel_rgb(one) for one in sample_colorscale(stops, shares.tolist())]
    assert np.abs(table[levels[finite], :3] - np.array(expected)).max() <= WITHIN
    assert (table[levels[finite], 3] == 255).all()


def test_exact_zeros_are_chequered_and_what_is_no_term_is_clear():
    panel, view, cells = _shown(signs=False)
    levels, table = shown_levels(cells, view), colour_table(panel, view)
    rows, columns = np.nonzero(np.isneginf(cells.log10))
    assert rows.size
    np.testing.assert_array_equal(levels[rows, columns], np.take(CHEQUER, (rows + columns) % 2))
    assert (levels[np.isnan(cells.log10)] == NOTHING).all()
    assert table[NOTHING, 3] == 0
    assert not table[FREE:].any()


@pytest.mark.parametrize("signs", [False, True])
def test_terms_with_too_few_digits_are_chequered_in_colours_of_their_own(signs):
    panel, view, cells = _shown(signs)
    plain = shown_levels(cells, view)
    doubtful = np.zeros(plain.shape, bool)
    doubtful[5, :3] = True
    levels, table = shown_levels(replace(cells, doubtful=doubtful), view), colour_table(panel, view)
    assert np.isin(levels[doubtful], FEW).all()
    assert len(np.unique(table[[*FEW, *CHEQUER]], axis=0)) == 4
    np.testing.assert_array_equal(levels[~doubtful], plain[~doubtful])


def test_signed_sizes_have_the_colours_of_the_heatmap_that_tells_signs():
    _, view, cells = _shown(signs=True)
    finite = np.isfinite(cells.log10)
    low, high = view.low - view.high, view.high - view.low
    share = (np.clip(positions(cells, view), low, high) - low) / (high - low)
    found = signed_levels(cells.log10, cells.sign, view)
    assert np.abs(found[finite] - FIRST - 239 * share[finite]).max() < 0.51
    np.testing.assert_array_equal(found, shown_levels(cells, view))
    assert found.max() < FREE
    assert found[np.isfinite(cells.log10)].min() >= FIRST
