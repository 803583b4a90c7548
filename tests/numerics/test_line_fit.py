"""The line of least absolute deviations, against all lines through two of the points."""

import itertools

import numpy as np
import pytest

from gradflow.numerics.line_fit import BentLine, bent_line


@pytest.mark.parametrize("seed", range(20))
def test_no_line_through_two_points_leaves_much_less(seed):
    # One of these lines is the best of all.
    rng = np.random.default_rng(seed)
    k = np.sort(rng.choice(np.arange(1.0, 30.0), rng.integers(3, 12), replace=False))
    y = 5.0 + 0.05 * rng.normal(size=len(k)).cumsum()
    slopes = [
        (first, (y[last] - y[first]) / (k[last] - k[first]))
        for first, last in itertools.combinations(range(len(k)), 2)
    ]
    least = min(np.abs(y - y[n] - slope * (k - k[n])).sum() for n, slope in slopes)
    found = bent_line(k, y)
    assert found.bend is None
    assert least - 1e-12 <= np.abs(y - found.at(k)).sum() <= 1.02 * least


@pytest.mark.parametrize("height", [0.0, 1.4623979979000223, -869.3])
def test_a_flat_row_is_flat_to_the_last_digit(height):
    assert bent_line(np.arange(1.0, 30.0), np.full(29, height)) == BentLine(
        None, height, (0.0, 0.0)
    )
