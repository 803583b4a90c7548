"""The heatmap: every term of one cell, target step against lag or source step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.colours import CLIPPED, INK, QUIET, ZERO
from gradflow.figures.numbers import scientific, step_ticks
from gradflow.figures.panel import Panel, by_source
from gradflow.figures.scale import FONT, View, colour_bar, ends_and_colours
from gradflow.figures.text import escaped, shortened, subscripted
from gradflow.scaled import Array

HEIGHT = 430
STRIP = 0.04
LONGEST_WORD = 12
MOST_WORDS = 40
MOST_WORD_TICKS = 20

# The hover's numbers are float32.
_LARGEST_SHOWN = float(np.finfo(np.float32).max)

X_TITLES = {
    "lag": "lag k (k = 1: the target step itself)",
    "source": "source step j (j = t: the target step itself)",
}
EMPTY_NOTES = {
    "lag": "empty: no input<br>before step 1",
    "source": "empty: inputs<br>after the target",
}


def heatmap(panel: Panel, view: View) -> go.Figure:
    """All terms of one panel.

    Parameters
    ----------
    panel : Panel
        The terms.
    view : View
        How to show them.

    Returns
    -------
    plotly.graph_objects.Figure
        Trace "terms"; then "exactly zero" and "clipped" where there are any.
    """
    x_axis, y_axis = heatmap_axes(panel, view)
    strip = panel.clip is not None
    figure = go.Figure(heatmap_traces(panel, view, colour_bar(panel, view)))
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 58, "r": 16, "t": 34, "b": 96 + x_label_depth(panel, view), "pad": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": FONT, "color": None if view.dark is None else INK[view.dark]},
        showlegend=False,
        xaxis={**x_axis, "domain": [0.0, 1.0 - 1.5 * STRIP if strip else 1.0]},
        yaxis=y_axis,
        annotations=heatmap_annotations(panel, view),
    )
    if strip:
        figure.update_layout(xaxis2={**strip_axis(), "domain": [1.0 - STRIP, 1.0]})
    return figure


def heatmap_traces(
    panel: Panel,
    view: View,
    bar: dict[str, Any] | None,
    axes: tuple[str, str, str] = ("x", "y", "x2"),
) -> list[go.Heatmap]:
    """The traces of one panel.

    Parameters
    ----------
    panel : Panel
        The terms.
    view : View
        How to show them.
    bar : mapping or None
        The colour bar, or None to leave it to another panel's.
    axes : tuple of three strings
        Horizontal and vertical axis, and the horizontal axis of the clipping strip.

    Returns
    -------
    list of plotly.graph_objects.Heatmap
    """
    if not panel.T:
        return []
    log10 = _arranged(panel.log10, view)
    zero = np.isneginf(log10)
    steps = np.arange(1, panel.T + 1)
    place: dict[str, Any] = {"x": steps, "y": steps, "xaxis": axes[0], "yaxis": axes[1]}
    place |= {"hoverongaps": False, "xgap": 0, "ygap": 0}
    if panel.words is not None:
        place["text"] = _words_by_cell(panel.words, view)
    details = _details(panel, view)
    low, high, scale = ends_and_colours(panel, view)
    traces = [
        go.Heatmap(
            name="terms",
            z=_positions(panel, view).astype(np.float32),
            zmin=low,
            zmax=high,
            colorscale=scale,
            showscale=bar is not None,
            colorbar=bar,
            customdata=details,
            hovertemplate=_hover(panel, view, zero=False),
            **place,
        )
    ]
    if zero.any():
        traces.append(
            go.Heatmap(
                name="exactly zero",
                z=np.where(zero, 0.0, np.nan).astype(np.float32),
                zmin=0.0,
                zmax=1.0,
                colorscale=((0.0, ZERO), (1.0, ZERO)),
                showscale=False,
                customdata=details[:, :, :2],
                hovertemplate=_hover(panel, view, zero=True),
                **place,
            )
        )
    if panel.clip is not None:
        traces.append(_clip_trace(panel.clip, axes))
    return traces


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
        "fixedrange": True,
    }


def heatmap_annotations(
    panel: Panel, view: View, axes: tuple[str, str, str] = ("x", "y", "x2")
) -> list[dict[str, Any]]:
    """The title at the top left, the note in the empty triangle, the heading of the strip."""
    x, y, strip = (f"{axis} domain" for axis in axes)
    label: dict[str, Any] = {"showarrow": False, "yref": y}
    title = f"<b>{subscripted(panel.title)}</b> · {subscripted(panel.quantity)}"
    notes: list[dict[str, Any]] = [
        label
        | {"text": title, "xref": x, "x": 0.0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"}
        | {"font": {"size": FONT + 3}, "yshift": 4}
    ]
    quiet = label | {"font": {"size": FONT, "color": QUIET}, "xanchor": "right"}
    if panel.T > 1:
        note = {"text": EMPTY_NOTES[view.axis], "xref": x, "x": 1.0, "y": 1.0, "align": "right"}
        notes.append(quiet | note | {"yanchor": "top", "xshift": -4, "yshift": -2})
    if panel.clip is not None and panel.T:
        note = {"text": "clipped", "xref": strip, "x": 1.0, "y": 1.0, "yanchor": "bottom"}
        notes.append(quiet | note | {"yshift": 4})
    return notes


def _arranged(terms: Array, view: View) -> Array:
    """A (T, T) array with the columns the view's horizontal axis counts."""
    return by_source(terms) if view.axis == "source" else terms


def _positions(panel: Panel, view: View) -> Array:
    """Where each cell stands on the colour scale, (T, T); nan where it is drawn otherwise."""
    log10 = panel.relative if view.relative else panel.log10
    position = np.where(np.isfinite(log10), np.clip(log10, view.low, view.high), np.nan)
    if view.signs and panel.sign is not None:
        position = panel.sign * (position - view.low)
    return _arranged(position, view)


def _details(panel: Panel, view: View) -> Array:
    """What the hover says of each cell, float32 (T, T, 4 or 5).

    The index the axis does not show (j or k), x_j, mantissa, exponent, and the share in percent if
    there are shares.
    """
    T = panel.T
    steps = np.arange(1, T + 1)
    other = steps[:, None] + 1 - steps  # k from j, or j from k: the same formula
    mantissa, exponent = scientific(panel.log10)
    if panel.sign is not None:
        mantissa = mantissa * panel.sign
    details = np.empty((T, T, 4 if panel.share is None else 5), dtype=np.float32)
    details[:, :, 0] = other
    details[:, :, 1] = _inputs(panel.inputs, view)
    details[:, :, 2] = _arranged(mantissa, view)
    details[:, :, 3] = _arranged(exponent, view)
    if panel.share is not None:
        details[:, :, 4] = _arranged(100.0 * panel.share, view)
    return details


def _inputs(inputs: Array, view: View) -> Array:
    """x_j of each cell, (T, T)."""
    within = np.clip(np.asarray(inputs, dtype=float), -_LARGEST_SHOWN, _LARGEST_SHOWN)
    return within[_source_index(len(inputs), view)]


def _source_index(T: int, view: View) -> Array:
    """Row of `inputs` for each cell, (T, T); any valid index where k > t."""
    steps = np.arange(T)
    if view.axis == "source":
        return np.broadcast_to(steps, (T, T))
    return np.asarray(np.maximum(steps[:, None] - steps, 0))


def _words_by_cell(words: tuple[str, ...], view: View) -> Array:
    safe = np.array([escaped(word) for word in words], dtype=object)
    return np.asarray(safe[_source_index(len(words), view)])


def _hover(panel: Panel, view: View, zero: bool) -> str:
    lag, source = "%{x:d}", "%{customdata[0]:d}"  # the format keeps Plotly from showing tick words
    if view.axis == "source":
        lag, source = source, lag
    word = "“%{text}”, " if panel.words is not None else ""
    lines = [
        f"target t = %{{y:d}}, lag k = {lag}",
        f"source j = {source}: {word}x<sub>j</sub> = %{{customdata[1]:.4~g}}",
    ]
    if zero:
        lines.append("<b>exactly zero</b>")
    else:
        size = (
            "term %{customdata[2]:+.2f}" if panel.sign is not None else "size %{customdata[2]:.2f}"
        )
        lines.append(f"<b>{size}e%{{customdata[3]:+d}}</b>, not divided")
        if panel.share is not None:
            lines.append("%{customdata[4]:.2f}% of its row")
    return "<br>".join(lines) + "<extra></extra>"


def _clip_trace(clip: Array, axes: tuple[str, str, str]) -> go.Heatmap:
    factor = np.asarray(clip, dtype=np.float32)[:, None]  # (T, 1)
    return go.Heatmap(
        name="clipped",
        x=np.array([1]),
        y=np.arange(1, len(factor) + 1),
        z=np.where(factor < 1.0, np.float32(1.0), np.float32(np.nan)),
        zmin=0.0,
        zmax=1.0,
        colorscale=((0.0, CLIPPED), (1.0, CLIPPED)),
        showscale=False,
        xaxis=axes[2],
        yaxis=axes[1],
        customdata=factor,
        hoverongaps=False,
        hovertemplate=(
            "target t = %{y:d}<br>clipped to %{customdata:.2~g} of its size<extra></extra>"
        ),
    )


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
