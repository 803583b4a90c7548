"""The steps on the RNN: their numbers against automatic differentiation."""

import re
from dataclasses import replace

import numpy as np
import pytest
from oracles import scalar_terms
from ui.derivation.shown_numbers import (
    ROUNDED,
    VARIOUS,
    example_of,
    python,
    rnn_row,
    sides,
    value_of,
)

from gradflow.ui.derivation.clipping_step import CLIPPING
from gradflow.ui.derivation.rnn_steps import (
    BOTTOM,
    DIRECT,
    FACTORS,
    GENERAL,
    LOSS,
    READOUT,
    RECURSION,
    SEQUENCE,
    SUM,
    THREE,
)
from gradflow.ui.shared.settings import Settings


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_both_sides_of_every_line_of_numbers_agree(settings):
    example = example_of(settings)
    lines = [*READOUT.numbers(example), *RECURSION.numbers(example), *BOTTOM.numbers(example)]
    lines += [*THREE.numbers(example), DIRECT.numbers(example)[0], DIRECT.numbers(example)[3]]
    assert len(lines) == 12
    for line in lines:
        left, right = sides(line)
        # Rounded parts may cancel, so a sum is held to the size of its largest number.
        sizes = [abs(float(n)) for n in re.findall(r"\d+\.?\d*", line)]
        assert left == pytest.approx(right, rel=ROUNDED, abs=0.01 * max(sizes)), line


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_the_three_terms_and_their_sum_are_those_of_autograd(settings):
    example, terms = example_of(settings), rnn_row(settings, 3)["w_x"]
    *lines, added = [sides(line)[0] for line in THREE.numbers(example)]
    np.testing.assert_allclose(lines, terms, rtol=ROUNDED)
    np.testing.assert_allclose(added, terms.sum(), rtol=ROUNDED)
    np.testing.assert_allclose(sides(READOUT.numbers(example)[1])[0], terms.sum(), rtol=ROUNDED)
    states = replace(settings, loss="unit", w_o=1.0, readout_b_o=0.0)
    slopes = [rnn_row(states, t)["w_x"].sum() for t in (3, 2, 1)]
    shown = [RECURSION.numbers(example)[0], *BOTTOM.numbers(example)]
    np.testing.assert_allclose([sides(s)[0] for s in shown], slopes, rtol=ROUNDED)


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_the_gradient_of_all_steps_is_the_sum_of_what_autograd_has_for_each(settings):
    short = replace(settings, T=6)
    _, total, readout, count = SEQUENCE.numbers(example_of(short))
    terms = [rnn_row(short, t)["w_x"] for t in range(1, 7)]
    assert value_of(total) == pytest.approx(sum(row.sum() for row in terms), rel=ROUNDED)
    assert int(count) == sum(map(len, terms))
    step = 1e-5
    ends = (summed_loss(replace(short, w_o=short.w_o + by)) for by in (step, -step))
    by_differences = (next(ends) - next(ends)) / (2 * step)
    assert value_of(readout) == pytest.approx(by_differences, rel=ROUNDED)


def summed_loss(settings):
    """L of all steps, from the states and the losses' own formulas."""
    s = example_of(settings).experiment.rnn.trace.s[1:, 0]
    o = settings.w_o * s + settings.readout_b_o
    if settings.loss == "unit":
        return o.sum()
    if settings.loss == "squared":
        return 0.5 * ((o - settings.target) ** 2).sum()
    return np.log1p(np.exp(-o if settings.label == "1" else o)).sum()


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_the_five_factors_multiply_to_the_term_of_the_lag(settings):
    example = example_of(settings)
    *parts, term = FACTORS.numbers(example)
    product = np.prod([value_of(line) for line in parts])
    row = rnn_row(example.settings)["w_x"]
    assert product == pytest.approx(row[settings.lag - 1], rel=2 * ROUNDED)
    assert value_of(term) == pytest.approx(row[settings.lag - 1], rel=ROUNDED)


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_the_loss_slope_is_that_of_autograd(settings):
    # With a bias instead of the output, dL_3/do_3 is dL_3/db_o.
    x = example_of(settings).experiment.rnn.trace.o.reshape(settings.T, -1)[2, -1]
    problem = scalar_terms.Problem(
        {"w_x": np.ones((1, 1)), "w_s": np.zeros((1, 1)), "b": np.zeros(1)},
        np.array([x]),
        np.array([[0.0], [1.0]]) if settings.loss == "softmax" else 1.0,
        np.zeros(2) if settings.loss == "softmax" else 0.0,
        settings.loss,
        settings.target if settings.loss == "squared" else int(settings.label),
        "identity",
    )
    expected = float(np.squeeze(scalar_terms.autograd_row(problem, 1)["b"]))
    assert value_of(LOSS.numbers(example_of(settings))[-1]) == pytest.approx(expected, rel=ROUNDED)


@pytest.mark.parametrize("t", [50, 17])
def test_the_general_sum_holds_the_totals_of_the_target_step(t):
    settings = Settings(last=False, t=t)
    terms = rnn_row(settings, t)
    expected = [terms[name].sum() for name in ("w_x", "w_s", "b")]
    found = [value_of(line) for line in GENERAL.numbers(example_of(settings))]
    np.testing.assert_allclose(found, expected, rtol=ROUNDED)


@pytest.mark.parametrize("t", [50, 17])
def test_the_sum_names_its_largest_and_smallest_term_and_is_checked(t):
    settings = Settings(last=False, t=t)
    row = rnn_row(settings, t)["w_x"]
    total, most, least, count, gap = SUM.numbers(example_of(settings))
    assert value_of(total) == pytest.approx(row.sum(), rel=ROUNDED)
    assert value_of(most) == pytest.approx(row[np.abs(row).argmax()], rel=ROUNDED)
    assert f"(k = {np.abs(row).argmax() + 1})" in most
    assert value_of(least) == pytest.approx(row[np.abs(row).argmin()], rel=ROUNDED)
    assert f"(k = {np.abs(row).argmin() + 1})" in least
    near = (np.abs(row) >= 0.01 * np.abs(row).max()).sum()
    assert count == f"{near} \\text{{ of }} {t}"
    assert value_of(gap) < 1e-12


def test_a_row_of_zeros_has_no_largest_term():
    settings = Settings(w_o=0.0)
    total, *others, _ = SUM.numbers(example_of(settings))
    assert value_of(total) == 0.0
    assert all("exactly" in line for line in others)


@pytest.mark.parametrize("threshold", [0.01, 1.0, 100.0])
def test_clipping_multiplies_both_terms_by_one_factor(threshold):
    settings = Settings(w_s=1.2, w_x=0.1, threshold=threshold, lag=7)
    terms = rnn_row(settings)
    row = np.abs(terms["b"])
    parts = [v.sum() for v in terms.values()]
    length = float(np.sqrt(np.sum(np.square(parts))))
    norm, factor, after, first, kth, ratio = CLIPPING.numbers(example_of(settings))
    scale = min(1.0, threshold / length)
    assert value_of(norm) == pytest.approx(length, rel=ROUNDED)
    assert python(factor.split("r = ")[1]) == pytest.approx(scale, rel=ROUNDED)
    assert value_of(after) == pytest.approx(min(threshold, length), rel=ROUNDED)
    for line, k in ((first, 1), (kth, 7)):
        moved = [python(side) for side in line.split("\\quad")[0].split("\\to")]
        np.testing.assert_allclose(moved, [row[k - 1], scale * row[k - 1]], rtol=ROUNDED)
    left, right = (part.split("\\text")[0].strip(" ,") for part in ratio.split("\\quad"))
    assert left == right
    assert python(left) == pytest.approx(row[6] / row[0], rel=ROUNDED)
