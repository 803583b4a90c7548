"""What a server of many visitors needs of its process.

Streamlit runs each visitor's page in a thread of its own, and all threads share one interpreter.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import socket
import stat
import threading
from collections.abc import Iterator

# Descriptors looked through. The socket that listens is among a server's first.
_MOST = 1024


# Held by the run that computes and draws. Runs that share the interpreter by turns of milliseconds
# take twice the time that they take one after the other, and each of them ends late.
TURN = threading.RLock()


@functools.cache
def prepare() -> None:
    """What is done once in a process, when all modules are imported."""
    send_at_once()
    # What the modules hold stays for good: the collector need not look through it again and again.
    gc.freeze()


def send_at_once() -> None:
    """Let no message wait for the receipt of the one before it.

    Streamlit makes its listening socket by itself, and asyncio then leaves Nagle's algorithm on: of
    the many small messages of a run all but the first wait until the browser has acknowledged it,
    which takes 40 ms on Linux. What is set on a socket that listens holds for every connection that
    it accepts from then on; it is set on those there are, too.
    """
    for connection in _sockets():
        with connection, contextlib.suppress(OSError):  # one of another kind, or gone
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _sockets() -> Iterator[socket.socket]:
    """Every TCP socket of this process, by a descriptor of its own."""
    for descriptor in range(_MOST):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                found = socket.socket(fileno=os.dup(descriptor))
                if found.family in (socket.AF_INET, socket.AF_INET6):
                    yield found
                else:
                    found.close()
