"""A bounded pool of workers, and the queue before it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Hashable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from gradflow.ui.workers import worker
from gradflow.ui.workers.reservations import Reservation, Reservations, TooLargeError
from gradflow.ui.workers.slot import Slot
from gradflow.ui.workers.worker import Job

# Seconds after which a run that nobody waits for is ended, between two looks for such, and after
# which an idle worker is ended with all that it keeps.
LEASE = 5.0
_LOOK = 0.5
IDLE = 30.0

# Runs that may wait.
MOST_WAITING = 20

# Things that a worker keeps for one owner: a model as read, and changed.
_KEPT_EACH = 2


class FullQueueError(RuntimeError):
    """As many runs wait as may."""


class LostWorkerError(RuntimeError):
    """A worker ended before its work was done."""


class Ticket:
    """A job on its way: waiting, running or done.

    Attributes
    ----------
    job : Job
        What is to be done.
    """

    def __init__(self, pool: Pool, owner: Hashable, ident: Hashable, job: Job) -> None:
        self.job = job
        self._pool, self._owner, self._ident = pool, owner, ident
        self._answer: Future[Any] = Future()
        self._slot: Slot | None = None
        self._memory: Reservation | None = None
        self._seen = time.monotonic()

    @property
    def place(self) -> int:
        """0 once it runs, else its place in the queue, from 1 on."""
        return self._pool.place(self)

    @property
    def share(self) -> float:
        """How much of the work is done."""
        slot = self._slot
        return 0.0 if slot is None else slot.share

    def wait(self, seconds: float) -> bool:
        """Wait until it is done, or for some time; whether it is done.

        A run that nobody waits for is ended after a while.
        """
        self._seen = time.monotonic() + seconds
        concurrent.futures.wait([self._answer], seconds)
        self._seen = time.monotonic()
        return self._answer.done()

    def _drop(self) -> None:
        if self._answer.cancel():
            self._answer.set_running_or_notify_cancel()  # whoever waits goes on

    def result(self) -> Any:
        """What the job returned.

        Raises
        ------
        LostWorkerError
            If the worker was killed, or took more memory than there is.
        TooLargeError
            If it needs more memory than there is.
        concurrent.futures.CancelledError
            If it was cancelled, or another run took its place.
        """
        self._pool.forget(self)
        return self._answer.result()


class Pool:
    """Runs jobs in worker processes: one of each owner at a time, the first that came first.

    Parameters
    ----------
    workers : int, optional
        How many may run at once; unless given, one core is left to the page.
    reservations : Reservations, optional
        The memory that may be taken.
    most_waiting : int
        Runs that may wait.
    """

    def __init__(
        self,
        workers: int | None = None,
        reservations: Reservations | None = None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        count = max(1, _cores() - 1) if workers is None else workers
        self.memory = Reservations() if reservations is None else reservations
        self._most_waiting = most_waiting
        self._lock = threading.RLock()
        self._slots = {Slot(): 0.0 for _ in range(count)}  # and when each was used last
        self._queue: deque[Ticket] = deque()
        self._runs: dict[Hashable, Ticket] = {}
        self._done: queue.SimpleQueue[tuple[Ticket, Slot, Future[Any]]] = queue.SimpleQueue()
        self._keeper: threading.Thread | None = None

    def ask(self, owner: Hashable, ident: Hashable, job: Job) -> Ticket:
        """The run of a job, which is under way or begins.

        Parameters
        ----------
        owner : hashable
            Who asks; a new run takes the place of an owner's old one.
        ident : hashable
            What tells the same question from another.
        job : Job
            What to do.

        Raises
        ------
        FullQueueError
            If as many runs of others wait as may.
        """
        with self._lock:
            run = self._runs.get(owner)
            if run is not None and run._ident == ident:
                return run
            self.cancel(owner)
            if len(self._queue) >= self._most_waiting:
                raise FullQueueError
            run = self._runs[owner] = Ticket(self, owner, ident, job)
            self._queue.append(run)
            self._start_what_fits()
            self._keep_house()
            return run

    def cancel(self, owner: Hashable) -> None:
        """End an owner's run at once, wherever it is."""
        with self._lock:
            run = self._runs.pop(owner, None)
            if run is None:
                return
            if run in self._queue:
                self._queue.remove(run)
            if run._slot is not None:
                run._slot.end()
                self._leave(run)
            run._drop()
            self._start_what_fits()

    def place(self, run: Ticket) -> int:
        """0 for a run that has left the queue, else its place in it."""
        with self._lock:
            return self._queue.index(run) + 1 if run in self._queue else 0

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return len(self._queue)

    def seconds_before(self, run: Ticket) -> float:
        """Seconds that a run in the queue waits, by what all before it should take."""
        with self._lock:
            busy = [one for one in self._runs.values() if one._slot is not None]
            ahead = list(self._queue)[: max(0, self.place(run) - 1)]
            left = sum(one.job.seconds * (1.0 - one.share) for one in busy)
            return (left + sum(one.job.seconds for one in ahead)) / len(self._slots)

    def forget(self, run: Ticket) -> None:
        """Let go of a run that is done."""
        with self._lock:
            if self._runs.get(run._owner) is run:
                del self._runs[run._owner]

    def close(self) -> None:
        """End all runs and all workers."""
        with self._lock:
            for owner in tuple(self._runs):
                self.cancel(owner)
            for slot in self._slots:
                slot.end()

    def _start_what_fits(self) -> None:
        """Start runs in the order in which they came, for as long as there is room for the next."""
        while self._queue:
            run = self._queue[0]
            slot = self._room_for(run)
            if slot is None:
                return
            self._queue.popleft()
            self._start(run, slot)

    def _room_for(self, run: Ticket) -> Slot | None:
        """An idle worker with memory for the next run; those that keep what others made let go."""
        busy = {one._slot for one in self._runs.values()}
        idle = [slot for slot in self._slots if slot not in busy]
        if not idle:
            return None
        for one in idle:
            one.look()
        slot = next((slot for slot in idle if run.job.key in slot.kept), idle[0])
        if self._size(run.job, slot) > self.memory.free():
            for one in idle:
                one.end()
        if self._size(run.job, slot) <= self.memory.free():
            return slot
        if len(idle) == len(self._slots):
            self._queue.popleft()
            run._answer.set_exception(TooLargeError())
            return self._room_for(self._queue[0]) if self._queue else None
        return None

    def _size(self, job: Job, slot: Slot) -> int:
        return job.size_of_answer if job.key in slot.kept else job.size

    def _start(self, run: Ticket, slot: Slot) -> None:
        job, size = run.job, self._size(run.job, slot)
        theirs = [key for key, owner in slot.kept.items() if owner == run._owner and key != job.key]
        dropped = tuple(theirs[: max(0, len(theirs) - _KEPT_EACH + 1)])
        for key in (*dropped, job.key):
            slot.kept.pop(key, None)
        doing = slot.submit(worker.answer, job, dropped)
        run._slot, run._memory = slot, self.memory.take(size, slot.process)
        # An executor calls this while it holds a lock that `Slot.end` waits for.
        doing.add_done_callback(lambda done: self._done.put((run, slot, done)))

    def _end(self, run: Ticket, slot: Slot, done: Future[Any]) -> None:
        """Hand on what a worker returned."""
        if run._slot is not slot:
            return  # it was cancelled
        self._leave(run)
        failure = done.exception()
        if isinstance(failure, BrokenProcessPool | MemoryError):
            slot.end()
            failure = LostWorkerError("The worker ended before its work was done.")
        if failure is not None:
            run._answer.set_exception(failure)
        else:
            slot.kept[run.job.key] = run._owner
            run._answer.set_result(done.result())

    def _leave(self, run: Ticket) -> None:
        """Give back what a run had."""
        assert run._slot is not None
        assert run._memory is not None
        self._slots[run._slot] = time.monotonic()
        self.memory.give_back(run._memory)
        run._slot = run._memory = None

    def _keep_house(self) -> None:
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._house, name="workers", daemon=True)
            self._keeper.start()

    def _house(self) -> None:
        """Hand on answers, and end what nobody waits for, until there is nothing left to end."""
        while True:
            done = None
            with contextlib.suppress(queue.Empty):
                done = self._done.get(timeout=_LOOK)
            with self._lock:
                if done is not None:
                    self._end(*done)
                self._end_what_is_left_alone()
                self._start_what_fits()
                if not self._runs and not any(slot.is_started for slot in self._slots):
                    self._keeper = None
                    return

    def _end_what_is_left_alone(self) -> None:
        now = time.monotonic()
        for owner, run in tuple(self._runs.items()):
            if now - run._seen > LEASE:
                self.cancel(owner)
        busy = {run._slot for run in self._runs.values()}
        for slot, used in self._slots.items():
            if slot not in busy and now - used > IDLE:
                slot.end()


@functools.cache
def process_pool() -> Pool:
    """The pool of this process."""
    return Pool()


def _cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
