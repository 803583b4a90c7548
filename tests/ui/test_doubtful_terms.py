"""Terms with few digits: found where there are any, and marked on the pages of the two networks."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from support.packed import unpacked

from gradflow.figures.builders.heatmap_cells import shown_cells
from gradflow.ui.comparison import term_words
from gradflow.ui.comparison.shown_rows import findings, measured
from gradflow.ui.comparison.term_parts import term
from gradflow.ui.component.linked_charts import Moving, message
from gradflow.ui.paths import class_panels, downloads_section, path_words, three_steps_words
from gradflow.ui.paths.three_steps import unrolled
from gradflow.ui.shared import panels, words
from gradflow.ui.shared.doubtful_terms import few_digits
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import Settings

# The cell state cancels and underflows.
UNDERFLOWS = Settings(sequence="impulse", w_s=-2.0, b_f=0.0, parameter="w_h")


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        *(preset.settings for preset in PRESETS),
        UNDERFLOWS,
        *(
            replace(Settings(), sequence=sequence, w_s=w_s, b_f=b_f, w_x=1.5)
            for sequence in ("noise", "ones", "sine", "impulse")
            for w_s in (-3.0, 0.01, 2.5)
            for b_f in (-6.0, 3.0)
        ),
    ],
)
def test_what_is_left_out_has_no_term_with_few_digits(settings):
    experiment = run(settings, None)
    for flow in (experiment.rnn, experiment.lstm):
        for name in ("w_x", "b"):
            found = few_digits(flow, name)
            few = flow.digits(name) < 6
            np.testing.assert_array_equal(np.zeros_like(few) if found is None else found, few)


def test_marks_reach_the_charts_their_readout_and_their_key():
    experiment = run(UNDERFLOWS, None)
    both = panels.both_panels(UNDERFLOWS, experiment)
    few = experiment.lstm.digits("w_hc") < 6
    assert few.sum() > 1000
    np.testing.assert_array_equal(both[1].doubtful, few)
    rows = panels.both_rows(UNDERFLOWS, experiment, both)
    sent = unpacked(
        message(both, panels.view(UNDERFLOWS, both), rows, 1, "png", (), Moving("", {}, 0.0, ""))
    )
    assert [bar["few"] for bar in sent["bars"]] == [True]
    rnn, lstm = sent["cells"]
    assert rnn["few"] is None
    np.testing.assert_array_equal(
        lstm["few"][np.tril_indices(len(few))], few[np.tril_indices(len(few))]
    )
    assert words.few_digits(*(panel.doubtful for panel in both)).startswith(f"{few.sum():,} terms")
    assert words.few_digits(None, np.zeros((2, 2), bool)) == ""


@pytest.mark.parametrize("relative", [False, True])
def test_a_row_over_a_term_that_cancels_is_marked_as_a_whole(relative):
    settings = replace(
        Settings(sequence="sine", T=40, w_x=0.5, w_s=1.0, activation="identity", parameter="w_h"),
        relative=relative,
    )
    experiment = run(settings, None)
    few = experiment.rnn.digits("w_s") < 6
    lost, sound = 19, 38  # rows of which the k = 1 term alone is lost, and others alone
    assert few[lost].nonzero()[0].tolist() == [0]
    assert few[sound].any()
    assert not few[sound, 0]
    both = panels.both_panels(settings, experiment)
    drawn = shown_cells(both[0], panels.view(settings, both)).doubtful
    expected = np.arange(40) < lost if relative else few[lost]  # the last is exactly zero
    np.testing.assert_array_equal(drawn[lost], expected)
    np.testing.assert_array_equal(drawn[sound], few[sound])
    assert few[-1, 0]
    line, *_ = panels.both_rows(settings, experiment, both).lines  # of the last target
    np.testing.assert_array_equal(line.doubtful, np.arange(40) < 39 if relative else few[-1])


def test_nothing_is_claimed_of_a_row_whose_digits_are_lost():
    experiment = run(UNDERFLOWS, None)
    both = panels.both_panels(UNDERFLOWS, experiment)
    said = findings(measured(UNDERFLOWS, experiment), both)
    assert not experiment.lstm.digits("w_hc")[-1].min() >= 6
    assert "cannot be told" in said[1].facts
    assert "zero" not in said[1].markdown
    assert "cannot be told" not in said[0].facts


def test_one_cell_explains_nothing_whose_digits_are_lost():
    experiment = run(UNDERFLOWS)
    few = experiment.lstm.digits("w_hc") < 6
    for k in (1, 49):
        cell = term(UNDERFLOWS, experiment, 50, k)
        assert cell.names[1] == "w_hc"
        assert cell.unsure == (False, bool(few[49, k - 1]))
    assert few[49, 0]


def test_the_page_says_which_measures_are_lost():
    app = AppTest.from_file("../../gradflow/ui/page_script.py", default_timeout=60)
    asked = {"sequence": "impulse", "w_s": "-2.0", "b_f": "0.0", "parameter": "w_h"}
    for name, value in asked.items():
        app.query_params[name] = value
    said = [text.value for text in app.run().markdown]
    assert any("Float64 has too few digits for the LSTM." in text and "| " in text for text in said)
    [lstm] = [text for text in said if text.startswith("**LSTM, cell path")]
    assert term_words.UNSURE in lstm
    assert "xactly zero**" not in lstm


def test_the_page_of_paths_marks_the_classes_too():
    experiment = run(UNDERFLOWS, None)
    taken = class_panels.taken(UNDERFLOWS, experiment)
    cell, detours, whole = class_panels.three_panels(taken, experiment)
    few = experiment.lstm.digits(taken.parameter) < 6
    np.testing.assert_array_equal(whole.doubtful, few)
    for panel in (cell, detours):
        # Never called exactly zero where the whole is in doubt.
        assert not (np.isneginf(panel.log10) & few & ~panel.doubtful).any()
        assert panel.doubtful.any()
    text = downloads_section.terms_csv(UNDERFLOWS, experiment, taken).decode()
    marks = [row["few_digits"] for row in csv.DictReader(io.StringIO(text))]
    expected = [panel.doubtful[np.tril_indices(50)] for panel in (cell, detours, whole)]
    np.testing.assert_array_equal(marks, np.concatenate(expected).astype(int).astype(str))
    found = class_panels.shares_by_lag(taken, experiment, 50)
    assert "exactly zero" in path_words.finding(found)
    assert "cannot be told" in path_words.finding(found, unsure=True)
    assert all(panel.doubtful is None for panel in class_panels.three_panels(*_usual()))


def test_paths_over_three_steps_are_not_added_up_where_digits_are_lost():
    own = np.array([1.0, *[0.0] * 8, *[0.5] * 6])
    experiment = run(replace(UNDERFLOWS, sequence="own"), own)
    few = experiment.lstm.digits("w_xf")[2:, 2] < 6
    assert few.tolist() == [t == 12 for t in range(3, 16)]
    for t in range(3, 16):
        said = three_steps_words.result(unrolled(experiment, t))
        assert ("too few digits" in said) == (t == 12)


def _usual():
    experiment = run(Settings(), None)
    return class_panels.taken(Settings(), experiment), experiment
