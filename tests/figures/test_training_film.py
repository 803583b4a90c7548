"""The film of a training: a frame for each checkpoint, with the terms of its flow."""

import dataclasses

import numpy as np
import pytest

import gradflow as gf
from gradflow import training
from gradflow.figures import plot_training_film

SMALL = training.TrainingSettings("agreement", delay=4, hidden=3, updates=4, every=2)


@pytest.fixture(scope="module")
def runs():
    rnn = dataclasses.replace(SMALL, cell="rnn")
    return {"RNN": training.train(rnn), "LSTM": training.train(SMALL)}


def test_a_frame_shows_the_terms_of_its_checkpoint(runs):
    figure = plot_training_film(runs, floor=-3.0)
    assert [frame.name for frame in figure.frames] == ["0", "2", "4"]
    for place, frame in enumerate(figure.frames):
        for heatmap, run in zip(frame.data[:2], runs.values(), strict=True):
            log10 = run.flow(place).log10("b")
            expected = np.clip(log10 - log10[:, :1], -3.0, 0.0)
            np.testing.assert_allclose(heatmap.z, expected, atol=6e-4)


def test_the_first_frame_is_what_one_sees_before_it_plays(runs):
    figure = plot_training_film(runs)
    for trace, first in zip(figure.data, figure.frames[0].data, strict=False):
        assert trace.type == first.type
        if trace.type == "heatmap":
            np.testing.assert_array_equal(trace.z, first.z)


def test_exact_zeros_and_missing_inputs_have_a_texture_and_growth_has_colours(runs, monkeypatch):
    x = gf.sequences.ones(5)
    cells = [gf.RNN(0.5, 0.5 * place, activation="identity") for place in (0, 1, 5)]
    flows = [gf.gradient_flow(cell, x) for cell in cells]
    monkeypatch.setattr(training.TrainingRun, "flow", lambda run, place: flows[place])
    figure = plot_training_film(runs)
    for place, frame in enumerate(figure.frames):
        zeros = [trace for trace in frame.data if trace.name == "exactly zero"]
        assert [np.isfinite(trace.z).sum() for trace in zeros] == [0 if place else 10] * 2
    assert [trace.name for trace in figure.data].count("no input") == 2
    assert figure.data[0].zmax == np.ceil(4 * np.log10(2.5))
    assert "exactly zero" in figure.data[0].colorbar.title.text
    assert sum("Hatched" in one.text for one in figure.layout.annotations) == 2


def test_the_marks_stand_on_the_curves(runs):
    figure = plot_training_film(runs)
    lines = list(figure.select_traces({"type": "scatter", "mode": "lines+markers"}))
    for place, frame in enumerate(figure.frames):
        marks = [trace for trace in frame.data if trace.type == "scatter"]
        assert len(marks) == len(lines) == 12
        for mark, line in zip(marks, lines, strict=True):
            np.testing.assert_array_equal([mark.x[0], mark.y[0]], [line.x[place], line.y[place]])
            assert mark.xaxis == line.xaxis


def test_a_run_that_ended_early_stays_where_it_ended(runs):
    short = dataclasses.replace(runs["RNN"], checkpoints=runs["RNN"].checkpoints[:1])
    figure = plot_training_film({"RNN": short, "LSTM": runs["LSTM"]})
    np.testing.assert_array_equal(figure.frames[2].data[0].z, figure.frames[0].data[0].z)


def test_what_makes_no_film_is_refused(runs):
    lstm = runs["LSTM"]
    other = training.train(dataclasses.replace(SMALL, task="recall", updates=2))
    uneven = training.train(dataclasses.replace(SMALL, every=1))
    for given, message in (
        ({}, "one, two or three. Got 0"),
        (dict.fromkeys("abcd", lstm), "one, two or three. Got 4"),
        ({"LSTM": 3}, "a mapping of names to training runs"),
        ([lstm], "a mapping of names to training runs"),
        ({"a": lstm, "b": other}, "of one task"),
        ({"a": lstm, "b": uneven}, "after the same updates"),
    ):
        with pytest.raises(ValueError, match=message):
            plot_training_film(given)
    with pytest.raises(ValueError, match="floor must be below 0"):
        plot_training_film(runs, floor=1.0)
