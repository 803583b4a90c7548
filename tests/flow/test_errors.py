"""Bad input raises ValueError with the argument, the rule and the value received."""

from fractions import Fraction

import numpy as np
import pytest

import gradflow as gf

X = np.linspace(-1.0, 1.0, 4)
RNN, LSTM = gf.RNN(0.5, 0.9), gf.LSTM.scalar(w_x=0.5, w_h=0.5)
VECTOR = gf.RNN(np.ones((3, 2)), np.eye(3), np.zeros(3))
VECTOR_LSTM = gf.LSTM(np.ones((4, 3, 2)), np.ones((4, 3, 3)), np.zeros((4, 3)))
X2 = np.ones((4, 2))
EACH = {"i": 0.1, "f": 0.2, "c": 0.3, "o": 0.4}


def assert_raises(call, argument, shown, *more):
    """`call` raises a ValueError that names `argument`, and has a rule and `shown` after "Got"."""
    with pytest.raises(ValueError, match=" Got ") as caught:
        call()
    rule, _, value = str(caught.value).partition(" Got ")
    assert rule.startswith(argument), rule
    assert "must" in rule, rule
    assert shown in value, value
    for text in more:
        assert text in rule, rule


NOT_NUMBERS = {
    "nan": (np.nan, "nan"),
    "infinity": (np.inf, "inf"),
    "minus infinity": (-np.inf, "-inf"),
    "a string": ("0.5", "'0.5'"),
    "None": (None, "None"),
    "complex": (1j, "1j"),
    "bool": (True, "True"),
    "an object": (Fraction(1, 2), "Fraction(1, 2)"),
    "a mapping": ({"a": 1.0}, "{'a': 1.0}"),
}
# Beyond float64, and what numpy would turn into something else without a word.
NOT_NUMBERS |= {
    "an integer beyond 64 bits": (2**70, str(2**70)),
    "a long double too large": (np.longdouble("1e4000"), "1e+4000"),
    "a long double too small": (np.longdouble("-1e-4000"), "-1e-4000"),
    "masked": (np.ma.masked, "masked"),
}
NUMBER_ARGUMENTS = {
    "w_x": lambda bad: gf.RNN(bad, 0.9),
    "w_s": lambda bad: gf.RNN(0.5, bad),
    "b": lambda bad: gf.RNN(0.5, 0.9, bad),
    "w_xf": lambda bad: gf.LSTM.scalar(w_x={**EACH, "f": bad}, w_h=0.5),
    "w_h": lambda bad: gf.LSTM.scalar(w_x=0.5, w_h=bad),
    "b_f": lambda bad: gf.LSTM.scalar(w_x=0.5, w_h=0.5, b_f=bad),
    "b_o": lambda bad: gf.LSTM.scalar(w_x=0.5, w_h=0.5, b_o=bad),
    "w_o": lambda bad: gf.gradient_flow(RNN, X, gf.Readout(bad)),
    "readout's b_o": lambda bad: gf.gradient_flow(RNN, X, gf.Readout(1.0, bad)),
    "target": lambda bad: gf.gradient_flow(RNN, X, loss=gf.SquaredError(bad)),
    "target of probabilities": lambda bad: gf.gradient_flow(
        RNN, X, loss=gf.BinaryCrossEntropy(bad)
    ),
    "target of classes": lambda bad: gf.SoftmaxCrossEntropy(bad),
    "initial_state": lambda bad: gf.gradient_flow(RNN, X, initial_state={"s": bad}),
    "initial_state of an LSTM": lambda bad: gf.gradient_flow(LSTM, X, initial_state={"c": bad}),
}


def name_of(key):
    return "b_o" if key.startswith("readout") else key.split(" ")[0]


@pytest.mark.parametrize("kind", NOT_NUMBERS)
@pytest.mark.parametrize("key", NUMBER_ARGUMENTS)
def test_a_number_must_be_real_and_finite(key, kind):
    bad, shown = NOT_NUMBERS[kind]
    if key == "w_h" and kind == "a mapping":
        shown = "['a']"
    assert_raises(lambda: NUMBER_ARGUMENTS[key](bad), name_of(key), shown)


ARRAY_ARGUMENTS = {
    "x": lambda bad: gf.gradient_flow(RNN, [0.5, bad, 1.0]),
    "x of two columns": lambda bad: gf.gradient_flow(VECTOR, [[0.5, 0.5], [bad, 1.0]]),
    "w_x": lambda bad: gf.RNN([[0.5], [bad]], np.eye(2)),
    "w_s": lambda bad: gf.RNN([[0.5], [0.5]], [[1.0, 0.0], [bad, 1.0]]),
    "w_h": lambda bad: gf.LSTM(np.ones((4, 1, 1)), [[[1.0]], [[1.0]], [[bad]], [[1.0]]], 0.0),
    "w_o": lambda bad: gf.Readout([[0.5], [bad]]),
    "target": lambda bad: gf.SquaredError([0.5, 0.5, bad, 0.5]),
    "target of probabilities": lambda bad: gf.BinaryCrossEntropy([0.5, 0.5, bad, 0.5]),
    "initial_state": lambda bad: gf.gradient_flow(VECTOR, X2, initial_state={"s": [0.0, bad, 0.0]}),
}
# numpy itself turns [0.5, True] into numbers.
IN_ARRAYS = [kind for kind in NOT_NUMBERS if kind not in ("bool", "complex")]
ARRAYS_OF = {
    "x": lambda bad: gf.gradient_flow(RNN, bad),
    "w_x": lambda bad: gf.LSTM(bad, np.ones(4), np.ones(4)),
    "w_h": lambda bad: gf.GRU(np.ones(3), bad, np.ones(3)),
    "b_hn": lambda bad: gf.GRU(np.ones(3), np.ones(3), np.ones(3), b_hn=bad),
    "w_o": lambda bad: gf.Readout(bad),
    "target": lambda bad: gf.SoftmaxCrossEntropy(bad),
    "initial_state": lambda bad: gf.gradient_flow(RNN, X, initial_state={"s": bad}),
}
MASKED = np.ma.array([0.5, 1.0, 0.25], mask=[False, True, False])


@pytest.mark.parametrize("kind", IN_ARRAYS)
@pytest.mark.parametrize("key", ARRAY_ARGUMENTS)
def test_every_element_of_an_array_must_be_real_and_finite(key, kind):
    bad, shown = NOT_NUMBERS[kind]
    assert_raises(lambda: ARRAY_ARGUMENTS[key](bad), name_of(key), shown)


class Unreadable:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("not on this device")

    def __repr__(self):
        return "Unreadable()"


@pytest.mark.parametrize("argument", ARRAYS_OF)
def test_what_numpy_cannot_read_or_would_lose_a_mask_of_is_named(argument):
    call = ARRAYS_OF[argument]
    assert_raises(lambda: call(MASKED), argument, "masked_array", "no masked elements")
    assert_raises(lambda: call([[0.5], MASKED[1:]]), argument, "masked_array", "no masked")
    assert_raises(lambda: call(Unreadable()), argument, "Unreadable(): not on this device")
    assert_raises(lambda: call(value for value in X), argument, "generator object")


def test_a_masked_array_that_hides_nothing_is_an_array():
    flow = gf.gradient_flow(RNN, np.ma.array(X))
    np.testing.assert_array_equal(flow.x[:, 0], X)


@pytest.mark.parametrize("bad", [1j, np.complex64(1)])
def test_an_array_must_not_be_complex(bad):
    assert_raises(lambda: gf.gradient_flow(RNN, [0.5, bad]), "x", "j")


def test_an_array_must_not_be_of_truth_values():
    assert_raises(lambda: gf.gradient_flow(RNN, [True, False]), "x", "[True, False]")


SHAPES = {
    "no steps": (lambda: gf.gradient_flow(RNN, []), "x", "(0,)"),
    "no steps of an LSTM": (lambda: gf.gradient_flow(LSTM, np.ones((0, 1))), "x", "(0, 1)"),
    "no steps of two columns": (lambda: gf.gradient_flow(VECTOR, np.ones((0, 2))), "x", "(0, 2)"),
    "a number": (lambda: gf.gradient_flow(RNN, 1.0), "x", "()"),
    "three axes": (lambda: gf.gradient_flow(RNN, np.ones((4, 1, 1))), "x", "(4, 1, 1)"),
    "D = 3 for 2": (lambda: gf.gradient_flow(VECTOR, np.ones((4, 3))), "x", "(4, 3)", "D=2"),
    "D = 1 for 2": (lambda: gf.gradient_flow(VECTOR_LSTM, X), "x", "(4,)", "D=2"),
    "D = 2 for 1": (lambda: gf.gradient_flow(LSTM, X2), "x", "(4, 2)", "D=1"),
    "a ragged x": (lambda: gf.gradient_flow(VECTOR, [[1.0, 2.0], [3.0]]), "x", "[3.0]"),
    "w_s not square": (lambda: gf.RNN(np.ones((3, 2)), np.ones((3, 2))), "w_s", "(3, 2)", "(3, 3)"),
    "w_s of another H": (lambda: gf.RNN(np.ones((3, 2)), np.eye(2)), "w_s", "(2, 2)", "(3, 3)"),
    "w_s a number": (lambda: gf.RNN(np.ones((3, 2)), 0.9), "w_s", "()", "(3, 3)"),
    "b of another H": (lambda: gf.RNN(np.ones((3, 2)), np.eye(3), np.zeros(2)), "b", "(2,)"),
    "b for a number": (lambda: gf.RNN(0.5, 0.9, np.zeros(2)), "b", "(2,)"),
    "w_x of one axis": (lambda: gf.RNN(np.ones(3), np.eye(3)), "w_x", "(3,)"),
    "w_x of no units": (lambda: gf.RNN(np.ones((0, 2)), np.ones((0, 0))), "w_x", "(0, 2)"),
    "w_x of three gates": (
        lambda: gf.LSTM(np.ones((3, 2, 2)), np.ones((4, 2, 2)), np.ones((4, 2))),
        "w_x",
        "(3, 2, 2)",
        "(4, H, D)",
    ),
    "w_h of another H": (
        lambda: gf.LSTM(np.ones((4, 2, 2)), np.ones((4, 3, 3)), np.ones((4, 2))),
        "w_h",
        "(4, 3, 3)",
        "(4, 2, 2)",
    ),
    "b of another gate count": (
        lambda: gf.LSTM(np.ones((4, 2, 2)), np.ones((4, 2, 2)), np.ones((3, 2))),
        "b",
        "(3, 2)",
    ),
    "an array for a scalar LSTM": (lambda: gf.LSTM.scalar(w_x=[0.5] * 4, w_h=0.5), "w_x", "(4,)"),
    "an array for a bias": (lambda: gf.LSTM.scalar(w_x=0.5, w_h=0.5, b_f=[1.0]), "b_f", "(1,)"),
    "w_o of another H": (
        lambda: gf.gradient_flow(VECTOR, X2, gf.Readout(np.ones(2))),
        "w_o",
        "(2,)",
        "H=3",
    ),
    "w_o of three axes": (lambda: gf.Readout(np.ones((1, 1, 3))), "w_o", "(1, 1, 3)"),
    "w_o empty": (lambda: gf.Readout([]), "w_o", "(0,)"),
    "b_o of another O": (lambda: gf.Readout(np.ones((2, 3)), np.ones(3)), "b_o", "(3,)", "(2,)"),
    "b_o for one output": (lambda: gf.Readout(np.ones(3), np.ones(3)), "b_o", "(3,)"),
    "a state of another H": (
        lambda: gf.gradient_flow(VECTOR, X2, initial_state={"s": np.ones(2)}),
        "initial_state",
        "(2,)",
        "(3,)",
    ),
}


@pytest.mark.parametrize("key", SHAPES)
def test_a_shape_that_does_not_fit_is_shown(key):
    assert_raises(*SHAPES[key])


READOUT2 = gf.Readout(np.ones((2, 1)))


def with_target(loss, target, readout=None):
    return lambda: gf.gradient_flow(RNN, X, readout, loss=loss(target))


TARGETS = {
    "too short": (with_target(gf.SquaredError, np.zeros(3)), "(3,)", "(4,)"),
    "too long": (with_target(gf.SquaredError, np.zeros(5)), "(5,)", "(4,)"),
    "empty": (with_target(gf.BinaryCrossEntropy, []), "(0,)", "(4,)"),
    "of O for none": (with_target(gf.SquaredError, np.zeros((4, 2))), "(4, 2)", "(4,)"),
    "of another O": (with_target(gf.SquaredError, np.zeros((4, 3)), READOUT2), "(4, 3)", "(4, 2)"),
    "three axes": (with_target(gf.SquaredError, np.zeros((4, 2, 1)), READOUT2), "(4, 2, 1)"),
    "binary, too long": (with_target(gf.BinaryCrossEntropy, np.zeros(5)), "(5,)", "(4,)"),
    "above 1": (with_target(gf.BinaryCrossEntropy, 1.5), "1.5"),
    "below 0": (with_target(gf.BinaryCrossEntropy, [0.0, 1.0, -0.25, 0.0]), "-0.25"),
    "class too high": (with_target(gf.SoftmaxCrossEntropy, 2, READOUT2), "2", "O=2"),
    "one class too high": (with_target(gf.SoftmaxCrossEntropy, [0, 1, 7, 0], READOUT2), "7", "O=2"),
    "class below 0": (with_target(gf.SoftmaxCrossEntropy, -1, READOUT2), "-1"),
    "class and a half": (with_target(gf.SoftmaxCrossEntropy, 0.5, READOUT2), "0.5"),
    "classes too many": (with_target(gf.SoftmaxCrossEntropy, [0] * 5, READOUT2), "(5,)"),
    "sum of 0.9": (with_target(gf.SoftmaxCrossEntropy, [[0.5, 0.4]] * 4, READOUT2), "0.9", "1"),
    "probability above 1": (
        with_target(gf.SoftmaxCrossEntropy, [[1.5, -0.5]] * 4, READOUT2),
        "1.5",
    ),
    "probabilities of 3": (
        with_target(gf.SoftmaxCrossEntropy, [[0.5, 0.25, 0.25]] * 4, READOUT2),
        "(4, 3)",
        "(4, 2)",
    ),
}


@pytest.mark.parametrize("key", TARGETS)
def test_a_target_that_does_not_fit_is_named(key):
    call, *texts = TARGETS[key]
    assert_raises(call, "target", *texts)


NAMES = {
    "activation": (lambda: gf.RNN(0.5, 0.9, activation="swish"), "activation", "'swish'", "relu"),
    "activation None": (lambda: gf.RNN(0.5, 0.9, activation=None), "activation", "None"),
    "a gate missing": (
        lambda: gf.LSTM.scalar(w_x={"i": 1.0}, w_h=0.5),
        "w_x",
        "['i']",
        "i, f, c, o",
    ),
    "a gate g": (lambda: gf.LSTM.scalar(w_x=0.5, w_h={**EACH, "g": 0.5}), "w_h", "g"),
    "state of an LSTM": (
        lambda: gf.gradient_flow(RNN, X, initial_state={"h": 0.5}),
        "initial_state",
        "'h'",
    ),
    "state of an RNN": (
        lambda: gf.gradient_flow(LSTM, X, initial_state={"c": 0.5, "s": 0.5}),
        "initial_state",
        "'s'",
    ),
    "state a number": (lambda: gf.gradient_flow(RNN, X, initial_state=0.5), "initial_state", "0.5"),
    "no vector readout": (
        lambda: gf.gradient_flow(RNN, X, loss=gf.SoftmaxCrossEntropy(0)),
        "loss",
        "(4,)",
        "(O, H)",
    ),
    "loss by name": (lambda: gf.gradient_flow(RNN, X, loss="squared"), "loss", "'squared'"),
    "loss a class": (lambda: gf.gradient_flow(RNN, X, loss=gf.UnitLoss), "loss", "UnitLoss"),
    "readout a number": (lambda: gf.gradient_flow(RNN, X, readout=2.0), "readout", "2.0"),
    "cell and x swapped": (lambda: gf.gradient_flow(X, RNN), "cell", "array"),
    "forward overflow": (
        lambda: gf.gradient_flow(gf.RNN(1.0, 1e3, activation="identity"), np.ones(200)),
        "x",
        "inf",
    ),
}


@pytest.mark.parametrize("key", NAMES)
def test_a_wrong_choice_is_named(key):
    assert_raises(*NAMES[key])


QUESTIONS = ["log10", "value", "sign", "signed_log10", "share", "total", "log10_total"]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("cell", "name"), [(RNN, "w_h"), (RNN, "w_xf"), (LSTM, "w_s"), (LSTM, "w_xg"), (LSTM, None)]
)
def test_an_unknown_parameter_is_named(cell, name, question):
    flow = gf.gradient_flow(cell, X)
    assert_raises(
        lambda: getattr(flow, question)(name), "parameter", repr(name), flow.parameters[0]
    )


@pytest.mark.parametrize("group", ["w_x", "w_h", "b"])
def test_a_norm_over_the_gates_has_no_sign(group):
    flow = gf.gradient_flow(LSTM, X)
    for question in (flow.sign, flow.signed_log10):
        assert_raises(lambda question=question: question(group), "parameter", repr(group))


@pytest.mark.parametrize(("cell", "name"), [(VECTOR, "w_x"), (VECTOR_LSTM, "w_xf")])
def test_a_vector_cell_has_no_signs(cell, name):
    flow = gf.gradient_flow(cell, X2)
    assert_raises(lambda: flow.sign(name), "sign", "H=3")
    assert_raises(lambda: flow.signed_log10(name), "signed_log10", "H=3")


@pytest.mark.parametrize("question", ["log10", "value", "share"])
def test_the_readout_has_totals_only(question):
    flow = gf.gradient_flow(RNN, X)
    assert_raises(lambda: getattr(flow, question)("w_o"), "parameter", "'w_o'")


def test_an_rnn_has_no_forget_product():
    assert_raises(gf.gradient_flow(RNN, X).log10_forget_product, "cell", "RNN")
