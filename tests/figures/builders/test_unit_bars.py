"""The units of a layer by their half-life."""

import numpy as np

from gradflow.figures.builders.unit_bars import Units, by_half_life, units


def test_units_stand_by_their_half_life_and_those_that_do_not_shrink_apart():
    life = np.array([2.0, np.inf, 5.0, np.nan])
    share = np.array([0.1, 0.6, 0.3, 0.0])
    figure = units(Units(life, share, 9))
    assert by_half_life(life).tolist() == [1, 2, 0, 3]
    halves, other = figure.data
    np.testing.assert_array_equal(halves.x, [2, 3])
    np.testing.assert_array_equal(halves.y, [5.0, 2.0])
    np.testing.assert_array_equal(halves.customdata, [[2, 0.3], [0, 0.1]])
    assert (other.name, list(other.x), list(other.y)) == ("does not shrink", [1], [5.0])
    assert "k = 9" in halves.hovertemplate


def test_units_without_any_half_life_have_no_bars():
    assert not units(Units(np.full(3, np.nan), np.full(3, np.nan), 4)).data
