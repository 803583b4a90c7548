"""Runs of sessions take turns: charts go first, and a run that nobody waits for pauses."""

import itertools
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from gradflow.ui import server
from gradflow.ui.shared import frame

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")
ENDS_WITHIN = 60.0  # seconds, on a machine that is busy


@pytest.fixture
def runs():
    return server.Turns()


@pytest.fixture
def pauses(monkeypatch, runs):
    """Whether the turn can be taken, each time that a run sleeps."""
    free = []

    def look(_):
        with runs.turn():
            free.append(True)

    monkeypatch.setattr(server, "time", SimpleNamespace(sleep=look, monotonic=time.monotonic))
    return free


def started(run):
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def until(holds):
    end = time.monotonic() + ENDS_WITHIN
    while not holds():
        assert time.monotonic() < end
        time.sleep(0)


def test_a_run_that_is_alone_lets_go_of_its_turn_while_it_pauses(runs, pauses):
    with runs.turn():
        runs.give_way()
    assert pauses == [True]


def test_the_first_charts_are_waited_for_once_with_the_turn_free(runs, pauses, monkeypatch):
    monkeypatch.setattr("gradflow.ui.server.FIRST_PAINT", ENDS_WITHIN)
    painted, went_on = threading.Event(), []

    def run():
        with runs.turn():
            runs.give_way(painted)
            went_on.append(pauses.copy())
            runs.give_way(painted)

    thread = started(run)
    with runs.turn():  # which the run has left
        assert went_on == []
    painted.set()
    thread.join(ENDS_WITHIN)
    assert went_on == [[]]
    assert pauses == [True]


def test_a_browser_that_says_nothing_is_waited_for_once(runs, pauses, monkeypatch):
    monkeypatch.setattr("gradflow.ui.server.FIRST_PAINT", 0.0)
    painted = threading.Event()
    with runs.turn():
        for _ in range(2):
            runs.give_way(painted)
    assert pauses == [True]


def test_two_runs_never_compute_at_once(runs, monkeypatch):
    monkeypatch.setattr("gradflow.ui.server.PAUSE", 0.0)
    inside, most = [], []

    def compute():
        inside.append(0)
        time.sleep(1e-4)
        most.append(len(inside))
        inside.pop()

    def run():
        for _ in range(50):
            with runs.turn():
                compute()
                runs.give_way()
                compute()

    threads = [started(run) for _ in range(4)]
    for thread in threads:
        thread.join(timeout=ENDS_WITHIN)
        assert not thread.is_alive()
    assert len(most) == 400
    assert max(most) == 1


def test_charts_of_another_session_go_before_what_follows_ones_own(runs, pauses):
    order = []

    def other():
        with runs.turn():
            order.append("charts of the other")

    with runs.turn():
        order.append("charts")
        waiting = [started(other) for _ in range(2)]
        until(lambda: len(runs._before) == 2)
        runs.give_way()
        order.append("the rest")
    for thread in waiting:
        thread.join(timeout=ENDS_WITHIN)
    assert pauses == []
    assert order == ["charts", "charts of the other", "charts of the other", "the rest"]


def test_a_hand_waits_for_runs_without_their_charts(runs):
    order = []

    def hand():
        with runs.hand_turn(50):
            order.append("hand")

    def other():
        with runs.turn():
            order.append("charts")

    with runs.turn():
        waiting = [started(hand)]
        until(lambda: runs._hands)
        waiting += [started(other) for _ in range(2)]
        until(lambda: len(runs._before) == 2)
    for thread in waiting:
        thread.join(timeout=ENDS_WITHIN)
    assert order == ["charts", "charts", "hand"]


def test_a_hand_on_a_short_sequence_goes_before_those_on_long_ones(runs):
    order = []

    def hand(T):
        with runs.hand_turn(T):
            order.append(T)

    with runs.turn():
        waiting = []
        for T in (2000, 1000, 200, 250, 2000):
            waiting.append(started(lambda T=T: hand(T)))
            until(lambda: len(runs._hands) == len(waiting))
    for thread in waiting:
        thread.join(timeout=ENDS_WITHIN)
    assert order == [200, 250, 1000, 2000, 2000]


def test_a_hand_goes_before_what_follows_the_charts_of_others(runs, monkeypatch):
    monkeypatch.setattr("gradflow.ui.server.PAUSE", 0.0)
    order = []

    def other():
        with runs.turn():
            runs.give_way()
            order.append("the rest")

    def hand():
        with runs.hand_turn(50):
            order.append("hand")

    with runs.turn():
        waiting = [started(other)]
        until(lambda: runs._before)
        runs.between_steps()
        until(lambda: runs._behind)
        waiting.append(started(hand))
        until(lambda: runs._hands)
    for thread in waiting:
        thread.join(timeout=ENDS_WITHIN)
    assert order == ["hand", "the rest"]


def test_nobody_waits_for_the_charts_of_others_for_good(runs, monkeypatch):
    monkeypatch.setattr("gradflow.ui.server.PAUSE", 0.0)
    monkeypatch.setattr("gradflow.ui.server.PATIENCE", 0.05)
    ended = threading.Event()

    def crowd():
        while not ended.is_set():
            with runs.turn():
                pass

    with runs.turn():
        threads = [started(crowd) for _ in range(3)]
        until(lambda: len(runs._before) == 3)
        runs.give_way()
    ended.set()
    for thread in threads:
        thread.join(timeout=ENDS_WITHIN)
        assert not thread.is_alive()


def test_a_run_that_ends_early_gives_up_its_turn(runs):
    with pytest.raises(RuntimeError), runs.turn():
        raise RuntimeError
    with runs.turn():
        assert runs._taken
    assert not runs._taken


def test_a_turn_within_a_turn_is_a_part_of_it(runs):
    with runs.turn():
        with runs.turn():
            pass
        assert runs._taken
        other = started(lambda: runs.turn().__enter__())
        until(lambda: len(runs._before) == 1)
        assert other.is_alive()
    other.join(timeout=ENDS_WITHIN)
    assert not other.is_alive()


def test_a_long_run_holds_others_for_no_longer_than_a_step(runs):
    steps, waited = [], []

    def other():
        asked = len(steps)
        with runs.turn():
            waited.append(len(steps) - asked)

    with runs.turn():
        for _ in range(30):
            threads = [started(other) for _ in range(2)]
            until(lambda: len(runs._before) == 2)
            steps.append(0)
            runs.between_steps()
            for thread in threads:
                thread.join(timeout=ENDS_WITHIN)
    assert waited == [1] * 60


def test_what_follows_the_charts_of_another_goes_before_the_next_step(runs, monkeypatch):
    monkeypatch.setattr("gradflow.ui.server.PAUSE", 0.0)
    order = []

    def other():
        with runs.turn():
            order.append("charts")
            runs.give_way()
            order.append("the rest")

    with runs.turn():
        thread = started(other)
        until(lambda: runs._before)
        runs.between_steps()
        until(lambda: runs._behind)
        runs.between_steps()
        order.append("a step")
    thread.join(timeout=ENDS_WITHIN)
    assert order == ["charts", "the rest", "a step"]


def test_a_long_run_goes_on_among_runs_that_never_end(runs, monkeypatch):
    monkeypatch.setattr("gradflow.ui.server.STEP_PATIENCE", 0.01)
    ended = threading.Event()

    def crowd():
        while not ended.is_set():
            with runs.turn():
                pass

    with runs.turn():
        threads = [started(crowd) for _ in range(3)]
        until(lambda: len(runs._before) == 3)
        for _ in range(10):
            runs.between_steps()
    ended.set()
    for thread in threads:
        thread.join(timeout=ENDS_WITHIN)
        assert not thread.is_alive()


def test_a_run_that_waits_outside_of_its_turn_lets_others_have_it(runs):
    with runs.turn():
        with runs.outside():
            other = started(lambda: runs.turn().__enter__())
            other.join(timeout=10)
            assert not other.is_alive()
            runs._give()  # as the other does at the end of its turn
        assert runs._held_here()


def test_steps_outside_of_a_turn_take_none(runs):
    with runs.turn():
        alone = started(runs.between_steps)
        alone.join(timeout=ENDS_WITHIN)
        assert not alone.is_alive()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["", "paths", "derivation", "model"])
def test_a_page_waits_for_its_turn(page):
    app = AppTest.from_file(APP, default_timeout=60)
    app._page_hash = calc_hash(page)
    waiting = threading.Thread(target=app.run, daemon=True)
    with server.runs.turn():
        waiting.start()
        until(lambda: server.runs._before)
        assert waiting.is_alive()
    waiting.join(timeout=ENDS_WITHIN)
    assert not waiting.is_alive()
    assert not app.exception


@pytest.mark.slow
def test_others_may_go_between_any_two_charts_of_a_page(monkeypatch):
    passed = []
    monkeypatch.setattr(server.runs, "between_steps", lambda: passed.append("others"))
    draw = frame.plain_chart
    monkeypatch.setattr(frame, "plain_chart", lambda *given: [passed.append("chart"), draw(*given)])
    app = AppTest.from_file(APP, default_timeout=60)
    app._page_hash = calc_hash("model")
    assert not app.run().exception
    assert passed.count("chart") >= 5
    assert ("chart", "chart") not in itertools.pairwise(passed)


ARENAS = """
import ctypes, tempfile, threading
from gradflow.ui import server

libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p

def arenas():
    with tempfile.NamedTemporaryFile() as file:
        stream = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
        libc.malloc_info(0, stream)
        libc.fclose(stream)
        return file.read().count(b"<heap nr=")

def run(met):
    met.wait()
    bytearray(10_000)
    met.wait()

def after(threads):
    met = threading.Barrier(threads)
    all_of_them = [threading.Thread(target=run, args=(met,)) for _ in range(threads)]
    for thread in all_of_them: thread.start()
    for thread in all_of_them: thread.join()
    return arenas()

server.prepare()
first = arenas()
print(after(6) - first)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")
def test_threads_to_come_share_the_arenas_there_are():
    script = [sys.executable, "-c", ARENAS]
    assert subprocess.run(script, capture_output=True, check=True).stdout == b"0\n"
    without = ARENAS.replace("server.prepare()", "")
    script = [sys.executable, "-c", without]
    assert int(subprocess.run(script, capture_output=True, check=True).stdout) >= 4


BESIDE = """
import threading, time
from gradflow.ui import server

server.prepare()
ended = threading.Event()

def spin():
    while not ended.is_set(): pass

thread = threading.Thread(target=spin)
thread.start()
asked, end = 0, time.monotonic() + 0.7
while time.monotonic() < end:
    time.sleep(0)  # lets go of the interpreter, and asks for it again
    asked += 1
ended.set()
print(asked)
"""


@pytest.mark.slow
def test_a_run_waits_less_for_a_thread_that_makes_a_file():
    def count(script):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
        return int(done.stdout)

    assert count(BESIDE) > 2 * count(BESIDE.replace("server.prepare()", ""))


PRODUCT = """
import os, runpy, threading
runpy.run_path({app!r})
import numpy as np
np.ones((500, 500)) @ np.ones((500, 500))
print(len(os.listdir("/proc/self/task")) - threading.active_count())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_page_multiplies_matrices_in_the_thread_that_asks(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    script = PRODUCT.format(app=str(Path(APP).parents[2] / "app.py"))
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert found.stdout == b"0\n", found.stderr


COLLECTED = """
import gc, weakref
from gradflow.ui import server

class Session: pass

session = Session()
session.itself = session
gone = weakref.ref(session)
server.prepare()
del session
server.give_back()
print(gone() is None)
server.give_back(alone=True)
print(gone() is None, gc.get_freeze_count() > 0)
"""


@pytest.mark.slow
def test_what_was_open_when_modules_were_set_apart_goes_once_no_session_is_left():
    done = subprocess.run([sys.executable, "-c", COLLECTED], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"True", b"True"]
