"""What a server of many visitors needs of its process.

Streamlit runs each visitor's page in a thread of its own, and all threads share one interpreter.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator

# Seconds. A browser takes as long to draw all that a move changes as to paint the charts: what is
# sent this much later is drawn after them. If the hand has moved on by then, it is not made at all.
PAUSE = 0.15

# Seconds after which a run that has drawn its charts waits no longer for those that have not.
PATIENCE = 2.0

# glibc's number of the option that says how many arenas there may be (malloc.h).
_M_ARENA_MAX = -8


class Turns:
    """Runs compute and draw one after the other, and those whose charts are not drawn go first.

    Runs that share the interpreter by turns of milliseconds take twice the time that they take one
    after the other, and each of them ends late.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        # Those that wait, by whether their charts are drawn: since when, and what lets them go on.
        self._before: deque[tuple[float, threading.Event]] = deque()
        self._behind: deque[tuple[float, threading.Event]] = deque()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """One run, while no other computes and draws."""
        self._take(self._before)
        try:
            yield
        finally:
            self._give()

    def give_way(self) -> None:
        """Within a turn whose charts are drawn: let those go first that have theirs to draw.

        Where there are none, pause, so that the browser paints before more arrives.
        """
        alone = not self._before
        self._give()
        if alone:
            time.sleep(PAUSE)
        self._take(self._behind)

    def _take(self, queue: deque[tuple[float, threading.Event]]) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            called = threading.Event()
            queue.append((time.monotonic(), called))
        called.wait()

    def _give(self) -> None:
        """Hand the turn to the next: to wake all that wait would cost them more than a run."""
        with self._lock:
            late = self._behind and time.monotonic() - self._behind[0][0] > PATIENCE
            queue = self._behind if late else self._before or self._behind
            if queue:
                queue.popleft()[1].set()
            else:
                self._taken = False


runs = Turns()


@functools.cache
def prepare() -> None:
    """What is done once in a process, when all modules are imported."""
    # What the modules hold stays for good: the collector need not look through it again and again.
    gc.freeze()
    _share_arenas()


def _share_arenas() -> None:
    """Have threads to come allocate from the arenas there are, where the C library is glibc.

    By itself it makes up to eight a core, and each keeps what its largest run took. Runs take
    turns, so that none waits for another's arena.
    """
    if sys.platform == "linux":
        set_option = getattr(ctypes.CDLL(None), "mallopt", None)
        if set_option is not None:
            set_option(_M_ARENA_MAX, 1)
