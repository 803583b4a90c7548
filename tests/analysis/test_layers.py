"""What is asked of a layer: a stack of one is its layer, and the last one is a cell by itself."""

import numpy as np
import pytest

import gradflow as gf
from gradflow import analysis

X = np.sin(np.arange(7.0) + 0.5)
LSTM = gf.LSTM.scalar(0.5, {"i": -2.0, "f": 3.0, "c": -1.5, "o": 2.5}, 0.5, b_i=0.1)
READOUT, LOSS = gf.Readout(1.5, 0.2), gf.SquaredError(0.4)
LOWER = {
    "a cell of numbers": gf.RNN(0.7, -0.6),
    "units that are one number": gf.RNN(np.ones((1, 1)), [[0.4]]),
    "two layers": None,
}


def alone_and_last(below):
    """A flow of the LSTM alone, and one in which it is the last layer on the same inputs."""
    cells = [gf.GRU.scalar(0.4, 0.3), gf.RNN(0.7, -0.6)] if below is None else [below]
    flow = gf.gradient_flow(gf.Stack([*cells, LSTM]), X, READOUT, LOSS)
    inputs = flow.trace.layers[-1].x
    return gf.gradient_flow(LSTM, inputs, READOUT, LOSS), flow, len(cells)


def answers(flow, layer):
    """Everything that is asked of one layer's own paths, as arrays or text."""
    divided = flow.by_detours("w_xf", layer, classes=3), flow.by_first_gate("w_h", layer)
    yield from (part for found in divided for part in (found.log10, found.sign) if part is not None)
    yield from analysis.by_detours_at(flow, "w_hf", 6, 4, layer)
    found = analysis.paths(flow, "w_xc", 6, 3, layer)
    yield [path.log10 for path in found]
    yield [path.value for path in found]
    yield [factor.log10 for factor in analysis.factors(flow, "w_hi", 6, 4, layer)]
    yield [edge.value for edge in analysis.unrolled_graph(flow, "b_o", 6, 5, layer).edges]
    yield analysis.unit_signals(flow, 5, layer).log10


def test_a_stack_of_one_layer_is_its_layer():
    alone = gf.gradient_flow(LSTM, X, READOUT, LOSS)
    one = gf.gradient_flow(gf.Stack([LSTM]), X, READOUT, LOSS)
    for expected in (answers(alone, None), answers(alone, 0)):
        for found, wanted in zip(answers(one, None), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    for name in ("x", "h", "c", "z"):
        found, wanted = (getattr(gf.signals(flow, 6), name).value for flow in (one, alone))
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert analysis.residual(one).max() < 1e-12
    assert analysis.residual_at(one, 5, 0) < 1e-12
    clipped = analysis.log10_clipped(one, "w_xf", 0, threshold=0.1)
    np.testing.assert_allclose(clipped, analysis.log10_clipped(alone, "w_xf", threshold=0.1))


@pytest.mark.parametrize("below", LOWER)
def test_the_last_layer_is_a_cell_that_is_fed_by_those_below(below):
    alone, flow, last = alone_and_last(LOWER[below])
    for found, wanted in zip(answers(flow, last), answers(alone, None), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_classes_of_the_last_layer_add_up_to_its_terms():
    generator = np.random.default_rng(5)
    weights = (generator.normal(size=s) for s in ((4, 3, 2), (4, 3, 3), (4, 3)))
    below = gf.RNN(generator.normal(size=(2, 1)), generator.normal(size=(2, 2)))
    flow = gf.gradient_flow(gf.Stack([below, gf.LSTM(*weights)]), X)
    # With one class beside the cell path, what is left of the last lag but one crossing is small;
    # at k = 1 there is the cell path alone.
    classes = flow.by_detours("w_hf", 1, classes=2)
    first = np.s_[:, 0]
    np.testing.assert_allclose(classes.log10[0][first], flow.log10("w_hf", 1)[first], rtol=1e-12)
    assert np.isneginf(classes.log10[1][first]).all()


def test_a_full_name_tells_the_layer():
    _, flow, last = alone_and_last(None)
    by_name, by_number = (
        analysis.paths(flow, *arguments)
        for arguments in ((f"{last}.w_xf", 4, 2), ("w_xf", 4, 2, last))
    )
    assert by_name == by_number
    np.testing.assert_array_equal(
        flow.by_first_gate(f"{last}.b_f").log10, flow.by_first_gate("b_f", last).log10
    )


STACK = gf.gradient_flow(gf.Stack([LSTM, gf.RNN(0.5, 0.9), LSTM]), X)
ASKED = {
    "by_detours": lambda name, layer: STACK.by_detours(name, layer),
    "by_first_gate": lambda name, layer: STACK.by_first_gate(name, layer),
    "by_detours_at": lambda name, layer: analysis.by_detours_at(STACK, name, 3, 2, layer),
    "paths": lambda name, layer: gf.paths(STACK, name, 3, 2, layer),
    "factors": lambda name, layer: analysis.factors(STACK, name, 3, 2, layer),
}


@pytest.mark.parametrize("question", ASKED)
@pytest.mark.parametrize(
    ("name", "layer", "message"),
    [
        ("w_xf", 0, r"layer must be the last, 2, .* Got 0\."),
        ("0.w_xf", None, r"layer must be the last, 2, .* Got 0\."),
        ("w_x", 1, r"layer must be the last, 2, .* Got 1\."),
        ("w_xf", None, r"layer must be a whole number from 0 to 2\. Got None\."),
        ("w_xf", 3, r"layer must be a whole number from 0 to 2\. Got 3\."),
        ("w_s", 2, r"parameter must be one of w_xi, .* Got 'w_s'\."),
    ],
)
def test_a_lower_layer_is_refused(question, name, layer, message):
    with pytest.raises(ValueError, match=message):
        ASKED[question](name, layer)
