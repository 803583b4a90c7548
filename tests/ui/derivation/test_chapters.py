"""Every step and every question of the derivation, whatever the settings."""

import numpy as np
import pytest
from ui.derivation.shown_numbers import VARIOUS, example_of

from gradflow.ui.derivation import clipping_step, lstm_steps, rnn_steps
from gradflow.ui.derivation.chapters import PARTS, QUESTIONS, STEPS
from gradflow.ui.derivation.downloads_section import derivation_markdown
from gradflow.ui.derivation.prediction import Question, band
from gradflow.ui.shared import latex
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.settings import Settings


@pytest.mark.slow
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


def test_no_place_in_the_list_gives_the_answer_away():
    # Of options in order of size an end is right no more often than chance has it.
    ordered = [q for q in QUESTIONS if q.key not in ("silence", "clipped")]
    ends = [q for q in ordered if list(q.options).index(q.prove().right) in (0, len(q.options) - 1)]
    assert len(ends) <= sum(2 / len(q.options) for q in ordered)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
def test_every_wrong_option_has_what_tempts_in_it(question):
    assert question.tempts.keys() == question.options.keys() - {question.prove().right}


def test_nothing_is_asked_before_its_equation():
    named = [part.key if isinstance(part, Question) else part.title for part in PARTS]
    needs = {
        "halving": rnn_steps.THREE,
        "saturation": rnn_steps.THREE,
        "silence": rnn_steps.GENERAL,
        "healthy": rnn_steps.SUM,
        "forgetting": lstm_steps.CARRIES,
        "growing": lstm_steps.WAYS,
        "clipped": clipping_step.CLIPPING,
    }
    for key, step in needs.items():
        assert named.index(step.title) < named.index(key)


def test_bands_part_the_line():
    names = ("low", "middle", "high")
    assert [band(v, (1.0, 2.0), names) for v in (0.9, 1.0, 1.9, 2.0)] == [
        "low",
        "middle",
        "middle",
        "high",
    ]


def test_the_file_has_every_step_with_its_numbers():
    example = example_of(Settings(T=6))
    text = derivation_markdown(example)
    assert all(f". {step.title}\n" in text for step in STEPS)
    assert all(line in text for step in STEPS for line in step.numbers(example))
    short = example_of(Settings(T=2))
    missing = [step for step in STEPS if step.missing(short)]
    assert derivation_markdown(short).count("No numbers here") == len(missing) > 0
