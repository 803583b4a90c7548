"""`plot_watch`: how far the gradient of each layer reached, through a training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gradflow.figures.builders.colour_scale import (
    View,
    bar_title,
    flat_bar,
    size_colours,
    size_ticks,
)
from gradflow.figures.builders.colours import GRID, LINES, ZERO, ZERO_TOO
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.heatmap_cells import chequered
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.step_layout import FONT
from gradflow.figures.builders.text import escaped
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import shown
from gradflow.watching import WatchRecord

HEIGHT = 620

# Layers that have room beside each other.
MOST = 4

# Below the heatmaps: measures that are counted in steps, and those that are shares or factors.
_CURVES = (
    {"tail_half_life": "tail half-life", "horizon": "horizon"},
    {"dc_dc": "dc/dc", "share_beyond_chunk": "beyond chunk", "cancellation": "cancellation"},
)
_COLOURS = dict(
    zip(
        [name for row in _CURVES for name in row],
        [LINES[key] for key in ("RNN", "LSTM", "product", "i", "c")],
        strict=True,
    )
)


def plot_watch(
    record: WatchRecord,
    layers: Sequence[str] | None = None,
    *,
    floor: float = -4.0,
    title: str | None = None,
    dark: bool | None = False,
) -> go.Figure:
    """Plot what a watch has seen: a column for each layer, updates from left to right.

    Parameters
    ----------
    record : WatchRecord
    layers : sequence of str, optional
        At most four of its layers; unless given the first four.
    floor : float
        log10 of the share at which colours end.
    title : str, optional
        What stands above it.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        On top the terms by lag as a part of that at k = 1, a column of colours for each pass; below
        them what is counted in steps, and then shares and dc/dc.

    Raises
    ------
    ValueError
        If record is no such, a layer is unknown, there are more than four, or a display argument is
        none of its choices.

    See Also
    --------
    gradflow.watching.load_watch : Reads a record.

    Examples
    --------
    >>> import numpy as np
    >>> from gradflow.figures import plot_watch
    >>> from gradflow.watching import LayerMeasures
    >>> from gradflow.watching.watch_record import record_of
    >>> seen = LayerMeasures(5.0, 12, 0.1, 0.9, np.inf, 0.87, 1e-7, np.linspace(0.0, -3.0, 20))
    >>> figure = plot_watch(record_of(["lstm"], 20, [(0, {"lstm": seen}), (100, {"lstm": seen})]))
    >>> figure.data[0].type, figure.data[1].name
    ('heatmap', 'tail half-life')
    """
    check_display(floor=floor, title=title, dark=dark)
    if not isinstance(record, WatchRecord):
        raise ValueError(f"record must be a WatchRecord. Got {shown(record)}.")
    names = _chosen(record, layers)
    figure = make_subplots(
        3,
        len(names),
        shared_xaxes=True,
        vertical_spacing=0.07,
        horizontal_spacing=0.07,
        row_heights=(0.5, 0.25, 0.25),
        column_titles=[f"<b>{escaped(name)}</b>" for name in names],
    )
    told: set[str] = set()  # measures that the legend has
    left = [record.log10_left[:, record.layers.index(name)].T for name in names]
    view = View(True, floor, False, "lag", floor, _highest(left))
    zeros = any(bool(np.isneginf(each).any()) for each in left)
    for column, (name, each) in enumerate(zip(names, left, strict=True), start=1):
        bar = _bar(view, zeros) if column == 1 else None
        for trace in _terms(record.updates, each, view, bar):
            figure.add_trace(trace, 1, column)
        for row, measures in enumerate(_CURVES, start=2):
            for measure, words in measures.items():
                line = _curve(record, name, measure, words)
                if line is not None:
                    figure.add_trace(line | {"showlegend": measure not in told}, row, column)
                    told.add(measure)
    _set_axes(figure, len(names))
    return on_paper(figure, dark, title or "")


def _chosen(record: WatchRecord, layers: Sequence[str] | None) -> tuple[str, ...]:
    if layers is None:
        return record.layers[:MOST]
    listed = isinstance(layers, list | tuple)
    if not listed or not 1 <= len(layers) <= MOST or not set(layers) <= set(record.layers):
        raise ValueError(
            f"layers must be at most {MOST} of {', '.join(record.layers)}. Got {shown(layers)}."
        )
    return tuple(layers)


def _highest(left: Sequence[Array]) -> float:
    """Where the colour scale ends: a power of ten, at least 1."""
    finite = np.concatenate([each[np.isfinite(each)] for each in left])
    return float(max(0.0, math.ceil(finite.max(initial=0.0) - 1e-9)))


def _terms(
    updates: Array, left: Array, view: View, bar: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """The heatmap of one layer, and the exact zeros in it."""
    place: dict[str, Any] = {"type": "heatmap", "x": updates, "y": np.arange(1, len(left) + 1)}
    place |= {"hoverongaps": False}
    said = "after %{x} updates, k = %{y}: "
    terms = {
        "z": np.clip(np.where(np.isneginf(left), np.nan, left), view.low, view.high),
        "zmin": view.low,
        "zmax": view.high,
        "colorscale": size_colours(view),
        "hovertemplate": f"{said}10^%{{z:.1f}} of k = 1<extra></extra>",
        "showscale": bar is not None,
        "colorbar": bar,
        **place,
    }
    zeros = {
        "z": chequered(np.isneginf(left)),
        "zmin": 0.0,
        "zmax": 1.0,
        "colorscale": ((0.0, ZERO), (1.0, ZERO_TOO)),
        "hovertemplate": f"{said}exactly zero<extra></extra>",
        "showscale": False,
        **place,
    }
    return [terms, zeros] if np.isneginf(left).any() else [terms]


def _bar(view: View, zeros: bool) -> dict[str, Any]:
    place = {"len": 0.5, "yref": "paper", "y": 1.09, "yanchor": "bottom"}
    return flat_bar(size_ticks(view), bar_title(view), zeros) | place


def _curve(record: WatchRecord, layer: str, measure: str, words: str) -> dict[str, Any] | None:
    """A line; none where there was nothing to measure. Infinity leaves a gap."""
    values = record.measure(measure, layer)
    if np.isnan(values).all():
        return None
    return {
        "type": "scatter",
        "name": words,
        "x": record.updates,
        "y": np.where(np.isfinite(values), values, np.nan),
        "mode": "lines+markers",
        "line": {"color": _COLOURS[measure], "width": 2},
        "marker": {"size": 5},
        "legendgroup": measure,
        "hovertemplate": "after %{x} updates: %{y:.3~g}",
    }


def _set_axes(figure: go.Figure, columns: int) -> None:
    axis = {"zeroline": False, "gridcolor": GRID, "tickfont": {"size": FONT}}
    figure.update_xaxes(axis)
    figure.update_yaxes(axis | {"automargin": True})
    figure.update_xaxes(title={"text": "updates", "standoff": 4}, row=3)
    figure.update_yaxes(showgrid=False, autorange="reversed", row=1)
    for row, words in enumerate(("lag k", "steps", "shares, dc/dc"), start=1):
        figure.update_yaxes(title={"text": words, "standoff": 4}, row=row, col=1)
    figure.update_layout(
        template={},
        height=HEIGHT,
        margin={"l": 60, "r": 16, "t": 90, "b": 50},
        font={"size": FONT},
        legend={"orientation": "h", "x": 0.0, "y": -0.09, "yanchor": "top"},
    )
