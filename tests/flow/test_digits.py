"""How many digits the terms have, against four hundred digits of mpmath, and better ones."""

import mpmath as mp
import numpy as np
import pytest
from oracles.random_cells import KINDS, cell_of

import gradflow as gf
from gradflow.analysis.complex_step import complex_step_total, residual, residual_at

FULL = 53 * np.log10(2.0)
UNIT = gf.UnitLoss()


def states_of_identity_rnn(w_x, x):
    """s_0 .. s_T of s_j = w_x x_j + s_(j-1), exactly."""
    states = [mp.mpf(0)]
    for value in x:
        states.append(mp.mpf(w_x) * mp.mpf(float(value)) + states[-1])
    return states


def log10(value):
    return float(mp.log10(abs(value)))


@pytest.fixture(autouse=True, scope="module")
def many_digits():
    with mp.workdps(400):
        yield


def test_a_state_that_cancels_leaves_its_terms_no_digit():
    x = gf.sequences.sine(40)
    flow = gf.gradient_flow(gf.RNN(0.5, 1.0, activation="identity"), x, loss=UNIT)
    states = states_of_identity_rnn(0.5, x)
    assert flow.log10_row("w_s", 40)[0] == pytest.approx(-15.16, abs=0.005)
    assert log10(states[39]) == pytest.approx(-16.56, abs=0.005)
    # Of row 40: lag k has the state s_(40-k), and nothing else.
    fine = flow.refined().row("w_s", 40)
    for k in range(1, 40):
        assert fine.log10()[k - 1] == pytest.approx(log10(states[40 - k]), abs=1e-12)
    coarse = flow.row("w_s", 40).plain()
    for k, found in enumerate(flow.digits("w_s")[39, :39], start=1):
        error = abs((mp.mpf(coarse[k - 1]) - states[40 - k]) / states[40 - k])
        expected = min(-log10(error), FULL) if error else FULL
        assert found == pytest.approx(max(expected, 0.0), abs=1.0 if expected > 14 else 0.01)
    assert flow.digits("w_s")[39, 0] < 1
    assert (flow.digits("w_x") >= 15).sum() == 40 * 41 // 2


def test_a_sign_that_is_wrong_has_no_digits():
    x, loss = gf.sequences.sine(40), gf.SquaredError()
    flow = gf.gradient_flow(gf.RNN(40.0, 1.0, activation="identity"), x, loss=loss)
    states = states_of_identity_rnn(40.0, x)
    wrong = 0
    for t in range(1, 41):
        signs = np.array([int(mp.sign(states[t] * states[t - k])) for k in range(1, t + 1)])
        np.testing.assert_array_equal(flow.refined().sign("w_s")[t - 1, :t], signs)
        flipped = flow.sign("w_s")[t - 1, :t] != signs
        assert (flow.digits("w_s")[t - 1, :t][flipped] == 0.0).all()
        wrong += flipped.sum()
    assert wrong > 0


def lstm_states(w_x, w_h, x):
    """c_0 .. c_T and h_0 .. h_T of an LSTM without biases."""
    c, h, every_c, every_h = mp.mpf(0), mp.mpf(0), [mp.mpf(0)], [mp.mpf(0)]
    for value in x:
        z = mp.mpf(w_x) * mp.mpf(float(value)) + mp.mpf(w_h) * h
        gate = 1 / (1 + mp.exp(-z))
        c = gate * c + gate * mp.tanh(z)
        h = gate * mp.tanh(c)
        every_c.append(c)
        every_h.append(h)
    return every_c, every_h


def test_the_lstm_of_the_page_whose_cell_state_cancels():
    x = gf.sequences.impulse(20)
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, -2.0, b_f=0.0), x, loss=UNIT)
    every_c, every_h = lstm_states(0.5, -2.0, x)
    fine = flow.refined()
    for j in range(1, 21):
        for found, expected in ((fine.trace.c, every_c), (fine.trace.h, every_h)):
            if abs(expected[j]) > 1e-150:
                assert abs(mp.mpf(found[j, 0]) / expected[j] - 1) < 1e-15
    gaps = [abs(mp.mpf(flow.trace.c[j, 0]) / every_c[j] - 1) for j in range(1, 13)]
    (few,) = np.nonzero([gap > 1e-6 for gap in gaps])
    assert few.size
    # A term of w_hi at k = 1 has h_(t-1) in it, and through the gates' slopes c_t.
    first = int(few[0]) + 1
    assert flow.digits("w_hi")[first, 0] < 6
    assert (flow.digits("w_xi")[: first - 1, 0] > 13).all()
    # No state is ever 0, however small it becomes.
    (gone,) = np.nonzero(flow.trace.h[1:20, 0] == 0.0)
    assert gone.size > 5
    assert np.isneginf(flow.log10("w_hi")[gone + 1, 0]).all()
    assert (flow.digits("w_hi")[gone + 1, 0] == 0.0).all()
    # Nor is any derivative: the zeros within a row have cancelled on the way back.
    zero = np.isneginf(flow.log10("w_hi")) & np.tri(20, k=-1, dtype=bool)
    assert (flow.digits("w_hi")[zero] == 0.0).all()
    assert zero[8, 1]  # t = 9, k = 2: h_7 is in it, and that has digits
    assert abs(mp.mpf(flow.trace.h[7, 0]) / every_h[7] - 1) < 1e-6


def test_the_digits_of_states():
    x = gf.sequences.sine(40)
    flow = gf.gradient_flow(gf.RNN(0.5, 1.0, activation="identity"), x, loss=UNIT)
    states = states_of_identity_rnn(0.5, x)
    found = flow.state_digits("s")
    assert found.shape == (41, 1)
    assert found[0, 0] == FULL  # the start
    few = [abs(mp.mpf(flow.trace.s[j, 0]) / states[j] - 1) > 1e-6 for j in range(1, 41)]
    np.testing.assert_array_equal(found[1:, 0] < 6, few)
    assert any(few)


def test_a_state_that_underflowed_has_no_digits_and_an_exact_zero_has_all():
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, -2.0, b_f=0.0), gf.sequences.impulse(20), loss=UNIT)
    for name in ("c", "h"):
        gone = getattr(flow.trace, name)[1:, 0] == 0.0
        assert gone.sum() > 5
        assert (flow.state_digits(name)[1:, 0][gone] == 0.0).all()
        assert flow.state_digits(name)[1, 0] > 13
    dead = gf.gradient_flow(gf.RNN(1.0, 1.0, activation="relu"), [1.0, -2.0, -1.0], loss=UNIT)
    assert (dead.state_digits("s") == FULL).all()
    stack = gf.Stack([gf.LSTM.scalar(0.5, 0.5), gf.GRU.scalar(0.5, 0.5)])
    above = gf.gradient_flow(stack, np.ones(3))
    for name in ("0.h", "0.c", "1.h"):
        assert above.state_digits(name).min() > 14
    with pytest.raises(ValueError, match=r"state must be one of 1\.h, 0\.h, 0\.c\. Got 'h'"):
        above.state_digits("h")


def test_a_gru_whose_state_all_but_cancels():
    cell = gf.GRU.scalar(-1.0, {"r": 0.5, "z": 0.001, "n": -2.0}, 0.0)
    flow = gf.gradient_flow(cell, gf.sequences.impulse(9), loss=UNIT, initial_state={"h": -1.0})
    h = mp.mpf(-1)
    every_h = [h]
    for value in gf.sequences.impulse(9):
        sigmoid = [1 / (1 + mp.exp(float(value) - mp.mpf(w) * h)) for w in (0.5, 0.001)]
        n = mp.tanh(-mp.mpf(float(value)) - 2 * sigmoid[0] * h)
        h = (1 - sigmoid[1]) * n + sigmoid[1] * h
        every_h.append(h)
    coarse, fine = flow.trace.h[:, 0], flow.refined().trace.h[:, 0]
    gaps = [abs(mp.mpf(coarse[j]) / every_h[j] - 1) for j in range(10)]
    (few,) = np.nonzero([gap > 1e-6 for gap in gaps])
    assert few.size
    for j in range(10):
        if abs(every_h[j]) > 1e-100:
            assert abs(mp.mpf(fine[j]) / every_h[j] - 1) < 1e-15
    t = int(few[0]) + 1  # the step that begins with that state
    assert flow.digits("w_hr")[t - 1, 0] < 6
    assert flow.digits("w_hr")[0, 0] > 13


def test_what_underflowed_is_not_called_exactly_zero():
    flow = gf.gradient_flow(gf.RNN(1e-300, 1e-30), gf.sequences.impulse(6), loss=UNIT)
    # s_j = 1e-300 * 1e-30^(j-1): lag 1 of t has s_(t-1), and s_2 is below float64.
    row = [1e-300, 1e-330, 1e-360]
    assert np.isneginf(flow.log10("w_s")[2:, 0]).all()
    np.testing.assert_allclose(flow.refined().log10("w_s")[[1, 2, 3], 0], [-300, -330, -360])
    digits = flow.digits("w_s")[1:4, 0]
    assert digits[0] > 10
    assert (digits[1:] == 0.0).all()
    assert len(row) == 3
    # The start is 0, and so are the inputs after the first: those zeros are exact.
    assert flow.digits("w_s")[0, 0] == FULL
    assert flow.digits("w_x")[3, 0] == FULL


def test_a_slope_of_the_loss_that_underflowed_is_found():
    flow = gf.gradient_flow(gf.RNN(1e-300, 1e-30), gf.sequences.impulse(4), loss=gf.SquaredError())
    assert np.isneginf(flow.log10("b")[1, 0])
    assert flow.refined().log10("b")[1, 0] == pytest.approx(-330.0, abs=1e-9)
    assert flow.digits("b")[1, 0] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_cells_have_nearly_all_digits(kind):
    generator = np.random.default_rng(5)
    flow = gf.gradient_flow(
        cell_of(kind, generator, 2), generator.normal(size=(8, 2)), targets=[3, 8]
    )
    for name in (*flow.cell.parameters, *flow.cell.groups):
        digits = flow.digits(name)
        assert digits.shape == (2, 8)
        assert np.nanmin(digits) > 12
        np.testing.assert_array_equal(np.isnan(digits), np.isnan(flow.log10(name)))
    assert np.nanmin(flow.digits("x")) > 12


def test_a_masked_and_weighted_flow_has_its_digits():
    mask = np.array([0, 1, 1, 0, 1], bool)
    flow = gf.gradient_flow(
        gf.LSTM.scalar(0.5, 0.5),
        np.linspace(-1.0, 1.0, 5),
        loss=gf.SquaredError(np.linspace(0.0, 1.0, 5)),
        mask=mask,
        weights=np.linspace(1.0, 2.0, 5),
    )
    assert np.nanmin(flow.digits("w_xf")) > 12


def test_the_digits_are_found_once(monkeypatch):
    flow = gf.gradient_flow(gf.RNN(0.5, 0.9), np.ones(5))
    first = flow.digits("b")
    monkeypatch.setattr("gradflow.flow.record.refined_pass", None)
    np.testing.assert_array_equal(flow.digits("b"), first)


def test_the_complex_step_says_nothing_where_it_is_no_small_step():
    flow = gf.gradient_flow(gf.RNN(1e-300, 0.5), [1e300] * 3, loss=UNIT)
    assert np.isnan(residual(flow)).all()
    assert np.isnan(residual_at(flow, 3))
    assert np.isnan(complex_step_total(flow)).all()
    late = gf.gradient_flow(gf.RNN(1e-300, 0.5), [1.0, 1e300, 1.0], loss=UNIT)
    np.testing.assert_array_equal(np.isnan(complex_step_total(late)), [False, True, True])


def test_a_dead_step_and_a_missing_weight_make_exact_zeros():
    dead = gf.gradient_flow(gf.RNN(1.0, 1.0, activation="relu"), [-1.0, 1.0, 1.0, 1.0], loss=UNIT)
    assert np.isneginf(dead.log10("w_x")[3, 3])
    assert (dead.digits("w_x")[np.tri(4, dtype=bool)] == FULL).all()
    apart = gf.gradient_flow(gf.RNN(1.0, 0.0), np.ones(4), loss=UNIT)
    assert np.isneginf(apart.log10("b")[3, 1:]).all()
    assert (apart.digits("b")[3, 1:] == FULL).all()
    layers = [gf.LSTM.scalar(0.5, 0.0), gf.GRU.scalar(0.0, 0.5)]
    above = gf.gradient_flow(gf.Stack(layers), np.ones(4), loss=UNIT)
    assert np.isneginf(above.log10("w_xf", layer=0)).any()
    assert np.nanmin(above.digits("w_xf", layer=0)) == FULL


def test_a_term_whose_paths_cancel_is_right_to_its_share_of_their_sizes():
    w_s = np.array([[0.1, 0.2], [0.3, 0.6 + 1e-13]])
    w_o = np.array([3.0, -1.0])
    rnn = gf.RNN(np.ones((2, 1)), w_s, activation="identity")
    flow = gf.gradient_flow(rnn, np.ones(5), gf.Readout(w_o), UNIT, targets="last")
    # dL_t/db at lag k is w_o w_s^(k-1); its paths have the sizes of |w_o| |w_s|^(k-1).
    delta, sizes = [[mp.mpf(float(n)) for n in row] for row in (w_o, np.abs(w_o))]
    for k, found in enumerate(flow.value("b")[0], start=1):
        exact, paths = mp.sqrt(sum(d * d for d in delta)), sum(sizes)
        assert abs(found - exact) < 1e-10 * paths
        assert (abs(found - exact) > 1e-6 * exact) == (k > 1)  # and not to ten digits of its own
        delta, sizes = (
            [sum(row[i] * mp.mpf(float(w_s[i, m])) for i in (0, 1)) for m in (0, 1)]
            for row in (delta, sizes)
        )
