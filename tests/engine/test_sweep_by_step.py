"""Rows of plain numbers against a sweep with an exponent for every number, and 80 digits."""

from functools import cache

import numpy as np
import pytest
from oracles.reference import flow_of, high_precision_terms, terms_of
from oracles.scalar_terms import Problem, assert_same_terms
from oracles.scaled_sweep import scaled_sweep

import gradflow as gf
from gradflow.engine.kept_signals import signals_of_target
from gradflow.engine.parameter_names import full_name
from gradflow.engine.sweep_by_step import carry_back
from gradflow.numerics.scaled import Scaled


def shut(H, gates=3, **units):
    """Biases, the forget gates' 1, and single numbers by gate and unit: o0=-200."""
    names = "ifco" if gates == 4 else "rzn"
    b = np.zeros((gates, H))
    b[1] += gates == 4
    for place, value in units.items():
        b[names.index(place[0]), int(place[1:])] = value
    return b


def lstm(H, w_h=1.0, D=3, **units):
    generator = np.random.default_rng(H)
    w_x = generator.normal(size=(4, H, D)) / D**0.5
    recurrent = generator.normal(size=(4, H, H)) / H**0.5
    return gf.LSTM(w_x, recurrent * w_h, shut(H, 4, **units))


def gru(H, reset_after, D=3, **units):
    generator = np.random.default_rng(H)
    w_x = generator.normal(size=(3, H, D)) / D**0.5
    w_h = generator.normal(size=(3, H, H)) / H**0.5
    return gf.GRU(w_x, w_h, shut(H, **units), **({"b_hn": np.zeros(H)} if reset_after else {}))


def projected(H, P, D=3, **units):
    """An LSTM whose second hidden number is a tiny part of the units, and its third one unit."""
    whole = lstm(H, D=D, **units)
    w_p = np.random.default_rng(P).normal(size=(P, H)) / H**0.5
    w_p[1] *= 1e-200
    w_p[2, 1:] = 0.0
    return gf.ProjectedLSTM(whole.w_x, whole.w_h[:, :, :P], whole.b, w_p)


def rnn(H, drive=1.0, b=0.0, activation="tanh", D=3):
    generator = np.random.default_rng(H)
    w_x = drive * generator.normal(size=(H, D)) / D**0.5
    return gf.RNN(w_x, generator.normal(size=(H, H)) / H**0.5, np.zeros(H) + b, activation)


def dying():
    """Unit 0 carries all, until a gate shuts it for a step; unit 1 forgets 10^-26 a step."""
    w_x, b = np.zeros((4, 2, 1)), np.zeros((4, 2))
    w_x[1, 0], b[1] = 200.0, [0.0, -60.0]
    w_x[2] = 0.1
    w_h = np.zeros((4, 2, 2))
    w_h[1] = 1e-3 * np.eye(2)
    return gf.LSTM(w_x, w_h, b)


MANY = {"o0": -200.0, "f1": -200.0, "i2": -150.0, "c3": 200.0, "f0": -230.0}
ALONE = np.eye(4)
CELLS = {
    "lstm": lstm(6),
    "output gate shut": lstm(6, o0=-200.0),
    "several units shut": lstm(6, **MANY),
    "every gate of a unit shut": lstm(4, i0=-200.0, f0=-200.0, c0=200.0, o0=-200.0),
    "units on their own": lstm(4, ALONE, f0=-40.0, f1=3.0, f2=8.0),
    "units on their own, one shut": lstm(4, ALONE, f0=-240.0, f1=3.0, f2=8.0),
    "without recurrent weights": lstm(4, 0.0, f0=-240.0, f1=3.0, f2=8.0),
    "a large signal that dies": dying(),
    "weights of 1e-200": lstm(3, 1e-200),
    "a projection": projected(6, 3, **MANY),
    "gru": gru(5, True, z0=-200.0, r1=-150.0, z2=200.0, n3=150.0),
    "gru, original form": gru(5, False, z0=-200.0, r1=-150.0, z2=200.0, n3=150.0),
    "rnn, z of 50": rnn(5, 50.0),
    "rnn, z of 1000": rnn(5, 1000.0),
    "rnn, one unit at 5000": rnn(5, b=np.array([5000.0, 0.0, 0.0, 0.0, 0.0])),
    "rnn, a chain": gf.RNN(
        np.ones((3, 1)), np.array([[0.9, 0, 0], [1, 0.1, 0], [0, 1, 0.5]]), np.array([0, 300.0, 3])
    ),
    "relu": rnn(5, activation="relu"),
    "projections": gf.Stack([projected(6, 3, o0=-200.0), projected(5, 4, D=3, f1=-240.0)]),
    "stack": gf.Stack([lstm(4, o0=-200.0), gru(4, True, D=4, z1=150.0), rnn(3, 20.0, D=4)]),
    "layers that forget at unlike rates": gf.Stack(
        [lstm(4, f0=6.0, f1=6.0), lstm(3, 0.01, D=4, f0=-40.0, f1=-40.0, f2=-40.0)]
    ),
}
by_cell = pytest.mark.parametrize("name", CELLS)


def flow_at(cell, T=40, readout=None, surge=80.0):
    """On noise, with steps whose input is `surge` times as large."""
    x = np.random.default_rng(T).normal(size=(T, cell.D))
    x[T // 2 :: T // 3] *= surge
    return gf.gradient_flow(cell, x, readout, gf.UnitLoss())


@cache
def case(name):
    """The flow of a cell, and its signals by step with an exponent for every number."""
    flow = flow_at(CELLS[name])
    return flow, dict(scaled_sweep(flow.cell, flow._backward.slopes, flow._backward.seeds))


def norms(flow, sweep=None):
    """log10 of |dL_t/dz| by bias, from a sweep with an exponent for every number."""
    cell, slopes, seeds, T = flow.cell, flow._backward.slopes, flow._backward.seeds, flow.T
    gates = {
        name: cell.gates(slopes)[part.gate]
        for name, part in cell.parameters.items()
        if part.source.endswith("one")
    }
    found = {name: np.full((T, T), np.nan) for name in gates}
    for j, signals in (sweep or dict(scaled_sweep(cell, slopes, seeds))).items():
        t = np.arange(j, T + 1)
        for name, (signal, slope) in gates.items():
            found[name][t - 1, t - j] = (signals[signal] * slope[j - 1]).norm(axis=1).log10()
    return found


def found_terms(flow, name):
    layer, _, own = name.rpartition(".")
    return flow.log10(own, layer=int(layer)) if layer else flow.log10(own)


@by_cell
def test_terms_are_those_of_a_sweep_with_an_exponent_for_every_number(name):
    flow, sweep = case(name)
    for parameter, expected in norms(flow, sweep).items():
        assert_same_terms((None, found_terms(flow, parameter)), (None, expected))


def test_a_readout_of_very_unlike_weights_is_carried_back_as_it_is():
    flow = flow_at(lstm(4, o0=-200.0), 40, gf.Readout(np.array([1e-300, 1e300, 1.0, 1e-150])))
    for parameter, expected in norms(flow).items():
        assert_same_terms((None, found_terms(flow, parameter)), (None, expected))


@pytest.mark.parametrize("name", ["every gate of a unit shut", "a large signal that dies"])
def test_saturated_cells_of_many_steps(name):
    flow = flow_at(CELLS[name], 300)
    for parameter, expected in norms(flow).items():
        assert_same_terms((None, found_terms(flow, parameter)), (None, expected))


@by_cell
def test_gradients_of_inputs_are_those_of_that_sweep(name):
    flow, sweep = case(name)
    cell, slopes = flow.cell, flow._backward.slopes
    gates, w_x = cell.gates(slopes), full_name(cell, "w_x", 0)
    weights = cell.weights[w_x].reshape(-1, *cell.weights[w_x].shape[-2:])
    expected = np.full((40, 40), np.nan)
    for j, signals in sweep.items():
        t = np.arange(j, 41)
        x = Scaled.of(np.zeros((len(t), cell.D)))
        for place, parameter in enumerate(cell.groups.get(w_x, (w_x,))):
            signal, slope = gates[cell.parameters[parameter].gate]
            x = x + (signals[signal] * slope[j - 1]) @ Scaled.of(weights[place])
        expected[t - 1, t - j] = x.norm(axis=1).log10()
    assert_same_terms((None, flow.log10("x")), (None, expected))


@by_cell
@pytest.mark.parametrize("t", [1, 23, 40])
def test_one_target_alone_is_its_row(name, t):
    flow, every = case(name)
    kept = signals_of_target(flow.cell, flow._backward.slopes, flow._backward.seeds, t)
    assert kept.t == t
    for place, found in enumerate(kept.scaled()):
        for j in range(t, 0, -1):
            row = every[j][place][t - j : t - j + 1].norm(axis=1).log10()
            norm = found[t - j : t - j + 1].norm(axis=1).log10()
            np.testing.assert_allclose(norm, row, rtol=1e-13, atol=1e-11)


def test_a_target_without_a_loss_has_no_signal():
    flow, _ = case("rnn, z of 50")
    nothing = Scaled.of(np.zeros((40, 5)))
    for cell, slopes in (
        (flow.cell, flow._backward.slopes),
        (gf.RNN(np.ones((5, 1)), 1e200 * np.eye(5), np.zeros(5)), flow._backward.slopes),
    ):
        (signal,) = signals_of_target(cell, slopes, nothing, 40).scaled()
        assert signal.shape == (40, 5)
        assert (signal.mantissa == 0.0).all()


def far(flow):
    """Row-steps that are taken with an exponent for every number."""
    backward = flow._backward
    sweep = carry_back(flow.cell, backward.slopes, backward.seeds)
    return sum(0 if signals.apart is None else len(signals.apart.places) for signals in sweep)


@pytest.mark.parametrize("name", ["lstm", "output gate shut", "several units shut", "gru", "stack"])
def test_saturated_units_are_carried_in_plain_numbers(name):
    assert far(flow_at(CELLS[name], surge=1.0)) == 0


def test_the_cases_are_hard_enough_to_set_rows_apart():
    for name in ("a large signal that dies", "without recurrent weights", "rnn, z of 1000"):
        assert far(case(name)[0]) > 0, name


def problem(activation="tanh", b=0.0, gates=(), drive=1.0, T=6):
    generator = np.random.default_rng(T)
    shape, recurrent = ((4,), "w_h") if gates else ((), "w_s")
    bias = np.zeros((*shape, 3)) + b
    for gate, unit, value in gates:
        bias[gate, unit] = value
    weights = {
        "w_x": drive * generator.normal(size=(*shape, 3, 2)),
        recurrent: generator.normal(size=(*shape, 3, 3)),
        "b": bias,
    }
    x = generator.normal(size=(T, 2))
    return Problem(weights, x, activation=activation, loss="unit", target=0.0)


@pytest.mark.parametrize(
    "given",
    [
        problem(gates=((3, 0, -200.0),)),
        problem(gates=((3, 0, -200.0), (1, 1, -200.0), (0, 2, -120.0), (2, 1, 80.0))),
        problem(gates=((0, 0, -90.0), (1, 0, -90.0), (2, 0, 90.0), (3, 0, -90.0))),
        problem(drive=60.0),
        problem(b=np.array([400.0, 0.0, -90.0])),
    ],
)
def test_terms_of_saturated_cells_are_those_of_80_digits(given):
    flow, made = flow_of(given), high_precision_terms(given)
    for name in given.names:
        _, log10 = made[name]
        expected = np.where(np.tri(flow.T, dtype=bool), log10, np.nan)
        assert_same_terms((None, terms_of(flow, name)[1]), (None, expected))
