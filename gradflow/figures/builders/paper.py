"""Background and title of a figure for a notebook; a figure on the page has neither."""

from __future__ import annotations

import plotly.graph_objects as go

from gradflow.figures.builders.colours import INK, PAPER
from gradflow.figures.builders.text import subscripted

TITLE_HEIGHT = 40
LEGEND_HEIGHT = 20
TITLE_SIZE = 15


def on_paper(figure: go.Figure, dark: bool | None, title: str = "") -> go.Figure:
    """The figure with its own background and letters, so that it is readable in any notebook.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Is changed.
    dark : bool or None
        Light letters on dark paper, or dark ones on light paper. None leaves both to the page.
    title : str
        Plain text above the plot; "w_x" gets a real subscript.
    """
    paper = "rgba(0,0,0,0)" if dark is None else PAPER[dark]
    figure.update_layout(
        paper_bgcolor=paper,
        plot_bgcolor=paper,
        font_color=None if dark is None else INK[dark],
    )
    if title:
        has_legend = figure.layout.showlegend is not False and (figure.layout.legend.y or 0.0) > 1.0
        room = TITLE_HEIGHT + LEGEND_HEIGHT * has_legend
        place = {"x": 0.0, "xref": "paper", "yref": "container", "y": 1.0, "yanchor": "top"}
        figure.update_layout(
            title={"text": subscripted(title), "font": {"size": TITLE_SIZE}, "pad": {"t": 12}}
            | place,
            height=figure.layout.height + room,
            margin_t=figure.layout.margin.t + room,
        )
    return figure
