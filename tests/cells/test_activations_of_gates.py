"""Terms of LSTMs and GRUs with other activations than tanh and sigmoid, in high precision."""

from dataclasses import replace

import numpy as np
import pytest
from oracles.layers import (
    Stacked,
    as_terms,
    random_layer,
    scalar_layer,
    terms,
    terms_found,
)
from oracles.nudges import SQUASHES
from oracles.scalar_terms import assert_same_terms

import gradflow as gf
from gradflow.analysis.complex_step import residual
from gradflow.analysis.single_paths import paths

KINDS = ("lstm", "gru", "original gru")
by_kind = pytest.mark.parametrize("kind", KINDS)
# Every activation in both places, and those that Keras users write together.
PAIRS = [
    *[(name, "sigmoid") for name in SQUASHES],
    *[("tanh", name) for name in SQUASHES],
    ("softsign", "hard_sigmoid_fifth"),
    ("linear", "hard_sigmoid_sixth"),
    ("elu", "softsign"),
]
by_pair = pytest.mark.parametrize(("activation", "recurrent_activation"), PAIRS)
SINE = np.sin(np.arange(6) * 3 / 7 + 1 / 3)


def scalar(kind, activation, recurrent_activation, x=SINE, scale=1.0):
    gates = 4 if kind == "lstm" else 3
    layer = scalar_layer(
        kind,
        scale * np.array([0.7, -0.4, 1.1, 0.6])[:gates],
        scale * np.array([-0.5, 0.9, 0.8, -0.3])[:gates],
        scale * np.array([0.2, 0.5, -0.1, 0.3])[:gates],
        0.0 if kind != "gru" else 0.3,
        h=0.1,
        c=-0.2,
    )
    settings = {"activation": activation, "recurrent_activation": recurrent_activation}
    return Stacked([replace(layer, **settings)], np.reshape(x, (-1, 1)), np.ones(1))


def assert_right(problem, scalar=False):
    flow = problem.flow(scalar)
    for key, entries in terms(problem).items():
        assert_same_terms(terms_found(flow, key), as_terms(entries, scalar))


@pytest.mark.slow
@by_kind
@by_pair
def test_signed_terms_are_those_of_high_precision(kind, activation, recurrent_activation):
    assert_right(scalar(kind, activation, recurrent_activation), scalar=True)


@by_kind
@by_pair
def test_norms_are_those_of_high_precision(kind, activation, recurrent_activation):
    generator = np.random.default_rng(3)
    layer = random_layer(kind, 2, 2, generator, scale=0.6)
    settings = {"activation": activation, "recurrent_activation": recurrent_activation}
    x, w_o = generator.normal(size=(4, 2)), generator.normal(size=2)
    assert_right(Stacked([replace(layer, **settings)], x, w_o))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS[1:])
@by_pair
def test_a_gru_at_rest_keeps_its_digits(kind, activation, recurrent_activation):
    problem = scalar(kind, activation, recurrent_activation, x=np.ones(14), scale=0.4)
    flow = problem.flow(scalar=True)
    h, n = flow.trace.h[:-1], flow.trace.gates[:, 2]
    assert np.abs(h - n)[-1] < 0.05 * np.abs(h - n)[0]
    assert_right(problem, scalar=True)


@by_kind
@by_pair
def test_terms_add_up_by_the_independent_check(kind, activation, recurrent_activation):
    flow = scalar(kind, activation, recurrent_activation).flow(scalar=True)
    assert residual(flow).max() < 1e-13


@by_pair
def test_the_paths_of_an_lstm_add_up_to_the_term(activation, recurrent_activation):
    flow = scalar("lstm", activation, recurrent_activation, x=SINE[:4]).flow(scalar=True)
    for name in ("w_xf", "w_xc", "b_o"):
        whole = flow.value(name)[3, 2]
        found = paths(flow, name, 4, 3)
        assert sum(path.sign * 10.0**path.log10 for path in found) == pytest.approx(whole, 1e-12)
        classes = flow.by_detours(name, classes=3)
        added = (classes.sign * 10.0**classes.log10)[:, 3, 2].sum()
        assert added == pytest.approx(whole, 1e-12)


@by_pair
def test_the_product_of_the_forget_gates_is_that_of_their_sizes(activation, recurrent_activation):
    flow = scalar("lstm", activation, recurrent_activation).flow(scalar=True)
    f = np.abs(flow.trace.gates[:, 1, 0])
    with np.errstate(divide="ignore"):
        expected = np.log10(np.prod(f[2:6]))
    assert flow.log10_forget_product()[5, 4] == pytest.approx(expected, abs=1e-12)
    assert flow.log10_forget_product()[5, 0] == 0.0


def test_a_forget_gate_of_zero_ends_the_products_that_hold_it_and_no_other():
    cell = gf.LSTM.scalar({"i": 0, "f": 1, "c": 1, "o": 0}, 0.0, 0.0, recurrent_activation="relu")
    flow = gf.gradient_flow(cell, [1.0, 2.0, -1.0, 4.0, 8.0])
    rows = flow.log10_forget_product()
    with np.errstate(divide="ignore"):
        row = np.log10([1.0, 8.0, 32.0, 0.0, 0.0])
    np.testing.assert_allclose(rows[4], row, atol=1e-14)
    np.testing.assert_array_equal(flow.log10_forget_row(5), rows[4])


@pytest.mark.parametrize("make", [gf.LSTM.scalar, gf.GRU.scalar])
@pytest.mark.parametrize("name", ["activation", "recurrent_activation"])
def test_an_unknown_activation_is_named(make, name):
    with pytest.raises(ValueError, match=rf"^{name} must be one of tanh, .* Got 'hard_sigmoid'"):
        make(0.5, 0.5, **{name: "hard_sigmoid"})


def test_the_text_of_a_cell_names_its_activations():
    lstm = gf.LSTM.scalar(0.5, 0.5, activation="relu")
    assert repr(lstm) == "LSTM(H=1, D=1, activation='relu')"
    gru = gf.GRU.scalar(0.5, 0.5, recurrent_activation="elu", reset_after=False)
    assert repr(gru) == "GRU(H=1, D=1, reset_after=False, recurrent_activation='elu')"
