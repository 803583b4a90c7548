"""Sentences and numbers say what the measures say."""

import math

import numpy as np
import pytest
from support.tables import columns

import gradflow as gf
from gradflow.analysis import memory
from gradflow.figures.builders.number_words import percent, power
from gradflow.ui.comparison import words as comparison_words
from gradflow.ui.shared import words
from gradflow.ui.shared.text import escaped, quoted, table


def test_text_from_outside_is_shown_as_it_is():
    assert escaped("<b>![i](a:b)`$") == r"\<b\>\!\[i\]\(a\:b\)\`\$"
    assert quoted("a`b\n") == "`a�b�`"
    assert quoted("x" * 100) == "`" + "x" * 40 + "…`"


def _sentence(cell, T):
    flow = gf.gradient_flow(cell, np.zeros(T), loss=gf.UnitLoss())
    return words.sentence("RNN", memory.measure(flow, T))


def test_the_sentence_names_rate_and_horizon_of_a_linear_network():
    # 0.62^9 is 1.35% and 0.62^10 is 0.84%: lag 10 still counts, ten steps back does not.
    text = _sentence(gf.RNN(1.0, 0.62, activation="identity"), 30)
    assert "forgets" in text
    assert "shrinks on average to 0.62 of itself each step back, for 10 steps;" in text
    assert "then less than 1% is left" in text


def test_the_sentence_of_an_exploding_network():
    text = _sentence(gf.RNN(1.0, 1.1, activation="identity"), 100)
    assert "explodes" in text
    assert "grows on average to 1.1 times itself each step back; at step 1, it is" in text
    assert power(99 * math.log10(1.1)) in text


def test_rate_and_steps_of_a_sentence_agree():
    x = np.random.default_rng(106).normal(size=50)
    seen = memory.measure(gf.gradient_flow(gf.RNN(0.5, 0.9), x, loss=gf.UnitLoss()), 50)
    text = words.sentence("RNN", seen)
    rate = float(text.split("on average to ")[1].split(" of")[0])
    steps = int(text.split(", for ")[1].split(" step")[0])
    assert rate**steps < 0.01
    assert rate ** (steps - 2) > 0.01


def test_the_sentence_of_a_network_that_keeps_its_size():
    text = _sentence(gf.RNN(1.0, 1.0, activation="identity"), 30)
    assert "keeps its size" in text
    assert "100.0% of it is left" in text


def test_the_sentence_of_a_network_that_reaches_back():
    text = _sentence(gf.RNN(1.0, 0.95, activation="identity"), 30)
    assert "reaches back to step 1" in text
    assert percent(0.95**29) in text


def test_the_sentence_where_the_gradient_stops():
    text = _sentence(gf.RNN(1.0, 0.0), 10)
    assert "exactly zero" in text


@pytest.mark.parametrize(("b_f", "half_life"), [(0.0, "1 steps"), (1.0, "2.21"), (2.0, "5.46")])
def test_the_forget_bias_says_its_half_life(b_f, half_life):
    assert half_life in words.forget_bias_words(b_f)


def test_clipping_counts_targets():
    assert "2 of 3" in comparison_words.clipping(np.array([1.0, 0.5, 0.25]), 1.0)
    assert "0.25" in comparison_words.clipping(np.array([1.0, 0.5, 0.25]), 1.0)
    assert "No target" in comparison_words.clipping(np.ones(3), 1.0)


def test_the_check_names_its_target_and_says_where_float64_ends():
    said = comparison_words.adds_up(7, {"RNN": 2e-16, "LSTM": math.nan})
    assert "at $t = 7$" in said
    assert "2.0 × 10⁻¹⁶ (RNN) and too small or too large for float64 to check (LSTM)" in said


def test_a_table_holds_its_cells_as_they_are():
    cells = {
        "Measure": ["Cancellation", "Verdict"],
        "What it says": ["|sum| / sum of | |", "stable"],
    }
    assert columns(table(cells)) == cells


def test_a_table_with_a_column_that_is_shorter_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        table({"a": ["1", "2"], "b": ["3"]})
