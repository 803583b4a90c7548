"""The fall and the tail of rows that were made to have them."""

import math

import numpy as np
import pytest

from gradflow.numerics.falls_and_tails import LEVELS, factor, fall_and_tail_of


def made(t, bend=1, fall=0.0, tail=0.0, noise=0.0, seed=0):
    """A row that falls by `fall` a step to lag `bend` and then by `tail` a step, in log10."""
    k = np.arange(1.0, t + 1.0)
    before = np.minimum(k, bend) - 1.0
    row = -2.0 + fall * before + tail * (k - 1.0 - before)
    return row + noise * np.random.default_rng(seed).normal(size=t)


@pytest.mark.parametrize("rate", [-3.0, -0.5, -0.01, 0.0, 0.02])
@pytest.mark.parametrize("t", [2, 3, 7, 60, 2000])
def test_a_straight_row_is_all_tail(t, rate):
    found = fall_and_tail_of(made(t, tail=rate))
    assert found.bend is None
    assert found.log10_fall == 0.0
    assert math.isnan(found.fall_decay)
    assert found.tail_decay == pytest.approx(10.0**rate, rel=1e-10)
    assert found.log10_left == pytest.approx(rate * (t - 1), abs=1e-8)
    assert found.tail_deviation == pytest.approx(0.0, abs=1e-8)
    expected = math.log10(2) / -rate if rate < 0 else math.inf
    assert found.tail_half_life == pytest.approx(expected, rel=1e-9) or rate == 0.0


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("tail", [-0.05, math.log10(0.9997), 0.01])
@pytest.mark.parametrize(("t", "bend"), [(60, 6), (60, 2), (60, 25), (1000, 6), (12, 4)])
def test_a_fall_is_told_from_the_tail(t, bend, tail, noise):
    found = fall_and_tail_of(made(t, bend, -0.9, tail, noise))
    assert found.bend is not None
    assert abs(found.bend - bend) <= (1 if noise else 0)
    tolerance = 1e-6 if noise == 0.0 else 6 * noise / t
    assert math.log10(found.tail_decay) == pytest.approx(tail, abs=tolerance)
    assert math.log10(found.fall_decay) == pytest.approx(-0.9, abs=1e-6 + 3 * noise)
    assert found.log10_fall == pytest.approx(-0.9 * (bend - 1), abs=1e-5 + 10 * noise)
    assert found.tail_deviation <= 1.5 * noise + 1e-6


def test_the_recall_row_falls_in_five_steps_and_then_stays():
    found = fall_and_tail_of(made(60, 6, -0.7, math.log10(0.9997)))
    assert (found.bend, found.verdict) == (6, "stable")
    assert found.log10_fall == pytest.approx(-3.5, abs=1e-6)
    assert found.tail_decay == pytest.approx(0.9997, abs=1e-6)
    assert found.tail_half_life == pytest.approx(math.log(2) / -math.log(0.9997), rel=1e-3)
    assert found.sentence == "falls to 0.03% within 5 steps, then keeps it to step 1"
    assert dict(found.horizons) == {0.5: 1, 0.1: 2, 0.01: 3, 1e-3: 5, 1e-4: 60}


@pytest.mark.parametrize("dead", [-math.inf, -300.0])
@pytest.mark.parametrize("lag", [2, 15, 30, 59, 60])
def test_one_dead_step_decides_nothing(lag, dead):
    row, whole = made(60, tail=-0.02), fall_and_tail_of(made(60, tail=-0.02))
    row[lag - 1] = dead
    found = fall_and_tail_of(row)
    assert found.bend is None
    assert found.tail_decay == pytest.approx(whole.tail_decay, rel=1e-5)
    assert found.log10_left == pytest.approx(whole.log10_left, abs=1e-4)
    assert found.verdict == whole.verdict
    assert found.zeros == (1 if math.isinf(dead) else 0)


def test_zeros_decide_where_they_are_the_most():
    row = made(20)
    row[10:] = -math.inf
    assert fall_and_tail_of(row).verdict == "stable"
    row[9] = -math.inf
    found = fall_and_tail_of(row)
    assert (found.verdict, found.tail_decay, found.tail_half_life) == ("vanishing", 0.0, 0.0)
    assert (found.zeros, found.zero_from, found.log10_left) == (11, 10, -math.inf)
    assert found.sentence == "keeps its size to step 12, and is exactly zero from step 11"


def test_zeros_between_others_decide_nothing():
    row = np.full(60, -math.inf)
    row[4::10] = made(60, tail=-0.005)[4::10]  # w_x of an input that is 0 but at every tenth step
    found = fall_and_tail_of(row)
    assert (found.zeros, found.zero_from, found.verdict) == (54, 6 + 50, "stable")
    assert found.tail_decay == pytest.approx(10.0**-0.005, rel=1e-9)
    assert found.sentence == "keeps its size to step 6, and is exactly zero from step 5"
    # Over the largest, as the k = 1 term is zero.
    assert dict(found.horizons) == {0.5: 55, 0.1: 55, 0.01: 55, 1e-3: 55, 1e-4: 55}


def test_a_single_term_at_the_end_is_told_by_its_step():
    row = np.append(np.full(8, -math.inf), -7.0)
    found = fall_and_tail_of(row)
    assert found.sentence == "is at step 1 alone"
    assert (found.verdict, found.zero_from) == ("stable", None)
    assert math.isnan(found.tail_decay)
    assert set(found.horizons.values()) == {9}


def test_rows_of_zeros_and_of_one_term():
    nothing = fall_and_tail_of(np.full(5, -math.inf))
    assert (nothing.verdict, nothing.zero_from) == ("vanishing", 1)
    assert set(nothing.horizons.values()) == {0}
    assert nothing.sentence == "is exactly zero"
    single = fall_and_tail_of(np.array([-2.0]))
    assert (single.verdict, single.bend, single.zeros) == ("stable", None, 0)
    assert math.isnan(single.tail_decay)
    assert single.sentence == "is at the target step alone"
    assert set(single.horizons.values()) == {1}


@pytest.mark.parametrize(
    ("rate", "t", "expected"),
    [
        (math.log10(0.9), 60, "vanishing"),
        (math.log10(0.98), 60, "stable"),
        (math.log10(0.98), 500, "vanishing"),
        (math.log10(1.02), 60, "stable"),
        (math.log10(1.02), 90, "exploding"),
        (-0.5, 3, "vanishing"),
    ],
)
def test_the_verdict_is_by_what_the_tail_leaves_over_the_whole_way(rate, t, expected):
    assert fall_and_tail_of(made(t, tail=rate)).verdict == expected
    if t >= 60:
        assert fall_and_tail_of(made(t, 4, -1.0, rate)).verdict == expected


def test_horizons_are_the_last_lags_at_their_levels():
    row = made(80, 5, -0.6, -0.03, 0.2, seed=3)
    sizes = 10.0 ** (row - row[0])
    for level, lag in fall_and_tail_of(row).horizons.items():
        assert lag == max(k for k in range(1, 81) if sizes[k - 1] >= level)
    assert tuple(fall_and_tail_of(row).horizons) == LEVELS


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (made(60, tail=-0.0301), "halves every 10 steps to step 1"),
        (made(60, tail=0.1), "doubles every 3.01 steps to step 1"),
        (made(60, 2, -1.0), "falls to 10% within 1 step, then keeps it to step 1"),
        (made(60, 9, -1.0, -0.1), "falls to 10^-8.0 within 8 steps, then halves every 3.01"),
        (made(60, 9, 0.1), "grows to 6.3 times within 8 steps, then keeps it to step 1"),
    ],
)
def test_the_row_in_words(row, words):
    assert fall_and_tail_of(row).sentence.startswith(words)


def test_a_factor_is_zero_only_for_what_is_zero():
    assert factor(-400.0) > 0.0
    assert factor(-math.inf) == 0.0
    assert factor(-2.0) == pytest.approx(0.01, rel=1e-15)
    assert factor(400.0) == math.inf
