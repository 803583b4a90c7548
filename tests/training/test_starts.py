"""Where training starts from."""

import numpy as np
import pytest

from gradflow.training import TrainingSettings
from gradflow.training.starts import start


def started(**given):
    settings = TrainingSettings(**{"delay": 40, "hidden": 64, **given})
    return start(settings, settings.task_made(), np.random.default_rng(0))


def test_the_default_is_even_within_one_over_the_root_of_H():
    weights = started(cell="gru").weights
    w_h = weights["w_h"]
    assert np.abs(w_h).max() <= 1 / 8
    assert w_h.std() == pytest.approx(1 / 8 / np.sqrt(3), rel=0.02)
    assert not weights["b_hn"].any()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_orthogonal_weights_keep_lengths(cell):
    weights = started(cell=cell, start="orthogonal").weights
    for w in weights["w_s" if cell == "rnn" else "w_h"].reshape(-1, 64, 64):
        np.testing.assert_allclose(w @ w.T, np.eye(64), atol=1e-12)
    assert not weights["b"].any()


def test_the_identity_start_is_the_identity():
    network = started(cell="rnn", start="identity", activation="relu")
    np.testing.assert_array_equal(network.cell.w_s, np.eye(64))
    assert network.cell.w_x.std() == pytest.approx(0.001, rel=0.1)
    assert network.cell.activation == "relu"


def test_the_forget_bias_is_that_of_the_forget_gate_alone():
    chosen, default = (started(forget_bias=bias).cell.b for bias in (5.0, None))
    np.testing.assert_array_equal(chosen[1], 5.0)
    np.testing.assert_array_equal(chosen[[0, 2, 3]], default[[0, 2, 3]])


def test_chrono_spreads_the_time_constants_up_to_the_length():
    b = started(forget_bias="chrono").cell.b
    keeps = np.exp(b[1])  # even from 1 to T - 1 = 40
    assert 1.0 <= keeps.min() < 5.0
    assert 35.0 < keeps.max() <= 40.0
    np.testing.assert_array_equal(b[0], -b[1])


def test_chrono_of_a_gru_is_that_of_its_update_gate():
    chosen, default = (started(cell="gru", forget_bias=bias).cell.b for bias in ("chrono", None))
    assert chosen[1].mean() > 2.0
    np.testing.assert_array_equal(chosen[[0, 2]], default[[0, 2]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"task": "copying"}, "task must be one of"),
        ({"cell": "transformer"}, "cell must be one of"),
        ({"hidden": 65}, "hidden must"),
        ({"start": "identity"}, "start must be default or orthogonal for cell 'lstm'"),
        ({"activation": "relu"}, "activation must be tanh for cell 'lstm'"),
        ({"cell": "rnn", "forget_bias": 1.0}, "forget_bias must be None for an RNN"),
        ({"forget_bias": "large"}, "forget_bias must be one of chrono"),
        ({"forget_bias": np.nan}, "forget_bias must be finite"),
        ({"rate": 0.0}, "rate must be above 0"),
        ({"rate": None}, "rate must"),
        ({"momentum": 1.0}, "momentum must be from 0 to below 1"),
        ({"clip_norm": -1.0}, "clip_norm must be above 0"),
        ({"chunk": 42}, "chunk must be a whole number from 1 to 41"),
        ({"updates": 0}, "updates must"),
        ({"seed": -1}, "seed must"),
        ({"delay": 0}, "delay must"),
    ],
)
def test_settings_that_make_no_run_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        started(**given)
