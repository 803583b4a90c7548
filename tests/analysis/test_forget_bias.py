"""The same cell with another forget bias: what changes is that bias, and it keeps more."""

import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis import memory
from gradflow.analysis.forget_bias import keeping_gate, with_forget_bias

GENERATOR = np.random.default_rng(4)
LSTM = gf.LSTM(*(GENERATOR.normal(size=shape) for shape in ((4, 3, 2), (4, 3, 3), (4, 3))))
GRU = gf.GRU(*(GENERATOR.normal(size=shape) for shape in ((3, 2, 3), (3, 2, 2), (3, 2))))
RNN = gf.RNN(GENERATOR.normal(size=(2, 2)), GENERATOR.normal(size=(2, 2)), 0.1)


@pytest.mark.parametrize(("cell", "bias"), [(LSTM, "b_f"), (GRU, "b_z")])
def test_only_the_bias_of_the_gate_that_keeps_the_past_changes(cell, bias):
    changed = with_forget_bias(cell, 1.5)
    assert keeping_gate(cell) == bias
    place = list(cell.groups["b"]).index(bias)
    expected = cell.b.copy()
    expected[place] += 1.5
    np.testing.assert_array_equal(changed.b, expected)
    for name in ("w_x", "w_h"):
        np.testing.assert_array_equal(changed.weights[name], cell.weights[name])
    assert type(changed) is type(cell)


@pytest.mark.parametrize("cell", [gf.LSTM.scalar(0.3, 0.2, 0.0), gf.GRU.scalar(0.3, 0.2)])
def test_more_of_it_makes_the_gradient_reach_further(cell):
    x = np.sin(np.arange(40.0))
    lives = [
        memory.half_life(gf.gradient_flow(with_forget_bias(cell, added), x), 40)
        for added in (-2.0, 0.0, 2.0, 4.0)
    ]
    assert lives == sorted(lives)
    assert lives[-1] > 4 * lives[1]


def test_a_scalar_cell_stays_scalar_and_0_changes_nothing():
    cell = with_forget_bias(gf.LSTM.scalar(0.3, 0.2, b_f=1.0), 0.5)
    assert cell.signed
    assert cell.b.tolist() == [0.0, 1.5, 0.0, 0.0]
    np.testing.assert_array_equal(with_forget_bias(GRU, 0.0).b, GRU.b)


def test_every_layer_of_a_stack_that_has_such_a_gate_is_changed():
    changed = with_forget_bias(gf.Stack([LSTM, GRU, RNN]), 1.0).layers
    np.testing.assert_array_equal(changed[0].b, with_forget_bias(LSTM, 1.0).b)
    np.testing.assert_array_equal(changed[1].b, with_forget_bias(GRU, 1.0).b)
    assert changed[2] is RNN


@pytest.mark.parametrize("cell", [RNN, gf.Stack([RNN, RNN])])
def test_a_cell_without_such_a_gate_is_refused(cell):
    with pytest.raises(ValueError, match="cell must be an LSTM or a GRU"):
        with_forget_bias(cell, 1.0)


@pytest.mark.parametrize("added", [np.nan, np.inf, "1"])
def test_what_is_added_must_be_a_finite_number(added):
    with pytest.raises(ValueError, match="added must"):
        with_forget_bias(LSTM, added)
