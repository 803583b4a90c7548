"""What a session holds of the page Learning: its settings, and the training of its own."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from gradflow.training import TrainingRun
from gradflow.ui.learning.live_run import LiveRun
from gradflow.ui.learning.live_seeds import LiveSeeds
from gradflow.ui.learning.settings import FORM, MOST_UPDATES, LearningSettings
from gradflow.ui.shared.held_settings import HeldSettings
from gradflow.ui.shared.widgets import Widgets
from gradflow.ui.workers.pool import process_pool

HELD: HeldSettings[LearningSettings] = HeldSettings(FORM, "learning_settings", "l_")
WIDGETS = Widgets(HELD)

# The widget that chooses which of several seeds the film is of.
SEED = "learning_film_seed"

_LIVE, _OPENED, _GOING, _STOPPED, _OWNER = (
    f"learning_{name}" for name in ("live", "opened", "going", "stopped", "owner")
)


def live() -> LiveSeeds | None:
    """The training of this session, if there is one."""
    found: LiveSeeds | None = st.session_state.get(_LIVE)
    return found


def at_rest() -> LiveSeeds | None:
    """The training of this session, if it has recorded something and does not go on."""
    found = live()
    return None if found is None or is_going() or not found.recorded else found


def filmed(live: LiveSeeds) -> LiveRun:
    """The seed of which the film is shown: the first, unless the visitor chose another."""
    chosen = st.session_state.get(SEED)
    return next((run for run in live.recorded if run.seed == chosen), live.recorded[0])


def opened() -> TrainingRun | None:
    """The run that was opened from a file, if it is the last that the visitor asked for."""
    found: TrainingRun | None = st.session_state.get(_OPENED)
    return found


def open_run(run: TrainingRun) -> None:
    """Show a run instead of what was trained here."""
    forget()
    st.session_state[_OPENED] = run


def keep(run: LiveSeeds) -> None:
    """Hold what is recorded of it."""
    st.session_state[_LIVE] = run
    if run.is_done:
        st.session_state[_GOING] = False


def is_going() -> bool:
    """Whether it goes on by itself."""
    return bool(st.session_state.get(_GOING))


def why_stopped() -> str:
    """A sentence on why it goes on no more, or nothing."""
    return str(st.session_state.get(_STOPPED, ""))


def begin() -> None:
    """Begin a training with the settings as they are; a callback."""
    settings = HELD.settings()
    st.session_state[_LIVE] = LiveSeeds.begun(settings.training(), settings.seeds)
    st.session_state[_OPENED] = None
    go_on()


def go_on() -> None:
    """Let the training go on; a callback."""
    st.session_state[_GOING], st.session_state[_STOPPED] = True, ""


def stop(why: str) -> None:
    """Let it rest where it is; a callback."""
    st.session_state[_GOING], st.session_state[_STOPPED] = False, why
    process_pool().cancel(owner())


def forget() -> None:
    """Let go of all runs but those that ship; a callback."""
    stop("")
    st.session_state[_LIVE] = st.session_state[_OPENED] = None


def rest_at(update: Any) -> None:
    """Note at which checkpoint the slider came to rest, for the link."""
    if isinstance(update, int) and 0 <= update <= MOST_UPDATES:
        HELD.change(checkpoint=update)


def owner() -> str:
    """What tells this session's training from all other runs, among the workers."""
    return str(st.session_state.setdefault(_OWNER, secrets.token_hex(8)))
