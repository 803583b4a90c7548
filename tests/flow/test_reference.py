"""Every number in reference/*.json, and cases made here in 80 digits for what those do not reach.

Relative error of a term at most 1e-10 at any magnitude, signs exact.
"""

from functools import cache
from itertools import product

import numpy as np
import pytest
from oracles.reference import (
    NAMES,
    flow_of,
    high_precision_entries,
    high_precision_terms,
    load,
    log10_norm,
    terms_of,
)
from oracles.scalar_terms import (
    GATES,
    LN10,
    Problem,
    assert_same_terms,
)

import gradflow as gf

PARAMETERS = [(name, parameter) for name in NAMES for parameter in load(name).rows]
STATES = [(name, state) for name in NAMES for state in load(name).states]
LSTMS = [name for name in NAMES if load(name).problem.is_lstm]


@cache
def case(name):
    reference = load(name)
    return reference, flow_of(reference.problem)


def row(terms, t):
    sign, log10 = terms
    return sign[t - 1, :t], log10[t - 1, :t]


def test_all_eight_cases_are_here():
    assert len(NAMES) == 8
    assert len(PARAMETERS) == 4 * 3 + 4 * 9


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_terms_are_those_of_the_reference(name, parameter):
    reference, flow = case(name)
    found = terms_of(flow, parameter)
    for t, expected in reference.rows[parameter].items():
        assert_same_terms(row(found, t), expected)


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_plain_values_are_the_terms_wherever_float64_has_them(name, parameter):
    reference, flow = case(name)
    value = flow.value(parameter)
    for t, (sign, log10) in reference.rows[parameter].items():
        normal = log10 > -307
        np.testing.assert_allclose(
            value[t - 1, :t][normal], (sign * 10.0**log10)[normal], rtol=1e-10, atol=0
        )
        assert (np.abs(value[t - 1, :t][~normal]) < 1e-306).all()


@pytest.mark.parametrize("name", LSTMS)
def test_the_four_gates_together_are_the_root_of_the_sum_of_squares(name):
    reference, flow = case(name)
    for group in ("w_x", "w_h"):
        for t in reference.rows[group + "i"]:
            squares = sum(10.0 ** (2 * reference.rows[group + gate][t][1]) for gate in GATES)
            expected = np.array([np.log10(v) / 2 if v else -np.inf for v in squares])
            assert_same_terms((None, flow.log10(group)[t - 1, :t]), (None, expected))


@pytest.mark.parametrize(("name", "state"), STATES)
def test_states_are_those_of_the_reference(name, state):
    reference, flow = case(name)
    states = getattr(flow.trace, state)
    assert states.shape == (flow.T + 1, 1)
    sign, log10 = reference.states[state]
    np.testing.assert_allclose(states[1:, 0], sign * 10.0**log10, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", LSTMS)
def test_forget_products_are_those_of_the_reference(name):
    reference, flow = case(name)
    log10 = flow.log10_forget_product()
    assert np.isnan(log10[~np.tri(flow.T, dtype=bool)]).all()
    for t, expected in reference.forget_product.items():
        assert_same_terms((np.ones(t), log10[t - 1, :t]), expected)


@pytest.mark.parametrize("name", ["rnn_small_w_s", "lstm_detours_dominate", "rnn_saturated"])
def test_the_high_precision_oracle_agrees_with_the_files(name):
    reference, _ = case(name)
    made = high_precision_terms(reference.problem)
    for parameter, rows in reference.rows.items():
        for t, expected in rows.items():
            assert_same_terms(row(made[parameter], t), expected, rtol=1e-11)


def rnn(w_x, w_s, x, b=0.0, **more):
    """An RNN of numbers, or of arrays when w_s is one."""
    scalar = np.ndim(w_s) == 0
    H = 1 if scalar else len(w_s)
    weights = {
        "w_x": np.reshape(w_x, (H, -1)),
        "w_s": np.reshape(w_s, (H, H)),
        "b": np.zeros(H) + b,
    }
    return Problem(weights, np.array(x), scalar=scalar, **more)


def lstm(w_x, w_h, b, x, **more):
    """A scalar LSTM; weights and biases by gate, in the order i, f, c, o."""
    weights = {"w_x": np.reshape(w_x, (4, 1, 1)), "w_h": np.reshape(w_h, (4, 1, 1))}
    return Problem({**weights, "b": np.reshape(b, (4, 1))}, np.array(x), scalar=True, **more)


SWINGING = [1.0, -0.75, 0.5, -1.0, 0.0, 0.25, 1.0, -0.5]
GROWN = {"x": [1.0, 0.7, 1.3, 0.9, 0.4, 1.1, 0.8, 1.0], "start": {"c": np.array([395.0])}}
DIAGONAL, FULL, CHAIN = np.diag([0.9, 0.5]), [[0.9, -0.4], [0.7, 0.5]], [[0.9, 0.8], [0.0, 0.5]]

# Unit 0 grows by 1e25 a step and dies at step 4. Before that only unit 1 is left, tiny.
DYING = rnn(
    np.eye(2),
    np.diag([1e25, 1e-25]),
    [[1e-3 if j != 4 else -1e80, 1.0 + j] for j in range(1, 13)],
    activation="relu",
    loss="unit",
    w_o=np.ones(2),
)

EXTREMES = {
    "tanh at z = 5000": rnn(5000.0, 3.0, [1.0, -1.0, 0.5, 0.75, -0.25, 1.0], loss="unit"),
    "sigmoid at z = 5000": rnn(
        5000.0, 3.0, [1.0, 0.75, -0.1, 0.5, -0.13, 1.0], activation="sigmoid", target=0.3
    ),
    "w_s = 1e-40": rnn(0.5, 1e-40, np.linspace(0.5, 1.5, 20)),
    "w_s = -1e30": rnn(5.0, -1e30, SWINGING, b=0.25, activation="identity", loss="unit"),
    "gates at z = 250": lstm([250, -200, 3, 100], [1.5, -2.0, 0.7, 0.9], [0, 1, 0, 5], SWINGING),
    "forget gate shut": lstm([0.5, 0, 0.5, 0.5], [0] * 4, [0, -250, 0, 0], np.linspace(1, 2, 9)),
    "all gates shut but by h": lstm([0.1] * 4, [2, -3, 4, 5], [-40, -60, 0, -50], [1.0] * 8),
    "grown cell": lstm([0.5, 0.5, 50, 0.5], [0.5, 0.4, 0.3, 0.2], [30, 30, 0, 0], **GROWN),
    "grown cell, w_ho = 0": lstm([0.5, 0.5, 50, 0.5], [0.5, 0.4, 0.3, 0], [30, 30, 0, 0], **GROWN),
    "grown cell, w_ho alone": lstm([0.5, 0.5, 50, 0.5], [0, 0, 0, 0.4], [30, 30, 0, 0], **GROWN),
    "grown cell, w_h = 0": lstm([0.5, 0.5, 50, 0.5], [0] * 4, [30, 30, 0, 0], **GROWN),
    "grown cell, gates open": lstm([0.5, 0.5, 2, 0.5], [0.5, -0.4, 0.3, 0], [1, 9, 0, 0], **GROWN),
    "relu unit dying": DYING,
    "readout on the relu unit that dies": Problem(**{**vars(DYING), "w_o": np.array([1.0, 0.0])}),
    "readout on the tiny relu unit": Problem(**{**vars(DYING), "w_o": np.array([0.0, 1.0])}),
}
for coupling in (0.0, 0.5):
    generator = np.random.default_rng(3)
    EXTREMES[f"LSTM of two units, one grown, coupled by {coupling}"] = Problem(
        {
            "w_x": generator.normal(size=(4, 2, 2)),
            "w_h": generator.normal(size=(4, 2, 2)) * (np.eye(2) + coupling * (1 - np.eye(2))),
            "b": np.array([[30.0, 1.0], [30.0, 1.0], [9.0, 0.0], [2.0, 0.0]]),
        },
        generator.normal(size=(6, 2)),
        w_o=np.array([1.0, 0.0]),
        start={"c": np.array([402.0, 0.5])},
    )
# Long runs in which some steps shrink the signal by a little and some, the spikes, by 1e-80 or so.
for H, T, gates, recurrent in ((2, 40, (), "w_s"), (1, 24, (4,), "w_h")):
    generator = np.random.default_rng(6)
    EXTREMES[f"spikes in {T} steps, {recurrent}"] = Problem(
        {
            "w_x": generator.normal(size=(*gates, H, 1)),
            recurrent: generator.normal(size=(*gates, H, H)) * 0.1,
            "b": generator.normal(size=(*gates, H)),
        },
        generator.normal(size=T) * np.where(generator.random(T) < 0.3, 100.0, 1.0),
        loss="unit",
    )
for recurrent, w_s in {"diagonal": DIAGONAL, "full": FULL, "chain": CHAIN}.items():
    for z, w_o in product((350.0, 5000.0), ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0])):
        EXTREMES[f"one unit of two at z = {z}, w_s {recurrent}, w_o {w_o}"] = rnn(
            [z, 0.3], w_s, SWINGING, w_o=np.array(w_o), target=0.1
        )
for o in (900.0, -900.0):
    for target in (0.0, 1.0, 0.5):
        EXTREMES[f"cross-entropy at o = {o}, y = {target}"] = rnn(
            0.5, 0.9, [1.0, -2.0, 0.5], b_o=o, loss="binary", target=target
        )
    for target in (0, 1, np.tile([0.0, 1.0], (3, 1)), np.tile([0.25, 0.75], (3, 1))):
        EXTREMES[f"softmax at o = {o}, y = {np.ravel(target)[:2]}"] = rnn(
            0.5,
            0.9,
            [1.0, -2.0, 0.5],
            w_o=[[1.0], [2.0]],
            b_o=[o, -o],
            loss="softmax",
            target=target,
        )


@cache
def extreme(key):
    entries = high_precision_entries(EXTREMES[key])
    return flow_of(EXTREMES[key]), high_precision_terms(EXTREMES[key], entries), entries


@pytest.mark.parametrize("key", EXTREMES)
def test_terms_are_right_at_any_magnitude(key):
    flow, made, _ = extreme(key)
    gates = [made[f"b_{gate}"][1] for gate in GATES] if EXTREMES[key].is_lstm else [made["b"][1]]
    for name, expected in made.items():
        # A gate may be zero where it is below 1e-150 of the largest gate of its (t, j).
        gate = made["b" if name in ("w_x", "w_h", "w_s", "b") else f"b_{name[-1]}"][1]
        may_be_zero = np.nan_to_num(gate, neginf=-1e9) < np.max(gates, axis=0) - 150
        assert_same_terms(terms_of(flow, name), expected, may_be_zero=may_be_zero)


@pytest.mark.parametrize("key", EXTREMES)
def test_totals_are_right_at_any_magnitude(key):
    flow, _, made = extreme(key)
    for name, entries in made.items():
        total = entries.sum(axis=1)
        size, largest = log10_norm(total), log10_norm(entries).max(axis=1)
        # Where terms all but cancel, the error is held against the largest of them.
        top = np.where(np.isfinite(largest), largest, 0.0)
        found = flow.log10_total(name)
        np.testing.assert_array_equal(np.isneginf(found), np.isneginf(size))
        np.testing.assert_allclose(
            10.0 ** (found - top), 10.0 ** (size - top), rtol=1e-10, atol=1e-13
        )
        plain, summed = flow.total(name).reshape(total.shape), np.abs(entries).sum(axis=1)
        for index in np.ndindex(plain.shape):
            exact = float(total[index])
            if np.isfinite(exact):
                error = abs(plain[index] - exact)
                assert error <= 1e-10 * abs(exact) + 1e-13 * float(summed[index]) + 1e-307
            else:
                assert plain[index] == exact


def test_the_extremes_are_extreme():
    lowest = min(
        made[np.isfinite(made)].min() for key in EXTREMES for _, made in extreme(key)[1].values()
    )
    assert lowest < -20000
    grown = extreme("grown cell")[0].trace.c
    assert grown.max() > 400
    assert np.abs(extreme("gates at z = 250")[0].trace.z).max() >= 250


def test_a_gradient_beyond_float64_is_infinite_as_a_value_and_right_as_a_logarithm():
    T = 400
    flow = flow_of(rnn(1.0, 1e3, [0.0] * (T - 1) + [1.0], activation="identity", loss="unit"))
    k = np.tile(np.arange(T), (T, 1))
    exact = np.where(np.tri(T, dtype=bool), 3.0 * k, np.nan)
    np.testing.assert_allclose(flow.log10("b"), exact, rtol=1e-14, atol=1e-12)
    value = flow.value("b")
    assert np.isposinf(value[exact > 309]).all()
    np.testing.assert_allclose(value[exact < 308], 10.0 ** exact[exact < 308], rtol=1e-10)
    assert np.isposinf(flow.total("b")[-1])
    np.testing.assert_allclose(flow.log10_total("b")[-1], 3.0 * (T - 1) - np.log1p(-1e-3) / LN10)
    assert np.isneginf(flow.log10("w_x")[: T - 1][np.tri(T - 1, T, dtype=bool)]).all()


@pytest.mark.parametrize("z", [1e10, 1e15, 1e20, 1e100, 1e300])
@pytest.mark.parametrize("H", [1, 2])
def test_a_huge_pre_activation_is_refused_or_right(z, H):
    weights = (z, 0.5) if H == 1 else ([[z], [z]], 0.5 * np.eye(2))
    try:
        flow = gf.gradient_flow(gf.RNN(*weights), [1.0, -1.0], loss=gf.UnitLoss())
    except ValueError:
        return
    slope = -2 * z / np.log(10.0)
    np.testing.assert_allclose(flow.log10("b")[1], [slope, 2 * slope], rtol=1e-9)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_huge_readout_under_cross_entropy_is_refused_or_right(target):
    x, loss = np.ones(120), gf.BinaryCrossEntropy(target)
    try:
        flow = gf.gradient_flow(gf.RNN(0.5, 2.0, activation="identity"), x, loss=loss)
    except ValueError:
        return
    slope = 0.0 if target == 0.0 else -flow.trace.o[-1] / np.log(10.0)
    expected = slope + np.arange(120) * np.log10(2.0)
    np.testing.assert_allclose(flow.log10("b")[-1], expected, rtol=1e-9)
