"""The page Learning without a browser: what it shows and says is what the shipped runs have."""

import csv
import dataclasses
import io
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from support.packed import unpacked

from gradflow import training
from gradflow.training import shipped
from gradflow.training.run_files import run_bytes
from gradflow.ui.learning import live_section, live_words, opened_run, settings, words
from gradflow.ui.learning.files import table
from gradflow.ui.learning.live_run import next_checkpoints
from gradflow.ui.learning.live_seeds import LiveSeeds
from gradflow.ui.learning.settings import LearningSettings
from gradflow.ui.workers.pool import process_pool

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


def film_of(app):
    component, *_ = app.get("bidi_component")
    return unpacked(component.proto.bytes)["chart"]


@pytest.fixture
def pool(monkeypatch):
    """The workers of this process, for which each run of the page waits; none is left behind."""
    monkeypatch.setattr(live_section, "_WAIT", 30.0)
    monkeypatch.setattr(settings, "CHECKPOINTS", 2)
    yield process_pool()
    process_pool().close()


SHORT = {"task": "agreement", "delay": "4", "hidden": "4", "updates": "20", "seed": "3"}


def trained(app):
    """The page once a training that was begun has ended."""
    end = time.monotonic() + 60
    while app.button(key="learning_train").disabled:
        assert time.monotonic() < end
        app.run()
        assert not app.exception
    return app


@pytest.mark.slow
def test_a_training_on_the_page_is_that_of_the_library(pool):
    app = opened(v="1", **SHORT, checkpoint="10")
    assert film_of(app)["film"] == "shipped agreement"
    app.button(key="learning_train").click().run()
    assert "of 20 updates" in app.get("progress")[0].proto.text
    trained(app)
    chosen = LearningSettings(task="agreement", delay=4, hidden=4, updates=20, seed=3)
    frames = film_of(app)["frames"]
    assert [frame["name"] for frame in frames] == ["0", "10", "20"]
    assert film_of(app)["place"] == 1
    for (name, one), shown in zip(chosen.training().items(), frames[-1]["data"], strict=False):
        run = training.train(one)
        assert words.outcome(name, run) in said(app)
        log10 = run.flow(-1).log10("b")
        terms = np.clip(log10 - log10[:, :1], shown["zmin"], shown["zmax"])
        np.testing.assert_allclose(shown["z"], terms, atol=6e-4)
    app.button(key="learning_back").click().run()
    assert film_of(app)["film"] == "shipped agreement"


@pytest.mark.slow
def test_what_was_recorded_stays_when_a_training_is_stopped_and_it_can_go_on(pool):
    app = opened(v="1", **SHORT)
    app.button(key="learning_train").click().run()
    assert app.get("progress")[0].proto.text.startswith("0 of 20 updates")
    app.button(key="learning_stop").click().run()
    assert not app.exception
    assert app.info[0].value == "Stopped. What was recorded up to update 0 stays."
    assert "Your run" in [heading.value for heading in app.subheader]
    app.button(key="learning_go_on").click().run()
    assert app.get("progress")[0].proto.text.startswith("10 of 20 updates")
    assert not app.info


def test_a_seed_is_done_before_the_next_begins_and_what_there_is_is_said():
    chosen = LearningSettings(task="agreement", delay=4, hidden=2, updates=10, seed=7)
    live, seen = LiveSeeds.begun(chosen.training(), 2), []
    while not live.is_done:
        now = live.current
        seen.append((now.seed, now.updates, live_words.recorded(live)))
        every = tuple(now.settings.values())
        live = live.with_next(next_checkpoints(every, now.ends, lambda _: None))
    assert [seed for seed, *_ in seen] == [7] * 11 + [8] * 11
    assert seen[0] == (7, 0, "Nothing is recorded yet.")
    end = "Trained to the end: {} of 2 seeds."
    part = "What was recorded of the next up to update 2 stays too."
    assert seen[3] == (7, 2, f"{end.format(0)} {part}")
    assert seen[11] == (8, 0, end.format(1))
    assert live.share == 1.0
    assert live_words.diverged(live) == ""
    run = live.every[1].runs["LSTM"]
    gone = dataclasses.replace(run, divergence=training.Divergence(3, np.inf))
    ended = dataclasses.replace(live.every[1], runs={"LSTM": gone})
    told = live_words.diverged(LiveSeeds((live.every[0], ended)))
    assert told.startswith(
        "The LSTM from seed 8 diverged at update 3: the norm of its gradient was"
    )


@pytest.mark.slow
def test_seeds_are_counted_kept_when_stopped_and_shown_as_bands(pool):
    app = opened(v="1", **SHORT, seeds="2")
    app.button(key="learning_train").click().run()
    assert app.get("progress")[0].proto.text.startswith("Seed 1 of 2: 0 of 20 updates")
    while not app.get("progress")[0].proto.text.startswith("Seed 2 of 2: 0"):
        app.run()
    app.button(key="learning_stop").click().run()
    assert app.info[0].value == "Stopped. Trained to the end: 1 of 2 seeds."
    assert "At the settings of the runs that ship" in said(app)
    app.button(key="learning_go_on").click().run()
    trained(app)
    every = {
        name: [training.train(dataclasses.replace(one, seed=seed)) for seed in (3, 4)]
        for name, one in LearningSettings(task="agreement", delay=4, hidden=4, updates=20)
        .training()
        .items()
    }
    counts = [sum(r.checkpoints[-1].accuracy >= 0.9 for r in runs) for runs in every.values()]
    assert f"{counts[0]} of 2 for the RNN, {counts[1]} of 2 for the LSTM" in said(app)
    assert words.outcome("LSTM", every["LSTM"][0]) in said(app)
    app.radio(key="learning_film_seed").set_value(4).run()
    assert not app.exception
    assert words.outcome("LSTM", every["LSTM"][1]) in said(app)
    live = app.session_state["learning_live"]
    for name, found in live.curves().items():
        np.testing.assert_array_equal(
            found.curves["loss"], [r.measures("loss") for r in every[name]]
        )
    rows = list(csv.DictReader(io.StringIO(table([run.runs for run in live.every]).decode())))
    losses = [float(row["loss"]) for row in rows if (row["network"], row["seed"]) == ("RNN", "4")]
    np.testing.assert_array_equal(losses, every["RNN"][1].measures("loss"))


@pytest.mark.slow
def test_a_training_that_diverges_says_where_and_keeps_what_was_recorded(pool):
    bad = {"rnn_start": "identity", "optimiser": "sgd", "rate": "10", "clip": "0", "delay": "30"}
    app = opened(v="1", **SHORT | bad)
    app.button(key="learning_train").click().run()
    trained(app)
    told = " ".join(box.value for box in app.warning)
    assert "The RNN diverged at update" in told
    assert "What was recorded up to update" in told
    assert "Your run" in [heading.value for heading in app.subheader]


@pytest.mark.slow
def test_a_full_queue_is_said_and_the_page_stays(pool, monkeypatch):
    monkeypatch.setattr(pool, "_most_waiting", 0)
    app = opened(v="1", **SHORT)
    app.button(key="learning_train").click().run()
    assert not app.exception
    assert "As many runs of other visitors wait as may" in app.info[0].value
    assert film_of(app)["film"] == "shipped agreement"


@pytest.mark.slow
def test_a_run_from_a_file_is_shown_and_what_is_none_is_refused():
    run = training.train(training.TrainingSettings("adding", 5, hidden=3, updates=2, every=1))
    app = opened()
    uploader = app.file_uploader(key="learning_file")
    uploader.set_value(("run.npz", run_bytes(run), "application/zip")).run()
    assert not app.exception
    assert words.outcome("LSTM", run) in said(app)
    assert len(film_of(app)["frames"]) == 3
    uploader = app.file_uploader(key="learning_file")
    uploader.set_value(("other.npz", b"PK other", "application/zip")).run()
    assert not app.exception
    assert "must" in app.error[0].value
    long = training.TrainingSettings("adding", 1000, hidden=1, updates=1)
    with pytest.raises(ValueError, match="at most 1,000,000 terms in all its heatmaps"):
        opened_run.run_of(run_bytes(training.train(long)))


def test_a_link_restores_the_checkpoint():
    app = opened(v="1", task="recall", checkpoint="130")
    film = film_of(app)
    assert film["frames"][film["place"]]["name"] == "125"


@pytest.mark.parametrize("task", shipped.WITH_STARTS)
def test_the_starts_that_are_told_are_counted(task):
    for name in shipped.CELLS:
        curves = shipped.starts_of(task, name)
        sentence = words.starts(name, curves)
        for found in curves.values():
            count = sum(row[-1] >= 0.9 for row in found.curves["accuracy"])
            assert f"{count} of {len(found.seeds)}" in sentence


@pytest.mark.slow
@pytest.mark.parametrize("task", shipped.SETTINGS)
def test_the_page_shows_the_film_of_the_task_and_the_seeds(task):
    app = opened(v="1", task=task)
    assert app.selectbox(key="l_task").value == task
    film, bands = film_of(app), app.get("plotly_chart")
    assert film["layout"]["sliders"][0]["steps"][-1]["label"] == str(shipped.SETTINGS[task].updates)
    assert len(bands) == (4 if task in shipped.WITH_STARTS else 2)
    for name, run in shipped.runs_of(task).items():
        assert words.outcome(name, run) in said(app)


@pytest.mark.slow
def test_another_task_is_chosen_and_stands_in_the_link():
    app = opened()
    app.selectbox(key="l_task").set_value("adding").run()
    assert not app.exception
    assert app.query_params["task"] == "adding"


def test_a_link_to_an_unknown_task_opens_the_first_and_says_so():
    app = opened(v="1", task="copying")
    assert app.selectbox(key="l_task").value == "recall"
    assert "one of recall, agreement, adding" in app.warning[0].value


def when(updates):
    return f"after {updates} updates" if updates else "before any update"


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
        assert arrives.endswith(f" {when(reached[0])}")
    if solved:
        assert answers == f"90% of its answers are first right {when(solved[0])}."


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (np.nan, "Its signal is exactly zero from $k = 1$ on."),
        (-np.inf, "the term is exactly zero."),
        (0.5, "is 3.16 times that of $k = 1$."),
        (9.3, "is $10^{9.3}$ times that of $k = 1$."),
        (-1.0, "Of its signal 10.00% reach"),
        (-7.25, "Of its signal $10^{-7.2}$ reach"),
    ],
)
def test_what_is_left_is_said_at_any_size(left, said):
    run = shipped.runs_of("recall")["RNN"]
    last = dataclasses.replace(run.checkpoints[-1], log10_left=left)
    assert said in words.outcome("RNN", dataclasses.replace(run, checkpoints=(last,)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"optimiser": "sgd", "momentum": 0.9}, "gradient descent with momentum 0.9 at rate 0.01"),
        ({"clip_norm": None}, "not clipped"),
        ({"clip_value": 2.0, "chunk": 5}, "its numbers at most 2, graph cut 5 steps before"),
        ({"forget_bias": 1}, "start default with forget bias 1"),
        ({"forget_bias": "chrono", "start": "orthogonal"}, "orthogonal with forget bias chrono"),
    ],
)
def test_what_a_run_is_made_from_is_said(changes, said):
    settings = training.TrainingSettings(**changes)
    assert said in words.made_from("LSTM", training.TrainingRun(settings, ()))


def test_one_step_and_one_update_are_said_in_the_singular():
    run = training.train(training.TrainingSettings("recall", 1, hidden=1, updates=1))
    assert "is asked for at the last, 1 step later." in words.task(run)
    assert words.outcome("LSTM", run).startswith("**LSTM**: after 1 update ")


def test_the_first_of_the_numbers_is_where_the_page_says():
    made = training.adding(7)
    x, _ = made.batch(np.random.default_rng(0), 100)
    first = x[:, :, 1].argmax(axis=0)
    said = words.task(training.TrainingRun(training.TrainingSettings("adding", 7), ()))
    assert "read 7 or 6 steps before the end" in said
    assert set((made.T - 1 - first).tolist()) == {6, 7}


def test_the_seeds_that_are_told_are_counted():
    curves = shipped.curves_of("recall")
    counts = [sum(row[-1] >= 0.9 for row in c.curves["accuracy"]) for c in curves.values()]
    assert words.seeds(curves, ships=True).endswith(
        f" {counts[0]} of 10 for the RNN, {counts[1]} of 10 for the LSTM."
    )


def test_the_table_has_the_measures_of_every_checkpoint():
    runs = shipped.runs_of("recall")
    rows = list(csv.DictReader(io.StringIO(table([runs]).decode())))
    for name, run in runs.items():
        own = [row for row in rows if row["network"] == name]
        for measure in ("update", "loss", "log10_left"):
            np.testing.assert_array_equal(
                [float(row[measure]) for row in own], run.measures(measure)
            )
