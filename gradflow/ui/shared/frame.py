"""The parts that the pages of the two networks share: sidebar, title, notices, networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import plotly.graph_objects as go
import streamlit as st

from gradflow.figures.builders.mode_bar import bar
from gradflow.ui import server
from gradflow.ui.shared import sidebar, state, words
from gradflow.ui.shared.experiment import Experiment, LSTMAlone, run, run_lstm
from gradflow.ui.shared.markdown_text import escaped
from gradflow.ui.shared.plain_charts import plain_chart
from gradflow.ui.shared.presets import look_at
from gradflow.ui.shared.settings import Settings

Made = TypeVar("Made")


def opened(page: str) -> Settings:
    """Draw the sidebar, write its settings into the address bar, and return them.

    Parameters
    ----------
    page : str
        Name of the page that is drawn.
    """
    state.HELD.begin(page)
    sidebar.every_control()
    return current()


def current() -> Settings:
    """Write the settings as they are now into the address bar, and return them."""
    settings = state.HELD.settings()
    state.HELD.keep(settings)
    return settings


def heading(title: str, lead: str) -> None:
    """Draw the title, and a paragraph on what the page is for.

    Parameters
    ----------
    title, lead : str
        Markdown.
    """
    st.title(title, anchor=False)
    st.markdown(lead)


def notes(settings: Settings, look: bool = False) -> None:
    """Draw the notices about the link and the settings.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    look : bool
        Whether to say what to look at in an example; this is about the figures of Compare.
    """
    notices = words.together(state.HELD.notices())
    if notices:
        st.warning(notices, icon=":material/link_off:")
    if settings.sequence == "own" and state.own_numbers() is None and not state.OWN.failed():
        st.info(words.NO_NUMBERS, icon=":material/timeline:")
    said = look_at(settings, st.session_state.get("looking_at")) if look else None
    if said:
        st.caption(said)


def networks(settings: Settings) -> Experiment | None:
    """Both networks on the sequence; if they cannot run, None and a sentence on the page."""
    return tried(lambda: run(settings, state.own_numbers()))


def lstm_network(settings: Settings) -> LSTMAlone:
    """The LSTM alone on the sequence."""
    return run_lstm(settings, state.own_numbers())


def tried(make: Callable[[], Made]) -> Made | None:
    """The result of `make`; if it raises ValueError, None and the message on the page."""
    try:
        return make()
    except ValueError as error:
        st.error(escaped(str(error)))
        return None


def chart(figure: go.Figure, key: str, camera: str | None = None) -> None:
    """Draw a figure, with a camera that saves it under the name of its key.

    Other runs may go before the next one, for a page of many charts takes long.

    Parameters
    ----------
    figure : go.Figure
        The figure.
    key : str
        Its key.
    camera : str, optional
        What the camera saves; the shared setting unless given.
    """
    plain_chart(figure, key, bar(key, camera or str(state.HELD.value("camera"))))
    server.runs.between_steps()
