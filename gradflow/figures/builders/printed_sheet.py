"""The sheet: all that the page shows in one figure, for a file or a print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from gradflow.figures.builders.colour_scale import View, by_sign, colour_bar
from gradflow.figures.builders.colours import INK, PAPER
from gradflow.figures.builders.heatmap_cells import shown_cells
from gradflow.figures.builders.hover_labels import details
from gradflow.figures.builders.lag_profile import (
    Profile,
    legend,
    profile_axes,
    profile_traces,
)
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.term_heatmap import (
    STRIP,
    heatmap_annotations,
    heatmap_axes,
    heatmap_traces,
    strip_axis,
    x_label_depth,
)
from gradflow.figures.builders.text import escaped, wrapped

WIDTH = 1400
HEIGHT = 1150
LEFT, RIGHT, TOP = 110, 40, 100
PROFILE_SHARE = 0.37  # of the height of all plots
GAP = 0.1  # between panels, of the width between the margins
FOOTER_LINE = 16
FOOTER_CHARACTERS = 175  # of 7.2 pixels each, in a fixed-width font of 12 pixels
TITLE_CHARACTERS = 100


def sheet(
    panels: Sequence[Panel],
    view: View,
    profile: Profile,
    title: str,
    footer: Sequence[str],
    labels: bool = True,
    width: int | None = WIDTH,
    block: int = 1,
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
    labels : bool
        Whether a cell under the pointer has a label. A picture needs none, and they are six times
        the data of the cells.
    width : int or None
        Pixels; None for as much as there is.
    block : int
        Terms along each side of a cell of the heatmaps.

    Returns
    -------
    plotly.graph_objects.Figure
        1150 pixels high.
    """
    lines = [line for text in footer for line in wrapped(text, FOOTER_CHARACTERS)]
    bottom = 110 + FOOTER_LINE * len(lines)
    inner = HEIGHT - TOP - bottom
    words = max((x_label_depth(panel, view) for panel in panels), default=0)
    between = (170 + words) / inner  # axis titles, colour bar and legend
    profile_top = PROFILE_SHARE * (1.0 - between)
    split = profile_top + between
    bars_top = split - (62 + words) / inner
    alike = len({by_sign(panel, view) for panel in panels}) < 2
    figure = go.Figure()
    annotations: list[dict[str, Any]] = []
    for index, panel in enumerate(panels):
        left, right = _columns(len(panels))[index]
        bar = None
        if not alike:  # signs on one side only: other colours, so a bar for each
            bar = _bar(panel, view, bars_top, (left + right) / 2.0, 0.8 * (right - left))
        elif index == 0:
            bar = _bar(panel, view, bars_top, 0.5, 0.5, panels)
        axes = _panel_axes(index)
        cells = shown_cells(panel, view, block)
        shown = details(panel, view, cells) if labels else None
        figure.add_traces(heatmap_traces(panel, view, cells, bar, shown, axes))
        figure.update_layout(_panel_layout(panel, view, axes, _columns(len(panels))[index], split))
        annotations += heatmap_annotations(panel, view, axes, block)
    below = _profile_axes(len(panels))
    figure.add_traces(profile_traces(profile, below))
    figure.update_layout(_profile_layout(profile, view, below, profile_top))
    annotations += _header(title) + _footer(lines, bottom)
    figure.update_layout(
        template={},
        width=width,
        height=HEIGHT,
        margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": bottom, "pad": 0},
        paper_bgcolor=PAPER[bool(view.dark)],
        plot_bgcolor=PAPER[bool(view.dark)],
        font={"size": 13, "color": INK[bool(view.dark)]},
        legend=legend(y=profile_top + 8 / inner, yref="paper"),
        annotations=annotations,
    )
    return figure


def _columns(panels: int) -> list[tuple[float, float]]:
    """Where each panel begins and ends, 0 to 1."""
    width = (1.0 - GAP * (panels - 1)) / max(panels, 1)
    return [(i * (width + GAP), i * (width + GAP) + width) for i in range(panels)]


def _axis(letter: str, number: int) -> str:
    return letter if number == 1 else f"{letter}{number}"


def _layout_key(axis: str) -> str:
    return f"{axis[0]}axis{axis[1:]}"


def _panel_axes(index: int) -> tuple[str, str, str]:
    """Horizontal and vertical axis of a panel, and that of its strip."""
    return _axis("x", 2 * index + 1), _axis("y", index + 1), _axis("x", 2 * index + 2)


def _profile_axes(panels: int) -> tuple[str, str]:
    return _axis("x", 2 * panels + 1), _axis("y", panels + 1)


def _panel_layout(
    panel: Panel,
    view: View,
    axes: tuple[str, str, str],
    column: tuple[float, float],
    split: float,
) -> dict[str, Any]:
    x, y, strip = axes
    left, right = column
    x_axis, y_axis = heatmap_axes(panel, view)
    space = (right - left) * STRIP
    edge = right if panel.clip is None else right - 1.5 * space
    layout: dict[str, Any] = {
        _layout_key(x): {**x_axis, "domain": [left, edge], "anchor": y},
        _layout_key(y): {**y_axis, "domain": [split, 1.0], "anchor": x, "automargin": False},
    }
    if panel.clip is not None:
        layout[_layout_key(strip)] = {
            **strip_axis(),
            "domain": [right - space, right],
            "anchor": y,
        }
    return layout


def _profile_layout(
    profile: Profile, view: View, axes: tuple[str, str], top: float
) -> dict[str, Any]:
    x, y = axes
    x_axis, y_axis = profile_axes(profile, view.floor)
    return {
        _layout_key(x): {**x_axis, "domain": [0.0, 1.0], "anchor": y},
        _layout_key(y): {**y_axis, "domain": [0.0, top], "anchor": x, "automargin": False},
    }


def _bar(
    panel: Panel,
    view: View,
    top: float,
    middle: float,
    width: float,
    beside: Sequence[Panel] = (),
) -> dict[str, Any]:
    """A colour bar under the panels."""
    return colour_bar(panel, view, beside, len=width, x=middle, yref="paper", y=top, yanchor="top")


def _header(title: str) -> list[dict[str, Any]]:
    lines = wrapped(title, TITLE_CHARACTERS)
    return [
        {
            "text": "<br>".join(f"<b>{escaped(line)}</b>" for line in lines),
            "xref": "paper",
            "yref": "paper",
            "x": 0.0,
            "y": 1.0,
            "xanchor": "left",
            "yanchor": "bottom",
            "yshift": 38,
            "align": "left",
            "showarrow": False,
            "font": {"size": 20},
        }
    ]


def _footer(lines: Sequence[str], bottom: int) -> list[dict[str, Any]]:
    if not lines:
        return []
    return [
        {
            "text": "<br>".join(escaped(line) for line in lines),
            "xref": "paper",
            "yref": "paper",
            "x": 0.0,
            "y": 0.0,
            "xanchor": "left",
            "yanchor": "bottom",
            "xshift": 40 - LEFT,
            "yshift": 14 - bottom,
            "align": "left",
            "showarrow": False,
            "font": {"size": 12, "family": "Courier New, Liberation Mono, monospace"},
        }
    ]
