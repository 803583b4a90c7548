"""Terms by classes of paths: against the reference files, 80 digits, and what must add up."""

from functools import cache

import numpy as np
import pytest
from oracles.path_classes import (
    DETOURS,
    FIRST_GATE,
    class_entries,
    class_sizes,
)
from oracles.reference import NAMES, flow_of, load
from oracles.scalar_terms import GATES, Problem, assert_same_terms

import gradflow as gf
from gradflow.engine import path_classes, scaled_spans
from gradflow.engine.step_maps import Steps

LSTMS = [name for name in NAMES if load(name).problem.is_lstm]
SWINGING = np.array([1.0, -0.75, 0.5, -1.0, 0.0, 0.25, 1.0, -0.5])
PARAMETERS = [f"{kind}{gate}" for kind in ("w_x", "w_h", "b_") for gate in GATES]


def scalar(w_x, w_h, b, x=SWINGING, **more):
    weights = {"w_x": np.reshape(w_x, (4, 1, 1)), "w_h": np.reshape(w_h, (4, 1, 1))}
    return Problem({**weights, "b": np.reshape(b, (4, 1))}, np.array(x), scalar=True, **more)


def vector(H, T, b_f, w_h=1.0, mask=1.0, seed=0, **more):
    generator = np.random.default_rng(seed)
    weights = {
        "w_x": generator.normal(size=(4, H, 2)),
        "w_h": generator.normal(size=(4, H, H)) * w_h * mask,
        "b": np.stack([np.zeros(H), np.zeros(H) + b_f, np.zeros(H), np.zeros(H)]),
    }
    return Problem(weights, generator.normal(size=(T, 2)), target=0.3, **more)


CASES = {
    "usual": scalar([0.5] * 4, [0.5] * 4, [0, 1, 0, 0], b_o=0.2, target=0.4),
    "mixed signs": scalar([0.3, -0.8, 1.2, 0.5], [-2.0, 3.0, -1.5, 2.5], [0.1, 0.5, -0.2, 0.3]),
    "gates at z = 250": scalar([250, -200, 3, 100], [1.5, -2.0, 0.7, 0.9], [0, 1, 0, 5]),
    "one step of z = 900": scalar([1, 1, 1, 1], [0.5, -0.6, 0.7, 0.8], [0] * 4, SWINGING[:5] ** 9),
    "forget gate shut": scalar([0.5] * 4, [0.5] * 4, [0, -70, 0, 0], [1.0] * 12),
    "all gates shut but by h": scalar([0.1] * 4, [2, -3, 4, 5], [-40, -60, 0, -50]),
    "weights of 1e-40": scalar([0.5] * 4, [1e-40, -1e-40, 1e-40, 2e-40], [0, 1, 0, 0]),
    "weights far apart": scalar([0.5] * 4, [200.0, 1e-30, -50.0, 1e-200], [0, 1, 0, 0]),
    "through the output gate alone": scalar([0.5] * 4, [0, 0, 0, 0.8], [0, 1, 0, 0]),
    "no way through the output gate": scalar([0.5] * 4, [0.4, 0.5, -0.8, 0], [0, 1, 0, 0]),
    "through a forget gate nearly shut": scalar([0.5] * 4, [0.5] * 4, [0, -40, 0, 0], [1.0] * 16),
    "by the output gate past it": scalar([0.5] * 4, [0, 0, 0, 0.8], [0, -40, 0, 0], [1.0] * 16),
    "a target without a loss": scalar([0.0] * 4, [0.7] * 4, [0, 1, 0, 0], [0.0, 0.0, 1.0]),
    "three units": vector(3, 6, 1.0),
    "two outputs": vector(2, 4, 1.0, w_o=np.array([[1.0, 0.5], [-0.5, 2.0]])),
    "units that forget at unlike rates": vector(2, 12, [-66.0, 2.0]),
    "units on their own": vector(2, 12, [-66.0, 2.0], mask=np.eye(2)),
    "a chain of units": vector(2, 12, [2.0, -66.0], mask=np.array([[1.0, 1.0], [0.0, 1.0]])),
    "one unit shut for good": vector(2, 8, [-300.0, 1.0]),
    "readout on one unit": vector(2, 8, [1.0, -66.0], mask=np.eye(2), w_o=np.array([0.0, 1.0])),
}
DIVISIONS = {"2 classes": DETOURS[2], "4 classes": DETOURS[4], "first gate": FIRST_GATE}


def split(flow, parameter, division):
    return (
        flow.by_first_gate(parameter)
        if division is FIRST_GATE
        else flow.by_detours(parameter, classes=division[0])
    )


def assert_same_classes(found, sign, log10):
    for part in range(len(found.labels)):
        part_sign = None if found.sign is None else found.sign[part]
        assert_same_terms((part_sign, found.log10[part]), (sign[part], log10[part]))


def slow(name):
    return pytest.param(name, marks=pytest.mark.slow)


@cache
def flow_for(key):
    return flow_of(CASES[key])


@pytest.mark.parametrize("name", LSTMS)
def test_classes_are_those_of_the_reference(name):
    reference = load(name)
    flow = flow_of(reference.problem)
    found = flow.by_detours("w_xc", classes=flow.T + 1)
    assert found.log10.shape == found.sign.shape == (flow.T + 1, flow.T, flow.T)
    for t, row in reference.by_detours.items():
        for k, (sign, log10) in enumerate(row, start=1):
            place = (slice(k), t - 1, k - 1)
            assert_same_terms((found.sign[place], found.log10[place]), (sign, log10))
            assert np.isneginf(found.log10[k:, t - 1, k - 1]).all()


@pytest.mark.parametrize("name", LSTMS)
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_the_last_class_is_the_rest(name, classes):
    reference = load(name)
    found = flow_of(reference.problem).by_detours("w_xc", classes=classes)
    for t, row in reference.by_detours.items():
        for k, (sign, log10) in enumerate(row, start=1):
            every = sign * 10.0**log10
            rest, scale = every[classes - 1 :].sum(), np.abs(every[classes - 1 :]).sum()
            place = (classes - 1, t - 1, k - 1)
            value = found.sign[place] * 10.0 ** found.log10[place]
            assert abs(value - rest) <= 1e-10 * scale


@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize("parameter", ["w_xf", *(slow(name) for name in ("b_i", "w_hc", "b_o"))])
@pytest.mark.parametrize("key", CASES)
def test_classes_are_right_at_any_magnitude(key, parameter, division):
    division = DIVISIONS[division]
    found = split(flow_for(key), parameter, division)
    sign, log10 = class_sizes(class_entries(CASES[key], parameter, division))
    assert (found.sign is None) == (not CASES[key].scalar)
    assert_same_classes(found, sign, log10)


def test_the_cases_reach_far():
    found = flow_for("forget gate shut").by_detours("b_c")
    lag = (11, 11)
    assert found.log10[0][lag] < -320
    assert found.log10[3][lag] > found.log10[0][lag] + 200
    units = flow_for("units that forget at unlike rates")
    assert np.ptp(np.log10(units.trace.gates[:, 1]).sum(axis=0)) > 300


@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize("key", [key for key in CASES if CASES[key].scalar])
def test_classes_add_up_to_the_term_in_signed_arithmetic(key, division):
    flow = flow_for(key)
    inside = np.tri(flow.T, dtype=bool)
    for parameter in PARAMETERS:
        found = split(flow, parameter, DIVISIONS[division])
        term, sign = flow.log10(parameter)[inside], flow.sign(parameter)[inside]
        log10 = found.log10[:, inside]
        top = log10.max(axis=0)
        top = np.where(np.isfinite(top), top, 0.0)
        together = (found.sign[:, inside] * 10.0 ** (log10 - top)).sum(axis=0)
        np.testing.assert_allclose(together, sign * 10.0 ** (term - top), rtol=0, atol=1e-11)


@pytest.mark.parametrize("key", ["usual", "gates at z = 250", "three units", "units on their own"])
def test_gates_together_are_the_root_of_the_sum_of_squares(key):
    flow = flow_for(key)
    for group, stem in (("w_x", "w_x"), ("w_h", "w_h"), ("b", "b_")):
        found = flow.by_detours(group, classes=3)
        assert found.sign is None
        gates = np.array([flow.by_detours(stem + gate, classes=3).log10 for gate in GATES])
        top = np.where(np.isneginf(gates).all(axis=0), 0.0, gates.max(axis=0))
        size = 10.0 ** (found.log10 - top)
        np.testing.assert_allclose(size**2, (10.0 ** (2 * (gates - top))).sum(axis=0), rtol=1e-11)


@pytest.mark.parametrize("H", [1, 3])
def test_without_recurrent_weights_the_cell_path_is_the_whole(H):
    flow = flow_of(vector(H, 9, 1.0, w_h=0.0))
    for parameter in ("w_xf", "b_o", "w_x"):
        for found in (flow.by_detours(parameter), flow.by_first_gate(parameter)):
            assert_same_terms((None, found.log10[0]), (None, flow.log10(parameter)))
            for part in found.log10[1:]:
                assert np.isneginf(part[np.tri(9, dtype=bool)]).all()


def test_the_cell_path_is_a_product_of_forget_gates():
    flow = flow_for("mixed signs")
    _, _, _, o = flow.trace.gates[:, :, 0].T
    to_c = flow.trace.o * o * (1 - np.tanh(flow.trace.c[1:, 0]) ** 2)  # the target is 0
    i, _, candidate, _ = flow.trace.gates[:, :, 0].T
    slope = i * (1 - candidate**2)
    found = flow.by_detours("b_c")
    for t in range(flow.T):
        for j in range(t + 1):
            product = 10.0 ** flow.log10_forget_product()[t, t - j]
            value = found.sign[0, t, t - j] * 10.0 ** found.log10[0, t, t - j]
            np.testing.assert_allclose(value, to_c[t] * product * slope[j], rtol=1e-11)


def test_the_cell_path_is_the_same_in_both_divisions():
    for key in ("usual", "three units"):
        for parameter in ("w_xf", "b_o"):
            both = (
                flow_for(key).by_detours(parameter, classes=2),
                flow_for(key).by_first_gate(parameter),
            )
            np.testing.assert_array_equal(both[0].log10[0], both[1].log10[0])


def test_labels():
    flow = flow_for("usual")
    assert flow.by_detours("b_f").labels == ("cell path", "1 detour", "2 detours", "3 or more")
    assert flow.by_detours("b_f", classes=2).labels == ("cell path", "1 or more")
    assert flow.by_first_gate("b_f").labels == (
        "cell path",
        "input gate",
        "forget gate",
        "candidate",
        "output gate",
    )


def test_one_step_has_the_cell_path_alone():
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5), [1.0])
    for found in (flow.by_detours("w_xf"), flow.by_detours("w_xo"), flow.by_first_gate("w_xo")):
        assert np.isneginf(found.log10[1:]).all()
    assert found.log10[0] == pytest.approx(flow.log10("w_xo"), rel=1e-12)
    assert found.sign[0] == flow.sign("w_xo")


def test_records_are_read_only_and_empty_above_the_diagonal():
    for found in (flow_for("usual").by_detours("w_xf"), flow_for("three units").by_detours("b")):
        assert np.isnan(found.log10[:, ~np.tri(found.log10.shape[1], dtype=bool)]).all()
        with pytest.raises(ValueError, match="read-only"):
            found.log10[0, 0, 0] = 1.0
        with pytest.raises(AttributeError):
            found.labels = ()
    assert found.sign is None
    sign = flow_for("usual").by_detours("w_xf").sign
    assert sign.dtype == np.int8
    assert (sign[:, ~np.tri(sign.shape[1], dtype=bool)] == 0).all()
    with pytest.raises(ValueError, match="read-only"):
        sign[0, 0, 0] = 1


@pytest.mark.parametrize("classes", [1, 0, -3, 2.0, "4", True, None])
def test_the_number_of_classes_is_checked(classes):
    with pytest.raises(ValueError, match=r"classes must be a whole number from 2 on\. Got "):
        flow_for("usual").by_detours("w_xf", classes=classes)


def test_names_and_cells_are_checked():
    with pytest.raises(ValueError, match=r"parameter must be one of .* Got 'w_s'"):
        flow_for("usual").by_detours("w_s")
    with pytest.raises(ValueError, match=r"parameter must be one of .* Got 'w_s'"):
        flow_for("usual").by_first_gate("w_s")
    rnn = gf.gradient_flow(gf.RNN(0.5, 0.9), [1.0, 2.0])
    for ask in (rnn.by_detours, rnn.by_first_gate):
        with pytest.raises(ValueError, match=r"cell must be an LSTM, .* Got RNN\."):
            ask("w_x")


@pytest.mark.parametrize(
    ("w_h", "b_f", "T", "classes"),
    [
        (0.5, 1.0, 150, 4),
        (0.5, -5.0, 250, 4),
        (2.0, -2.0, 250, 2),
        (0.5, -40.0, 16, 8),
        (3.0, -50.0, 9, 8),
        (1e-20, 1.0, 9, 8),
    ],
)
def test_products_of_spans_are_what_a_step_at_a_time_leaves(w_h, b_f, T, classes, monkeypatch):
    x = np.random.default_rng(3).normal(size=T)
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, w_h, b_f=b_f), x)
    asked = [
        lambda name=name, ask=ask: ask(name)
        for name in ("w_xf", "b_o", "b")
        for ask in (lambda name: flow.by_detours(name, classes=classes), flow.by_first_gate)
    ]
    found = [ask() for ask in asked]
    monkeypatch.setattr(path_classes, "_by_spans", path_classes._swept)
    for products, swept in zip(found, [ask() for ask in asked], strict=True):
        assert (products.sign is None) == (swept.sign is None)
        sign = np.zeros_like(swept.log10) if swept.sign is None else swept.sign
        assert_same_classes(products, sign, swept.log10)


def test_classes_that_one_power_of_two_a_row_loses_have_spans_in_pieces(monkeypatch):
    parts = []
    powers = scaled_spans.shared_powers
    monkeypatch.setattr(
        scaled_spans, "shared_powers", lambda *given: parts.append(powers(*given)) or parts[-1]
    )
    x = np.random.default_rng(3).normal(size=90)
    flow = gf.gradient_flow(gf.LSTM.scalar(1000.0, 0.5), x)
    found = flow.by_detours("w_xf"), flow.by_detours("b"), flow.by_first_gate("b")
    assert max(len(span) for part in parts for span in getattr(part.rows, "starts", [])) > 5
    monkeypatch.setattr(path_classes, "_by_spans", path_classes._swept)
    swept = flow.by_detours("w_xf"), flow.by_detours("b"), flow.by_first_gate("b")
    for products, expected in zip(found, swept, strict=True):
        sign = np.zeros_like(expected.log10) if expected.sign is None else expected.sign
        assert_same_classes(products, sign, expected.log10)


@pytest.mark.parametrize("b_f", [1.0, -5.0])
def test_classes_that_drift_apart_stay_in_plain_numbers(b_f, monkeypatch):
    """What makes the sweep fast: only steps that need it have an exponent for every number."""
    taken = []
    scaled = Steps.scaled
    monkeypatch.setattr(Steps, "scaled", lambda *given: taken.append(given) or scaled(*given))
    flow = flow_of(vector(4, 260, [b_f, b_f, b_f + 2, b_f - 2]))
    found = flow.by_detours("w_xf")
    assert taken == []
    assert found.log10[3, -1, -2] > found.log10[0, -1, -2] + (10 if b_f > 0 else 200)


def test_a_sweep_takes_one_step_of_the_cell_a_step(monkeypatch):
    steps = []
    back = gf.LSTM.back
    monkeypatch.setattr(gf.LSTM, "back", lambda *given: steps.append(given) or back(*given))
    flow = flow_of(vector(4, 50, 1.0))
    taken, rows = len(steps), sum(len(given[2][0]) for given in steps)
    steps.clear()
    flow.by_detours("w_xf", classes=5)
    assert len(steps) <= taken
    assert sum(len(given[2][0]) for given in steps) <= 5 * rows


@pytest.mark.parametrize("b_f", [1.0, -2.0])
@pytest.mark.parametrize("T", [100, 1000])
def test_classes_of_numbers_take_one_step_as_the_terms_do(T, b_f, monkeypatch):
    """All source steps side by side, on a unit of each state of each class."""
    steps = []
    back = gf.LSTM.back
    monkeypatch.setattr(gf.LSTM, "back", lambda *given: steps.append(given) or back(*given))
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5, b_f=b_f), np.ones(T))
    assert steps == []  # the terms have a sweep of their own when they are asked for
    flow.log10("b")
    assert [given[2][0].size for given in steps] == [2 * T]
    for ask in (lambda: flow.by_detours("w_xf", classes=5), lambda: flow.by_first_gate("w_xf")):
        steps.clear()
        ask()
        assert [given[2][0].size for given in steps] == [2 * T * 5 * 5]


@pytest.mark.parametrize("key", [key for key in CASES if not CASES[key].scalar])
@pytest.mark.parametrize("division", DIVISIONS)
def test_the_classes_of_some_targets_are_their_rows(key, division):
    every = flow_for(key)
    targets = sorted({2, every.T // 2, every.T - 1})
    some = gf.gradient_flow(every.cell, every.x, every.readout, every.loss, targets=targets)
    found, expected = (split(flow, "w_xf", DIVISIONS[division]).log10 for flow in (some, every))
    np.testing.assert_allclose(found, expected[:, [t - 1 for t in targets]], atol=1e-12)
