"""What a server of many visitors needs of its process.

Streamlit runs each visitor's page in a thread of its own, and all threads share one interpreter.
"""

from __future__ import annotations

import functools
import gc
import threading
import time

# Seconds. A browser takes as long to draw all that a move changes as to paint the charts: what is
# sent this much later is drawn after them. If the hand has moved on by then, it is not made at all.
PAUSE = 0.08

# Held by the run that computes and draws. Runs that share the interpreter by turns of milliseconds
# take twice the time that they take one after the other, and each of them ends late.
TURN = threading.RLock()


def pause() -> None:
    """Let the browser paint what it was sent, and the other sessions run."""
    time.sleep(PAUSE)


@functools.cache
def prepare() -> None:
    """What is done once in a process, when all modules are imported."""
    # What the modules hold stays for good: the collector need not look through it again and again.
    gc.freeze()
