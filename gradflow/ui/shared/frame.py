"""What the pages of the two networks share: sidebar, notices, and the networks themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import plotly.graph_objects as go
import streamlit as st

from gradflow.figures.builders.mode_bar import bar
from gradflow.ui.shared import controls, state, words
from gradflow.ui.shared.experiment import Experiment, run
from gradflow.ui.shared.presets import look_at
from gradflow.ui.shared.settings import Settings
from gradflow.ui.shared.text import escaped

Made = TypeVar("Made")


def opened(page: str) -> Settings:
    """Draw the sidebar: what it holds, which the address bar then holds too.

    Parameters
    ----------
    page : str
        Name of the page that is drawn.
    """
    state.begin(page)
    controls.sidebar()
    return current()


def current() -> Settings:
    """The settings as they are now; the address bar then holds them."""
    settings = state.settings()
    state.keep(settings)
    return settings


def heading(title: str, lead: str) -> None:
    """The title, and what the page is for.

    Parameters
    ----------
    title, lead : str
        Markdown.
    """
    st.title(title, anchor=False)
    st.markdown(lead)


def notes(settings: Settings, look: bool = False) -> None:
    """What is to be said of the link and the settings.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    look : bool
        Whether to say what an example is for, which speaks of the main page's figures.
    """
    notices = words.together(state.notices())
    if notices:
        st.warning(notices, icon=":material/link_off:")
    if settings.sequence == "own" and state.own_numbers() is None:
        st.info(words.NO_NUMBERS, icon=":material/timeline:")
    said = look_at(settings, st.session_state.get("looking_at")) if look else None
    if said:
        st.info(said, icon=":material/visibility:")


def experiment(settings: Settings) -> Experiment | None:
    """Both networks on the sequence; None, with one sentence on the page, if they cannot run."""
    return tried(lambda: run(settings, state.own_numbers()))


def tried(make: Callable[[], Made]) -> Made | None:
    """What `make` returns; None, with its sentence on the page, if that is a ValueError."""
    try:
        return make()
    except ValueError as error:
        st.error(escaped(str(error)))
        return None


def chart(figure: go.Figure, key: str, camera: str | None = None) -> None:
    """A figure, with a camera that saves it under the name of its key.

    Parameters
    ----------
    figure : go.Figure
        The figure.
    key : str
        Its key.
    camera : str, optional
        What the camera saves; the shared setting unless given.
    """
    config = bar(key, camera or str(state.value("camera")))
    st.plotly_chart(figure, key=key, config=config, theme="streamlit")
