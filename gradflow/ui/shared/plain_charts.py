"""Charts that Streamlit draws by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from gradflow.ui.vendor_internals import TEXT_COLOUR


def plain_chart(figure: go.Figure, key: str, config: Mapping[str, Any]) -> None:
    """Draw a figure in the letters of the page, which the components' charts have too.

    Parameters
    ----------
    figure : go.Figure
        The figure, which gets the colour of the letters.
    key : str
        Its key.
    config : mapping
        Plotly's.
    """
    letters = {"color": TEXT_COLOUR}
    axis = {"tickfont": letters, "title": {"font": letters}}
    figure.update_layout(font=letters).update_xaxes(axis).update_yaxes(axis)
    st.plotly_chart(figure, key=key, config=dict(config), theme="streamlit")
