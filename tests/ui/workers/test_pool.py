"""The pool of workers: queue, memory, cancelling, and what happens when a worker dies."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path
from types import MappingProxyType

import pytest
from support import jobs

import gradflow as gf
from gradflow.ui.workers import pool as pools
from gradflow.ui.workers.pool import FullQueueError, LostWorkerError, Pool
from gradflow.ui.workers.reservations import Reservations, TooLargeError
from gradflow.ui.workers.worker import Job

pytestmark = pytest.mark.slow

LONG = 60.0

# Bytes, next to which a process without work is small.
UNIT = 1 << 30


@pytest.fixture(scope="module")
def one_worker():
    """A pool with one worker, which the tests share."""
    pool = Pool(1)
    yield pool
    pool.close()


@pytest.fixture
def pool(one_worker):
    yield one_worker
    for owner in tuple(one_worker._runs):
        one_worker.cancel(owner)
    assert not one_worker.memory._open


def job(ask=jobs.itself, key="made", seconds=0.0, size=0):
    return Job(key, jobs.made, (seconds,), ask, size=size * UNIT, seconds=seconds)


def answered(pool, given, owner="a", ident=None):
    ticket = pool.ask(owner, ident, given)
    assert ticket.wait(30)
    return ticket.result()


def until(holds):
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_worker_answers_and_keeps_what_it_made(pool):
    first = answered(pool, job())
    assert answered(pool, job(), owner="b") == first
    assert answered(pool, job(key="another")) != first


def test_a_worker_keeps_two_things_for_each_owner(pool):
    kept = {key: answered(pool, job(key=key)) for key in ("1", "2", "3")}
    assert answered(pool, job(key="3")) == kept["3"]
    assert answered(pool, job(key="2")) == kept["2"]
    assert answered(pool, job(key="1")) != kept["1"]


def test_a_worker_has_the_library_alone_and_steps_back_for_the_page(pool, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert not answered(pool, job(jobs.modules)) & {"streamlit", "plotly", "pandas"}
    assert answered(pool, job(jobs.threads)) == ("1", os.nice(0) + 10)
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_an_error_of_the_work_comes_back(pool):
    with pytest.raises(ValueError, match=r"x must be finite. Got nan."):
        answered(pool, job(jobs.refused))
    assert answered(pool, job())


def test_records_of_the_library_come_back_whole(pool):
    cell, x = gf.LSTM.scalar(w_x=0.5, w_h=0.5), [1.0] * 5
    found = answered(pool, Job("flow", gf.gradient_flow, (cell, x), jobs.reach))
    assert repr(found) == repr(gf.memory.over_targets(gf.gradient_flow(cell, x)))
    assert isinstance(found[0].zero_lags, MappingProxyType)


def test_runs_queue_in_the_order_in_which_they_came(pool):
    first = pool.ask("a", 1, job(key="first", seconds=LONG))
    waiting = [pool.ask(owner, 1, job(key=owner, seconds=0.01)) for owner in "bc"]
    assert [one.place for one in (first, *waiting)] == [0, 1, 2]
    assert pool.waiting == 2
    until(lambda: 0.0 < first.share < 1.0)
    assert pool.seconds_before(waiting[1]) == pytest.approx(LONG, rel=0.05)
    pool.cancel("a")
    until(lambda: all([one.wait(0.1) for one in waiting]))


def test_a_training_and_a_heavy_run_beside_it_take_turns(pool):
    # A training asks for one checkpoint at a time, as a heavy visitor does for run after run.
    answered(pool, job(key="t"))  # the worker has started
    training = pool.ask("training", 1, job(key="t", seconds=0.1))
    heavy = pool.ask("heavy", 1, job(key="h", seconds=0.6))
    assert training.wait(30)
    after = pool.ask("training", 2, job(key="t", ask=jobs.process))
    assert (heavy.place, after.place) == (0, 1)  # the run waited for one checkpoint alone
    assert heavy.wait(30)
    again = pool.ask("heavy", 2, job(key="another", seconds=0.1))
    assert after.place == 0  # and the next checkpoint for one run alone
    until(lambda: after.wait(0.1) & again.wait(0.1))


def test_a_full_queue_takes_no_more_and_keeps_what_waits(pool, monkeypatch):
    monkeypatch.setattr(pool, "_most_waiting", 1)
    pool.ask("a", 1, job(key="long", seconds=LONG))
    waiting = pool.ask("b", 1, job())
    with pytest.raises(FullQueueError):
        pool.ask("c", 1, job())
    assert waiting.place == 1
    assert pool.ask("b", 2, job()).place == 1  # one's own place can be taken


def test_the_same_question_is_not_asked_twice_and_another_takes_its_place(pool):
    first = pool.ask("a", 1, job(key="long", seconds=LONG))
    assert pool.ask("a", 1, job(key="long", seconds=LONG)) is first
    assert answered(pool, job(key="short"), ident=2)
    with pytest.raises(CancelledError):
        first.result()


def test_what_is_cancelled_ends_at_once_and_nothing_else_is_lost(pool):
    running = pool.ask("a", 1, job(key="long", seconds=LONG))
    until(lambda: running.share)
    other = pool.ask("b", 1, job(jobs.process, key="short"))
    [slot] = pool._slots
    before = slot.process
    pool.cancel("a")
    with pytest.raises(CancelledError):
        running.result()
    assert other.wait(30)
    assert other.result() != before
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_one_that_waits_can_be_cancelled(pool):
    running = pool.ask("a", 1, job(key="long", seconds=LONG))
    waiting = pool.ask("b", 1, job())
    pool.cancel("b")
    assert pool.waiting == 0
    with pytest.raises(CancelledError):
        waiting.result()
    assert not running.wait(0)


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_killed_worker_is_said_and_those_that_wait_are_served(pool):
    running = pool.ask("a", 1, job(jobs.killed))
    waiting = pool.ask("b", 1, job())
    until(lambda: waiting.wait(0.1) & running.wait(0.1))
    with pytest.raises(LostWorkerError, match="ended before its work was done"):
        running.result()


def killed_while_idle(pool):
    """The worker of a pool, whose process and executor are no longer of use."""
    [slot] = pool._slots
    os.kill(slot.process, signal.SIGKILL)
    until(lambda: not slot._context.started.is_alive())
    until(lambda: slot._executor._broken)
    return slot


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_worker_that_is_killed_while_it_is_idle_is_replaced(pool):
    made = answered(pool, job())
    killed_while_idle(pool)
    assert answered(pool, job()) != made


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_worker_that_is_killed_just_before_it_is_given_work_is_said(pool, monkeypatch):
    answered(pool, job())
    monkeypatch.setattr(killed_while_idle(pool), "look", lambda: None)
    with pytest.raises(LostWorkerError, match="ended before its work was done"):
        answered(pool, job())


def test_a_run_that_nobody_waits_for_is_ended(pool, monkeypatch):
    monkeypatch.setattr(pools, "LEASE", 0.2)
    left = pool.ask("a", 1, job(key="long", seconds=LONG))
    until(lambda: not pool._runs)
    with pytest.raises(CancelledError):
        left.result()


def test_an_idle_worker_is_ended_with_what_it_keeps(pool, monkeypatch):
    answered(pool, job())
    [slot] = pool._slots
    assert slot.kept
    monkeypatch.setattr(pools, "IDLE", 0.0)
    until(lambda: not slot.is_started)
    assert not slot.kept


def limited(free, workers=2):
    return Pool(workers, Reservations(lambda: free * UNIT))


def test_what_can_never_fit_is_refused_and_the_next_goes_on():
    pool = limited(100, workers=1)
    with pytest.raises(TooLargeError):
        answered(pool, job(size=101))
    assert answered(pool, job(size=100))
    pool.close()


def test_two_that_each_fit_wait_for_each_other():
    pool = limited(100)
    first = pool.ask("a", 1, job(seconds=0.2, size=60))
    second = pool.ask("b", 1, job(key="another", size=60))
    assert (first.place, second.place) == (0, 1)
    until(lambda: first.wait(0.1) & second.wait(0.1))
    assert first.result() != second.result()
    assert pool.memory.free() == 100 * UNIT
    pool.close()


def test_memory_is_given_back_whatever_ends_a_run():
    pool = limited(100, workers=1)
    with pytest.raises(LostWorkerError):
        answered(pool, job(jobs.killed, size=80))
    assert pool.memory.free() == 100 * UNIT
    pool.ask("a", 1, job(key="long", seconds=LONG, size=80))
    assert pool.memory.free() <= 21 * UNIT
    pool.cancel("a")
    assert pool.memory.free() == 100 * UNIT
    with pytest.raises(ValueError, match="finite"):
        answered(pool, job(jobs.refused, size=80))
    assert pool.memory.free() == 100 * UNIT
    pool.close()


def test_a_run_here_counts_with_those_of_the_workers():
    memory = Reservations(lambda: 100)
    with memory.held(70):
        assert memory.free() == 30
        with pytest.raises(TooLargeError), memory.held(31):
            pass
    assert memory.free() == 100


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux' files")
def test_what_is_taken_is_not_counted_twice():
    memory = Reservations(lambda: 1 << 30)
    promised = memory.take(64 << 20, os.getpid())
    assert memory.free() <= (1 << 30) - (60 << 20)
    block = bytearray(64 << 20)
    block[::4096] = bytes(len(block[::4096]))
    assert memory.free() >= (1 << 30) - (8 << 20)
    memory.give_back(promised)


PARENT = """
import sys, time
sys.path.insert(0, {tests!r})
from support import jobs
from gradflow.ui.workers.pool import Pool
from gradflow.ui.workers.worker import Job
if __name__ == "__main__":
    pool = Pool(1)
    ticket = pool.ask("a", 1, Job("k", jobs.made, (0.0,), jobs.process))
    ticket.wait(30)
    print(ticket.result(), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_worker_ends_with_a_page_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(tests=str(Path(__file__).parents[2])))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as parent:
        worker = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)

    def is_gone():
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{worker}/stat")
        return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z"

    until(is_gone)
