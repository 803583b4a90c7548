"""The film of training runs as Plotly's plain mappings: heatmaps and curves at every checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradflow.figures.builders.colour_scale import (
    View,
    bar_title,
    colour_range,
    flat_bar,
    ticks,
)
from gradflow.figures.builders.colours import QUIET
from gradflow.figures.builders.heatmap_cells import shown_cells
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.term_heatmap import (
    heatmap_annotations,
    heatmap_axes,
    heatmap_traces,
)
from gradflow.figures.builders.training_curves import (
    CURVES,
    axes,
    axis_pair,
    checked_updates,
    columns,
    curve_layout,
    curve_lines,
    curve_marks,
    key,
)
from gradflow.numerics.scaled import Array
from gradflow.training import TrainingRun

FONT = 12
HEIGHT = 1208
FLOOR = -6.0  # log10 of the share below which all colours are alike, unless said
MILLISECONDS = 400  # from one checkpoint to the next when it plays

# Shares of the plot area: the heatmaps, the bar and the legend below them, and rows of curves.
_TOP = (0.625, 1.0)
_BAR, _LEGEND = 0.568, 0.474
_ROWS = ((0.341, 0.445), (0.174, 0.278), (0.008, 0.112))
_GAP = 0.09

_HOVER = "t = %{y}, k = %{x}: 10^%{z:.1f} of k = 1<extra></extra>"


def film_terms(run: TrainingRun) -> Iterator[Array]:
    """log10 of the terms that the film shows at each checkpoint of a run, (T, T)."""
    return (run.flow(place).log10("b") for place in range(len(run.checkpoints)))


def film_parts(
    runs: Mapping[str, TrainingRun],
    terms: Mapping[str, Sequence[Array]],
    floor: float,
    dark: bool | None,
) -> dict[str, Any]:
    """The figure of the film, whose checking as a `go.Figure` takes longer than to make it.

    Parameters
    ----------
    runs : mapping of str to TrainingRun
        As for `plot_training_film`.
    terms : mapping of str to sequence of arrays of shape (T, T)
        Of each run what `film_terms` gives.
    floor, dark
        As for `plot_training_film`.

    Returns
    -------
    dict
        With "data", "layout" and "frames", for any paper.

    Raises
    ------
    ValueError
        If the runs make no film.
    """
    updates = checked_updates(runs)
    shown = [_panels(terms, place) for place in range(len(updates))]
    every = [panel for panels in shown for panel in panels]
    view = View(True, floor, False, "lag", *colour_range(every, True, floor), dark)
    zeros = any(panel.has_zeros for panel in every)
    frames = [
        _heatmaps(panels, view, zeros) + curve_marks(runs, tuple(CURVES), len(runs), place)
        for place, panels in enumerate(shown)
    ]
    still = [_no_input(number, panel, view) for number, panel in enumerate(shown[0])]
    moving = list(range(len(frames[0])))
    return {
        "data": frames[0] + still + curve_lines(runs, tuple(CURVES), len(runs)),
        "layout": _layout(runs, updates, shown[0], view),
        "frames": [
            {"name": str(update), "data": traces, "traces": moving}
            for update, traces in zip(updates, frames, strict=True)
        ],
    }


def _panels(terms: Mapping[str, Sequence[Array]], place: int) -> list[Panel]:
    """The terms of b of each run at a checkpoint, or at its last if it ended before."""
    panels = []
    for name, own in terms.items():
        log10 = own[min(place, len(own) - 1)]
        panels.append(Panel(name, "dL_t/db", log10, None, None, np.zeros(len(log10))))
    return panels


def _heatmaps(panels: list[Panel], view: View, zeros: bool) -> list[Any]:
    """The heatmaps of a frame, each with the trace of its exact zeros if any frame has some."""
    traces = []
    for number, panel in enumerate(panels):
        bar = _bar(panels, view, zeros) if not number else None
        terms, *others = heatmap_traces(
            panel, view, shown_cells(panel, view), bar, axes=_axes(number), zeros=zeros
        )
        within = np.clip(terms["z"], view.low, view.high).round(3)  # short, as text in a page
        traces += [terms | {"z": within, "hoverinfo": None, "hovertemplate": _HOVER}]
        traces += others[:1] if zeros else []
    return traces


def _bar(panels: list[Panel], view: View, zeros: bool) -> dict[str, Any]:
    bar = flat_bar(ticks(panels[0], view), bar_title(view), zeros)
    return bar | {"yref": "paper", "y": _BAR, "yanchor": "top"}


def _no_input(number: int, panel: Panel, view: View) -> dict[str, Any]:
    """The hatched triangle, which no frame changes."""
    *_, hatched = heatmap_traces(panel, view, shown_cells(panel, view), None, axes=_axes(number))
    return hatched


def _axes(number: int) -> tuple[str, str, str]:
    own = axes(number + 1)
    return own["xaxis"], own["yaxis"], ""


def _layout(
    runs: Mapping[str, TrainingRun], updates: list[int], shown: list[Panel], view: View
) -> dict[str, Any]:
    layout: dict[str, Any] = {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 58, "r": 16, "t": 188, "b": 50},
        "font": {"size": FONT},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "x": 0.0, "y": _LEGEND, "yanchor": "bottom"},
        "sliders": [_slider(updates)],
        "updatemenus": [_buttons()],
    }
    places = [(across, up) for up in _ROWS for across in columns(2, _GAP)]
    curves = curve_layout(tuple(CURVES), len(runs), places, updates[-1])
    layout |= curves
    for number, (panel, across) in enumerate(zip(shown, columns(len(runs), _GAP), strict=True)):
        own = axes(number + 1)
        x_axis, y_axis = heatmap_axes(panel, view)
        x_axis["title"]["text"] = "lag k"  # a phone has no room for more
        layout |= axis_pair(own, across, _TOP)
        layout[key(own["xaxis"])] |= x_axis
        layout[key(own["yaxis"])] |= y_axis | {"automargin": False}
        layout["annotations"] += heatmap_annotations(panel, view, _axes(number))
    return layout


def _slider(updates: list[int]) -> dict[str, Any]:
    return {
        "x": 0.0,
        "len": 1.0,
        "y": 1.0,
        "yanchor": "bottom",
        "pad": {"b": 44},
        "bgcolor": QUIET,  # seen on light and on dark paper
        "bordercolor": QUIET,
        "tickcolor": QUIET,
        "currentvalue": {"prefix": "updates: ", "xanchor": "right"},
        "steps": [
            {
                "label": str(update),
                "method": "animate",
                "args": [
                    [str(update)],
                    {"mode": "immediate", "frame": {"duration": 0}, "transition": {"duration": 0}},
                ],
            }
            for update in updates
        ],
    }


def _buttons() -> dict[str, Any]:
    plain = {"fromcurrent": True, "transition": {"duration": 0}}
    return {
        "type": "buttons",
        "direction": "left",
        "x": 0.0,
        "y": 1.0,
        "xanchor": "left",
        "yanchor": "bottom",
        "pad": {"b": 136},
        "showactive": False,
        "buttons": [
            {
                "label": label,
                "method": "animate",
                "args": [frames, {**plain, "mode": "immediate", "frame": {"duration": duration}}],
            }
            for label, frames, duration in (("▶", None, MILLISECONDS), ("❚❚", [None], 0))
        ],
    }
