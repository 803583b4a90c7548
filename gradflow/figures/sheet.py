"""The sheet: all that the page shows in one figure, for a file or a print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from gradflow.figures.colours import INK, PAPER
from gradflow.figures.heatmap import (
    STRIP,
    View,
    colour_bar,
    heatmap_annotations,
    heatmap_axes,
    heatmap_traces,
    strip_axis,
    x_label_depth,
)
from gradflow.figures.panel import Panel
from gradflow.figures.profile import (
    Profile,
    legend,
    profile_annotations,
    profile_axes,
    profile_traces,
)
from gradflow.figures.text import escaped, wrapped

WIDTH = 1400
HEIGHT = 1150
SIDE = 70
FOOTER_LINE = 16
FOOTER_CHARACTERS = 168  # of 7.2 pixels each in a fixed-width font of 12 pixels


def sheet(
    panels: Sequence[Panel],
    view: View,
    profile: Profile,
    title: str,
    footer: Sequence[str],
) -> go.Figure:
    """Heatmaps side by side over the profile, with a title and a footer.

    Parameters
    ----------
    panels : sequence of Panel
        From left to right.
    view : View
        How to show them; a dark view gives a dark sheet.
    profile : Profile
        The profile.
    title : str
        Plain text.
    footer : sequence of str
        Plain text: settings, link. Long lines are wrapped, however long.

    Returns
    -------
    plotly.graph_objects.Figure
        1400 by 1150 pixels.
    """
    footer_lines = [line for text in footer for line in wrapped(text, FOOTER_CHARACTERS)]
    top, bottom = 96, 62 + FOOTER_LINE * len(footer_lines)
    inner = HEIGHT - top - bottom
    words = max((x_label_depth(panel, view) for panel in panels), default=0)
    split = 0.42 + 0.5 * words / inner  # where the heatmaps end
    ink = INK[bool(view.dark)]
    figure = go.Figure()
    annotations: list[dict[str, Any]] = []
    for index, panel in enumerate(panels):
        _add_panel(figure, panels, index, view, split, inner - words)
        annotations += heatmap_annotations(panel, view, _axes(index))
    _add_profile(figure, profile, view, len(panels), split - (190 + words) / inner)
    annotations += profile_annotations(profile, _profile_axes(len(panels)))
    annotations += _header(title, inner)
    annotations += _footer(footer_lines, inner)
    figure.update_layout(
        width=WIDTH,
        height=HEIGHT,
        margin={"l": SIDE, "r": SIDE - 30, "t": top, "b": bottom, "pad": 0},
        paper_bgcolor=PAPER[bool(view.dark)],
        plot_bgcolor=PAPER[bool(view.dark)],
        font={"size": 13, "color": ink},
        annotations=annotations,
    )
    return figure
