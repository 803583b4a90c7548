"""Every step and every question of the derivation, whatever the settings."""

import numpy as np
import pytest
from ui.derivation.shown_numbers import VARIOUS, example_of

from gradflow.ui.derivation.chapters import QUESTIONS, STEPS
from gradflow.ui.derivation.prediction import band
from gradflow.ui.shared import latex
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.settings import Settings


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_a_step_has_as_many_numbers_as_formulas_whatever_the_settings(step):
    hard = (
        Settings(w_x=100.0, T=12),
        Settings(w_x=0.0, w_o=0.0, T=12),
        Settings(activation="relu", w_x=-5.0, sequence="ones", T=12, clipping=True),
        Settings(w_s=2.0, activation="identity", T=500, loss="squared"),
        Settings(own_w_h=True, w_h=-100.0, T=12, last=False, t=4),
    )
    for settings in (*VARIOUS.values(), *hard):
        example = example_of(settings)
        assert step.missing(example) is None
        formulas, numbers = step.formulas(settings), step.numbers(example)
        assert len(formulas) == len(numbers)
        assert not any("nan" in line or "inf" in line.replace("infty", "") for line in numbers)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.25, "-0.25"),
        (1234.0, "1{,}234"),
        (-1.5e-9, "-1.50 \\times 10^{-9}"),
        (np.inf, "\\infty"),
    ],
)
def test_numbers_are_written_in_latex(value, shown):
    assert latex.plain(value) == shown


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
def test_every_proof_picks_one_of_the_options_and_frames_cells(question):
    proof = question.prove()
    assert proof.right in question.options
    assert len(question.options) >= 3
    assert 1 <= len(proof.shown) <= 2
    for shown in proof.shown:
        assert shown.outline.t == shown.panel.T
        assert proof.view.axis == "lag"
    assert to_query(question.settings)


def test_bands_part_the_line():
    names = ("low", "middle", "high")
    assert [band(v, (1.0, 2.0), names) for v in (0.9, 1.0, 1.9, 2.0)] == [
        "low",
        "middle",
        "middle",
        "high",
    ]
