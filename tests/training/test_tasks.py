"""What the tasks ask for can be answered, by whoever looks at the input that decides."""

import numpy as np
import pytest

from gradflow import training
from gradflow.training.tasks import TASKS

MADE = [task(delay) for task in TASKS.values() for delay in (3, 12)]


@pytest.mark.parametrize("task", MADE, ids=repr)
def test_shapes_are_as_the_task_says_and_the_seed_decides(task):
    x, answers = task.batch(np.random.default_rng(4), 7)
    assert x.shape == (task.T, 7, task.D)
    assert answers.shape == (7,)
    again, _ = task.batch(np.random.default_rng(4), 7)
    np.testing.assert_array_equal(x, again)


@pytest.mark.parametrize("task", MADE, ids=repr)
def test_the_held_out_sequences_are_always_the_same(task):
    for one, other in zip(task.held_out(), task.held_out(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_verb_hangs_on_the_noun_alone():
    x, plural = training.agreement(6).batch(np.random.default_rng(0), 200)
    np.testing.assert_array_equal(plural, x[1, :, 0] < 0)
    assert np.abs(np.delete(x, 1, axis=0)).max() < 0.5


def test_the_first_symbol_is_the_answer_and_no_other_can_be():
    x, answers = training.recall(9).batch(np.random.default_rng(0), 200)
    np.testing.assert_array_equal(x[0].argmax(axis=1), answers)
    assert not x[1:, :, :4].any()


def test_the_marked_numbers_add_up_to_the_answer():
    x, answers = training.adding(9).batch(np.random.default_rng(0), 200)
    np.testing.assert_array_equal(x[..., 1].sum(axis=0), 2.0)
    assert x[:2, :, 1].sum() == 200
    np.testing.assert_allclose((x[..., 0] * x[..., 1]).sum(axis=0), answers)


@pytest.mark.parametrize("task", MADE, ids=repr)
def test_chance_is_what_a_constant_answer_gets(task):
    _, answers = task.batch(np.random.default_rng(0), 20_000)
    constant = np.zeros((len(answers), task.outputs))
    if not task.has_classes:
        constant += answers.mean()
    assert task.accuracy(constant, answers) == pytest.approx(task.chance, abs=0.015)


def test_the_loss_of_a_sure_right_answer_is_none():
    task, answers = training.recall(3), np.array([0, 3])
    assert task.mean_loss(1000.0 * np.eye(4)[answers], answers) == 0.0
    assert task.mean_loss(np.zeros((2, 4)), answers) == pytest.approx(np.log(4.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: training.recall(0), "delay"),
        (lambda: training.adding(2), "delay"),
        (lambda: training.agreement(1.5), "delay"),
        (lambda: training.agreement(5, spread=-1.0), "spread"),
        (lambda: training.recall(5).batch(np.random.default_rng(0), 0), "n must"),
    ],
)
def test_what_is_no_task_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
