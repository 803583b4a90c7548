"""A long run on the page of the user's own model: memory, progress, and turns."""

import os
import re
import signal
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from ui.model.model_app import (
    assert_shows,
    charts,
    example,
    noise,
    opened,
    put,
    pytorch,
    quiet,
    shipped,
    unfolded,
    widget,
)

import gradflow as gf
from gradflow.ui import server
from gradflow.ui.model import long_runs, model_run
from gradflow.ui.workers.pool import process_pool


@pytest.mark.slow
def test_what_does_not_fit_in_memory_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setattr(process_pool().memory, "_measured", lambda: 40_000_000)
    app = opened(sequence="noise", T="60")
    assert charts(app)
    app = put(app, "T", 2000)
    assert not app.exception
    [error] = app.error
    sentence = error.value.replace("\\", "")
    assert "T = 2000 steps of this model need about" in sentence
    assert "40 MB are free" in sentence
    assert not charts(app)
    assert charts(quiet(put(app, "T", 60)))


def test_a_bar_and_a_button_come_and_go_while_it_computes(monkeypatch):
    monkeypatch.setattr(long_runs, "PATIENCE", -1.0)
    monkeypatch.setattr(long_runs, "PACE", 0.0)
    shown = []
    call = long_runs.Progress.__call__

    def told(self, share):
        call(self, share)
        shown.append(self._bar is not None)

    monkeypatch.setattr(long_runs.Progress, "__call__", told)
    app = opened()
    assert shown
    assert all(shown)
    assert not [button for button in app.button if button.key.startswith(long_runs.CANCEL)]
    assert_shows(app, shipped("recall_learned"), example("recall_learned"))


def test_a_run_lets_others_go_first_between_any_two_steps(monkeypatch):
    steps, others = [], []

    def other():
        with server.runs.turn():
            others.append(len(steps))

    between = server.Turns.between_steps

    def told(turns):
        if turns._held_here():
            thread = threading.Thread(target=other, daemon=True)
            thread.start()
            while not turns._before:
                time.sleep(0)
            between(turns)
            thread.join(timeout=60)
            steps.append(0)

    monkeypatch.setattr(server.Turns, "between_steps", told)
    app = opened(sequence="noise", T="12")
    # The terms as read and with another forget bias take a step each for every source step.
    assert len(steps) > 2 * 12
    assert others == list(range(len(steps)))
    assert_shows(app, shipped("recall_learned"), noise(app, 6))


@pytest.fixture
def heavy(monkeypatch):
    """Every run is a worker's."""
    monkeypatch.setattr(model_run, "HEAVY", 0.0)
    yield
    process_pool().close()


@pytest.mark.slow
def test_a_worker_s_answer_is_what_the_page_shows(heavy):
    app = opened(sequence="noise", T="30")
    assert app.session_state["model_kept_flow"] is None  # nothing was computed here
    assert_shows(app, shipped("recall_learned"), noise(app, 6))
    app = quiet(put(app, "parameter", "x"))
    assert_shows(app, shipped("recall_learned"), noise(app, 6), "x")


@pytest.mark.slow
def test_the_folded_sections_are_a_worker_s_too(heavy):
    app = opened(sequence="noise", T="12", added="0")
    for section in ("signed", "all_steps", "truncation"):
        app = unfolded(app, section)
    assert app.session_state["model_kept_flow"] is None
    assert {"model_signed", "model_by_lag", "model_truncation"} < set(charts(app))


def test_a_killed_worker_gives_a_sentence_and_a_button(heavy, monkeypatch):
    ask = process_pool().ask

    def killed(owner, ident, job):
        ticket = ask(owner, ident, job)
        os.kill(next(iter(process_pool()._slots)).process, signal.SIGKILL)
        return ticket

    monkeypatch.setattr(process_pool(), "ask", killed)
    app = opened()
    [said] = [info.value for info in app.info]
    assert "worker that computed this was ended" in said
    assert not charts(app)
    monkeypatch.undo()
    app = quiet(widget(app, "model_go_on").click().run())
    assert_shows(app, shipped("recall_learned"), example("recall_learned"))


@pytest.mark.slow
def test_a_link_that_costs_time_asks_first_and_a_user_s_own_move_does_not(monkeypatch):
    monkeypatch.setattr(long_runs, "ASKS", 0.0)
    app = opened(sequence="noise", T="20")
    assert not charts(app)
    [said] = [info.value for info in app.info]
    assert "This link asks for a run that takes about 1 second of work" in said
    assert not charts(put(app, "floor", -9))
    moved = put(opened(sequence="noise", T="20"), "T", 30)
    assert_shows(quiet(moved), shipped("recall_learned"), noise(moved, 6))
    app = widget(app, "model_go_on").click().run()
    assert_shows(quiet(app), shipped("recall_learned"), noise(app, 6))


@pytest.mark.slow
def test_a_link_to_the_longest_run_asks_first_and_begins_nothing(monkeypatch):
    begun = []
    monkeypatch.setattr(process_pool(), "ask", lambda *given: begun.append(given))
    app = opened(model="recall_learned", sequence="noise", T="2000")
    [said] = [info.value for info in app.info]
    seconds = re.search(r"takes about (\d+) seconds of work", said)
    assert int(seconds[1]) > long_runs.ASKS
    assert not charts(app)
    assert not begun
    assert "model_kept_flow" not in app.session_state


def test_a_large_model_over_the_longest_sequence_asks_first_and_is_a_worker_s(monkeypatch):
    monkeypatch.setattr(long_runs, "st", SimpleNamespace(session_state={}))
    model = gf.from_state_dict(pytorch("lstm", D=4, H=256))
    x = np.zeros((2000, 4))
    run = model_run.Run("flow", "", "", model, x, gf.UnitLoss(), ("large",))
    assert run.is_heavy
    assert run.seconds > 10 * long_runs.ASKS
    for _ in range(2):
        with pytest.raises(long_runs.StoppedError, match="asks for a run that takes about"):
            long_runs.ask_first(run.key, run.seconds)
    long_runs.go_on()
    long_runs.ask_first(run.key, run.seconds)
