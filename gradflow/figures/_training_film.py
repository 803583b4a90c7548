"""`plot_training_film`: what training runs do to the gradient, checkpoint by checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colour_scale import (
    View,
    bar_title,
    colour_range,
    flat_bar,
    ticks,
)
from gradflow.figures.builders.colours import QUIET
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.heatmap_cells import shown_cells
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.paper import on_paper
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
from gradflow.training import TrainingRun

FONT = 12
HEIGHT = 1208
MILLISECONDS = 400  # from one checkpoint to the next when it plays

# Shares of the plot area: the heatmaps, the bar and the legend below them, and rows of curves.
_TOP = (0.625, 1.0)
_BAR, _LEGEND = 0.568, 0.474
_ROWS = ((0.341, 0.445), (0.174, 0.278), (0.008, 0.112))
_GAP = 0.09

_HOVER = "t = %{y}, k = %{x}: 10^%{z:.1f} of k = 1<extra></extra>"


def plot_training_film(
    runs: Mapping[str, TrainingRun],
    *,
    floor: float = -6.0,
    title: str | None = None,
    dark: bool | None = False,
) -> go.Figure:
    """Plot how the gradient of one held-out sequence changes while networks learn.

    One heatmap a network with the terms of `b`, the signal itself, relative to the k = 1 term of
    each row, in the colours of `plot_heatmap`, on one scale for all frames. Below them, at every
    checkpoint, loss and accuracy on held-out sequences, "log10 reaching", what reaches the input
    that decides, the median spectral radius of dc_t/dc_(t-1) and of the whole state's derivative,
    and the mean forget gate. The slider moves all of it, and it plays.

    Parameters
    ----------
    runs : mapping of str to TrainingRun
        Runs by their names, from left to right, at most three, on one task and with checkpoints
        after the same updates. A run that diverged stays at its last checkpoint.
    floor : float
        log10 of the share below which all colours are alike.
    title : str, optional
        What stands above it.
    dark : bool or None
        Light letters on dark paper, or dark ones on light paper. None leaves both to the page.

    Returns
    -------
    plotly.graph_objects.Figure
        With a frame for each checkpoint; as wide as there is room.

    Raises
    ------
    ValueError
        If there are no runs or more than three, they are of different tasks or checkpoints, or a
        display argument is none of its choices.

    See Also
    --------
    gradflow.training.train : Makes a run.
    plot_comparison : The same of one moment.

    Examples
    --------
    >>> from gradflow import training
    >>> from gradflow.figures import plot_training_film
    >>> run = training.train(training.TrainingSettings(delay=5, hidden=4, updates=20, every=10))
    >>> figure = plot_training_film({"LSTM": run})
    >>> [frame.name for frame in figure.frames]
    ['0', '10', '20']
    """
    check_display(floor=floor, title=title, dark=dark)
    updates = checked_updates(runs)
    shown = [_panels(runs, place) for place in range(len(updates))]
    every = [panel for panels in shown for panel in panels]
    view = View(True, floor, False, "lag", *colour_range(every, True, floor), dark)
    zeros = any(panel.has_zeros for panel in every)
    frames = [
        _terms(panels, view, zeros) + curve_marks(runs, tuple(CURVES), len(runs), place)
        for place, panels in enumerate(shown)
    ]
    still = [_no_input(number, panel, view) for number, panel in enumerate(shown[0])]
    figure = go.Figure(frames[0] + still + curve_lines(runs, tuple(CURVES), len(runs)))
    moving = list(range(len(frames[0])))
    figure.frames = [
        go.Frame(name=str(update), data=traces, traces=moving)
        for update, traces in zip(updates, frames, strict=True)
    ]
    figure.update_layout(_layout(runs, updates, shown[0], view))
    return on_paper(figure, dark, title or "")


def _panels(runs: Mapping[str, TrainingRun], place: int) -> list[Panel]:
    """The terms of b of each run at a checkpoint, or at its last if it ended before."""
    panels = []
    for name, run in runs.items():
        flow = run.flow(min(place, len(run.checkpoints) - 1))
        log10 = flow.log10("b")
        panels.append(Panel(name, "dL_t/db", log10, None, None, np.zeros(len(log10))))
    return panels


def _terms(panels: list[Panel], view: View, zeros: bool) -> list[Any]:
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
