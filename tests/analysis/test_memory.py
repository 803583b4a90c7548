"""The measures against known answers and brute force."""

import math
from dataclasses import FrozenInstanceError

import mpmath
import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis import memory


def linear(w_s, T, **options):
    """A linear RNN whose k-th term of b is w_s^(k-1)."""
    cell = gf.RNN(w_x=1.0, w_s=w_s, activation="identity")
    return gf.gradient_flow(cell, np.ones(T), loss=gf.UnitLoss(), **options)


def lstm(T, b_f=1.0, w_x=0.5, w_h=0.5):
    cell = gf.LSTM.scalar(w_x=w_x, w_h=w_h, b_f=b_f, b_c=0.5)
    return gf.gradient_flow(cell, np.sin(np.arange(T) + 1.0), loss=gf.UnitLoss())


def vector_rnn(T, H=3, activation="tanh"):
    generator = np.random.default_rng(2)
    cell = gf.RNN(generator.normal(size=(H, 2)), generator.normal(size=(H, H)) / 2, 0.1, activation)
    return gf.gradient_flow(cell, generator.normal(size=(T, 2)), loss=gf.UnitLoss())


def dead_relu(T=6, dead=3):
    """A relu RNN whose signal stops at source step `dead`, exactly."""
    x = np.ones(T)
    x[dead - 1] = -100.0
    cell = gf.RNN(w_x=1.0, w_s=0.5, activation="relu")
    return gf.gradient_flow(cell, x, loss=gf.UnitLoss())


def exact_terms(w_s, t):
    return [mpmath.mpf(abs(w_s)) ** n for n in range(t)]


@pytest.mark.parametrize("w_s", [0.1, 0.9, -0.7, 1.0, 1.1, -1.3, 1e-100])
@pytest.mark.parametrize("t", [2, 3, 40])
def test_linear_rnn_decays_by_its_recurrent_weight(w_s, t):
    flow = linear(w_s, 40 if abs(w_s) > 1e-50 else 41)
    assert memory.decay_per_step(flow, t) == pytest.approx(abs(w_s), rel=1e-11)
    assert memory.fitted_decay(flow, t) == pytest.approx(abs(w_s), rel=1e-11)


@pytest.mark.parametrize("w_s", [0.3, 0.9, 1.2, -1.5])
def test_tanh_rnn_decays_at_most_by_its_recurrent_weight(w_s):
    flow = gf.gradient_flow(gf.RNN(w_x=0.4, w_s=w_s), np.sin(np.arange(30.0)), loss=gf.UnitLoss())
    assert all(memory.decay_per_step(flow, t) <= abs(w_s) for t in range(2, 31))


@pytest.mark.parametrize(("b_f", "steps"), [(0.0, 1.00), (1.0, 2.21), (2.0, 5.46)])
def test_half_life_of_an_lstm_without_weights_is_that_of_its_forget_bias(b_f, steps):
    cell = gf.LSTM.scalar(w_x=0.0, w_h=0.0, b_f=b_f)
    flow = gf.gradient_flow(cell, np.ones(60), loss=gf.UnitLoss())
    assert memory.half_life(flow, 60) == pytest.approx(steps, abs=0.005)
    assert memory.half_life(flow, 60) == pytest.approx(memory.forget_half_life(b_f), rel=1e-12)


def test_half_life_is_infinite_where_nothing_shrinks_and_zero_where_all_is_lost():
    assert memory.half_life(linear(1.0, 9), 9) == math.inf
    assert memory.half_life(linear(1.5, 9), 9) == math.inf
    assert memory.half_life(linear(0.5, 9), 9) == pytest.approx(1.0)
    assert memory.half_life(linear(0.0, 9), 9) == 0.0
    assert memory.decay_per_step(linear(0.0, 9), 9) == 0.0


def test_fitted_decay_is_the_least_squares_line():
    flow = lstm(25)
    row = flow.log10("b")[19, :20]
    slope = np.polyfit(np.arange(1.0, 21.0), row, 1)[0]
    assert memory.fitted_decay(flow, 20) == pytest.approx(10.0**slope, rel=1e-12)


@pytest.mark.parametrize("w_s", [0.1, 0.5, 0.9, -0.99, 1.2])
@pytest.mark.parametrize("eps", [1.0, 0.5, 0.01])
def test_horizon_is_the_last_term_above_eps(w_s, eps):
    terms = exact_terms(w_s, 60)
    reached = [k for k, term in enumerate(terms, 1) if term >= eps * (1 - mpmath.mpf(10) ** -12)]
    assert memory.horizon(linear(w_s, 60), 60, eps=eps) == reached[-1]


def test_horizon_sees_a_signal_that_comes_back():
    flow = vector_rnn(12)
    sizes = flow.value("b")[-1]
    expected = max(k for k in range(1, 13) if sizes[k - 1] >= 0.2 * sizes[0])
    assert memory.horizon(flow, 12, eps=0.2) == expected


@pytest.mark.parametrize("window", [0, 1, 7, 29, 30, 99])
@pytest.mark.parametrize("w_s", [0.3, 0.95, 1.4])
def test_share_beyond_is_the_tail_of_the_sum(w_s, window):
    terms = exact_terms(w_s, 30)
    expected = float(sum(terms[window:]) / sum(terms))
    assert memory.share_beyond(linear(w_s, 30), 30, window=window) == pytest.approx(
        expected, rel=1e-11
    )


@pytest.mark.parametrize("w_s", [0.8, -0.8, -1.0])
def test_cancellation_of_a_linear_rnn(w_s):
    terms = [mpmath.mpf(w_s) ** n for n in range(20)]
    expected = float(abs(sum(terms)) / sum(abs(term) for term in terms))
    found = memory.cancellation(linear(w_s, 20), 20)
    assert found == pytest.approx(expected, rel=1e-11, abs=1e-15)


def test_cancellation_of_a_vector_is_the_norm_of_the_sum_over_the_sum_of_norms():
    flow = vector_rnn(8)
    expected = np.linalg.norm(flow.total("b")[-1]) / flow.value("b")[-1].sum()
    assert memory.cancellation(flow, 8) == pytest.approx(expected, rel=1e-12)
    assert 0.0 < expected < 1.0


@pytest.mark.parametrize("w_s", [0.5, 0.3, 0.07, -0.5])
def test_zero_lags_are_where_numpy_returns_zero(w_s):
    flow = linear(w_s, 200)
    terms = exact_terms(w_s, 200)
    found = memory.zero_lags(flow, 200)
    for name in ("float16", "float32"):
        rounded = np.array([float(term) for term in terms]).astype(name)
        assert found[name] == int(np.flatnonzero(rounded == 0)[0]) + 1
    half = mpmath.mpf(2) ** -134
    assert found["bfloat16"] == next(k for k, term in enumerate(terms, 1) if term <= half)


@pytest.mark.parametrize("w_s", [0.5, 0.3, 0.07])
def test_float64_zero_lag(w_s):
    terms = exact_terms(w_s, 1200)
    expected = next((k for k, term in enumerate(terms, 1) if float(term) == 0.0))
    assert memory.zero_lags(linear(w_s, 1200), 1200)["float64"] == expected


def test_zero_lags_look_at_the_terms_as_they_are():
    small = linear(1.0, 5, readout=gf.Readout(w_o=2.0**-30))
    assert memory.zero_lags(small, 5) == {
        "float16": 1,
        "bfloat16": None,
        "float32": None,
        "float64": None,
    }


@pytest.mark.parametrize(
    ("w_s", "t", "expected"),
    [
        (0.1, 2, "vanishing"),
        (0.9, 20, "stable"),
        (0.9, 60, "vanishing"),
        (0.98, 50, "stable"),
        (0.98, 500, "vanishing"),
        (1.0, 500, "stable"),
        (1.0, 1, "stable"),
        (0.1, 1, "stable"),
        (1.1, 20, "exploding"),
        (1.01, 20, "stable"),
        (-1.3, 3, "exploding"),
        (0.0, 5, "vanishing"),
    ],
)
def test_verdict(w_s, t, expected):
    assert memory.verdict(linear(w_s, t), t) == expected


def test_verdict_rule_is_stated_twice_in_the_same_words():
    docstring = " ".join((memory.verdict.__doc__ or "").split())
    assert memory.VERDICT_RULE in docstring


def test_measures_at_magnitudes_far_outside_float64():
    flow = linear(1e-40, 101)  # the last term is 10^-4000
    found = memory.measure(flow, 101, window=1)
    assert found.log10_left == pytest.approx(-4000.0, rel=1e-13)
    assert found.left == 0.0
    assert found.decay_per_step == pytest.approx(1e-40, rel=1e-10)
    assert found.half_life == pytest.approx(math.log10(2) / 40, rel=1e-10)
    assert found.horizon == 1
    assert found.share_beyond == pytest.approx(1e-40, rel=1e-10)
    assert found.cancellation == pytest.approx(1.0)
    assert found.zero_lags == {"float16": 2, "bfloat16": 3, "float32": 3, "float64": 10}
    grown = gf.gradient_flow(
        gf.RNN(w_x=0.0, w_s=1e40, activation="identity"), np.ones(101), loss=gf.UnitLoss()
    )
    found = memory.measure(grown, 101, window=100)
    assert found.left == math.inf
    assert found.log10_left == pytest.approx(4000.0, rel=1e-13)
    assert (found.horizon, found.verdict, found.half_life) == (101, "exploding", math.inf)
    assert found.share_beyond == pytest.approx(1.0)
    assert found.cancellation == pytest.approx(1.0)


def test_exact_zeros_in_a_row():
    flow = dead_relu(T=6, dead=3)
    found = memory.measure(flow, 6, window=2)
    assert list(np.isneginf(found.log10_signal)) == [False] * 3 + [True] * 3
    assert found.decay_per_step == found.half_life == found.left == 0.0
    assert found.fitted_decay == pytest.approx(0.5)
    assert found.horizon == 3
    assert found.share_beyond == pytest.approx(0.25 / 1.75)
    assert set(found.zero_lags.values()) == {4}
    assert found.verdict == "vanishing"


def test_a_row_of_zeros_has_no_decay():
    found = memory.measure(dead_relu(T=6, dead=3), 3)
    undefined = ("decay_per_step", "fitted_decay", "half_life", "share_beyond", "cancellation")
    assert all(math.isnan(getattr(found, name)) for name in (*undefined, "left", "log10_left"))
    assert found.horizon == 0
    assert set(found.zero_lags.values()) == {1}
    assert found.verdict == "vanishing"


@pytest.mark.parametrize("flow", [linear(0.5, 1), lstm(1), vector_rnn(1)])
def test_one_step(flow):
    found = memory.measure(flow, 1)
    undefined = (found.decay_per_step, found.fitted_decay, found.half_life)
    assert all(math.isnan(value) for value in undefined)
    assert (found.horizon, found.left, found.share_beyond) == (1, 1.0, 0.0)
    assert found.cancellation == pytest.approx(1.0)
    assert found.verdict == "stable"


@pytest.mark.parametrize("flow", [linear(-0.5, 9), lstm(9), vector_rnn(9), dead_relu(9)])
@pytest.mark.parametrize("t", [1, 4, 9])
def test_measure_holds_what_the_functions_return(flow, t):
    found = memory.measure(flow, t, eps=0.1, window=3)
    expected = {
        "decay_per_step": memory.decay_per_step(flow, t),
        "fitted_decay": memory.fitted_decay(flow, t),
        "half_life": memory.half_life(flow, t),
        "horizon": memory.horizon(flow, t, eps=0.1),
        "share_beyond": memory.share_beyond(flow, t, window=3),
        "cancellation": memory.cancellation(flow, t),
    }
    for name, value in expected.items():
        np.testing.assert_equal(getattr(found, name), value)
    assert found.zero_lags == memory.zero_lags(flow, t)
    assert found.verdict == memory.verdict(flow, t)


def test_memory_is_frozen():
    found = memory.measure(linear(0.5, 3), 3)
    with pytest.raises(FrozenInstanceError):
        found.t = 4
    with pytest.raises(ValueError, match="read-only"):
        found.log10_signal[0] = 1.0
    with pytest.raises(TypeError):
        found.zero_lags["float16"] = 1


@pytest.mark.parametrize("b_f", [-1e6, -800.0, -30.0, 0.0, 5.0, 40.0, 700.0])
def test_forget_half_life(b_f):
    with mpmath.workdps(400):
        expected = float(mpmath.log(2) / mpmath.log(1 + mpmath.exp(-mpmath.mpf(b_f))))
    assert memory.forget_half_life(b_f) == pytest.approx(expected, rel=1e-13)


def test_forget_half_life_of_a_huge_bias_is_infinite():
    assert memory.forget_half_life(1e6) == math.inf


@pytest.mark.parametrize("tau", [1.5, 2.0, 50.0, 1e6])
def test_forget_bias_lets_one_part_in_tau_go(tau):
    f = 1.0 / (1.0 + math.exp(-memory.forget_bias_for(tau)))
    assert f == pytest.approx(1.0 - 1.0 / tau, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda flow: memory.decay_per_step(flow, 0),
            "t must be a whole number from 1 to 4. Got 0",
        ),
        (lambda flow: memory.verdict(flow, 5), "t must be a whole number from 1 to 4. Got 5"),
        (
            lambda flow: memory.horizon(flow, 4, eps=0.0),
            "eps must be above 0 and at most 1. Got 0.0",
        ),
        (lambda flow: memory.measure(flow, 4, eps=2), "eps must be above 0 and at most 1. Got 2"),
        (lambda flow: memory.horizon(flow, 4, eps=math.nan), "eps must be finite. Got nan"),
        (
            lambda flow: memory.share_beyond(flow, 4, window=-1),
            "window must be a whole number .* Got -1",
        ),
        (
            lambda flow: memory.share_beyond(flow, 4, window=1.5),
            "window must be a whole number .* Got 1.5",
        ),
        (lambda flow: memory.forget_half_life(math.inf), "b_f must be finite. Got inf"),
        (lambda flow: memory.forget_half_life([1.0]), "b_f must be a number. Got an array"),
        (lambda flow: memory.forget_bias_for(1), "tau must be above 1. Got 1"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(linear(0.5, 4))


@pytest.mark.parametrize("T", [1, 2, 30])
def test_the_measures_over_targets_are_those_of_each_target(T):
    flow = vector_rnn(T)
    found = memory.over_targets(flow, eps=0.2, window=3)
    assert [reach.t for reach in found] == list(range(1, T + 1))
    for reach in found:
        expected = memory.measure(flow, reach.t, eps=0.2, window=3)
        for name in vars(reach):
            np.testing.assert_equal(getattr(reach, name), getattr(expected, name), err_msg=name)


def test_the_half_life_of_a_row_is_that_of_its_target():
    flow = lstm(20)
    row = flow.log10("b")[14, :15]
    assert memory.half_life_of(row) == memory.half_life(flow, 15)


@pytest.mark.parametrize("parameter", ["w_xf", "w_x", "b"])
def test_measures_are_of_the_parameter_that_is_asked_for(parameter):
    flow = lstm(12)
    seen = memory.measure(flow, 9, parameter=parameter)
    row = flow.log10_row(parameter, 9)
    np.testing.assert_array_equal(seen.log10_signal, row)
    assert seen.decay_per_step == pytest.approx(10.0 ** ((row[-1] - row[0]) / 8))
    assert memory.horizon(flow, 9, parameter=parameter) == seen.horizon
    total = np.linalg.norm(flow.total(parameter)[8])
    assert seen.cancellation == pytest.approx(total / (10.0**row).sum())
    over_targets = memory.over_targets(flow, parameter=parameter)
    assert over_targets[8].half_life == pytest.approx(seen.half_life, rel=1e-12)
