"""Numbers with exponents: products against mpmath, and shares of sizes beyond float64."""

import mpmath as mp
import numpy as np
import pytest

from gradflow.numerics.log10_numbers import log_shares
from gradflow.numerics.scaled import Scaled, exponent_range


def far_apart(generator, rows, columns, spread, zeros=0.0):
    """Random numbers whose powers of two lie within +-spread, some of them 0."""
    shape = (rows, columns)
    mantissa = generator.normal(size=shape) * (generator.random(shape) >= zeros)
    return Scaled.of(mantissa, generator.integers(-spread, spread + 1, size=shape))


def exact(numbers):
    pairs = zip(numbers.mantissa.ravel(), numbers.exponent.ravel(), strict=True)
    values = [mp.mpf(float(m)) * mp.mpf(2) ** int(e) if m else mp.mpf(0) for m, e in pairs]
    return np.array(values, object).reshape(numbers.shape)


@pytest.mark.parametrize("spread", [0, 150, 399, 400, 401, 3000])
@pytest.mark.parametrize("zeros", [0.0, 0.5])
def test_a_product_is_right_however_far_its_numbers_lie_apart(spread, zeros):
    generator = np.random.default_rng(spread)
    rows = far_apart(generator, 5, 7, spread, zeros)
    matrix = far_apart(generator, 7, 4, spread, zeros)
    with mp.workdps(4000):
        a, b, found = exact(rows), exact(matrix), exact(rows @ matrix)
        expected, sizes = a @ b, np.abs(a) @ np.abs(b)
        error = np.abs(found - expected)
        assert (error <= sizes * mp.mpf(2) ** -50).all()


def test_a_product_of_nothing_is_nothing():
    nothing = Scaled.of(np.zeros((2, 3)))
    far = far_apart(np.random.default_rng(0), 3, 2, 3000)
    assert ((nothing @ far).mantissa == 0.0).all()


def test_shares_of_sizes_that_float64_does_not_hold():
    log10 = np.array(
        [[-1000.0, -1000.0, -np.inf, np.nan], [400.0, 400.0 + np.log10(3.0), 0.0, 0.0]]
    )
    expected = [[0.5, 0.5, 0.0, np.nan], [0.25, 0.75, 0.0, 0.0]]
    np.testing.assert_allclose(log_shares(log10, axis=1), expected, rtol=1e-13, atol=1e-300)
    squares = log_shares(log10[1, :2], axis=0, power=2)
    np.testing.assert_allclose(squares, [0.1, 0.9], rtol=1e-12)


def test_there_are_no_shares_of_nothing():
    assert np.isnan(log_shares(np.full((2, 3), -np.inf), axis=0)).all()


SIZES = [[1.0, -3.0, 0.0, 0.75], [1e-200, 5e-324, -1e200, 2.0], [0.0, 0.0, 0.0, 0.0]]
PLAIN = [np.array(SIZES[:1]), np.array(SIZES[1:2]), np.array(SIZES)]


@pytest.mark.parametrize("b", PLAIN, ids=["near 1", "far apart", "rows"])
@pytest.mark.parametrize("a", PLAIN, ids=["near 1", "far apart", "rows"])
def test_numbers_that_are_not_parted_are_those_that_are(a, b):
    left, right = (Scaled.of(one) for one in (a, b))
    parted = [Scaled.room(one) for one in (a, b)]
    same(left, parted[0])
    same(left @ right.transpose(1, 0), parted[0] @ parted[1].transpose(1, 0))
    same(Scaled.stacked([left, right]), Scaled.stacked(parted))
    same(-left[:, 1:].reshape(-1), -parted[0][:, 1:].reshape(-1))
    if len(a) == len(b) or 1 in (len(a), len(b)):
        same(left * right, parted[0] * parted[1])
        same(left * b, parted[0] * parted[1])
        same(left + right, parted[0] + parted[1])
    for axis in (0, 1, None):
        for ours, theirs in zip(*(exponent_range(n, axis) for n in (left, parted[0])), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_numbers_that_are_not_parted_refuse_to_be_changed():
    found = Scaled.of(np.ones(3))
    for array in (found.plain(), found.mantissa, found.exponent):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 2


def same(found, expected):
    np.testing.assert_array_equal(found.mantissa, expected.mantissa)
    np.testing.assert_array_equal(found.exponent, expected.exponent)
    np.testing.assert_array_equal(found.plain(), expected.plain())
