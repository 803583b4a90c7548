"""Flows whose states lose digits: found without a second run, and freed of zeros that are none."""

from dataclasses import replace

import numpy as np
import pytest

import gradflow as gf
from gradflow.flow.lost_digits import may_lack_digits, with_better_states

UNIT = gf.UnitLoss()
LEAST = 2.0**-1022


def test_states_below_float64_become_the_least_number_and_exact_zeros_stay():
    # s_j = 1e-300 * 1e-30^(j-1), and z_j of the step that meets it.
    flow = gf.gradient_flow(gf.RNN(1e-300, 1e-30), gf.sequences.impulse(4), loss=UNIT)
    better = with_better_states(flow)
    assert better.trace.s[:, 0].tolist() == [0.0, 1e-300, LEAST, LEAST, LEAST]
    assert better.trace.z[:, 0].tolist() == [1e-300, LEAST, LEAST, LEAST]
    np.testing.assert_array_equal(better.x, flow.x)
    dead = gf.gradient_flow(gf.RNN(1.0, 1.0, activation="relu"), [1.0, -2.0, -1.0], loss=UNIT)
    assert with_better_states(dead).trace.s[:, 0].tolist() == [0.0, 1.0, 0.0, 0.0]


def test_a_state_that_cancels_gets_its_digits():
    x = [0.1, 0.2, -0.3]
    flow = gf.gradient_flow(gf.RNN(1.0, 1.0, activation="identity"), x, loss=UNIT)
    # 0.1 + 0.2 - 0.3 of these float64 numbers, by fractions: 2^-55.
    assert flow.trace.s[3, 0] == 2.0**-54
    assert with_better_states(flow).trace.s[3, 0] == 2.0**-55


@pytest.mark.parametrize(
    ("x", "loses"),
    [([1.0, 0.5, -0.3], False), ([0.1, 0.2, -0.3], True), ([1e-310, 0.5, 1.0], True)],
)
def test_what_may_lose_digits_is_told_from_the_states_alone(monkeypatch, x, loses):
    flow = gf.gradient_flow(gf.RNN(1.0, 1.0, activation="identity"), x, loss=UNIT)
    monkeypatch.setattr("gradflow.flow.record.refined_pass", None)
    assert may_lack_digits(flow) == loses


def test_a_slope_of_the_loss_that_is_nearly_zero_may_have_lost_digits():
    flow = gf.gradient_flow(gf.RNN(0.5, 0.9), [1.0, 0.5])
    met = replace(flow.loss, target=flow.trace.o * (1.0 + 1e-12))
    assert not may_lack_digits(flow)
    assert may_lack_digits(gf.gradient_flow(flow.cell, flow.x, loss=met))
