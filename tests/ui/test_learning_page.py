"""The page Learning without a browser: what it shows and says is what the shipped runs have."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from gradflow.training import shipped
from gradflow.ui.learning import words
from gradflow.ui.learning.page import _table

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")


def opened(**query):
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app._page_hash = calc_hash("learning")
    app.run()
    assert not app.exception
    assert not app.error
    return app


def said(app):
    return " ".join(str(element.value) for element in [*app.markdown, *app.caption])


@pytest.mark.parametrize("task", shipped.SETTINGS)
def test_the_page_shows_the_film_of_the_task_and_the_seeds(task):
    app = opened(v="1", task=task)
    assert app.selectbox(key="l_task").value == task
    film, *bands = (json.loads(chart.proto.spec) for chart in app.get("plotly_chart"))
    assert film["layout"]["sliders"][0]["steps"][-1]["label"] == str(shipped.SETTINGS[task].updates)
    assert len(bands) == 2
    for name, run in shipped.runs_of(task).items():
        assert words.outcome(name, run) in said(app)


def test_another_task_is_chosen_and_stands_in_the_link():
    app = opened()
    app.selectbox(key="l_task").set_value("adding").run()
    assert not app.exception
    assert app.query_params["task"] == "adding"


def test_a_link_to_an_unknown_task_opens_the_first_and_says_so():
    app = opened(v="1", task="copying")
    assert app.selectbox(key="l_task").value == "recall"
    assert "one of recall, agreement, adding" in app.warning[0].value


@pytest.mark.parametrize("task", shipped.SETTINGS)
@pytest.mark.parametrize("name", shipped.CELLS)
def test_the_order_that_is_told_is_that_of_the_checkpoints(task, name):
    run = shipped.runs_of(task)[name]
    sentence = words.order(name, run)
    reached = [c.update for c in run.checkpoints if 10**c.log10_left >= 0.01]
    solved = [c.update for c in run.checkpoints if c.accuracy >= 0.9]
    arrives, answers = sentence.split("; ")
    assert arrives.startswith(f"At no checkpoint does 1% of the {name}'s") == (not reached)
    assert answers.startswith("at no checkpoint") == (not solved)
    if reached:
        assert arrives.endswith(f" after {reached[0]} updates")
    if solved:
        assert answers == f"90% of its answers are first right after {solved[0]}."


def test_the_seeds_that_are_told_are_counted():
    curves = shipped.curves_of("recall")
    counts = [sum(row[-1] >= 0.9 for row in c.curves["accuracy"]) for c in curves.values()]
    assert words.seeds(curves).endswith(
        f" {counts[0]} of 10 for the RNN, {counts[1]} of 10 for the LSTM."
    )


def test_the_table_has_the_measures_of_every_checkpoint():
    runs = shipped.runs_of("recall")
    rows = list(csv.DictReader(io.StringIO(_table(runs).decode())))
    for name, run in runs.items():
        own = [row for row in rows if row["network"] == name]
        for measure in ("update", "loss", "log10_left"):
            np.testing.assert_array_equal(
                [float(row[measure]) for row in own], run.measures(measure)
            )
