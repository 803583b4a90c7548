"""A stage is all that training goes on from, wherever the next one is made."""

import pickle

import numpy as np
import pytest

from gradflow import training
from gradflow.training.stages import Divergence, first_stage, next_stage

SETTINGS = training.TrainingSettings("agreement", delay=4, hidden=4, updates=25, every=10, batch=4)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_stages_that_travel_give_the_run_to_the_last_bit(optimiser):
    settings = training.TrainingSettings(
        "agreement", 4, hidden=4, optimiser=optimiser, momentum=0.5, updates=8, every=4, batch=4
    )
    run = training.train(settings)
    stage = first_stage(settings)
    for expected in run.checkpoints[1:]:
        stage = next_stage(settings, pickle.loads(pickle.dumps(stage)))
        assert stage.checkpoint.update == expected.update
        for name, array in expected.network.weights.items():
            np.testing.assert_array_equal(stage.checkpoint.network.weights[name], array)


def test_a_stage_gives_the_same_next_one_again():
    stage = first_stage(SETTINGS)
    first, second = (next_stage(SETTINGS, stage).checkpoint.loss for _ in range(2))
    assert first == second


def test_a_network_whose_states_leave_float64_has_diverged():
    settings = training.TrainingSettings(
        "recall", 40, "rnn", activation="relu", optimiser="sgd", rate=50.0, updates=9, every=1
    )
    found = training.train(settings).divergence
    assert isinstance(found, Divergence)
    assert np.isfinite(found.gradient_norm)
