"""Which paths carry a target's gradient: lags and shares of cases made by hand."""

import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis.path_shares import PathShares, signed_shares


def made(cell, rest, whole=None):
    """Sizes of paths given as plain numbers."""
    with np.errstate(divide="ignore"):
        cell, rest, whole = (
            np.log10(np.abs(np.asarray(part, dtype=float)))
            for part in (cell, rest, np.add(cell, rest) if whole is None else whole)
        )
    ones = np.ones(len(cell), np.int8)
    return PathShares(cell, rest, whole, ones, ones, np.zeros(len(cell)))


@pytest.mark.parametrize(
    ("cell", "rest", "takeover"),
    [
        ([8, 4, 2, 1], [0, 3, 3, 3], 3),
        ([8, 4, 2, 1], [0, 3, -3, -3], 4),
        ([8, 4, 2, 1], [0, 3, 1, 3], 4),
        ([8, 4, 2, 1], [0, 5, 5, 0.5], None),
        ([8, 4, 2, 1], [0, 0, 0, 0], None),
        ([8, 4, 0, 1], [0, 3, 0, 3], 4),
        ([8, 4, 2, 0], [0, 3, 3, 0], 3),
        ([0, 4, 2, 1], [0, 5, 3, 3], 2),
        ([0, 0], [0, 0], None),
        ([2, 2], [0, 2], None),
    ],
)
def test_the_detours_take_over_where_they_carry_from_there_on(cell, rest, takeover):
    assert made(cell, rest).takeover == takeover


def test_lags_without_any_path_are_not_compared():
    found = made([8, 0, 2, 1], [0, 0, 3, 0.5])
    np.testing.assert_array_equal(found.compared, [1, 3, 4])
    assert found.dominant_parts == ("cell", None, "detours", "cell")
    assert found.t == 4


@pytest.mark.parametrize(
    ("cell", "rest", "found"),
    [
        (0, 0, None), (2, 0, "cell"), (0, -2, "detours"), (2, 2, "cell"), (2, -0.9, "cell"),
        (2, -1.1, "neither"), (2, -2, "neither"), (1.1, -2, "neither"), (0.9, -2, "detours"),
    ],
)  # fmt: skip
def test_what_carries_a_term_is_the_larger_part_if_more_than_half_of_it_is_left(cell, rest, found):
    assert made([cell], [rest]).dominant_parts == (found,)


def test_the_furthest_lag_is_the_last_whose_term_is_not_exactly_zero():
    assert made([8, 4, 2, 0], [0, 1, 1, 0]).furthest == 3
    assert made([8, 4], [0, -4]).furthest == 1
    assert made([0, 0], [0, 0]).furthest is None


def test_shares_add_up_in_size_and_are_negative_against_the_whole():
    log10 = np.log10([[1.0, 6.0], [3.0, 2.0]])
    sign = np.array([[1, -1], [-1, 1]])
    share = signed_shares(log10, sign, np.array([-1, -1]))
    np.testing.assert_allclose(share, [[-0.25, 0.75], [0.75, -0.25]])
    np.testing.assert_allclose(np.abs(share).sum(axis=0), 1.0)


def test_shares_at_any_magnitude_of_nothing_and_of_what_cancels():
    log10 = np.array([[-5000.0, -np.inf, 0.0], [-5000.0, -np.inf, 0.0]])
    sign = np.array([[1, 0, 1], [1, 0, -1]])
    share = signed_shares(log10, sign, np.array([1, 0, 0]))
    np.testing.assert_array_equal(share, [[0.5, np.nan, 0.5], [0.5, np.nan, -0.5]])


def test_shares_of_a_networks_classes_add_up_to_the_cancelled_sum():
    x = np.random.default_rng(3).normal(size=20)
    flow = gf.gradient_flow(gf.LSTM.scalar(0.7, -1.3, 1.0), x)
    classes = flow.by_detours("w_xi", classes=3)
    last = (slice(None), -1)
    share = signed_shares(classes.log10[last], classes.sign[last], flow.sign("w_xi")[-1])
    sizes = (10.0 ** classes.log10[last]).sum(axis=0)
    np.testing.assert_allclose(
        share.sum(axis=0) * sizes, np.abs(flow.value("w_xi")[-1]), rtol=1e-9, atol=1e-300
    )
