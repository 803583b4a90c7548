"""The settings between two runs of the page: session state, and the link in the address bar."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import streamlit as st

from gradflow.scaled import Array
from gradflow.ui import links
from gradflow.ui.settings import CONTROLS, Settings, as_mapping, parsed

# Session state's own names, beside those of the settings.
_HELD = "held_settings"
_NOTICES = "link_notices"
_PAGE = "page_drawn"
OWN = "own_numbers"


def begin(page: str) -> None:
    """Put every setting where its widget looks for it: from the link at first, as it was later on.

    Streamlit forgets a widget that one run does not draw, and on another page every widget is a new
    one; what they held is kept here.

    Parameters
    ----------
    page : str
        Name of the page that is drawn.
    """
    if _HELD not in st.session_state:
        query = {name: st.query_params.get_all(name) for name in st.query_params}
        settings, notices = links.from_query(query)
        st.session_state[_HELD] = as_mapping(settings)
        st.session_state[_NOTICES] = notices
    same = st.session_state.get(_PAGE) == page
    for name, value in st.session_state[_HELD].items():
        if not same or name not in st.session_state:
            st.session_state[name] = value
    st.session_state[_PAGE] = page


def settings() -> Settings:
    """What the widgets hold now."""
    return Settings(**{name: st.session_state[name] for name in CONTROLS})


def keep(current: Settings) -> None:
    """Remember the settings and write them into the address bar."""
    st.session_state[_HELD] = as_mapping(current)
    query = links.to_query(current)
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def put(new: Settings) -> None:
    """Set every widget; only before this run draws them, as a callback does."""
    for name, value in as_mapping(new).items():
        st.session_state[name] = value
    st.session_state[_NOTICES] = ()


def choose_cell(t: int, k: int) -> None:
    """Make one cell the explained one; only before this run draws its widgets.

    Parameters
    ----------
    t, k : int
        As a browser sends them, which may be anything.
    """
    try:
        chosen = {"t": parsed("t", str(t)), "lag": parsed("lag", str(k)), "last": False}
    except ValueError:
        return
    st.session_state.update(chosen)


def notices() -> tuple[str, ...]:
    """What the link held that could not be used."""
    found: tuple[str, ...] = st.session_state.get(_NOTICES, ())
    return found


def own_numbers() -> Array | None:
    """The user's own numbers, if there are any."""
    numbers: Array | None = st.session_state.get(OWN)
    return numbers


def address() -> str:
    """The address of the page that is drawn, without its query."""
    url: Any = st.context.url
    plain = urlsplit(str(url or "http://localhost:8501"))
    return urlunsplit((plain.scheme, plain.netloc, plain.path or "/", "", ""))
