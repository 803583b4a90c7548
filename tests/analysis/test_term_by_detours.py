"""One term by its detours: the classes of the whole sequence's, at any magnitude."""

import numpy as np
import pytest

import gradflow as gf
from gradflow.analysis.term_by_detours import by_detours_at

X = np.sin(np.arange(60) * 3 / 7 + 1 / 3)
CELLS = {
    "usual": gf.LSTM.scalar(w_x=0.5, w_h=0.9, b_f=1.0),
    "exploding": gf.LSTM.scalar(w_x=0.1, w_h=4.0),
    "saturated": gf.LSTM.scalar(w_x=200.0, w_h=-0.7, b_f=3.0),
    "closed": gf.LSTM.scalar(w_x=0.3, w_h=0.4, b_f=-200.0),
    "no recurrence": gf.LSTM.scalar(w_x=0.5, w_h=0.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("classes", [2, 4])
def test_a_term_is_that_of_all_terms(name, classes):
    flow = gf.gradient_flow(CELLS[name], X, gf.Readout(-1.3), initial_state={"h": 0.2, "c": -0.4})
    for parameter in ("w_xf", "w_hi", "b_c", "w_xo"):
        whole = flow.by_detours(parameter, classes=classes)
        for t, k in ((60, 1), (60, 2), (60, 7), (60, 60), (31, 30), (1, 1)):
            sign, log10 = by_detours_at(flow, parameter, t, k, classes=classes)
            np.testing.assert_array_equal(sign, whole.sign[:, t - 1, k - 1])
            np.testing.assert_allclose(log10, whole.log10[:, t - 1, k - 1], rtol=1e-12, atol=1e-11)


def test_a_long_way_back_does_not_underflow():
    # With no recurrence the cell path is all there is: a product of 3000 forget gates.
    flow = gf.gradient_flow(
        gf.LSTM.scalar(w_x=0.0, w_h=0.0, b_f=-40.0), np.ones(3000), loss=gf.UnitLoss()
    )
    sign, log10 = by_detours_at(flow, "b_c", 3000, 3000)
    forget = -np.log10(1.0 + np.exp(40.0))
    assert sign[0] == 1
    # Behind the gates: an output gate of 1/2, an input gate of 1/2, slopes of tanh of 1.
    assert log10[0] == pytest.approx(2999 * forget + np.log10(0.25), rel=1e-12)
    assert (sign[1:] == 0).all()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("w_xf", 60, 61), {}, "k must be"),
        (("w_xf", 61, 1), {}, "t must be"),
        (("w_x", 60, 1), {}, "parameter must be one of"),
        (("w_xf", 60, 1), {"classes": 1}, "classes must be"),
    ],
)
def test_wrong_arguments(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        by_detours_at(gf.gradient_flow(CELLS["usual"], X), *arguments, **options)


@pytest.mark.parametrize(
    "cell", [gf.RNN(0.5, 0.9), gf.LSTM(np.ones((4, 2, 1)), np.ones((4, 2, 2)), np.ones((4, 2)))]
)
def test_other_cells_are_refused(cell):
    with pytest.raises(ValueError, match="cell must be a scalar LSTM"):
        by_detours_at(gf.gradient_flow(cell, X), "w_xf", 2, 1)
