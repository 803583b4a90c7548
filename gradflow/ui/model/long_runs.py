"""Long computations: results that are kept, a bar that shows progress, and memory that is free."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

import streamlit as st

from gradflow.ui import server

_STOPPED = "model_stopped"
CANCEL = "model_cancel"
_KEPT = "model_kept_"

# Seconds before a bar appears, and between two moves of it.
PATIENCE = 1.0
_PACE = 0.25

_PERCENT = 100
_MEGA = 1e6
_UNKNOWN = 4 << 30  # taken to be free where the machine does not say

_Result = TypeVar("_Result")


def kept(name: str, key: Hashable, make: Callable[[], _Result]) -> _Result:
    """The result for a key, which the session keeps until another key replaces it.

    Parameters
    ----------
    name : str
        One thing is kept under each name. The old one goes before the new one is made, so that
        both never need memory at once.
    key : hashable
        What it was made of.
    make : callable
        What makes it.
    """
    if has(name, key):
        held: tuple[Hashable, _Result] = st.session_state[_KEPT + name]
        return held[1]
    forget(name)
    server.runs.between_steps()
    made = make()
    st.session_state[_KEPT + name] = (key, made)
    return made


def has(name: str, key: Hashable) -> bool:
    """Whether what is kept under a name was made for a key."""
    held = st.session_state.get(_KEPT + name)
    return held is not None and held[0] == key


def forget(name: str) -> None:
    """Drop the result that is kept under a name."""
    st.session_state[_KEPT + name] = None


def stopped(key: Hashable) -> bool:
    """Whether the user has cancelled what is made for this key."""
    return st.session_state.get(_STOPPED) == key


def go_on() -> None:
    """Allow the computation that was cancelled; a callback."""
    st.session_state[_STOPPED] = None


class Progress:
    """A bar and a button to cancel, for what takes longer than a second.

    Streamlit ends a run of the page, at its next call, once a widget is used: moving the bar is
    that call, and so the button, as every other widget, ends what is being computed.

    Parameters
    ----------
    name : str
        What it is kept under; one run of the page may show several bars, one after the other.
    label : str
        What is computed, as Markdown.
    key : hashable
        What it is made for.
    """

    def __init__(self, name: str, label: str, key: Hashable) -> None:
        self._name, self._label, self._key = name, label, key
        self._slot = st.empty()
        self._bar: st.delta_generator.DeltaGenerator | None = None
        self._due = time.monotonic() + PATIENCE

    def __call__(self, share: float) -> None:
        server.runs.between_steps()
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _PACE
        text = f"{self._label}: {share * _PERCENT:.0f}%"
        if self._bar is not None:
            self._bar.progress(share, text)
            return
        with self._slot.container():
            self._bar = st.progress(share, text)
            st.button("Cancel", key=f"{CANCEL}_{self._name}", on_click=_stop, args=(self._key,))

    def done(self) -> None:
        """Take bar and button away."""
        self._slot.empty()


def too_large(needed: int, T: int) -> str | None:
    """Why a run does not fit, as one sentence; None where it does."""
    free = free_bytes()
    if needed <= free:
        return None
    return (
        f"This run must fit in memory: T = {T} steps of this model need about "
        f"{needed / _MEGA:,.0f} MB, and {free / _MEGA:,.0f} MB are free; take a shorter sequence."
    )


def free_bytes() -> int:
    """Memory that this machine, or the group of processes this one is in, has left."""
    left = [_available(Path("/proc/meminfo"))]
    group = Path("/sys/fs/cgroup")
    most, used = (_number(group / f"memory.{name}") for name in ("max", "current"))
    if most is not None and used is not None:
        left.append(max(0, most - used))
    known = [size for size in left if size is not None]
    return min(known, default=_UNKNOWN)


def _available(path: Path) -> int | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) << 10 if found else None


def _number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _stop(key: Hashable) -> None:
    st.session_state[_STOPPED] = key
