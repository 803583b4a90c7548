"""Activations and slopes against 60 digits, also where a difference would cancel."""

import mpmath as mp
import numpy as np
import pytest
from oracles.scalar_terms import LN10

from gradflow.numerics.activations import (
    ACTIVATIONS,
    log10_sigmoid,
    scaled_sigmoid,
    sigmoid,
)

SIZES = [0.0, 1e-300, 1e-8, 0.3, 1.0, 5.0, 19.0, 37.0, 100.0, 369.0, 400.0, 745.5, 1e3, 5e3, 2e4]
Z = np.array([sign * size for size in SIZES for sign in (1.0, -1.0)])


def unit(v):
    return min(max(v, mp.mpf(0)), mp.mpf(1))


# No difference of near equals, so 60 digits are enough.
EXACT = {
    "tanh": (mp.tanh, lambda z: mp.sech(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + mp.exp(-z)), lambda z: 1 / (2 + mp.exp(z) + mp.exp(-z))),
    "identity": (lambda z: z, lambda z: mp.mpf(1)),
    "relu": (lambda z: max(z, mp.mpf(0)), lambda z: mp.mpf(z > 0)),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2),
    "elu": (lambda z: z if z > 0 else mp.expm1(z), lambda z: mp.exp(min(z, mp.mpf(0)))),
    "hard_sigmoid_fifth": (lambda z: unit(z / 5 + 0.5), lambda z: mp.mpf(abs(z) < 2.5) / 5),
    "hard_sigmoid_sixth": (lambda z: unit(z / 6 + 0.5), lambda z: mp.mpf(abs(z) < 3) / 6),
}
by_activation = pytest.mark.parametrize("name", EXACT)


def exact(function, z):
    with mp.workdps(60):
        return [function(mp.mpf(float(v))) for v in z]


def log10(values):
    with mp.workdps(60):
        return np.array([float(mp.log10(v)) if v else -np.inf for v in values])


def assert_log10(found, expected):
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
    finite = np.isfinite(expected)
    error = np.abs(np.expm1(LN10 * (found[finite] - expected[finite])))
    assert error.max(initial=0.0) < 2e-11


def test_all_activations_are_there():
    assert sorted(ACTIVATIONS) == sorted([*EXACT, "linear"])
    assert ACTIVATIONS["linear"] is ACTIVATIONS["identity"]
    assert all(ACTIVATIONS[name].name == name for name in EXACT)


@by_activation
def test_values_are_right_to_the_last_digits(name):
    z = Z[np.abs(Z) <= 700]  # beyond, sigmoid leaves float64
    expected = [float(v) for v in exact(EXACT[name][0], z)]
    np.testing.assert_allclose(ACTIVATIONS[name].value(z), expected, rtol=4e-16, atol=0)


def test_a_sigmoid_far_below_zero_leaves_those_beside_it_their_digits():
    z = np.append(Z[np.abs(Z) <= 700], [-650.0, -700.0])
    expected = [float(v) for v in exact(EXACT["sigmoid"][0], z)]
    np.testing.assert_allclose(sigmoid(z), expected, rtol=4e-16, atol=0)


@by_activation
def test_values_are_finite_without_a_warning_anywhere(name):
    assert np.isfinite(ACTIVATIONS[name].value(np.array([-1e300, -1e4, 1e4, 1e300]))).all()


@by_activation
def test_slopes_keep_their_digits_at_any_magnitude(name):
    slope = ACTIVATIONS[name].slope(Z)
    expected = exact(EXACT[name][1], Z)
    assert_log10(slope.log10(), log10(expected))
    np.testing.assert_array_equal(np.sign(slope.mantissa), [int(v > 0) for v in expected])


@by_activation
def test_plain_slopes_are_those_that_float64_has(name):
    z = Z[np.abs(Z) <= 300]
    expected = [float(v) for v in exact(EXACT[name][1], z)]
    np.testing.assert_allclose(ACTIVATIONS[name].slope(z).plain(), expected, rtol=3e-15, atol=0)


@by_activation
def test_slopes_are_the_derivatives_of_the_values(name):
    z = np.linspace(-3.0, 3.0, 40).reshape(8, 5)
    step = 1e-30
    derivative = ACTIVATIONS[name].value(z + 1j * step).imag / step
    found = ACTIVATIONS[name].slope(z)
    assert found.shape == z.shape
    np.testing.assert_allclose(found.plain(), derivative, rtol=1e-14, atol=0)


def test_the_slope_of_relu_at_zero_is_exactly_zero():
    slope = ACTIVATIONS["relu"].slope(np.array([0.0, -0.0, -1.0, 5e-324]))
    np.testing.assert_array_equal(np.sign(slope.mantissa), [0, 0, 0, 1])
    np.testing.assert_array_equal(np.isneginf(slope.log10()), [True, True, True, False])


def test_sigmoid_takes_both_sides_to_the_last_digits():
    z = np.array([-700.0, -40.0, 40.0])
    np.testing.assert_allclose(
        sigmoid(z), [float(v) for v in exact(EXACT["sigmoid"][0], z)], rtol=4e-16
    )
    assert sigmoid(np.array([-1e4]))[0] == 0.0
    assert sigmoid(np.array([1e4]))[0] == 1.0


def test_scaled_sigmoid_is_not_zero_where_sigmoid_is():
    found = scaled_sigmoid(Z)
    assert_log10(found.log10(), log10(exact(EXACT["sigmoid"][0], Z)))
    assert (found.mantissa > 0).all()


def test_log10_sigmoid_keeps_what_1_minus_sigmoid_would_lose():
    z = Z[np.abs(Z) < 700]
    expected = [float(v) for v in exact(lambda z: -mp.log1p(mp.exp(-z)) / mp.log(10), z)]
    np.testing.assert_allclose(log10_sigmoid(z), expected, rtol=1e-15, atol=0)


@pytest.mark.slow
@by_activation
def test_secants_keep_the_digits_that_a_difference_of_values_would_lose(name):
    secant, value = ACTIVATIONS[name].secant, EXACT[name][0]
    z = Z[np.abs(Z) <= 400.0]
    a = np.concatenate([np.repeat(z, len(z)), z, z, z * (1.0 + 1e-14), z + 1e-3])
    b = np.concatenate([np.tile(z, len(z)), z + 0.5, z * (1.0 - 1e-9), z, z])
    a, b = a[a != b], b[a != b]
    with mp.workdps(800):  # tanh(400) is 1 to 347 digits
        pairs = [(mp.mpf(float(v)), mp.mpf(float(w))) for v, w in zip(a, b, strict=True)]
        values = {v: value(v) for pair in pairs for v in pair}
        expected = [(values[w] - values[v]) / (w - v) for v, w in pairs]
    assert_log10(secant(a, b).log10(), log10(expected))


def test_a_secant_between_equal_arguments_is_the_slope():
    for activation in ACTIVATIONS.values():
        assert_log10(activation.secant(Z, Z).log10(), activation.slope(Z).log10())


EDGE = np.array([2.5, 3.0, 0.0, 1.0]) * (1.0 - 1e-13)
NEAR = np.concatenate([Z[np.abs(Z) <= 300.0], EDGE, -EDGE])


@by_activation
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_distance_from_one_keeps_the_digits_that_a_difference_would_lose(name, side):
    activation = ACTIVATIONS[name]
    with mp.workdps(800):
        expected = [1 - side * EXACT[name][0](mp.mpf(float(z))) for z in NEAR]
    found = activation.distance(NEAR, side)
    np.testing.assert_allclose(found, [float(v) for v in expected], rtol=1e-13, atol=0)
    if side > 0:
        assert_log10(activation.scaled_rest(NEAR).log10(), log10([abs(v) for v in expected]))
    complex_step = activation.distance(NEAR + 1e-30j, side).imag / 1e-30
    np.testing.assert_allclose(complex_step, -side * activation.slope(NEAR).plain(), rtol=1e-13)


@by_activation
def test_one_number_is_taken_as_an_array_of_one_is(name):
    activation = ACTIVATIONS[name]
    for z in NEAR.tolist():
        assert activation.of_number(z) == pytest.approx(activation.value(np.array([z]))[0], 1e-15)
        value = activation.value(np.array([z + 1e-30j]))[0]
        found = complex(activation.of_complex(z + 1e-30j))
        assert found.imag == pytest.approx(value.imag, rel=1e-13, abs=0)


def test_only_what_stays_within_one_says_so():
    for activation in ACTIVATIONS.values():
        assert activation.within_one == bool((np.abs(activation.value(Z)) <= 1.0).all())
