"""Charts that Streamlit draws by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from gradflow.ui.vendor_internals import TEXT_COLOUR


def in_page_letters(figure: go.Figure) -> go.Figure:
    """The figure, changed to the colour of the page's letters, which components' charts have too.

    That takes some milliseconds: a figure that is drawn again and again is kept so.
    """
    letters = {"color": TEXT_COLOUR}
    axis = {"tickfont": letters, "title": {"font": letters}}
    return figure.update_layout(font=letters).update_xaxes(axis).update_yaxes(axis)


def lettered_chart(figure: go.Figure, key: str, config: Mapping[str, Any]) -> None:
    """Draw a figure that `in_page_letters` has made; the rest as for `plain_chart`."""
    st.plotly_chart(figure, key=key, config=dict(config), theme="streamlit")


def plain_chart(figure: go.Figure, key: str, config: Mapping[str, Any]) -> None:
    """Draw a figure in the letters of the page.

    Parameters
    ----------
    figure : go.Figure
        The figure, which gets the colour of the letters.
    key : str
        Its key.
    config : mapping
        Plotly's.
    """
    lettered_chart(in_page_letters(figure), key, config)
