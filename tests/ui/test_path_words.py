"""The sentences about the paths say what the numbers say."""

import math

import numpy as np
import pytest

from gradflow.analysis.path_shares import PathShares
from gradflow.figures.builders.number_words import power
from gradflow.ui.paths import path_words
from gradflow.ui.paths.class_panels import shares_by_lag, taken
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.settings import Settings


def said(t=None, **changes):
    settings = Settings(**changes)
    experiment = run(settings)
    found = shares_by_lag(taken(settings, experiment), experiment, t or experiment.T)
    return path_words.finding(found), found


def shares(cell, rest, whole, whole_sign=1):
    with np.errstate(divide="ignore"):
        parts = [np.log10(np.asarray(part, dtype=float)) for part in (cell, rest, whole)]
    signs = np.ones(len(cell), np.int8)
    return PathShares(*parts, signs, whole_sign * signs, np.full(len(cell), -2.0))


def test_the_sentence_names_the_lag_and_the_claim_of_the_forget_gates():
    settings = Settings(gate="f")
    text, found = said(gate="f")
    flow = run(settings).lstm
    forget = 1.0 / (1.0 + np.exp(-flow.trace.z[:, 1, 0]))
    k = 49  # at lag 50 the forget gate multiplies c_0 = 0
    assert f"From lag {found.takeover} on the detours" in text
    assert (
        f"At lag {k} the whole term is {power(math.log10(abs(flow.value('w_xf')[49, k - 1])))}"
        in text
    )
    product = power(math.log10(np.prod(forget[50 - k + 1 :])))
    assert f"$\\prod f$ = {product}" in text
    off = flow.log10("w_xf")[49, k - 1] - flow.by_detours("w_xf", classes=2).log10[0][49, k - 1]
    assert f"**{power(off)} times too small**" in text


def test_the_sentence_without_recurrent_weights():
    text, _ = said(own_w_h=True, w_h=0.0)
    assert "The cell path carries everything" in text
    assert text.endswith(": the same.")


def test_the_sentence_of_a_cell_path_that_stays_ahead():
    text, found = said(w_s=0.05, b_f=4.0, T=20)
    assert found.takeover is None
    assert "The cell path carries the gradient at every lag" in text


def test_the_sentence_of_one_step():
    assert "One step only" in said(t=1)[0]


def test_the_sentence_where_all_is_zero():
    assert "exactly zero" in said(w_o=0.0)[0]
    assert "No gradient here" in said(w_o=0.0)[0]


def test_the_sentence_where_only_the_target_step_counts():
    text, _ = said(sequence="ones", own_w_h=True, w_h=0.0, gate="o")
    assert "Nothing goes back" in text


def test_the_output_gate_has_no_cell_path():
    text, _ = said(gate="o", T=20)
    assert "carry the gradient" in text
    assert "would leave exactly 0" in text


def test_an_exploding_network_is_said_to_be_underestimated():
    text, found = said(T=100, w_x=0.0, own_w_h=True, w_h=4.0)
    assert "times too small" in text
    assert found.whole[-1] > 3.0


@pytest.mark.parametrize(
    ("found", "part"),
    [
        (shares([8, 4, 2], [0, 5, 1], [8, 9, 3]), "carries 2 and the detours 1."),
        (
            shares([8, 4, 2, 1], [0, 5, 1, 2], [8, 9, 3, 3]),
            "Of the 3 lags before it the cell path carries 2 and the detours 1.",
        ),
        (
            shares([8, 4, 2], [0, 5, 1.9], [8, 1, 0.1]),
            "at 2 they cancel more than half of the larger",
        ),
        (
            shares([8, 4, 2], [0, 5, 1.9], [8, 1, 0.1]),
            "**20 times too large**, because the detours cancel 95.0% of it",
        ),
        (
            shares([8, 4, 2], [0, 5, 3], [8, 1, 1], -1),
            "2 times too large, and of the other sign",
        ),
        (shares([8, 4, 2], [0, 5, 3], [8, 9, 2.1]), "right to within 4.8%"),
    ],
)
def test_the_sentence_of_cases_made_by_hand(found, part):
    assert part in path_words.finding(found)


def test_the_gate_is_named_that_lets_most_detours_out():
    labels = ("cell path", "input gate", "forget gate", "candidate", "output gate")
    share = np.array([[0.2], [0.1], [-0.4], [0.2], [0.1]])
    assert "forget gate lets the largest part" in path_words.first_gate(labels, share, 1)
    assert "50.0%" in path_words.first_gate(labels, share, 1)
    assert path_words.first_gate(labels, np.array([[1.0], [0], [0], [0], [0]]), 1) == ""
    assert path_words.first_gate(labels, share, None) == ""


def test_the_parameter_is_named_where_the_gates_stand_together():
    assert "the forget gate's parameter `w_xf`" in path_words.parameter_used("w_xf", "all")
    text = path_words.parameter_used("b_c", "product")
    assert "the candidate's parameter `b_c`" in text
    assert "forget gate's terms are exactly zero" in text
    assert path_words.parameter_used("w_xc", "c") == ""
