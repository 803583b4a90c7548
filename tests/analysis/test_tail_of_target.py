"""The fall and the tail of flows, against what is known of their cells."""

import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis import memory
from gradflow.models import tasks


def test_a_dead_first_step_of_a_relu_leaves_the_row_stable():
    cell = gf.RNN(1.0, 1.0, activation="relu")
    flow = gf.gradient_flow(cell, np.r_[-1.0, np.ones(29)])
    found = memory.fall_and_tail(flow, 30)
    assert (found.verdict, found.tail_decay) == ("stable", pytest.approx(1.0, rel=1e-12))
    assert (found.zeros, found.zero_from) == (1, 30)
    assert found.sentence == "keeps its size to step 2, and is exactly zero from step 1"
    assert memory.verdict(flow, 30) == memory.measure(flow, 30).verdict == "stable"
    assert memory.decay_per_step(flow, 30) == 0.0  # the last term is exactly zero


def test_a_decay_is_zero_only_where_a_term_is():
    cell = gf.RNN(1.0, 1.0)
    flow = gf.gradient_flow(cell, [0.5, 500.0], loss=gf.UnitLoss())
    assert flow.log10_row("b", 2)[1] > -np.inf
    assert memory.decay_per_step(flow, 2) > 0.0
    steep = gf.gradient_flow(cell, [500.0, 0.5], loss=gf.UnitLoss())
    assert steep.log10_row("b", 2)[1] < -400.0
    assert memory.decay_per_step(steep, 2) > 0.0
    assert memory.fall_and_tail(steep, 2).tail_decay > 0.0


def test_the_learned_recall_keeps_its_memory_and_the_unlearned_does_not():
    verdicts = {}
    for name in ("recall_learned", "recall_not_learned"):
        model = gf.load(gf.models.path(name), readout="readout")
        answers = tasks.recall_held_out()[0][0]
        x = tasks.one_hot(answers, len(tasks.SYMBOLS))
        flow = gf.gradient_flow(model, x.astype(np.float64))
        found = memory.fall_and_tail(flow, 60)
        verdicts[name] = found.verdict
        if name == "recall_learned":
            assert found.bend == pytest.approx(5.5, abs=0.6)
            assert found.log10_fall == pytest.approx(-3.5, abs=0.5)
            assert found.tail_decay == pytest.approx(1.0, abs=0.01)
            # What the first and the last term alone say of the same row.
            assert memory.half_life(flow, 60) < 10
    assert verdicts == {"recall_learned": "stable", "recall_not_learned": "vanishing"}


def test_it_is_of_the_terms_that_are_asked_for():
    generator = np.random.default_rng(3)
    layers = [gf.RNN(np.ones((2, 1)), np.eye(2) * w_s) for w_s in (0.5, 0.9)]
    layers[1] = gf.RNN(np.ones((2, 2)), np.eye(2) * 0.9, activation="identity")
    flow = gf.gradient_flow(gf.Stack(layers), generator.normal(size=40), loss=gf.UnitLoss())
    for parameter, layer in (("b", 0), ("w_x", 1)):
        found = memory.fall_and_tail(flow, 30, layer, parameter=parameter)
        row = flow.log10_row(parameter, 30, layer)
        assert found.horizons[0.1] == np.flatnonzero(row >= row[0] - 1.0)[-1] + 1
    decay = memory.fall_and_tail(flow, 30, 1).tail_decay
    assert decay == pytest.approx(0.9, rel=1e-12)  # of the bias, whatever the inputs
