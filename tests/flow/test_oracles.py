"""Terms and totals of ordinary size against autograd, complex steps and the textbook's formula."""

from functools import cache

import numpy as np
import pytest
from oracles.reference import flow_of, high_precision_terms, terms_of
from oracles.scalar_terms import (
    Problem,
    assert_same_terms,
    autograd_terms,
    complex_step_totals,
    formula_terms,
    gate_terms,
    magnitudes,
)

T = 6
PROBABILITIES = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0], [0.1, 0.1, 0.8]] * 2)
CLASSES = np.array([0, 2, 1, 1, 0, 2])


def readout(form, H, generator):
    shape = {"number": (), "H": (H,), "OH": (3, H)}[form]
    return generator.normal(size=shape), generator.normal(size=shape[:-1])


def problem(cell, size="vector", loss="squared", target=0.3, form="H", start=True, seed=0):
    """A cell of small random weights; `cell` is "lstm" or the activation of an RNN."""
    generator = np.random.default_rng(seed)
    H, D = (1, 1) if size == "scalar" else (3, 2)
    gates, recurrent, states = ((4,), "w_h", "hc") if cell == "lstm" else ((), "w_s", "s")
    weights = {
        "w_x": generator.normal(size=(*gates, H, D)),
        recurrent: generator.normal(size=(*gates, H, H)) * 0.7,
        "b": generator.normal(size=(*gates, H)) * 0.5 + (0.5 if cell == "relu" else 0.0),
    }
    w_o, b_o = readout(form, H, generator)
    return Problem(
        weights,
        generator.normal(size=(T, D)),
        w_o=w_o,
        b_o=b_o,
        loss=loss,
        target=target,
        activation="tanh" if cell == "lstm" else cell,
        start={name: generator.normal(size=H) for name in states} if start else {},
        scalar=size == "scalar",
    )


CELLS = ["tanh", "identity", "sigmoid", "relu", "lstm"]
STEPS = np.linspace(0.1, 0.9, T)
GRID = np.linspace(0.0, 1.0, 3 * T).reshape(T, 3)
PROBLEMS = {
    **{f"{c} {s}": {"cell": c, "size": s} for c in CELLS for s in ("scalar", "vector")},
    **{f"{c} from zero": {"cell": c, "start": False} for c in CELLS},
    **{f"{c} number": {"cell": c, "form": "number"} for c in ("tanh", "lstm")},
}
for cell in ("sigmoid", "lstm"):
    for size in ("scalar", "vector"):
        PROBLEMS |= {
            f"{cell} {size} {loss} {form} {np.shape(target)}": {
                "cell": cell,
                "size": size,
                "loss": loss,
                "target": target,
                "form": form,
            }
            for loss, form, target in (
                ("unit", "H", 0.0),
                ("unit", "OH", 0.0),
                ("squared", "number", STEPS),
                ("squared", "OH", 0.3),
                ("squared", "OH", GRID),
                ("binary", "H", 1.0),
                ("binary", "number", STEPS),
                ("softmax", "OH", 2),
                ("softmax", "OH", CLASSES),
                ("softmax", "OH", PROBABILITIES),
            )
        }
by_problem = pytest.mark.parametrize("key", PROBLEMS)


@cache
def case(key):
    given = problem(**PROBLEMS[key])
    return given, flow_of(given), autograd_terms(given)


@by_problem
def test_terms_are_those_of_autograd_with_a_copy_of_the_weight_at_each_step(key):
    given, flow, terms = case(key)
    assert set(flow.parameters) <= set(given.names)
    for name in given.names:
        expected = magnitudes(gate_terms(terms, name), given.scalar)
        assert_same_terms(terms_of(flow, name), expected)


@by_problem
def test_plain_values_are_those_of_autograd(key):
    given, flow, terms = case(key)
    lower = np.tri(T, dtype=bool)
    for name in given.names:
        sign, log10 = magnitudes(gate_terms(terms, name), given.scalar)
        expected = 10.0**log10 * (1.0 if sign is None else sign)
        np.testing.assert_allclose(flow.value(name)[lower], expected[lower], rtol=1e-10, atol=0)
        assert np.isnan(flow.value(name)[~lower]).all()


@by_problem
def test_totals_are_the_gradients_of_autograd(key):
    given, flow, terms = case(key)
    for name in (*given.names, "readout.w_o", "readout.b_o"):
        expected = gate_terms(terms, name).sum(axis=1)
        if given.scalar and name not in ("readout.w_o", "readout.b_o"):
            expected = expected.reshape((T, 4) if name in terms and given.is_lstm else T)
        found = flow.total(name)
        assert found.shape == expected.shape, name
        scale = np.abs(gate_terms(terms, name)).max()
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-15 * scale, err_msg=name)


@by_problem
def test_log10_total_is_the_norm_of_the_total(key):
    given, flow, terms = case(key)
    for name in given.names:
        _, expected = magnitudes(gate_terms(terms, name).sum(axis=1, keepdims=True), False)
        assert_same_terms((None, flow.log10_total(name)), (None, expected[:, 0]), rtol=1e-9)


@pytest.mark.parametrize("key", [key for key in PROBLEMS if "(" not in key])
def test_totals_are_those_of_a_complex_step(key):
    given, flow, _ = case(key)
    for name in (*given.weights, "readout.w_o", "readout.b_o"):
        expected = complex_step_totals(given, name)
        found = flow.total(name).reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15 * np.abs(expected).max())


@pytest.mark.parametrize("cell", CELLS)
def test_arrays_of_length_one_give_the_norms_of_the_signed_terms(cell):
    given = problem(cell, "scalar")
    signed = flow_of(given)
    unsigned = flow_of(Problem(**{**vars(given), "scalar": False}))
    for name in signed.parameters:
        np.testing.assert_array_equal(unsigned.log10(name), signed.log10(name))
        np.testing.assert_array_equal(unsigned.value(name), np.abs(signed.value(name)))


TEXTBOOK = Problem(
    {"w_x": np.array([[0.7]]), "w_s": np.array([[-0.9]]), "b": np.array([0.2])},
    np.array([0.5, -1.0, 0.0, 0.8, 1.5]),
    w_o=1.3,
    b_o=-0.1,
    target=0.25,
    start={"s": np.array([0.4])},
    scalar=True,
)


@pytest.mark.parametrize("name", ["w_x", "w_s", "b"])
def test_terms_are_the_five_factors_of_the_textbook(name):
    flow = flow_of(TEXTBOOK)
    assert_same_terms(terms_of(flow, name), magnitudes(formula_terms(TEXTBOOK, name), True))


# The comparison itself: each of these is a mistake that it has to notice.

PLANTED = {
    "w_x instead of w_s as the power": lambda: formula_terms(TEXTBOOK, "w_x", power=0.7),
    "the sign of w_s lost": lambda: formula_terms(TEXTBOOK, "w_x", power=0.9),
    "terms swapped within a row": lambda: swapped(formula_terms(TEXTBOOK, "w_x")),
    "a relative error of 2e-10": lambda: formula_terms(TEXTBOOK, "w_x") * (1 + 2e-10),
    "the zero term of x = 0 made small": lambda: np.where(
        np.tri(5) * (formula_terms(TEXTBOOK, "w_x") == 0) > 0,
        1e-100,
        formula_terms(TEXTBOOK, "w_x"),
    ),
    "the terms of w_s": lambda: formula_terms(TEXTBOOK, "w_s"),
}


def swapped(terms):
    terms[4, [0, 1]] = terms[4, [1, 0]]
    return terms


@pytest.mark.parametrize("mistake", PLANTED)
def test_the_comparison_notices_a_planted_mistake(mistake):
    flow = flow_of(TEXTBOOK)
    with pytest.raises(AssertionError):
        assert_same_terms(terms_of(flow, "w_x"), magnitudes(PLANTED[mistake](), True))


def test_swapped_terms_leave_the_total_as_it_is():
    right, wrong = formula_terms(TEXTBOOK, "w_x"), swapped(formula_terms(TEXTBOOK, "w_x"))
    np.testing.assert_allclose(wrong.sum(axis=1), right.sum(axis=1), rtol=1e-14)


@pytest.mark.parametrize("cell", ["tanh", "lstm"])
def test_the_oracles_agree_with_each_other(cell):
    given = problem(cell, "vector", form="OH", loss="softmax", target=CLASSES)
    terms, made = autograd_terms(given), high_precision_terms(given)
    for name in given.names:
        _, log10 = made[name]
        log10 = np.where(np.tri(T, dtype=bool), log10, np.nan)
        expected = magnitudes(gate_terms(terms, name), False)
        assert_same_terms((None, log10), expected)
