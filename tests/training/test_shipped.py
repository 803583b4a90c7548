"""The runs that ship show what the page says of them, and the script makes them again."""

import dataclasses

import numpy as np
import pytest

from gradflow import training
from gradflow.training import shipped
from gradflow.training.checkpoints import MEASURES
from gradflow.training.record_shipped import of_cell

TASKS = tuple(shipped.SETTINGS)


@pytest.mark.parametrize("task", TASKS)
def test_the_lstm_learns_and_the_rnn_does_not_from_eight_of_ten_seeds(task):
    curves = shipped.curves_of(task)
    chance = shipped.SETTINGS[task].task_made().chance
    lstm, rnn = (curves[name].curves["accuracy"][:, -1] for name in ("LSTM", "RNN"))
    assert len(lstm) == len(rnn) == 10
    assert np.sum(lstm > 0.9) >= 8
    assert np.sum(np.abs(rnn - chance) < 0.1) >= 8


@pytest.mark.parametrize("task", TASKS)
def test_the_derivative_of_the_cell_state_is_near_one_where_it_has_learned(task):
    radius = shipped.runs_of(task)["LSTM"].measures("cell_radius")
    assert radius[-1] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", shipped.CELLS)
def test_the_run_is_the_first_of_the_seeds_and_of_the_settings(task, name):
    run, curves = shipped.runs_of(task)[name], shipped.curves_of(task)[name]
    assert run.settings == of_cell(shipped.SETTINGS[task], shipped.CELLS[name])
    assert curves.seeds == tuple(shipped.SEEDS)
    for measure in MEASURES:
        np.testing.assert_array_equal(curves.curves[measure][0], run.measures(measure))


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped.CELLS)
def test_the_settings_give_the_run_again(name):
    run = shipped.runs_of("recall")[name]
    settings = dataclasses.replace(run.settings, updates=run.settings.every)
    again = training.train(settings)
    for one, other in zip(again.checkpoints, run.checkpoints, strict=False):
        assert one.loss == pytest.approx(other.loss, rel=1e-6)
        assert one.state_radius == pytest.approx(other.state_radius, rel=1e-6)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", shipped.CELLS)
def test_the_last_network_answers_as_well_as_was_measured(task, name):
    run = shipped.runs_of(task)[name]
    made, last = run.settings.task_made(), run.checkpoints[-1]
    x, answers = made.held_out()
    assert made.accuracy(last.network.outputs(x), answers) == last.accuracy


@pytest.mark.parametrize("task", shipped.WITH_STARTS)
@pytest.mark.parametrize("name", shipped.CELLS)
def test_starts_differ_in_nothing_else(task, name):
    own = of_cell(shipped.SETTINGS[task], shipped.CELLS[name])
    found = shipped.starts_of(task, name)
    assert len(found) == 1 + len(shipped.STARTS[name])
    for start, changes in shipped.STARTS[name].items():
        assert found[start].settings == dataclasses.replace(own, **changes)
        assert found[start].seeds == tuple(shipped.START_SEEDS)


def test_what_the_documentation_says_of_other_starts():
    solved = {
        (task, name, start): int(np.sum(found.curves["accuracy"][:, -1] >= 0.9))
        for task in shipped.WITH_STARTS
        for name in shipped.CELLS
        for start, found in shipped.starts_of(task, name).items()
    }
    assert solved["agreement", "RNN", "identity"] == solved["agreement", "RNN", "orthogonal"] == 5
    assert (solved["recall", "RNN", "identity"], solved["recall", "RNN", "orthogonal"]) == (3, 0)
    others = [n for (_, name, start), n in solved.items() if name == "LSTM" and start != "chrono"]
    assert not any(others)


def test_a_start_that_ships_is_recorded_from_its_settings():
    curves = shipped.starts_of("recall", "RNN")["identity"]
    again = training.train(dataclasses.replace(curves.settings, updates=1, seed=2))
    assert again.checkpoints[0].loss == pytest.approx(curves.curves["loss"][2, 0], rel=1e-6)


def test_starts_that_do_not_ship_are_refused():
    with pytest.raises(ValueError, match="task must be one of recall, agreement"):
        shipped.starts_of("adding", "RNN")
    with pytest.raises(ValueError, match="network must be one of RNN, LSTM"):
        shipped.starts_of("recall", "GRU")


@pytest.mark.parametrize("ask", [shipped.runs_of, shipped.curves_of])
def test_a_task_of_which_nothing_ships_is_refused(ask):
    with pytest.raises(ValueError, match="task must be one of recall, agreement, adding"):
        ask("copying")
