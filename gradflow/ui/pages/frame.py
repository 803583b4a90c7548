"""What the pages of the two networks share: sidebar, notices, and the networks themselves."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from gradflow.figures.bar import bar
from gradflow.ui import controls, state, words
from gradflow.ui.experiment import Experiment, run
from gradflow.ui.presets import look_at
from gradflow.ui.settings import Settings
from gradflow.ui.text import escaped


def opened(page: str, sidebar: bool = True) -> Settings:
    """What the sidebar holds; the address bar then holds it too.

    Parameters
    ----------
    page : str
        Name of the page that is drawn.
    sidebar : bool
        Whether to draw the sidebar now. A page that must follow a slider at once draws it last: its
        thirty widgets take the browser longer than the charts.
    """
    state.begin(page)
    if sidebar:
        controls.sidebar()
    settings = state.settings()
    state.keep(settings)
    return settings


def heading(title: str, lead: str, settings: Settings, look: bool = True) -> None:
    """The title, what the page is for, and what is to be said of the link and the settings.

    Parameters
    ----------
    title, lead : str
        Markdown.
    settings : Settings
        The page's settings.
    look : bool
        Whether to say what an example is for, which speaks of the main page's figures.
    """
    st.title(title, anchor=False)
    st.markdown(lead)
    with st.container():  # whatever it holds, what is below keeps its place
        _notes(settings, look)


def experiment(settings: Settings) -> Experiment | None:
    """Both networks on the sequence; None, with one sentence on the page, if they cannot run."""
    try:
        return run(settings, state.own_numbers())
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
    config = bar(key, camera or st.session_state["camera"])
    st.plotly_chart(figure, key=key, config=config, theme="streamlit")


def _notes(settings: Settings, examples: bool) -> None:
    notices = words.together(state.notices())
    if notices:
        st.warning(notices, icon=":material/link_off:")
    if settings.sequence == "own" and state.own_numbers() is None:
        st.info(words.NO_NUMBERS, icon=":material/timeline:")
    look = look_at(settings, st.session_state.get("looking_at")) if examples else None
    if look:
        st.info(look, icon=":material/visibility:")
