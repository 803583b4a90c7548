"""The GRU: its forward pass, and its terms at any magnitude, in both forms."""

from dataclasses import FrozenInstanceError, replace

import mpmath as mp
import numpy as np
import pytest
from oracles.layers import (
    MANY_DIGITS,
    Stacked,
    as_terms,
    random_layer,
    run,
    scalar_layer,
    terms,
    terms_found,
)
from oracles.reference import DIGITS
from oracles.scalar_terms import assert_same_terms

import gradflow as gf
from gradflow.analysis.complex_step import complex_step_total, residual

NAMES = tuple(f"{kind}{gate}" for kind in ("w_x", "w_h", "b_") for gate in "rzn")
KINDS = {True: "gru", False: "original gru"}
both_forms = pytest.mark.parametrize("reset_after", [True, False])


def random_problem(reset_after, H=3, D=2, T=6, scale=1.0):
    generator = np.random.default_rng(0)
    layer = random_layer(KINDS[reset_after], H, D, generator, scale)
    return Stacked([layer], generator.normal(size=(T, D)), generator.normal(size=H))


def scalar_problem(reset_after, x, start=0.0, **gates):
    """Numbers a gate: w_x, w_h and b as (r, z, n), and b_hn."""
    layer = scalar_layer(KINDS[reset_after], **gates, h=start)
    return Stacked([layer], np.reshape(np.array(x, dtype=float), (-1, 1)), np.ones(1))


SINE = np.sin(np.arange(12) * 3 / 7 + 1 / 3)
ORDINARY = {"w_x": (0.7, -0.4, 1.1), "w_h": (-0.5, 0.9, 1.3), "b": (0.2, 0.5, -0.1), "b_hn": 0.3}
SCALARS = {
    "ordinary": {"x": SINE, **ORDINARY},
    "from a start": {"x": SINE, "start": -0.6, **ORDINARY},
    "zero inputs and weights": {
        "x": [0.0, 1.0, 0.0, -1.0],
        "w_x": (0, 1, 1),
        "w_h": (1, 0, 0),
        "b": (0, 0, 0),
    },
    "at rest": {"x": np.ones(24), **ORDINARY},
    "at rest, gate nearly shut": {
        "x": np.ones(14),
        "w_x": (0, 0, 1),
        "w_h": (0.5, 0, 0.2),
        "b": (0, -60, 0),
        "b_hn": 0.1,
    },
    "at rest and away again": {"x": [1.0] * 12 + [-1.0] * 8, **ORDINARY},
    "candidate at z = 250": {
        "x": 1.0 + 0.2 * SINE,
        "w_x": (1, 1, 200),
        "w_h": (1, 1, 10),
        "b": (0, 0, 0),
    },
    "candidate at z = 250 from the end of its range": {
        "x": 1.0 + 0.2 * SINE,
        "start": 1.0,
        "w_x": (1, 1, 200),
        "w_h": (1, 1, 10),
        "b": (0, 0, 0),
    },
    "update at z = -250": {"x": 1.0 + 0.2 * SINE, **ORDINARY, "b": (0.2, -250, -0.1)},
    "update at z = 250": {"x": 1.0 + 0.2 * SINE, "start": 0.5, **ORDINARY, "b": (0.2, 250, -0.1)},
    "reset at z = -250": {"x": 1.0 + 0.2 * SINE, **ORDINARY, "b": (-250, 0.5, -0.1)},
    "reset at z = 250": {"x": 1.0 + 0.2 * SINE, **ORDINARY, "b": (250, 0.5, -0.1)},
    "all at z = 200 and more": {
        "x": SINE,
        "start": 0.3,
        "w_x": (250, -250, 250),
        "w_h": (200, 150, -180),
        "b": (9, 5, 7),
    },
}
by_scalar = pytest.mark.parametrize("key", SCALARS)


@both_forms
@by_scalar
def test_signed_terms_are_those_of_high_precision(key, reset_after):
    problem = scalar_problem(reset_after, **SCALARS[key])
    assert_right(problem, MANY_DIGITS if "z = " in key else DIGITS, scalar=True)


@both_forms
@pytest.mark.parametrize(("H", "D", "scale"), [(3, 2, 1.0), (2, 1, 1.0), (1, 2, 1.0), (3, 2, 40.0)])
def test_norms_are_those_of_high_precision(H, D, scale, reset_after):
    problem = random_problem(reset_after, H, D, scale=scale)
    assert_right(problem, MANY_DIGITS if scale > 1 else DIGITS)


@both_forms
def test_vectors_at_rest_keep_their_digits(reset_after):
    problem = random_problem(reset_after, H=2, D=1, T=14, scale=0.3)
    assert_right(replace(problem, x=np.ones((14, 1))))


def assert_right(problem, digits=DIGITS, scalar=False):
    flow = problem.flow(scalar)
    for key, entries in terms(problem, digits).items():
        assert_same_terms(terms_found(flow, key), as_terms(entries, scalar))


def test_the_extremes_are_extreme():
    last = scalar_problem(True, **SCALARS["all at z = 200 and more"]).flow(scalar=True)
    assert np.abs(last.trace.z).max() > 250
    rest = scalar_problem(True, **SCALARS["at rest, gate nearly shut"]).flow(scalar=True)
    gap = np.abs(rest.trace.h[13] - rest.trace.gates[13, 2])
    assert gap <= 2e-16  # no digit is left of a difference that scales the terms of the update gate
    assert rest.log10("w_xz")[13, 0] - rest.log10("w_xn")[13, 0] < -40


@both_forms
def test_the_forward_pass_is_that_of_high_precision(reset_after):
    problem = random_problem(reset_after)
    (layer,) = problem.layers
    with mp.workdps(50):
        _, (last,), _ = run(problem)
    trace = problem.flow().trace
    np.testing.assert_allclose(trace.h[-1], [float(v) for v in last[0]], rtol=1e-13)
    np.testing.assert_array_equal(trace.hidden, trace.h)
    expected = trace.h[:-1] @ layer.w_h[2].T + layer.b_hn if reset_after else trace.h[:-1]
    np.testing.assert_allclose(trace.q, expected, rtol=1e-12)


def complex_step(problem, name, index, step=1e-30):
    """dL_t for every t from one weight nudged along the imaginary axis, in a plain loop."""
    (layer,) = problem.layers
    weights = {w: getattr(layer, w).astype(complex) for w in ("w_x", "w_h", "b", "b_hn")}
    weights[name][index] += 1j * step
    h, found = layer.start["h"].astype(complex), []
    for x in problem.x:
        drive = weights["w_x"] @ x + weights["b"]
        r, z = (1 / (1 + np.exp(-(drive[g] + weights["w_h"][g] @ h))) for g in range(2))
        inner = (
            r * (weights["w_h"][2] @ h + weights["b_hn"])
            if layer.kind == "gru"
            else weights["w_h"][2] @ (r * h)
        )
        h = (1 - z) * np.tanh(drive[2] + inner) + z * h
        found.append((problem.w_o @ h).imag / step)
    return np.array(found)


@both_forms
def test_totals_are_those_of_a_complex_step(reset_after):
    problem = random_problem(reset_after, T=9)
    flow = problem.flow()
    for name in ("w_x", "w_h", "b", "b_hn")[: 4 if reset_after else 3]:
        shape = getattr(problem.layers[0], name).shape
        total = flow.total(name)
        assert total.shape == (9, *shape)
        for index in np.ndindex(shape):
            expected = complex_step(problem, name, index)
            np.testing.assert_allclose(total[:, *index], expected, rtol=1e-12, atol=1e-16)
    norm = np.linalg.norm(flow.total("w_hn").reshape(9, -1), axis=1)
    np.testing.assert_allclose(10.0 ** flow.log10_total("w_hn"), norm, rtol=1e-12)


@both_forms
def test_terms_of_a_scalar_cell_add_up_by_the_independent_check(reset_after):
    flow = scalar_problem(reset_after, **SCALARS["ordinary"]).flow(scalar=True)
    assert residual(flow).max() < 1e-13
    np.testing.assert_allclose(complex_step_total(flow), flow.total("w_x").sum(axis=1), rtol=1e-12)


def test_the_forms_agree_where_the_reset_gate_is_one_number():
    after = gf.GRU.scalar({"r": 0, "z": 1, "n": 1}, {"r": 0, "z": 1, "n": 2}, 1.0, b_r=0.3)
    before = gf.GRU.scalar(
        {"r": 0, "z": 1, "n": 1}, {"r": 0, "z": 1, "n": 2}, 1.0, b_r=0.3, reset_after=False
    )
    first, second = (gf.gradient_flow(cell, SINE) for cell in (after, before))
    np.testing.assert_allclose(first.trace.h, second.trace.h, rtol=1e-14)
    for name in NAMES:
        np.testing.assert_allclose(first.value(name), second.value(name), rtol=1e-11, atol=1e-18)


def test_names_are_those_of_the_gates():
    assert gf.gradient_flow(gf.GRU.scalar(1, 1), [1.0]).parameters == (*NAMES, "b_hn")
    original = gf.GRU.scalar(1, 1, reset_after=False)
    assert gf.gradient_flow(original, [1.0]).parameters == NAMES
    assert original.b_hn is None


def test_measures_of_memory_are_those_of_the_bias():
    # Where no weight is recurrent, a step back is a product by the update gate: here by 1/2.
    flow = gf.gradient_flow(gf.GRU.scalar(0, 0, b_n=1.0), np.ones(40), loss=gf.UnitLoss())
    seen = gf.memory.measure(flow, 40)
    np.testing.assert_allclose(seen.log10_signal, flow.log10("b")[39])
    assert flow.log10("b_n")[39, 9] == pytest.approx(flow.log10("b_n")[39, 0] - 9 * np.log10(2))
    assert seen.verdict == "vanishing"
    assert gf.memory.half_life(flow, 40) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gf.GRU(np.ones(4), np.ones(4), np.ones(4)), r"w_x must have shape \(3, H, D\)"),
        (lambda: gf.GRU(np.ones((3, 2, 1)), np.ones((3, 2)), np.ones((3, 2))), "w_h must have"),
        (lambda: gf.GRU(np.ones(3), np.ones(3), np.ones(2)), "b must have shape"),
        (lambda: gf.GRU(np.ones(3), np.ones(3), np.ones(3), np.ones(2)), "b_hn must have shape"),
        (lambda: gf.GRU(np.ones(3), np.ones(3), [np.nan] * 3), "b must be finite"),
        (lambda: gf.GRU.scalar(1, 1, b_hn=0.0, reset_after=False), "b_hn must be left out"),
        (lambda: gf.GRU.scalar(1, 1, reset_after=1), "reset_after must be True or False"),
        (lambda: gf.GRU.scalar({"i": 1}, 1), "w_x must have the keys r, z, n"),
        (lambda: gf.GRU.scalar(1, 1, b_z=[1]), "b_z must"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_cell_is_frozen_and_its_arrays_are_read_only():
    cell = random_problem(True).layers[0].cell()
    with pytest.raises(FrozenInstanceError):
        cell.w_x = 1.0
    for array in cell.weights.values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1.0
    assert (cell.H, cell.D, cell.signed) == (3, 2, False)
    assert gf.GRU.scalar(1, 1).signed
    np.testing.assert_array_equal(replace(cell, b_hn=2.0).b_hn, [2.0, 2.0, 2.0])
