"""The readout, and dL_t/do_t of each loss against its derivative and against 80 digits."""

import mpmath as mp
import numpy as np
import pytest
from oracles.reference import LOSS_SLOPES
from oracles.scalar_terms import LN10, LOSSES, one_hot

import gradflow as gf

T = 5
GENERATOR = np.random.default_rng(8)
O1, O3 = GENERATOR.normal(size=T) * 2, GENERATOR.normal(size=(T, 3)) * 2
STEPS, GRID = np.linspace(0.0, 1.0, T), np.linspace(0.0, 1.0, 3 * T).reshape(T, 3)
SUMS_TO_ONE = GRID / GRID.sum(axis=1, keepdims=True)
MAKE = {
    "squared": gf.SquaredError,
    "binary": gf.BinaryCrossEntropy,
    "softmax": gf.SoftmaxCrossEntropy,
}

CASES = [
    *[(loss, o, y) for loss in ("squared", "binary") for o, y in ((O1, 0.7), (O1, STEPS))],
    *[(loss, o, y) for loss in ("squared", "binary") for o, y in ((O3, 0.7), (O3, GRID))],
    *[("softmax", O3, y) for y in (0, 2, [0, 2, 1, 1, 0], SUMS_TO_ONE)],
]


def spread(loss, o, y):
    if loss == "softmax":
        return one_hot(y, T, o.shape[1])
    return np.broadcast_to(y, o.shape)


@pytest.mark.parametrize(("loss", "o", "y"), CASES)
def test_the_slope_is_the_derivative_of_the_loss(loss, o, y):
    found = MAKE[loss](y).slope(o)
    assert found.shape == o.shape
    step, aim = 1e-30, spread(loss, o, y)
    for index in np.ndindex(o.shape):
        nudged = o.astype(complex)
        nudged[index] += 1j * step
        derivative = LOSSES[loss](nudged[index[0]], aim[index[0]]).imag / step
        np.testing.assert_allclose(found.plain()[index], derivative, rtol=1e-11, atol=1e-16)


@pytest.mark.parametrize("o", [O1, O3])
def test_the_unit_loss_has_slope_one(o):
    np.testing.assert_array_equal(gf.UnitLoss().slope(o).plain(), np.ones_like(o))


@pytest.mark.parametrize(("o", "given"), [(O1, 0.5), (O1, STEPS), (O3, GRID)])
def test_the_linear_loss_has_the_gradient_that_is_given(o, given):
    found = gf.LinearLoss(given).slope(o).plain()
    np.testing.assert_array_equal(found, np.broadcast_to(given, o.shape))


def test_a_gradient_of_the_wrong_shape_is_refused():
    rule = r"gradient must be a number or have shape \(5,\)\. Got \(4,\)"
    with pytest.raises(ValueError, match=rule):
        gf.LinearLoss(np.ones(4)).slope(O1)
    with pytest.raises(ValueError, match=r"gradient must be finite\. Got nan at \[1\]"):
        gf.LinearLoss([0.0, np.nan])


FAR = np.array([-5e3, -900.0, -745.5, -40.0, -1e-9, 0.0, 1e-9, 40.0, 900.0, 5e3])
FAR2 = np.stack([FAR, -FAR], axis=1)
FAR3 = np.stack([FAR, np.zeros(10), FAR / 2 + 1], axis=1)


@pytest.mark.parametrize(
    ("loss", "o", "y"),
    [
        *[("binary", FAR, y) for y in (0.0, 1.0, 0.25)],
        *[("softmax", FAR2, y) for y in (0, 1)],
        *[("softmax", FAR3, y) for y in (0, 1, 2, np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1, 2, 0]])],
        ("squared", FAR, 0.25),
    ],
)
def test_the_slope_keeps_its_digits_where_the_target_is_all_but_met(loss, o, y):
    found = MAKE[loss](y).slope(o)
    aim = one_hot(y, len(o), o.shape[1]) if loss == "softmax" else np.full(len(o), y)
    with mp.workdps(80):
        for t, row in enumerate(o):
            numbers = [mp.mpf(float(v)) for v in np.atleast_1d(row)]
            wanted = LOSS_SLOPES[loss](numbers, [mp.mpf(float(v)) for v in np.atleast_1d(aim[t])])
            signs, sizes = (
                np.atleast_1d(np.sign(found.mantissa)[t]),
                np.atleast_1d(found.log10()[t]),
            )
            for n, value in enumerate(wanted):
                assert signs[n] == mp.sign(value)
                log10 = float(mp.log10(abs(value))) if value else -np.inf
                if value:
                    assert abs(np.expm1(LN10 * (sizes[n] - log10))) < 1e-11
                else:
                    assert np.isneginf(sizes[n])


def test_a_target_that_is_met_has_slope_exactly_zero():
    slope = gf.SquaredError(O1).slope(O1)
    assert (np.sign(slope.mantissa) == 0).all()
    assert np.isneginf(slope.log10()).all()


HIDDEN = GENERATOR.normal(size=(T, 3))
W, B = GENERATOR.normal(size=(2, 3)), np.array([0.5, -1.0])


@pytest.mark.parametrize(
    ("w_o", "b_o", "expected"),
    [
        (2.0, 0.5, 2.0 * HIDDEN.sum(axis=1) + 0.5),
        (W[0], 0.5, HIDDEN @ W[0] + 0.5),
        (W, B, HIDDEN @ W.T + B),
        (W[:1], B[:1], HIDDEN @ W[:1].T + B[0]),
        (W, 0.25, HIDDEN @ W.T + 0.25),
    ],
)
def test_the_readout_is_a_linear_map_of_the_hidden_state(w_o, b_o, expected):
    found = gf.Readout(w_o, b_o).outputs(HIDDEN)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_the_outputs_and_slopes_reach_the_flow():
    cell = gf.RNN(W.T, np.eye(3) / 2, np.zeros(3))
    flow = gf.gradient_flow(cell, O3[:, :2], gf.Readout(W, B), gf.SquaredError(GRID[:, :2]))
    np.testing.assert_allclose(flow.trace.o, flow.trace.s[1:] @ W.T + B, rtol=1e-14)
    slope = flow.trace.o - GRID[:, :2]
    np.testing.assert_allclose(flow.total("readout.b_o"), slope, rtol=1e-13)
    np.testing.assert_allclose(
        flow.total("readout.w_o"), slope[:, :, None] * flow.trace.s[1:, None, :], rtol=1e-13
    )


def test_an_lstm_tells_the_readouts_bias_from_the_output_gates():
    flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.5), O1, gf.Readout(1.5, 0.25))
    np.testing.assert_allclose(flow.total("readout.b_o"), flow.trace.o, rtol=1e-14)
    np.testing.assert_array_equal(flow.total("b_o"), flow.total("b")[:, 3])
    assert (np.abs(flow.total("b_o")) < np.abs(flow.total("readout.b_o"))).all()


def test_what_is_left_out_is_a_plain_readout_and_the_squared_error_to_zero():
    cell = gf.RNN(0.5, 0.9)
    found = gf.gradient_flow(cell, O1)
    expected = gf.gradient_flow(cell, O1, gf.Readout(1.0, 0.0), gf.SquaredError(0.0), {"s": 0.0})
    np.testing.assert_array_equal(found.value("w_x"), expected.value("w_x"))
    assert isinstance(found.loss, gf.SquaredError)


@pytest.mark.parametrize(
    ("short", "long", "o"),
    [
        (gf.Readout(), gf.Readout(1.0, 0.0), None),
        (gf.SquaredError(), gf.SquaredError(0.0), O1),
        (gf.BinaryCrossEntropy(), gf.BinaryCrossEntropy(1.0), O1),
        (gf.SoftmaxCrossEntropy(), gf.SoftmaxCrossEntropy(0), O3),
    ],
)
def test_defaults_are_as_documented(short, long, o):
    if o is None:
        assert (short.w_o, short.b_o) == (long.w_o, long.b_o)
    else:
        np.testing.assert_array_equal(short.slope(o).plain(), long.slope(o).plain())


def test_a_target_is_a_copy_of_what_was_given():
    given = np.array(STEPS)
    loss = gf.SquaredError(given)
    given[0] = 99.0
    assert loss.target[0] == 0.0


@pytest.mark.parametrize(("target", "sign"), [(0.0, 1.0), (1.0, -1.0)])
def test_a_wrong_answer_of_any_size_has_slope_one(target, sign):
    slope = gf.BinaryCrossEntropy(target).slope(np.array([sign * 1e35])).plain()
    assert slope == sign


@pytest.mark.parametrize("o", [O1, O3])
@pytest.mark.parametrize("output", [0, [0] * T])
def test_the_unit_loss_of_one_output_is_that_output(o, output):
    found = gf.UnitLoss(output).slope(o).plain().reshape(T, -1)
    np.testing.assert_array_equal(found, np.eye(found.shape[1])[[0] * T])


def test_the_unit_loss_of_an_output_at_each_step():
    found = gf.UnitLoss([2, 0, 1, 1, 0]).slope(O3).plain()
    np.testing.assert_array_equal(found, one_hot([2, 0, 1, 1, 0], T, 3))


def test_equal_unit_losses_are_equal():
    assert gf.UnitLoss(np.array([1, 0])) == gf.UnitLoss([1, 0]) != gf.UnitLoss(1)
    assert repr(gf.UnitLoss()) == "UnitLoss()"
    assert repr(gf.UnitLoss(2)) == "UnitLoss(output=2)"
    assert repr(gf.UnitLoss([1, 0])) == "UnitLoss(output=array of shape (2,))"


@pytest.mark.parametrize("output", [-1, 0.5, [[0]], "last", np.nan])
def test_an_output_that_cannot_be_is_refused(output):
    with pytest.raises(ValueError, match=r"^output must "):
        gf.UnitLoss(output)


@pytest.mark.parametrize("output", [3, [0] * (T + 1)])
def test_an_output_that_the_readout_lacks_is_refused(output):
    with pytest.raises(ValueError, match=r"^output must "):
        gf.UnitLoss(output).slope(O3)


# Logits of opposite rows: their sum has no gradient, and a softmax has one.
OPPOSITE = gf.Readout([W[0], -W[0]])


def test_the_sum_of_opposite_logits_has_no_gradient_and_each_of_them_has():
    cell, x = gf.RNN(W.T, np.eye(3) / 2), O3[:, :2]
    added = gf.gradient_flow(cell, x, OPPOSITE, gf.UnitLoss())
    one = gf.gradient_flow(cell, x, OPPOSITE, gf.UnitLoss(output=1))
    alone = gf.gradient_flow(cell, x, gf.Readout(-W[0]), gf.UnitLoss())
    assert np.isneginf(added.log10("w_x")[np.tri(T, dtype=bool)]).all()
    np.testing.assert_allclose(one.log10("w_x"), alone.log10("w_x"), rtol=1e-13)
    assert np.isfinite(one.log10("w_x")[np.tri(T, dtype=bool)]).all()


def test_the_record_says_that_outputs_were_added_up():
    cell, x = gf.RNN(W.T, np.eye(3) / 2), O3[:, :2]
    says = ", of the sum of 2 outputs, which a softmax ignores)"
    assert repr(gf.gradient_flow(cell, x, OPPOSITE, gf.UnitLoss())).endswith(says)
    assert repr(gf.training_gradient(cell, x, gf.UnitLoss(), readout=OPPOSITE)).endswith(says)
    for readout, loss in (
        (OPPOSITE, gf.UnitLoss(0)),
        (OPPOSITE, gf.SoftmaxCrossEntropy(0)),
        (gf.Readout(W[:1]), gf.UnitLoss()),
        (gf.Readout(W[0]), gf.UnitLoss()),
    ):
        assert "outputs" not in repr(gf.gradient_flow(cell, x, readout, loss))


@pytest.mark.parametrize(
    ("w_o", "cancels"),
    [
        ([W[0], -W[0]], True),
        ([W[0], W[1], -W[0] - W[1]], True),
        ([np.float32(W[0]), -W[0]], True),
        ([W[0], -W[0] * 1.01], False),
        (W, False),
        (W[0], False),
        (2.0, False),
    ],
)
def test_rows_that_sum_to_nothing_are_told(w_o, cancels):
    assert gf.Readout(w_o).rows_cancel() is cancels
