"""What a long run tells of itself on the way, and how it is ended."""

import numpy as np
import pytest

import gradflow as gf
from gradflow.ui.model import questions

GENERATOR = np.random.default_rng(0)
LSTM = gf.LSTM(*(GENERATOR.normal(size=shape) for shape in ((4, 3, 2), (4, 3, 3), (4, 3))))
X = GENERATOR.normal(size=(20, 2))


class EndedError(Exception):
    pass


def end_at(limit):
    def on_step(share):
        if share > limit:
            raise EndedError

    return on_step


def shares(T):
    """Pairs of target and source step that are done after each source step, of all."""
    return np.cumsum(np.arange(1, T + 1)) / (T * (T + 1) / 2)


def test_the_share_of_the_work_is_told_after_every_source_step():
    told = []
    flow = gf.gradient_flow(LSTM, X, on_step=told.append)
    np.testing.assert_allclose(told, shares(20))
    np.testing.assert_array_equal(flow.log10("w_x"), gf.gradient_flow(LSTM, X).log10("w_x"))


def test_steps_whose_numbers_lie_far_apart_are_told_too():
    told = []
    cell = gf.RNN(np.full((2, 1), 900.0), np.eye(2))
    gf.gradient_flow(cell, np.ones(7), on_step=told.append)
    np.testing.assert_allclose(told, shares(7))


def test_what_is_raised_ends_the_run():
    with pytest.raises(EndedError):
        gf.gradient_flow(LSTM, X, on_step=end_at(0.5))


def test_the_terms_of_the_inputs_can_be_followed_and_are_kept():
    flow, told = gf.gradient_flow(LSTM, X), []
    with pytest.raises(EndedError):
        flow.sweep_inputs(end_at(0.5))
    flow.sweep_inputs(told.append)
    np.testing.assert_allclose(told, shares(20))
    flow.sweep_inputs(told.append)
    assert len(told) == 20
    np.testing.assert_array_equal(flow.log10("x"), gf.gradient_flow(LSTM, X).log10("x"))


@pytest.mark.parametrize("reads", ["one way", "both ways"])
def test_the_second_run_of_a_flow_can_be_followed_and_is_kept(reads):
    both = gf.BidirectionalStack([gf.Bidirectional(LSTM, LSTM)])
    flow, told = gf.gradient_flow(LSTM if reads == "one way" else both, X), []
    with pytest.raises(EndedError):
        flow.refined(end_at(0.5))
    flow.refined(told.append)
    assert told[-1] == pytest.approx(1.0)
    seen = len(told)
    flow.refined(told.append)
    assert seen == len(told) >= 20


def test_the_measures_of_every_target_can_be_followed():
    told = []
    found = questions.reach(gf.gradient_flow(LSTM, X), "b", 0, 5, told.append)
    assert len(found) == len(told) == 20
    np.testing.assert_allclose(told, np.arange(1, 21) / 20)
