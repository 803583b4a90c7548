"""Guards against a slower engine: by counted work, and by ratios to NumPy in the same run.

No test here knows a time in seconds. Those marked `speed` take times, and need the machine alone.
"""

import math
import time

import numpy as np
import pytest

import gradflow as gf
from gradflow.engine.step_maps import Steps

# About three times what they measure: a machine has its moods, but an engine that has lost its
# blocks or its matrix products is beyond them.
LIMIT_SCALAR = 3.0
LIMIT_VECTOR = 8.0

# How many times as long saturated units may take; they measure 1.1 to 1.5.
LIMIT_SATURATED = 2.5


class Counted(gf.LSTM):
    """An LSTM that counts the steps back it takes, and the rows they carry."""

    calls = rows = 0

    def back(self, moves, carried, out=None):
        Counted.calls += 1
        Counted.rows += math.prod(carried[0].shape[:-1])
        return super().back(moves, carried, out)


def weights(H, D=1):
    generator = np.random.default_rng(H)
    bound = H**-0.5
    w_x, w_h = (generator.uniform(-bound, bound, (4, H, n)) for n in (D, H))
    return w_x, w_h, np.outer([0.0, 1.0, 0.0, 0.0], np.ones(H))


def saturated(H, D=1):
    """The same weights with four units shut, one gate each."""
    w_x, w_h, b = weights(H, D)
    for gate, unit, value in ((3, 0, -200.0), (1, 1, -150.0), (0, 2, -200.0), (2, 3, 100.0)):
        b[gate, unit] = value
    return w_x, w_h, b


def work(cell, T):
    """Steps back and rows of one flow and its terms."""
    Counted.calls = Counted.rows = 0
    gf.gradient_flow(cell, np.random.default_rng(0).normal(size=(T, cell.D))).log10("b")
    return Counted.calls, Counted.rows


@pytest.mark.parametrize("T", [20, 60])
def test_a_vector_cell_takes_each_target_through_each_step_once(T):
    assert work(Counted(*weights(3)), T) == (T, T * (T + 1) // 2)


@pytest.mark.parametrize("T", [100, 400, 1600])
def test_a_scalar_cell_takes_all_steps_at_once_on_a_unit_of_each_state(T):
    # A row a state and step, of T (T + 1) / 2 pairs of target and step.
    assert work(Counted(*(w.ravel() for w in weights(1))), T) == (1, 2 * T)


@pytest.mark.parametrize("ask", ["terms", "inputs", "classes", "totals"])
def test_saturated_units_take_no_step_with_an_exponent_for_every_number(ask, monkeypatch):
    taken = []
    scaled = Steps.scaled
    monkeypatch.setattr(Steps, "scaled", lambda *given: taken.append(given) or scaled(*given))
    cell, x = Counted(*saturated(8)), np.random.default_rng(0).normal(size=(60, 1))
    flow = gf.gradient_flow(cell, x)
    asked = {
        "terms": lambda: flow.log10("b"),
        "inputs": lambda: flow.log10("x"),
        "classes": lambda: (flow.by_detours("w_xf"), flow.by_first_gate("b")),
        "totals": lambda: flow.total("w_h"),
    }
    Counted.rows = 0
    asked[ask]()
    assert taken == []
    assert Counted.rows <= {"terms": 0, "inputs": 1, "classes": 9, "totals": 4}[ask] * 60 * 61 // 2


@pytest.mark.parametrize("T", [100, 400])
def test_a_saturated_scalar_cell_takes_all_steps_at_once(T):
    w_x, w_h, b = (w.ravel() for w in weights(1))
    b[3] = -200.0
    assert work(Counted(w_x, w_h, b), T) == (1, 2 * T)


@pytest.mark.parametrize("T", [100, 400])
def test_path_classes_of_a_saturated_scalar_cell_take_all_steps_at_once(T):
    # Four classes, of which a unit of each state is carried through all steps side by side.
    w_x, w_h, b = (w.ravel() for w in weights(1))
    for gate in (1, 3):
        b[gate] = -200.0
        flow = gf.gradient_flow(Counted(w_x, w_h, b), np.random.default_rng(0).normal(size=T))
        Counted.calls = Counted.rows = 0
        flow.by_detours("w_xf")
        # In plain numbers if bounds allow to try, and with an exponent for every number.
        assert Counted.calls <= 2
        assert Counted.rows <= 2 * 2 * 4 * T


@pytest.mark.parametrize("t", [1, 20, 60])
def test_the_signals_of_one_target_take_each_step_once(t):
    flow = gf.gradient_flow(Counted(*weights(3)), np.ones(60))
    Counted.calls = Counted.rows = 0
    gf.signals(flow, t)
    assert (Counted.calls, Counted.rows) == (t, t)


def test_the_only_target_of_a_flow_is_not_swept_again():
    flow = gf.gradient_flow(Counted(*weights(3)), np.ones(60), targets=[40])
    Counted.calls = Counted.rows = 0
    gf.signals(flow, 40)
    gf.analysis.unit_signals(flow, 40)
    assert (Counted.calls, Counted.rows) == (0, 0)
    gf.signals(flow, 20)
    assert (Counted.calls, Counted.rows) == (20, 20)


@pytest.mark.parametrize("T", [1, 60])
def test_a_survey_takes_the_last_target_of_a_sequence_through_each_step_once(T):
    Counted.calls = Counted.rows = 0
    seen = gf.survey(Counted(*weights(3)), [np.ones(T)], gf.UnitLoss(), "last")
    assert (seen.count, Counted.calls, Counted.rows) == (1, T, T)


def test_the_gradient_of_a_loss_takes_the_sum_of_all_targets_through_each_step_once():
    T = 60
    Counted.calls = Counted.rows = 0
    gf.training_gradient(Counted(*weights(3)), np.ones(T), gf.UnitLoss())
    # Step by step to the first, and then all steps side by side for what their signals are.
    assert (Counted.calls, Counted.rows) == (T, 2 * T - 1)


def test_the_errors_of_all_lengths_of_truncation_come_from_one_sweep():
    T = 40
    gradient = gf.training_gradient(Counted(*weights(3)), np.ones(T), gf.UnitLoss())
    Counted.calls = Counted.rows = 0
    assert len(gradient.truncation_curve().lengths) == T
    # The rows of all steps, side by side, which leave one after the other.
    assert (Counted.calls, Counted.rows) == (T, T * (T + 1) // 2)
    Counted.calls = Counted.rows = 0
    assert len(gradient.chunk_curve().lengths) == T
    # Step by step to the first for all lengths, and then all steps side by side for each.
    assert (Counted.calls, Counted.rows) == (T - 1 + T, (T - 1) * T + T * T)


@pytest.mark.parametrize(("targets", "rows"), [("last", 60), ([5, 60], 65), ([7], 7)])
def test_chosen_targets_take_their_own_steps_and_no_others(targets, rows):
    Counted.calls = Counted.rows = 0
    gf.gradient_flow(Counted(*weights(3)), np.ones(60), targets=targets)
    assert (Counted.calls, Counted.rows) == (max(60 * (targets != [7]), 7), rows)


@pytest.mark.parametrize(("targets", "rows"), [("last", 60), ([5, 60], 65), ([7], 7)])
def test_path_classes_of_chosen_targets_take_their_own_steps_and_no_others(targets, rows):
    flow = gf.gradient_flow(Counted(*weights(3)), np.ones(60), targets=targets)
    for classes in (2, 4):  # the first is written down, the others are carried
        Counted.calls = Counted.rows = 0
        flow.by_detours("b", classes=classes)
        assert (Counted.calls, Counted.rows) == (flow.targets[-1], (classes - 1) * rows)


def ratio(run, other, rounds=9):
    """How many times as long as another thing one takes, in turns and at their fastest."""
    taken = []
    for _ in range(rounds):
        for each in (run, other):
            start = time.perf_counter()
            each()
            taken.append(time.perf_counter() - start)
    return min(taken[::2]) / min(taken[1::2])


@pytest.mark.speed
def test_all_terms_of_a_scalar_cell_cost_no_more_than_a_few_passes_over_them():
    T = 1000
    cell, x = gf.LSTM.scalar(0.5, 0.5), np.random.default_rng(0).normal(size=T)
    numbers = np.ones((4, T, T))

    def run():
        flow = gf.gradient_flow(cell, x)
        return [flow.value(f"w_x{gate}") for gate in "ifco"]

    assert ratio(run, lambda: np.cumsum(numbers)) < LIMIT_SCALAR


@pytest.mark.speed
def test_a_vector_cell_costs_no_more_than_a_few_times_its_matrix_products():
    T, H = 200, 64
    cell, x = gf.LSTM(*weights(H)), np.random.default_rng(0).normal(size=(T, 1))
    rows, matrix = np.ones((T, H)), np.ones((H, H))

    def products():
        for n in range(1, T + 1):
            rows[:n] @ matrix
            rows[:n] @ matrix

    assert ratio(lambda: gf.gradient_flow(cell, x), products) < LIMIT_VECTOR


@pytest.mark.speed
@pytest.mark.parametrize("H", [16, 64])
def test_saturated_units_cost_little_more_than_others(H):
    x = np.random.default_rng(0).normal(size=(150, 1))
    usual, shut = (gf.LSTM(*make(H)) for make in (weights, saturated))
    both = (lambda: gf.gradient_flow(shut, x), lambda: gf.gradient_flow(usual, x))
    assert ratio(*both) < LIMIT_SATURATED


@pytest.mark.speed
@pytest.mark.parametrize("more", [{"b_f": -200.0}, {"b_o": -200.0}])
def test_path_classes_of_a_saturated_scalar_cell_cost_little_more_than_others(more):
    x = np.random.default_rng(0).normal(size=200)
    shut, usual = (gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5, **b), x) for b in (more, {}))
    both = (lambda: shut.by_detours("w_xf"), lambda: usual.by_detours("w_xf"))
    assert ratio(*both) < LIMIT_SATURATED


@pytest.mark.speed
@pytest.mark.parametrize("H", [1, 64])
def test_the_gradient_of_a_loss_costs_no_more_than_all_terms(H):
    parts = weights(H)
    cell = gf.LSTM(*(parts if H > 1 else (w.ravel() for w in parts)))
    x = np.random.default_rng(0).normal(size=300)
    loss = gf.UnitLoss()
    both = (
        lambda: gf.training_gradient(cell, x, loss),
        # A cell of one unit carries its terms back when the first is asked for.
        lambda: gf.gradient_flow(cell, x, loss=loss).log10_row("b_f", len(x)),
    )
    assert ratio(*both) < 1.3


@pytest.mark.speed
def test_the_last_target_alone_takes_less_than_a_fifth_of_the_time_of_all():
    T, H = 1000, 128
    cell, x = gf.LSTM(*weights(H)), np.random.default_rng(0).normal(size=(T, 1))
    both = (
        lambda: gf.gradient_flow(cell, x, targets="last"),
        lambda: gf.gradient_flow(cell, x),
    )
    assert ratio(*both, rounds=2) < 1 / 5
