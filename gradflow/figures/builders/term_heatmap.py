"""The heatmap: every term of one cell, target step against lag or source step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colour_scale import (
    FONT,
    View,
    colour_bar,
    ends_and_colours,
)
from gradflow.figures.builders.colours import (
    CLIPPED,
    DOUBTFUL,
    DOUBTFUL_TOO,
    HATCH,
    INK,
    ZERO,
    ZERO_TOO,
)
from gradflow.figures.builders.heatmap_cells import Cells, chequered, positions, shown_cells
from gradflow.figures.builders.hover_labels import details, hover
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import log_edges
from gradflow.figures.builders.text import escaped, shortened, subscripted
from gradflow.figures.builders.tick_labels import log_ticks, step_ticks
from gradflow.numerics.scaled import Array

HEIGHT = 440
STRIP = 0.04
LONGEST_WORD = 12
MOST_WORDS = 40
MOST_WORD_TICKS = 20

X_TITLES = {
    "lag": "lag k (k = 1: the target step itself)",
    "source": "source step j (j = t: the target step itself)",
    "log": "lag k, log scale (k = 1: the target step itself)",
}
# None on a log axis: its empty corner has no room for it.
EMPTY_NOTES = {
    "lag": "A row is one target step t;<br>a cell is one input's part of it;<br>"
    "further right lie older inputs.<br>"
    "Hatched: no input before step 1.",
    "source": "A row is one target step t;<br>a cell is one input's part of it;<br>"
    "further left lie older inputs.<br>"
    "Hatched: inputs after the target.",
}


def heatmap(panel: Panel, view: View, block: int = 1, barred: bool = True) -> go.Figure:
    """All terms of one panel.

    Parameters
    ----------
    panel : Panel
        The terms.
    view : View
        How to show them.
    block : int
        Terms along each side of a cell, which shows the largest of them.
    barred : bool
        Whether it has a colour bar of its own.

    Returns
    -------
    plotly.graph_objects.Figure
        Trace "terms"; then "exactly zero" and "clipped" where there are any; "no input".
    """
    cells = shown_cells(panel, view, block)
    return go.Figure(heatmap_parts(panel, view, cells, details(panel, view, cells), barred))


def heatmap_parts(
    panel: Panel, view: View, cells: Cells, shown: Array | None = None, barred: bool = True
) -> dict[str, Any]:
    """The traces and the layout of one panel's figure, as Plotly's plain mappings.

    A `go.Figure` checks every field of them, which takes longer than to draw them.

    Parameters
    ----------
    panel, view, cells, shown
        As in `heatmap_traces`.
    barred : bool
        Whether it has a colour bar, and room for it.

    Returns
    -------
    dict
        With "data" and "layout".
    """
    x_axis, y_axis = heatmap_axes(panel, view)
    strip = panel.clip is not None
    below = (112 if barred else 46) + x_label_depth(panel, view)
    bar = colour_bar(panel, view) if barred else None
    layout = {
        "template": {},  # what is exported looks as what Plotly draws by itself
        "height": HEIGHT if barred else HEIGHT - 66,
        "margin": {"l": 58, "r": 16, "t": 34, "b": below, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": FONT} if view.dark is None else {"size": FONT, "color": INK[view.dark]},
        "showlegend": False,
        "xaxis": {**x_axis, "domain": [0.0, 1.0 - 1.5 * STRIP if strip else 1.0]},
        "yaxis": y_axis,
        "annotations": heatmap_annotations(panel, view, block=cells.block),
    }
    if strip:
        layout["xaxis2"] = {**strip_axis(), "domain": [1.0 - STRIP, 1.0]}
    return {
        "data": heatmap_traces(panel, view, cells, bar, shown),
        "layout": layout,
    }


def heatmap_traces(
    panel: Panel,
    view: View,
    cells: Cells,
    bar: dict[str, Any] | None,
    shown: Array | None = None,
    axes: tuple[str, str, str] = ("x", "y", "x2"),
    zeros: bool = False,
) -> list[dict[str, Any]]:
    """The traces of one panel, as Plotly's plain mappings.

    Parameters
    ----------
    panel : Panel
        The terms.
    view : View
        How to show them.
    cells : Cells
        Its cells.
    bar : mapping or None
        The colour bar, or None to leave it to another panel's.
    shown : array of shape (m, m, 6 or 7), optional
        What `details` gives, for figures that tell it of the cell under the pointer by themselves.
    axes : tuple of three strings
        Horizontal and vertical axis, and the horizontal axis of the clipping strip.
    zeros : bool
        Whether there is a trace of the exact zeros even if there are none.
    """
    if not panel.T:
        return []
    low, high, scale = ends_and_colours(panel, view)
    place: dict[str, Any] = {"type": "heatmap", "x": cells.across, "y": cells.steps}
    place |= {"xaxis": axes[0], "yaxis": axes[1], "hoverongaps": False, "xgap": 0, "ygap": 0}
    traces = [
        {
            "name": "terms",
            "z": positions(cells, view),
            "zmin": low,
            "zmax": high,
            "colorscale": scale,
            "showscale": bar is not None,
            "colorbar": bar,
            **place,
            **hover(panel, cells, shown),
        }
    ]
    known = np.isneginf(cells.log10)
    if cells.doubtful is not None:
        known &= ~cells.doubtful
    if panel.has_zeros or zeros:
        traces.append(
            {
                "name": "exactly zero",
                "z": chequered(known),
                "zmin": 0.0,
                "zmax": 1.0,
                "colorscale": ((0.0, ZERO), (1.0, ZERO_TOO)),
                "showscale": False,
                **place,
                **hover(panel, cells, shown, "exactly zero"),
            }
        )
    if cells.doubtful is not None and cells.doubtful.any():
        traces.append(
            {
                "name": "too few digits",
                "z": chequered(cells.doubtful),
                "zmin": 0.0,
                "zmax": 1.0,
                "colorscale": ((0.0, DOUBTFUL), (1.0, DOUBTFUL_TOO)),
                "showscale": False,
                **place,
                **hover(panel, cells, shown, "too few digits"),
            }
        )
    if panel.clip is not None:
        traces.append(_clip_trace(panel.clip, axes))
    if len(cells.log10) > 1:
        traces.append(_no_input(cells, axes))
    return traces


def _no_input(cells: Cells, axes: tuple[str, str, str]) -> dict[str, Any]:
    """The hatched corner beyond the diagonal."""
    right, down = _diagonal(cells)
    return {
        "type": "scatter",
        "name": "no input",
        "x": [*right, right[-1]],
        "y": [*down, down[0]],
        "mode": "none",
        "fill": "toself",
        "fillpattern": {"shape": "/", "size": 10, "solidity": 0.06, "fgcolor": HATCH}
        | {"bgcolor": "rgba(0,0,0,0)"},
        "hoverinfo": "skip",
        "showlegend": False,
        "xaxis": axes[0],
        "yaxis": axes[1],
    }


def _diagonal(cells: Cells) -> tuple[list[float], list[float]]:
    """Where rows end on the right, and where they begin at the top, from the first to the last."""
    side, m = cells.block, len(cells.log10)
    if cells.columns is None:
        return [side + 0.5, side * m + 0.5], [0.5, side * (m - 1) + 0.5]
    rows = np.arange(m)
    lags = np.minimum(side * (rows + 1), cells.columns[-1] - 1)
    ends = cells.across[np.searchsorted(cells.columns, lags, side="right")]
    return ends.tolist(), (side * rows + 0.5).tolist()


def heatmap_axes(panel: Panel, view: View) -> tuple[dict[str, Any], dict[str, Any]]:
    """Horizontal and vertical axis of one panel; t = 1 is at the top."""
    T = max(panel.T, 1)
    plain: dict[str, Any] = {"showgrid": False, "zeroline": False, "ticks": "outside"}
    plain |= {"ticklen": 3, "tickfont": {"size": FONT}}
    numbered = _numbers(T)
    worded = numbered if panel.words is None or T > MOST_WORDS else _word_ticks(panel.words)
    x_ticks = worded if view.axis == "source" else numbered
    x_axis = {
        **plain,
        **x_ticks,
        "title": {"text": X_TITLES[view.axis], "font": {"size": FONT + 1}, "standoff": 4},
        "range": [0.5, T + 0.5],
        "tickangle": -60 if x_ticks is not numbered else 0,
        "fixedrange": False,
    }
    if view.axis == "log":
        ends = np.log10(log_edges(np.array([1, T + 1])))
        x_axis |= {"type": "log", "range": ends.tolist(), "tickvals": log_ticks(T)}
    y_axis = {
        **plain,
        **worded,
        "title": {"text": "target step t", "font": {"size": FONT + 1}, "standoff": 4},
        "range": [T + 0.5, 0.5],
        "automargin": True,
    }
    return x_axis, y_axis


def strip_axis() -> dict[str, Any]:
    """The horizontal axis of the clipping strip, which shows nothing of its own."""
    return {
        "range": [0.5, 1.5],
        "showgrid": False,
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "fixedrange": True,
    }


def heatmap_annotations(
    panel: Panel,
    view: View,
    axes: tuple[str, str, str] = ("x", "y", "x2"),
    block: int = 1,
    noted: bool = True,
) -> list[dict[str, Any]]:
    """The title at the top left, the note in the empty triangle, the heading of the strip.

    The note is left out where there is no room for it.
    """
    x, y, strip = (f"{axis} domain" for axis in axes)
    label: dict[str, Any] = {"showarrow": False, "yref": y}
    title = f"<b>{subscripted(panel.title)}</b> · {subscripted(panel.quantity)}"
    if block > 1:
        title += f" · largest of {block} × {block}" if view.axis != "log" else ""
    notes: list[dict[str, Any]] = [
        label
        | {"text": title, "xref": x, "x": 0.0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"}
        | {"font": {"size": FONT + 3}, "yshift": 4}
    ]
    # In the colour of the other letters, paler: no one grey is read on light and on dark paper.
    quiet = label | {"font": {"size": FONT}, "opacity": 0.7, "xanchor": "right"}
    if noted and panel.T > 1 and view.axis in EMPTY_NOTES:
        note = {"text": EMPTY_NOTES[view.axis], "xref": x, "x": 1.0, "y": 1.0, "align": "right"}
        place = {"yanchor": "top", "xshift": -4, "yshift": -2}
        notes.append(quiet | note | place | {"name": "reading help"})
    if panel.clip is not None and panel.T:
        note = {"text": "clipped", "xref": strip, "x": 1.0, "y": 1.0, "yanchor": "bottom"}
        notes.append(quiet | note | {"yshift": 4})
    return notes


def _clip_trace(clip: Array, axes: tuple[str, str, str]) -> dict[str, Any]:
    factor = np.asarray(clip, dtype=np.float32)[:, None]  # (T, 1)
    return {
        "type": "heatmap",
        "name": "clipped",
        "x": np.array([1]),
        "y": np.arange(1, len(factor) + 1),
        "z": np.where(factor < 1.0, np.float32(1.0), np.float32(np.nan)),
        "zmin": 0.0,
        "zmax": 1.0,
        "colorscale": ((0.0, CLIPPED), (1.0, CLIPPED)),
        "showscale": False,
        "xaxis": axes[2],
        "yaxis": axes[1],
        "customdata": factor,
        "hoverongaps": False,
        "hovertemplate": (
            "target t = %{y:d}<br>clipped to %{customdata:.2~g} of its size<extra></extra>"
        ),
    }


def _numbers(T: int) -> dict[str, Any]:
    """Ticks at steps, 1 among them."""
    return {"tickmode": "array", "tickvals": step_ticks(T)}


def _word_ticks(words: tuple[str, ...]) -> dict[str, Any]:
    """Ticks that show words; every other one, and so on, where all would not fit."""
    stride = math.ceil(len(words) / MOST_WORD_TICKS)
    shown = range(len(words), 0, -stride)
    return {
        "tickmode": "array",
        "tickvals": list(shown),
        "ticktext": [escaped(shortened(words[step - 1], LONGEST_WORD)) for step in shown],
    }


def x_label_depth(panel: Panel, view: View) -> int:
    """Pixels that slanted words need below the plot, more than numbers do."""
    if view.axis != "source" or panel.words is None or not 0 < panel.T <= MOST_WORDS:
        return 0
    longest = max(len(shortened(word, LONGEST_WORD)) for word in panel.words)
    return 6 * longest
