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
from gradflow.ui.shared.markdown_text import escaped, quoted, table
from gradflow.ui.shared.row_words import finding


def test_text_from_outside_is_shown_as_it_is():
    assert escaped("<b>![i](a:b)`$") == r"\<b\>\!\[i\]\(a\:b\)\`\$"
    assert quoted("a`b\n") == "`a�b�`"
    assert quoted("x" * 100) == "`" + "x" * 40 + "…`"


def _said(cell, T):
    flow = gf.gradient_flow(cell, np.zeros(T), loss=gf.UnitLoss())
    return finding("RNN", memory.measure(flow, T), unsure=False).markdown


def test_a_network_that_forgets_names_where_and_what_is_left():
    # 0.62^9 is 1.35% and 0.62^10 is 0.84%: lag 10 still counts, ten steps back does not.
    assert _said(gf.RNN(1.0, 0.62, activation="identity"), 30) == (
        "**The RNN forgets.** More than 9 steps back less than 1% of step 30's own term is left; "
        f"step 1 has {power(29 * math.log10(0.62))} of it."
    )


def test_a_network_that_explodes_names_how_large_it_is():
    assert _said(gf.RNN(1.0, 1.1, activation="identity"), 100) == (
        f"**The RNN explodes.** Step 1 has {power(99 * math.log10(1.1))} times step 100's own term."
    )


@pytest.mark.parametrize(("w_s", "share"), [(1.0, "100.0%"), (0.95, percent(0.95**29))])
def test_a_network_that_reaches_back_names_what_is_left(w_s, share):
    assert _said(gf.RNN(1.0, w_s, activation="identity"), 30) == (
        f"**The RNN reaches back to step 1.** Step 1 has {share} of step 30's own term."
    )


def test_a_network_that_goes_no_step_back_is_said_to():
    assert "goes no step back" in _said(gf.RNN(1.0, 0.0), 10)


def test_terms_far_below_float64_are_not_called_zero():
    flow = gf.gradient_flow(gf.RNN(0.5, 0.9), [1000.0] * 6, loss=gf.UnitLoss())
    assert "zero" not in finding("RNN", memory.measure(flow, 6), unsure=False).markdown


@pytest.mark.parametrize(
    ("b_f", "value", "half_life"),
    [
        (0.0, "0.5", "1 step"),
        (1.0, "0.731", "2.21 steps"),
        (2.0, "0.881", "5.46 steps"),
        (10.0, "1 − 4.5 × 10⁻⁵", "15,268 steps"),
    ],
)
def test_the_forget_bias_says_its_half_life(b_f, value, half_life):
    said = words.forget_bias_words(b_f)
    assert f" keeps sigmoid({b_f:g}) = {value} of the cell at each step: " in said
    assert f" half is left after {half_life}. " in said


def test_clipping_counts_targets():
    assert "2 of 3" in comparison_words.clipping(np.array([1.0, 0.5, 0.25]), 1.0)
    assert "0.25" in comparison_words.clipping(np.array([1.0, 0.5, 0.25]), 1.0)
    assert "1 of 2 targets has" in comparison_words.clipping(np.array([1.0, 0.5]), 1.0)
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
