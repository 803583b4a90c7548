"""The section of the film: what changes, the pictures, and the files of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gradflow.numerics.scaled import Array
from gradflow.ui import server
from gradflow.ui.comparison import film_words as words
from gradflow.ui.comparison.film_downloads import film_buttons
from gradflow.ui.comparison.weight_film import CHANGED, Change, depended_on, film_of
from gradflow.ui.comparison.words import moved_settings
from gradflow.ui.component.film import Film, film_message, film_player
from gradflow.ui.shared import frame, state
from gradflow.ui.shared.settings import CONTROLS, Settings

# The key that holds whether the section is open.
SECTION = "open_film"

_MADE = "film_made"
_PACE = 0.25  # seconds between two moves of the bar

# Where a film begins and ends before one says otherwise.
_RANGES: dict[str, tuple[float, float]] = {
    "w_s": (0.5, 1.5),
    "w_h": (0.0, 2.0),
    "b_f": (-2.0, 6.0),
    "T": (2, 100),
}
# How far its slider reaches where the setting itself has no end that is worth a picture.
_REACH = {"w_h": (-5.0, 5.0)}


def _limits(name: str) -> tuple[Any, Any, Any]:
    """The lowest and the highest value of a film's range, and the step between two."""
    control = CONTROLS[name]
    low, high = _REACH.get(name, (control.low, control.high))
    return low, high, 0.01 if name == "w_h" else control.step


@dataclass(frozen=True, eq=False)
class _Made:
    """The film that a session keeps."""

    key: tuple[Settings, Change, bytes]
    film: Film
    message: bytes


def draw_film(settings: Settings, own_length: int | None) -> None:
    """Draw what the open section has in it.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    own_length : int or None
        Steps of a sequence that has a length of its own.
    """
    change = _chosen(settings, own_length)
    own = state.own_numbers()
    key = depended_on(settings, change), change, b"" if own is None else own.tobytes()
    made: _Made | None = st.session_state.get(_MADE)
    if st.button(words.MAKE, key="film_make", help=words.MAKE_HELP):
        made = frame.tried(lambda: _make(settings, own, change, key))
        st.session_state[_MADE] = made
    if made is None:
        return
    if made.key != key:
        st.info(words.STALE, icon=":material/movie:")
    film_player(made.message, "film")
    st.caption(words.FILM_READING)
    made_of = moved_settings(made.key[0], made.film.T, without=made.key[1].name)
    film_buttons("film", made.film, made.message, words.FILM_READING, made_of)


def _chosen(settings: Settings, own_length: int | None) -> Change:
    """Draw what changes, and from where to where."""
    fixed = {"T": own_length is not None, "w_h": settings.own_gates}
    names = [name for name in CHANGED if not fixed.get(name, False)]
    what, values = st.columns(2, gap="medium", vertical_alignment="bottom")
    with what:
        name = st.selectbox(
            words.CHANGE, names, format_func=words.CHANGES.__getitem__, key="film_change"
        )
    low, high, step = _limits(name)
    with values:
        first, last = st.slider(
            words.RANGE, low, high, _RANGES[name], step, key=f"film_range_{name}"
        )
    if name == "w_s":
        st.caption(words.NOT_LINKED if settings.own_w_h or settings.own_gates else words.LINKED)
    return Change(name, first, last)


def _make(
    settings: Settings, own: Array | None, change: Change, key: tuple[Settings, Change, bytes]
) -> _Made:
    """Make the film; any other control ends it, as Streamlit does when the bar moves."""
    st.session_state[_MADE] = None  # the old one goes first, so that both never need memory at once
    place = st.empty()
    due = time.monotonic()

    def on_step(share: float) -> None:
        nonlocal due
        server.runs.between_steps()
        if time.monotonic() >= due:
            place.progress(share, words.MAKING)
            due = time.monotonic() + _PACE

    film = film_of(settings, own, change, on_step)
    place.empty()
    return _Made(key, film, film_message(film))
