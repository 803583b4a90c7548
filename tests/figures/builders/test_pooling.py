"""Blocks of cells: nothing large hides, and zeros and gaps stay what they are."""

import math
from itertools import pairwise

import numpy as np
import pytest

from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.heatmap_cells import positions, shown_cells
from gradflow.figures.builders.panel import Panel, by_source
from gradflow.figures.builders.pooling import LONG, block_size, log_columns, log_edges, pooled


def triangle(T, seed=0):
    """Random log10 with exact zeros, whole blocks of them too, and nan where k > t."""
    generator = np.random.default_rng(seed)
    log10 = generator.normal(scale=300.0, size=(T, T))
    log10[generator.random((T, T)) < 0.3] = -np.inf
    log10[-4:, :4] = -np.inf
    log10[np.triu_indices(T, 1)] = np.nan
    return log10


def blocks(terms, n, columns=None):
    """Each block of n by n terms, or of n rows by some columns, with its place, one by one."""
    T = len(terms)
    ends = range(1, T + n + 1, n) if columns is None else columns
    for row in range(math.ceil(T / n)):
        for column, (first, end) in enumerate(pairwise(ends)):
            yield row, column, terms[row * n : row * n + n, first - 1 : end - 1]


@pytest.mark.parametrize(("T", "n"), [(1, 2), (8, 2), (9, 2), (9, 4), (10, 3), (23, 7)])
def test_each_block_is_its_largest_term_zero_if_all_are_and_nan_if_there_is_none(T, n):
    log10 = triangle(T)
    found = pooled(log10, n)
    assert found.log10.shape == found.place.shape == (math.ceil(T / n),) * 2
    for row, column, block in blocks(log10, n):
        shown = found.log10[row, column]
        if np.isnan(block).all():
            assert np.isnan(shown)
            continue
        assert shown == np.float32(np.nanmax(block))
        if np.isfinite(shown):
            assert block[divmod(int(found.place[row, column]), n)] == np.nanmax(block)


def test_the_terms_of_the_cells_are_those_they_show():
    log10 = triangle(23)
    found = shown_cells(Panel("RNN", "", log10, None, None, np.ones(23)), View(relative=False), 7)
    some = np.isfinite(found.log10)
    np.testing.assert_array_equal(log10[found.terms].astype(np.float32)[some], found.log10[some])


@pytest.mark.parametrize("n", [1, 3])
def test_each_cell_of_a_log_axis_is_the_largest_of_its_lags(n):
    log10 = triangle(60)
    panel = Panel("RNN", "", log10, None, None, np.ones(60))
    found = shown_cells(panel, View(relative=False, axis="log"), n)
    for row, column, block in blocks(log10, n, found.columns):
        largest = np.nan if np.isnan(block).all() else np.nanmax(block)
        np.testing.assert_array_equal(found.log10[row, column], np.float32(largest))
    some = np.isfinite(found.log10)
    np.testing.assert_array_equal(log10[found.terms].astype(np.float32)[some], found.log10[some])


def test_near_lags_have_columns_of_their_own_on_a_log_axis():
    assert log_columns(50, 1).tolist() == list(range(1, 52))
    columns = log_columns(2000, 7)
    assert columns[:30].tolist() == list(range(1, 31))
    assert columns[-1] == 2001
    ratios = log_edges(columns)[1:] / log_edges(columns)[:-1]
    assert (np.diff(columns) >= 1).all()
    assert ratios[40:].max() < 1.04  # a pixel or two of a plot that is 400 wide


def test_blocks_begin_at_400_steps_and_leave_at_most_300():
    assert [block_size(T) for T in (2, LONG - 1)] == [1, 1]
    for T in (LONG, 500, 601, 1000, 2000):
        assert block_size(T) >= 2
        assert T / block_size(T) <= 300


@pytest.mark.parametrize("axis", ["lag", "source"])
def test_signs_of_blocks_are_those_of_their_largest_terms(axis):
    log10 = triangle(9)
    sign = np.where(np.isnan(log10) | np.isneginf(log10), 0, (-1) ** np.arange(81).reshape(9, 9))
    panel = Panel("RNN", "dL_t/dw_x", log10, sign.astype(np.int8), None, np.ones(9))
    view = View(relative=False, signs=True, axis=axis, low=-2000.0, high=1000.0)
    found = shown_cells(panel, view, 2)
    shown = positions(found, view)
    by_axis = (lambda terms: terms) if axis == "lag" else by_source
    magnitudes, signs = by_axis(log10), by_axis(sign.astype(float))
    for row, column, block in blocks(magnitudes, 2):
        if not np.isfinite(block).any():
            assert np.isnan(shown[row, column])
            continue
        at = np.unravel_index(np.nanargmax(block), block.shape)
        expected = signs[2 * row + at[0], 2 * column + at[1]] * (block[at] + 2000.0)
        assert shown[row, column] == pytest.approx(expected, rel=1e-6)


def test_cells_stand_in_the_middle_of_their_terms():
    panel = Panel("RNN", "", triangle(7), None, None, np.ones(7))
    np.testing.assert_array_equal(shown_cells(panel, View()).steps, np.arange(1, 8))
    np.testing.assert_array_equal(shown_cells(panel, View(), 3).steps, [2.0, 5.0, 8.0])
