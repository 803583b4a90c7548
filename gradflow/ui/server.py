"""Runs of many visitors in one process: they take turns, and share the memory it has.

Streamlit runs each visitor's page in a thread of its own, and all threads share one interpreter.
"""

from __future__ import annotations

import bisect
import contextlib
import ctypes
import functools
import gc
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

# Seconds. A browser takes about as long to lay out everything below the charts as to paint them.
# What is sent this much later does not hold them up, and is not computed at all if the user has
# moved a control again by then.
PAUSE = 0.15

# Seconds that a browser may take to load what draws charts, and to paint its first.
FIRST_PAINT = 4.0

# Seconds after which a run that has drawn its charts waits no longer for those that have not, and
# after which a long run takes its next step, or a hand on a slider gets its next picture.
PATIENCE = 2.0
STEP_PATIENCE = 0.25

# Steps of a sequence up to which its length matters little for the time that its charts take.
_SHORT = 250

# Seconds for which a thread keeps the interpreter where others ask for it. A run lets go of it some
# fifty times a move, and then waits as long for the thread that makes a file for somebody.
_KEPT_FOR = 5e-4

# glibc's number of the option that says how many arenas there may be (malloc.h).
_M_ARENA_MAX = -8


class _Waiting(NamedTuple):
    """A run that waits: the time after which it is late, and the event that lets it go on."""

    late: float
    called: threading.Event


class Turns:
    """Lets runs compute and draw one after the other; those without their charts go first.

    A hand on a slider comes next, and last what follows the charts, which is looked at later.
    Runs that share the interpreter by turns of milliseconds take twice the time that they take one
    after the other, and each of them ends late. A run that computes for long lets others go first
    between any two of its steps.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._holder: int | None = None
        # Those that wait: for their charts, for those of a hand on a slider, and for the rest.
        self._before: deque[_Waiting] = deque()
        self._hands: deque[_Waiting] = deque()
        self._behind: deque[_Waiting] = deque()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Keep all other runs waiting; a turn within a turn is a part of it."""
        if self._held_here():
            yield
            return
        self._take(self._before, math.inf)
        try:
            yield
        finally:
            self._give()

    @contextlib.contextmanager
    def hand_turn(self, T: int) -> Iterator[None]:
        """Keep all other runs waiting, for charts of T steps that a hand on a slider asks for.

        Who asks for more waits longer, or a few hands on long sequences would hold up all others.
        """
        self._take(self._hands, STEP_PATIENCE * max(1.0, T / _SHORT))
        try:
            yield
        finally:
            self._give()

    def give_way(self, painted: threading.Event | None = None) -> None:
        """Let runs without their charts go first, once the charts of this turn are drawn.

        If none waits, pause, so that the browser paints the charts before more arrives.

        Parameters
        ----------
        painted : Event or None
            Set when the browser has painted its first charts, which are waited for once.
        """
        alone = not self._before
        self._give()
        if painted is not None and not painted.is_set():
            painted.wait(FIRST_PAINT)
            painted.set()
        elif alone:
            time.sleep(PAUSE)
        self._take(self._behind, PATIENCE)

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """Let others have the turn for as long as this run waits for what is done elsewhere."""
        held = self._held_here()
        if held:
            self._give()
        try:
            yield
        finally:
            if held:
                self._take(self._before, math.inf)

    def between_steps(self) -> None:
        """Let runs that wait go first, before the next step of a long turn."""
        if self._held_here() and (self._before or self._hands or self._behind):
            self._give()
            self._take(self._behind, STEP_PATIENCE)

    def _held_here(self) -> bool:
        return self._holder == threading.get_ident()

    def _take(self, queue: deque[_Waiting], patience: float) -> None:
        with self._lock:
            waiting = _Waiting(time.monotonic() + patience, threading.Event())
            if self._taken and queue is self._hands:
                bisect.insort(queue, waiting, key=lambda one: one.late)
            elif self._taken:
                queue.append(waiting)
            else:
                self._taken = True
                waiting.called.set()
        waiting.called.wait()
        self._holder = threading.get_ident()

    def _give(self) -> None:
        """Hand the turn to one run. To wake all that wait would cost them more than a run."""
        with self._lock:
            self._holder = None
            now = time.monotonic()
            for queue in (self._hands, self._behind):
                late = next((one for one in queue if one.late < now), None)
                if late is not None:
                    queue.remove(late)
                    late.called.set()
                    return
            if queue := self._before or self._hands or self._behind:
                queue.popleft().called.set()
            else:
                self._taken = False


runs = Turns()


@functools.cache
def prepare() -> None:
    """Prepare the process, once, when all modules are imported."""
    # Imported modules stay for good, so the collector need not look through them again. Sessions
    # that are open already stay until none is left, and have little yet.
    gc.freeze()
    sys.setswitchinterval(_KEPT_FOR)
    _share_arenas()


def _share_arenas() -> None:
    """Make future threads use the memory arenas that exist, where the C library is glibc.

    glibc makes up to eight arenas a core, and each keeps as much as its largest run took. Since
    runs take turns, none waits for another's arena.
    """
    if sys.platform == "linux":
        set_option = getattr(ctypes.CDLL(None), "mallopt", None)
        if set_option is not None:
            set_option(_M_ARENA_MAX, 1)


def give_back(alone: bool = False) -> None:
    """Collect what is no longer needed, and hand free memory to the system where the C library can.

    glibc keeps what was freed below the newest block that is still in use.

    Parameters
    ----------
    alone : bool
        Whether no session is left, so that all is looked through, and what is there then set apart.
    """
    if alone:
        gc.unfreeze()
    gc.collect()
    if alone:
        gc.freeze()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
