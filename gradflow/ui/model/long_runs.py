"""Long computations: results that are kept, a bar that shows progress, and what stops them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st

from gradflow.ui import server
from gradflow.ui.vendor_internals import end_if_asked_anew
from gradflow.ui.workers import waiting_words
from gradflow.ui.workers.pool import Ticket, process_pool

CANCEL = "model_cancel"
_STOPPED = "model_stopped"
_ARRIVED = "model_arrived"
_OWNER = "model_owner"
_KEPT = "model_kept_"

# Seconds before a bar appears, and between two moves of it.
PATIENCE = 1.0
PACE = 0.25

# Seconds of work from which on a run that a link brings asks before it begins.
ASKS = 1.0

# The share of the work from which on the time that is left can be told.
_TELLING = 0.02

_Result = TypeVar("_Result")


class StoppedError(Exception):
    """A computation that does not go on by itself; the message says why."""


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


def computed(name: str, key: Hashable, label: str, make: Callable[[Progress], _Result]) -> _Result:
    """The result kept under a name, or a new one, with a bar and a button to cancel.

    Parameters
    ----------
    name, key
        As `kept` has them.
    label : str
        What is computed, as Markdown.
    make : callable
        What makes it, given the bar.

    Raises
    ------
    StoppedError
        If it was stopped before.
    """
    check_may_run(key)

    def made() -> _Result:
        progress = Progress(name, label, key)
        result = make(progress)
        progress.done()
        return result

    return kept(name, key, made)


def check_may_run(key: Hashable) -> None:
    """Raise StoppedError if the computation for this key was stopped."""
    stopped: tuple[Hashable, str] | None = st.session_state.get(_STOPPED)
    if stopped is not None and stopped[0] == key:
        raise StoppedError(stopped[1])


def ask_first(key: Hashable, seconds: float) -> None:
    """Raise StoppedError if a link brought this run, it costs time, and nobody said to begin.

    Parameters
    ----------
    key : hashable
        What tells the run from another, which only the user can have asked for.
    seconds : float
        About how long it takes.
    """
    if _ARRIVED not in st.session_state:
        st.session_state[_ARRIVED] = key if seconds > ASKS else None
    if st.session_state[_ARRIVED] == key:
        raise StoppedError(waiting_words.asks_first(seconds))
    st.session_state[_ARRIVED] = None


def stop(key: Hashable, reason: str) -> None:
    """Let the computation for this key not begin again by itself."""
    st.session_state[_STOPPED] = (key, reason)


def go_on() -> None:
    """Allow the computation that was stopped; a callback."""
    st.session_state[_STOPPED] = st.session_state[_ARRIVED] = None


def owner() -> str:
    """What tells this session from the others, among the workers."""
    return str(st.session_state.setdefault(_OWNER, secrets.token_hex(8)))


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
        self._began = time.monotonic()
        self._due = self._began + PATIENCE

    def __call__(self, share: float) -> None:
        """Tell how much of what is computed here is done."""
        server.runs.between_steps()
        self._show(share, lambda: waiting_words.going_on(self._label, share, self._left(share)))

    def follow(self, ticket: Ticket) -> None:
        """Tell how far a worker is, or how many runs are to end before this one begins."""
        place, pool = ticket.place, process_pool()
        if place:
            self._began = time.monotonic()
            left = pool.seconds_before(ticket)
            text = waiting_words.in_queue(self._label, place, pool.waiting, left)
            self._show(0.0, lambda: text)
        else:
            share = ticket.share
            self._show(share, lambda: waiting_words.going_on(self._label, share, self._left(share)))

    def done(self) -> None:
        """Take bar and button away."""
        self._slot.empty()

    def _left(self, share: float) -> float | None:
        """Seconds that the rest takes at the pace so far."""
        if share < _TELLING:
            return None
        return (time.monotonic() - self._began) * (1.0 - share) / share

    def _show(self, share: float, text: Callable[[], str]) -> None:
        now = time.monotonic()
        if now < self._due:
            end_if_asked_anew()
            return
        self._due = now + PACE
        if self._bar is not None:
            self._bar.progress(share, text())
            return
        with self._slot.container():
            self._bar = st.progress(share, text())
            st.button("Cancel", key=f"{CANCEL}_{self._name}", on_click=_cancel, args=(self._key,))


def _cancel(key: Hashable) -> None:
    stop(key, waiting_words.CANCELLED)
    process_pool().cancel(owner())
