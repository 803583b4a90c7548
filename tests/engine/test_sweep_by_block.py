"""Cells of one unit, taken a span of steps at a time, against the same cells step by step."""

import numpy as np
import pytest
from oracles.scaled_sweep import scaled_sweep

import gradflow as gf
from gradflow.engine.sweep_by_block import spans
from gradflow.engine.sweep_by_step import carry_back
from gradflow.engine.term_tables import filled
from gradflow.numerics.scaled import Scaled

CELLS = {
    "lstm": gf.LSTM.scalar(w_x=0.5, w_h=-0.6, b_f=1.0),
    "lstm by gate": gf.LSTM.scalar(
        w_x={"i": 0.3, "f": -0.2, "c": 1.1, "o": 0.0},
        w_h={"i": 0.9, "f": 1e-20, "c": -1.3, "o": 0.7},
    ),
    "lstm without w_h": gf.LSTM.scalar(w_x=0.5, w_h=0.0),
    "lstm exploding": gf.LSTM.scalar(w_x=0.1, w_h={"i": 3.0, "f": 3.0, "c": 9.0, "o": 5.0}),
    "rnn": gf.RNN(0.7, -0.9),
    "rnn without w_s": gf.RNN(0.7, 0.0),
    "rnn shrinking 1e-20 a step": gf.RNN(0.7, 1e-20),
    "rnn growing 1e20 a step": gf.RNN(0.0, 1e20, activation="identity"),
    "relu": gf.RNN(0.7, 0.9, activation="relu"),
}
by_cell = pytest.mark.parametrize("name", CELLS)


def swept(cell, T):
    """What both sweeps start from, on noise with some targets whose loss is flat."""
    x = np.random.default_rng(T).normal(size=T)
    flow = gf.gradient_flow(cell, x, loss=gf.UnitLoss())
    seeds = flow._backward.seeds * np.where(np.arange(T) % 7 == 3, 0.0, 0.3)[:, None]
    return cell, flow._backward.slopes, seeds


def sign_and_log10(mantissa, exponent):
    with np.errstate(divide="ignore"):
        return np.sign(mantissa), np.log10(np.abs(mantissa)) + exponent * np.log10(2.0)


@by_cell
@pytest.mark.parametrize("T", [1, 2, 3, 4, 5, 9, 10, 16, 17, 40, 101])
def test_every_signal_is_that_of_the_sweep_step_by_step(name, T):
    given = swept(CELLS[name], T)
    (kept,) = spans(*given, signals=len(given[0].states))
    one = Scaled.of(np.ones(T))
    found = [
        sign_and_log10(*filled(kept.times(n, one), slice(0, T)))
        for n in range(len(given[0].states))
    ]
    for step in carry_back(*given):
        t = np.arange(step.j, T + 1)
        assert step.apart is None
        for (sign, log10), mantissa in zip(found, step.mantissas, strict=True):
            expected_sign, expected_log10 = sign_and_log10(mantissa[:, 0], step.exponent)
            place = (t - 1, t - step.j)
            np.testing.assert_array_equal(sign[place], expected_sign)
            # Where terms of both signs cancel, digits of the sum are lost in either order.
            np.testing.assert_allclose(log10[place], expected_log10, rtol=1e-13, atol=1e-11)


@by_cell
def test_blocks_of_targets_are_those_of_all_targets(name):
    T = 40
    given = swept(CELLS[name], T)
    (kept,) = spans(*given, signals=len(given[0].states))
    terms = kept.times(0, Scaled.of(np.ones(T)))
    whole, exponent = filled(terms, slice(0, T))
    for targets in (slice(0, 1), slice(0, 7), slice(5, 20), slice(39, 40)):
        mantissa, some = filled(terms, targets)
        np.testing.assert_allclose(mantissa, whole[targets, : targets.stop], rtol=1e-14, atol=0)
        if exponent.ndim:
            np.testing.assert_array_equal(some, exponent[targets, : targets.stop])


def test_beyond_the_first_input_there_is_nothing():
    given = swept(CELLS["lstm"], 10)
    (kept,) = spans(*given, signals=2)
    terms = kept.times(1, Scaled.of(np.ones(10)))
    mantissa, _ = filled(terms, slice(0, 10))
    assert (mantissa[~np.tri(10, dtype=bool)] == 0.0).all()


SATURATED = {
    "lstm, output gate shut": gf.LSTM.scalar(0.5, 0.5, b_o=-200.0),
    "lstm, all gates shut": gf.LSTM.scalar(0.5, 0.5, b_f=-200.0, b_i=-200.0, b_o=-200.0, b_c=100.0),
    "lstm, gates that shut at times": gf.LSTM.scalar(
        {"i": 3.0, "f": -200.0, "c": 1.0, "o": 150.0}, -0.7
    ),
    "lstm, gates in the thousands": gf.LSTM.scalar(1000.0, 0.5),
    "gru": gf.GRU.scalar(w_x=100.0, w_h=0.5),
    "rnn": gf.RNN(100.0, -0.9),
    "rnn, slopes of 1e-4000": gf.RNN(5000.0, 0.5),
    "lstm, units that one power of two does not hold": gf.LSTM.scalar(0.5, 1e-150, b_o=-200.0),
    "stack": gf.Stack([gf.LSTM.scalar(0.5, 0.5, b_o=-100.0), gf.RNN(60.0, 0.5)]),
}


@pytest.mark.parametrize("name", SATURATED)
@pytest.mark.parametrize("T", [1, 2, 9, 40])
def test_saturated_cells_are_those_of_a_sweep_with_an_exponent_for_every_number(name, T):
    cell, slopes, seeds = swept(SATURATED[name], T)
    signals = 1 + max(gate.signal for gate in cell.gates(slopes))
    (kept,) = spans(cell, slopes, seeds, signals)
    one = Scaled.of(np.ones(T))
    found = [sign_and_log10(*filled(kept.times(n, one), slice(0, T))) for n in range(signals)]
    for j, expected in scaled_sweep(cell, slopes, seeds):
        t = np.arange(j, T + 1)
        for (sign, log10), part in zip(found, expected, strict=True):
            np.testing.assert_array_equal(sign[t - 1, t - j], np.sign(part.mantissa[:, 0]))
            np.testing.assert_allclose(
                log10[t - 1, t - j], part.log10()[:, 0], rtol=1e-14, atol=1e-12
            )


def test_a_slope_of_a_saturated_unit_is_that_of_its_formula():
    flow = gf.gradient_flow(gf.RNN(5000.0, 0.5), np.ones(3), loss=gf.UnitLoss())
    slope = np.log10(4.0) - 2 * 5000.5 / np.log(10.0)  # 4 exp(-2 z) but for 1e-4000
    assert flow.log10("b")[-1, 0] == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("name", ["lstm", "lstm by gate", "lstm without w_h", "a gate shut"])
@pytest.mark.parametrize("T", [1, 5, 37])
def test_classes_of_chosen_targets_are_those_of_all(name, T):
    cell = CELLS.get(name) or gf.LSTM.scalar(0.5, 0.9, b_f=-200.0)
    x = np.random.default_rng(T).normal(size=T)
    whole = gf.gradient_flow(cell, x, loss=gf.UnitLoss())
    expected = whole.by_detours("w_xf", classes=4), whole.by_first_gate("b")
    for targets in ([T], [T // 2 + 1], sorted({1, T // 3 + 1, max(1, T - 1), T})):
        some = gf.gradient_flow(cell, x, loss=gf.UnitLoss(), targets=targets)
        found = some.by_detours("w_xf", classes=4), some.by_first_gate("b")
        rows = some.targets - 1
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours.log10, theirs.log10[:, rows], rtol=1e-11, atol=1e-11)
        np.testing.assert_array_equal(found[0].sign, expected[0].sign[:, rows])


@pytest.mark.parametrize("b_f", [1.0, -200.0])
def test_one_target_carries_no_rows_of_others(b_f):
    cell, slopes, seeds = swept(gf.LSTM.scalar(0.5, 0.9, b_f=b_f), 400)
    one, every = (
        spans(cell, slopes, seeds, 2, targets=targets)[0].times(0, Scaled.of(np.ones(400))).signal
        for targets in (np.array([400]), None)
    )
    assert (one.near.shape, every.near.shape) == ((1, 20), (400, 20))
    # A row for each of the 19 spans that lie before the target's own; of all, 20 more at each span.
    assert (len(one.rows.numbers), len(every.rows.numbers)) == (19, 20 * sum(range(20)))
