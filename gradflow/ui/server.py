"""What a server of many visitors needs of its process.

Streamlit runs each visitor's page in a thread of its own, and all threads share one interpreter.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import threading
import time
from collections.abc import Iterator

# Seconds. A browser takes as long to draw all that a move changes as to paint the charts: what is
# sent this much later is drawn after them. If the hand has moved on by then, it is not made at all.
PAUSE = 0.08

# Held by the run that computes and draws. Runs that share the interpreter by turns of milliseconds
# take twice the time that they take one after the other, and each of them ends late.
_TURN = threading.Lock()

_counting = threading.Lock()
_runs = 0  # that have their turn, or wait for it


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """One session's run, while no other computes and draws."""
    global _runs
    with _counting:
        _runs += 1
    try:
        with _TURN:
            yield
    finally:
        with _counting:
            _runs -= 1


def pause() -> None:
    """Within a turn: let the browser paint what it was sent, unless other sessions wait."""
    if _runs > 1:
        return
    _TURN.release()
    try:
        time.sleep(PAUSE)
    finally:
        _TURN.acquire()


@functools.cache
def prepare() -> None:
    """What is done once in a process, when all modules are imported."""
    # What the modules hold stays for good: the collector need not look through it again and again.
    gc.freeze()
