"""The factors of a term multiply to it, and each is what its name says."""

import numpy as np
import pytest
from oracles.reference import NAMES, flow_of, load
from oracles.scalar_terms import GATES, assert_same_terms

import gradflow as gf
from gradflow.analysis.term_factors import Factor, factors

X = [1.0, -0.6, 0.0, 0.3, -1.2, 0.7]
ONE_HOT = gf.SoftmaxCrossEntropy(1)
FLOWS = {
    "RNN": gf.gradient_flow(gf.RNN(0.5, -0.9, 0.1), X, gf.Readout(1.5, 0.2), gf.SquaredError(0.4)),
    "relu, some units of time shut": gf.gradient_flow(gf.RNN(0.8, 0.6, 0.1, "relu"), X),
    "no recurrence": gf.gradient_flow(gf.RNN(0.8, 0.0), X),
    "RNN under softmax": gf.gradient_flow(
        gf.RNN(0.5, -0.9), X, gf.Readout([[1.0], [-2.0]], [0.1, 0.2]), ONE_HOT
    ),
    "saturated RNN": gf.gradient_flow(gf.RNN(5000.0, 3.0), X),
    "LSTM": gf.gradient_flow(gf.LSTM.scalar(0.5, -0.8), X, gf.Readout(-1.5, 0.2)),
    "LSTM from a start": gf.gradient_flow(
        gf.LSTM.scalar(0.5, 0.8), X, initial_state={"h": 0.4, "c": -0.7}
    ),
    "LSTM under softmax": gf.gradient_flow(
        gf.LSTM.scalar(0.5, 2.0), X, gf.Readout([[1.0], [-2.0]], [0.1, 0.2]), ONE_HOT
    ),
    "saturated LSTM": gf.gradient_flow(
        gf.LSTM.scalar({"i": 250, "f": -200, "c": 3, "o": 100}, 1.5), X
    ),
    **{name: flow_of(load(name).problem) for name in NAMES},
}


def products(flow, parameter):
    """(sign, log10) of the products of all terms' factors, (T, T)."""
    sign, log10 = np.zeros((flow.T, flow.T)), np.full((flow.T, flow.T), np.nan)
    steps = range(1, flow.T + 1) if flow.T <= 60 else (1, 2, flow.T // 2, flow.T)
    for t in steps:
        for k in range(1, t + 1):
            found = factors(flow, parameter, t, k)
            sign[t - 1, k - 1] = np.prod([factor.sign for factor in found])
            log10[t - 1, k - 1] = sum(factor.log10 for factor in found)
    return sign, log10, [t - 1 for t in steps]


@pytest.mark.slow
@pytest.mark.parametrize("key", FLOWS)
def test_factors_multiply_to_the_term(key):
    flow = FLOWS[key]
    lstm = isinstance(flow.cell, gf.LSTM)
    for parameter in ("w_xi", "w_hf", "b_c", "w_xo") if lstm else flow.parameters:
        sign, log10, rows = products(flow, parameter)
        if lstm:
            classes = flow.by_detours(parameter, classes=2)
            expected = classes.sign[0], classes.log10[0]
        else:
            expected = flow.sign(parameter), flow.log10(parameter)
        for t in rows:
            row = t, slice(t + 1)
            assert_same_terms((sign[row], log10[row]), (expected[0][row], expected[1][row]))


def test_the_sizes_range_far():
    sign, log10, _ = products(FLOWS["saturated RNN"], "b")
    assert np.nanmin(log10[sign != 0]) < -5000
    zero = factors(FLOWS["LSTM"], "w_xf", 4, 2)
    assert zero[-1] == Factor("input", "x_{3}", 0, -np.inf)


def named(flow, t, k, parameter):
    return {f.name: f.sign * 10.0**f.log10 for f in factors(flow, parameter, t, k)}


def test_the_five_factors_of_an_rnn():
    flow = FLOWS["RNN"]
    found = named(flow, 5, 3, "w_x")
    slopes = 1 - flow.trace.s[1:, 0] ** 2
    expected = {
        "slope of the loss": flow.trace.o[4] - 0.4,
        "readout": 1.5,
        "activation slopes": np.prod(slopes[2:5]),
        "recurrent weight": 0.81,
        "input": 0.0,
    }
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-12)
    assert named(flow, 5, 3, "w_s")["state before"] == pytest.approx(flow.trace.s[2, 0])
    assert named(flow, 5, 3, "b")["bias"] == 1.0
    symbols = [factor.symbol for factor in factors(flow, "w_x", 5, 3)]
    assert symbols == [
        r"\frac{\partial L_{5}}{\partial \hat y_{5}}",
        "w_o",
        r"\prod_{q=3}^{5} \phi'(z_q)",
        "w_s^{2}",
        "x_{3}",
    ]


def test_a_weight_of_zero_to_the_power_of_zero_is_one():
    found = {f.name: f for f in factors(FLOWS["no recurrence"], "w_x", 4, 1)}
    assert found["recurrent weight"] == Factor("recurrent weight", "w_s^{0}", 1, 0.0)
    found = {f.name: f for f in factors(FLOWS["no recurrence"], "w_x", 4, 2)}
    assert found["recurrent weight"] == Factor("recurrent weight", "w_s^{1}", 0, -np.inf)


@pytest.mark.parametrize("gate", GATES[:3])
def test_the_factors_of_the_cell_path(gate):
    flow = FLOWS["LSTM from a start"]
    i, f, candidate, o = flow.trace.gates[:, :, 0].T
    c = flow.trace.c[:, 0]
    slope = {
        "i": i[2] * (1 - i[2]) * candidate[2],
        "f": f[2] * (1 - f[2]) * c[2],
        "c": i[2] * (1 - candidate[2] ** 2),
    }[gate]
    expected = {
        "slope of the loss": flow.trace.o[4],
        "readout": 1.0,
        "output gate": o[4],
        "slope at the cell state": 1 - np.tanh(c[5]) ** 2,
        "forget gates": f[3] * f[4],
        "slope of the gate": slope,
        "state before": flow.trace.h[2, 0],
    }
    found = named(flow, 5, 3, f"w_h{gate}")
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-12)
    assert named(flow, 5, 1, f"w_h{gate}")["forget gates"] == 1.0


def test_the_cell_path_reaches_the_output_gate_of_the_target_step_alone():
    flow = FLOWS["LSTM"]
    o = flow.trace.gates[4, 3, 0]
    found = named(flow, 5, 1, "b_o")
    slope = o * (1 - o) * np.tanh(flow.trace.c[5, 0])
    assert found["slope of the output gate"] == pytest.approx(slope, rel=1e-12)
    assert [factor.sign for factor in factors(flow, "b_o", 5, 2)][2:] == [0, 1]


def test_a_readout_of_several_outputs_is_one_factor_with_the_loss():
    flow = FLOWS["LSTM under softmax"]
    first, second, *_ = factors(flow, "w_xf", 5, 2)
    assert first.symbol == r"\frac{\partial L_{5}}{\partial h_{5}}"
    assert second.name == "output gate"
    scores = np.exp(flow.trace.o[4])
    slope = (scores / scores.sum() - [0.0, 1.0]) @ [1.0, -2.0]
    assert first.sign * 10.0**first.log10 == pytest.approx(slope, rel=1e-12)


def test_arguments_are_checked():
    flow = FLOWS["RNN"]
    for arguments, message in (
        (("w_x", 7, 1), r"t must be a whole number from 1 to 6\. Got 7\."),
        (("w_x", 3, 4), r"k must be a whole number from 1 to 3\. Got 4\."),
        (("w_x", 3, 0), r"k must be a whole number from 1 to 3\. Got 0\."),
        (("w_h", 3, 1), r"parameter must be one of w_x, w_s, b\. Got 'w_h'\."),
    ):
        with pytest.raises(ValueError, match=message):
            factors(flow, *arguments)
    with pytest.raises(ValueError, match="parameter must be one of w_xi"):
        factors(FLOWS["LSTM"], "w_x", 1, 1)
    vector = gf.gradient_flow(gf.RNN(np.ones((2, 1)), np.eye(2)), X)
    with pytest.raises(ValueError, match=r"a scalar RNN or LSTM, .* Got RNN\(H=2, D=1\)\."):
        factors(vector, "w_x", 1, 1)
