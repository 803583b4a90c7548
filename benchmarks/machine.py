"""What the machine itself can do: its name, its GEMM rate, its write bandwidth, peak memory."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import statistics
import time
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processes import cpu_seconds

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def name() -> str:
    """Processor, cores, system."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    processor = found[1] if found else platform.processor()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}"


def load() -> str:
    """How busy the machine was during the last minute, as a part of a sentence."""
    return f"{os.getloadavg()[0]:.1f} processes at work on average in the last minute"


def children_seconds() -> float | None:
    """Processor time so far of the processes that this one has started; None where untold."""
    if not _STATUS.exists():
        return None
    return sum(cpu_seconds(child.pid) for child in active_children() if child.pid)


def times(run: Callable[[], Any], seconds: float) -> list[float]:
    """Seconds of repeated runs, until `seconds` are over: three at least, fewer beyond 20 s."""
    taken: list[float] = []
    while sum(taken) < seconds or (len(taken) < 3 and sum(taken) < 20.0):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return taken


def medians(runs: dict[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """Seconds of several things, which take turns so that what slows the machine slows all."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken[next(iter(runs))]) < 3:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in taken.items()}


def gemm_rate(n: int = 2000) -> float:
    """Floating-point operations a second of a large float64 matrix product, the best of several."""
    a = np.random.default_rng(0).normal(size=(n, n))
    out = np.empty_like(a)
    return 2 * n**3 / min(times(lambda: np.matmul(a, a, out=out), seconds=2.0))


def write_bandwidth(megabytes: int = 256) -> float:
    """Bytes a second written to memory that caches do not hold, the best of several."""
    array = np.zeros(megabytes * 2**17)
    return array.nbytes / min(times(lambda: array.fill(1.0), seconds=1.0))


def peak_megabytes(run: Callable[[], Any]) -> float | None:
    """By how much memory grows at most in a run; None where the system does not tell."""
    if not _CLEAR.exists():
        return None
    # What earlier runs left with the allocator would hide what this one takes.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    _CLEAR.write_text("5")  # resets the peak
    before = _kilobytes("VmRSS")
    run()
    return max(0, _kilobytes("VmHWM") - before) / 1024


def _kilobytes(entry: str) -> int:
    found = re.search(rf"{entry}:\s+(\d+) kB", _STATUS.read_text())
    assert found is not None
    return int(found[1])
