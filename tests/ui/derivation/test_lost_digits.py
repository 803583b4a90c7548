"""Lines of numbers that float64 has lost: each says so, on the page and in its file."""

from fractions import Fraction

import numpy as np
import pytest
from ui.derivation.shown_numbers import VARIOUS, example_of

from gradflow.ui.derivation import downloads_section, lstm_steps, rnn_steps
from gradflow.ui.derivation.chapters import STEPS
from gradflow.ui.derivation.derivation_words import ABOUT_TOO_FEW
from gradflow.ui.derivation.example import Example
from gradflow.ui.derivation.step import has_too_few
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.latex import TOO_FEW
from gradflow.ui.shared.settings import Settings

# The cell state cancels and underflows.
UNDERFLOWS = Settings(sequence="impulse", w_s=-2.0, b_f=0.0, T=20)


def marked(step, example):
    return [TOO_FEW in line for line in step.shown(example)]


def test_a_state_that_cancels_is_marked_and_nothing_else_is():
    own = np.array([0.1, 0.2, -0.3])
    settings = Settings(sequence="own", activation="identity", w_x=1.0, w_s=1.0)
    example = Example(settings, run(settings, own))
    exact = float(sum(map(Fraction, own.tolist())))
    assert abs(example.experiment.rnn.trace.s[3, 0] / exact - 1.0) > 0.5
    # z_3 and s_3 are that sum; the slope is 1 and the term is x_3.
    assert marked(rnn_steps.DIRECT, example) == [True, True, False, False]
    assert marked(rnn_steps.READOUT, example) == [True, False, True]
    assert not has_too_few(rnn_steps.THREE.shown(example))


def test_states_that_underflow_and_terms_that_cancel_to_nothing_are_not_shown_as_zero():
    example = example_of(UNDERFLOWS)
    flow = example.experiment.lstm
    assert flow.trace.h[19, 0] == flow.trace.c[20, 0] == 0.0
    i_f_o = False
    assert marked(lstm_steps.GATES, example) == [True, i_f_o, True, True, True, True]
    assert flow.sign("b_c")[-1, -1] == 0
    assert lstm_steps.CARRIES.shown(example)[0].startswith(f"\\text{{{TOO_FEW}}} = ")
    text = downloads_section.derivation_markdown(example)
    assert ABOUT_TOO_FEW in text


@pytest.mark.parametrize("name", [*VARIOUS])
def test_ordinary_numbers_are_not_marked(name):
    example = example_of(VARIOUS[name])
    assert not any(has_too_few(step.shown(example)) for step in STEPS)


def test_relu_whose_states_are_exact_zeros_is_not_marked():
    example = example_of(Settings(activation="relu", b=-100.0))
    assert example.better is not None  # a second run was needed to tell
    assert not any(has_too_few(step.shown(example)) for step in STEPS)
