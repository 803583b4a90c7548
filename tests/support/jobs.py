"""Work for workers: functions that a fresh process can import."""

import os
import sys
import time

from gradflow.analysis import memory


def made(seconds=0.0, on_step=None):
    """Something that takes a while, and is another one each time that it is made."""
    steps = max(1, round(seconds / 0.02))
    for step in range(steps):
        time.sleep(seconds / steps)
        on_step((step + 1) / steps)
    return os.urandom(8)


def itself(found, on_step=None):
    return found


def process(found, on_step=None):
    return os.getpid()


def modules(found, on_step=None):
    return {name.split(".")[0] for name in sys.modules}


def threads(found, on_step=None):
    return os.environ["OPENBLAS_NUM_THREADS"], os.nice(0)


def refused(found, on_step=None):
    raise ValueError("x must be finite. Got nan.")


def killed(found, on_step=None):
    os.kill(os.getpid(), 9)


def reach(flow, on_step=None):
    return memory.over_targets(flow)
