"""The sections that are computed when they are opened: all steps together, truncation, signs."""

import numpy as np
import pytest
from ui.model.model_app import (
    array,
    charts,
    example,
    first_choice,
    opened,
    put,
    quiet,
    said,
    shipped,
    unfolded,
)

import gradflow as gf
from gradflow.ui.model import training_words


@pytest.fixture(scope="module")
def recall():
    model = shipped("recall_learned")
    loss, x = first_choice(model, example("recall_learned"))
    return model, x, loss


@pytest.mark.slow
def test_all_steps_stand_beside_one_target(recall):
    app = unfolded(opened(t="40", last="0"), "all_steps")
    both = (np.ones(60), np.eye(60)[39])
    gradients = [gf.training_gradient(*recall, weights) for weights in both]
    lines = charts(app)["model_by_lag"]["data"]
    assert lines[0]["x"] == ["1", "2", "3–4", "5–8", "9–16", "17–32", "33–60"]
    for line, gradient in zip(lines, gradients, strict=True):
        bins = gradient.by_lag([1, 2, 3, 5, 9, 17, 33])
        shown = np.nan_to_num(np.array(array(line["y"]), dtype=float))
        np.testing.assert_allclose(shown, bins.together.norm, rtol=1e-12)
    [table] = [one.value for one in app.table if "Gradient of" in one.value]
    assert list(table["Gradient of"]) == [
        *gradients[0].gradients,
        "all together",
        "all, both biases",
    ]
    for column, gradient in zip(("All steps", "Step 40 alone"), gradients, strict=True):
        lengths = [gradient.norm(name) for name in gradient.gradients]
        lengths += [gradient.global_norm(), gradient.global_norm(both_biases=True)]
        shown = [_number(text) for text in table[column]]
        np.testing.assert_allclose(shown, lengths, rtol=0.06)


@pytest.mark.slow
def test_truncation_tells_the_shortest_lengths(recall):
    app = unfolded(opened(), "truncation")
    gradient = gf.training_gradient(*recall)
    for cut, curve in (("window", gradient.truncation_curve()), ("chunks", gradient.chunk_curve())):
        app = quiet(put(app, "cut", cut))
        line = next(
            one for one in charts(app)["model_truncation"]["data"] if one["name"] == "all weights"
        )
        errors = curve.together.relative_error
        np.testing.assert_array_equal(array(line["x"]), curve.lengths)
        np.testing.assert_allclose(np.nan_to_num(array(line["y"])), errors, rtol=1e-12)
        for error in (0.01, 0.05, 0.1):
            steps = curve.shortest(error)
            # Checked by hand: the first length whose error is below it.
            assert steps == curve.lengths[np.argmax(errors < error)]
            assert f"**{100 * error:g}%**: {steps} step" in said(app)


def test_one_step_is_its_own_shortest_window():
    app = unfolded(opened(sequence="noise", T="1", weights="mean"), "truncation")
    assert "**1%**: 1 step" in said(app)


def test_a_loss_without_a_gradient_has_nothing_to_truncate():
    rnn = gf.RNN(1.0, 0.5, activation="identity")
    nothing = gf.training_gradient(rnn, [1.0, 0.0], gf.SquaredError([1.0, 0.5]))
    words_of_it = training_words.shortest_lengths(nothing.truncation_curve(), (0.01,))
    assert words_of_it == "The loss has no gradient: there is nothing to truncate."


def test_lengths_that_are_not_tried_are_told_where_one_of_them_may_be_shorter():
    rnn = gf.RNN(1.0, 0.99, activation="identity")
    curve = gf.training_gradient(rnn, np.zeros(300), gf.UnitLoss()).chunk_curve([1, 2, 150, 300])
    errors = curve.together.relative_error
    told = training_words.shortest_lengths(curve, (errors[:2].mean(),))
    assert told.endswith("%**: 2 steps.")
    told = training_words.shortest_lengths(curve, (errors[1],))
    assert told.endswith(": 150 steps. Beyond 2 steps not every length is tried.")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x", "h", "c"])
def test_signs_stand_against_source_steps(recall, name):
    model, x, loss = recall
    app = unfolded(opened(t="30", last="0", signal=name, floor="-6"), "signed")
    numbers = getattr(gf.signals(gf.gradient_flow(model, x, loss=loss), 30), name)
    signed = charts(app)["model_signed"]["data"][0]
    above = np.maximum(numbers.log10 - numbers.log10.max() + 6, 0) * numbers.sign
    np.testing.assert_allclose(array(signed["z"]), above[::-1].T, atol=1e-5)
    if name == "x":
        labels = charts(app)["model_signed"]["layout"]["yaxis"]["ticktext"]
        assert labels == list("ABCDxy")


def _number(text):
    digits, _, power = text.partition(" × 10")
    powers = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return float(digits.replace(",", "")) * 10.0 ** int(power.translate(powers) or 0)
