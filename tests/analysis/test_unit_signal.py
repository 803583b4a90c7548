"""The signal of each hidden unit, against a complex step and against the norm over the units."""

import math

import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis import memory
from gradflow.analysis.unit_signal import unit_signals

STEP = 1e-30


def weights(kind, H, D, generator, scale=1.0):
    gates = {"rnn": (), "lstm": (4,), "gru": (3,)}[kind]
    shapes = ((*gates, H, D), (*gates, H, H), (*gates, H))
    return [scale * generator.normal(size=shape) for shape in shapes]


def cell_of(kind, parts):
    return {"rnn": gf.RNN, "lstm": gf.LSTM, "gru": gf.GRU}[kind](*parts)


def nudged(kind, parts, x, t):
    """|dL_t/dz_j| of each unit over its gates, (t, H), lag k in row k - 1.

    Every step has an input of its own that is 1 there alone, with weights of 0: a nudge of such a
    weight is a nudge of the bias at that step.
    """
    w_x, w_h, b = parts
    T, H = len(x), w_h.shape[-1]
    wide = np.concatenate([w_x, np.zeros((*w_x.shape[:-1], T))], axis=-1)
    cell = cell_of(kind, (wide, w_h, b))
    inputs = np.concatenate([x, np.eye(T)], axis=1)
    start = dict.fromkeys(cell.states, np.zeros(H))
    found = np.zeros((t, H))
    for j in range(1, t + 1):
        for place in np.ndindex(b.shape):
            moved = cell.weights["w_x"].astype(complex)
            moved[(*place, w_x.shape[-1] + j - 1)] += 1j * STEP
            hidden = cell.run(inputs, start, {**cell.weights, "w_x": moved})[cell.states[0]]
            found[t - j, place[-1]] += (hidden[t].sum().imag / STEP) ** 2
    return np.sqrt(found)


@pytest.mark.parametrize("t", [1, 4, 6])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_each_unit_has_the_derivative_of_its_own_biases(kind, t):
    generator = np.random.default_rng(3)
    parts, x = weights(kind, 3, 2, generator), generator.normal(size=(6, 2))
    flow = gf.gradient_flow(cell_of(kind, parts), x, loss=gf.UnitLoss())
    np.testing.assert_allclose(
        10.0 ** unit_signals(flow, t).log10, nudged(kind, parts, x, t), rtol=1e-11
    )


def stack(generator, scale=1.0):
    lower, upper = weights("lstm", 4, 2, generator, scale), weights("gru", 3, 4, generator, scale)
    return gf.Stack([cell_of("lstm", lower), cell_of("gru", upper)])


@pytest.mark.parametrize("scale", [0.1, 1.0, 60.0])
@pytest.mark.parametrize("layer", [0, 1])
def test_the_units_of_a_layer_together_are_the_terms_of_its_bias(layer, scale):
    generator = np.random.default_rng(5)
    flow = gf.gradient_flow(stack(generator, scale), generator.normal(size=(80, 2)))
    for t in (1, 37, 80):
        log10 = unit_signals(flow, t, layer).log10
        top = log10.max(axis=1, keepdims=True)
        together = top[:, 0] + 0.5 * np.log10((10.0 ** (2.0 * (log10 - top))).sum(axis=1))
        expected = flow.log10("b", layer=layer)[t - 1, :t]
        np.testing.assert_allclose(together, expected, rtol=1e-11, atol=1e-10)


@pytest.mark.slow
def test_units_that_know_nothing_of_each_other_have_the_half_life_of_their_own_weight():
    w_s = np.array([0.99, 0.5, 1.0, 1.2])
    cell = gf.RNN(np.ones((4, 1)), np.diag(w_s), activation="identity")
    signals = unit_signals(gf.gradient_flow(cell, np.ones(2000), loss=gf.UnitLoss()), 2000)
    expected = [math.log(2) / -math.log(0.99), 1.0, math.inf, math.inf]
    np.testing.assert_allclose(signals.half_life, expected, rtol=1e-9)
    np.testing.assert_allclose(signals.share, [0.0, 0.0, 0.0, 1.0], atol=1e-300)
    np.testing.assert_allclose(signals.log10[-1], 1999 * np.log10(w_s), rtol=1e-12, atol=1e-9)


def test_one_unit_has_the_half_life_of_its_cell():
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.4), np.sin(np.arange(30.0)), loss=gf.UnitLoss())
    signals = unit_signals(flow, 25)
    assert signals.half_life[0] == pytest.approx(memory.half_life(flow, 25), rel=1e-11)
    assert signals.share.tolist() == [1.0]


def test_units_without_any_signal_have_no_share():
    cell = gf.RNN(np.ones((2, 1)), np.eye(2), -5.0, activation="relu")
    signals = unit_signals(gf.gradient_flow(cell, np.ones(4), loss=gf.UnitLoss()), 3)
    assert np.isneginf(signals.log10).all()
    assert np.isnan(signals.share).all()
    assert np.isnan(signals.half_life).all()


def test_progress_is_told_and_can_end_the_sweep():
    generator = np.random.default_rng(5)
    flow = gf.gradient_flow(stack(generator), generator.normal(size=(9, 2)))
    told = []
    unit_signals(flow, 8, 0, on_step=told.append)
    np.testing.assert_allclose(told, np.arange(1, 9) / 8)
    with pytest.raises(KeyError):
        unit_signals(flow, 8, 0, on_step=lambda share: {}["stop"])


@pytest.mark.parametrize(("t", "layer"), [(0, 0), (10, 0), (3, 2), (3, None)])
def test_bad_arguments_are_named(t, layer):
    flow = gf.gradient_flow(stack(np.random.default_rng(5)), np.ones((9, 2)))
    with pytest.raises(ValueError, match=r"must be a whole number|parameter must be one of"):
        unit_signals(flow, t, layer)
