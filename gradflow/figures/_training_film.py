"""`plot_training_film`: what training runs do to the gradient, checkpoint by checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import MAGNITUDE, QUIET
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.text import escaped
from gradflow.figures.builders.training_curves import (
    CURVES,
    axes,
    axis_pair,
    checked_updates,
    columns,
    curve_layout,
    curve_lines,
    curve_marks,
    heading,
    key,
)
from gradflow.numerics.scaled import Array
from gradflow.training import TrainingRun

FONT = 12
HEIGHT = 1190
MILLISECONDS = 400  # from one checkpoint to the next when it plays

# Shares of the plot area: the heatmaps, the bar and the legend below them, and rows of curves.
_TOP = (0.625, 1.0)
_BAR, _LEGEND = 0.562, 0.478
_ROWS = ((0.341, 0.445), (0.174, 0.278), (0.008, 0.112))
_GAP = 0.09


def plot_training_film(
    runs: Mapping[str, TrainingRun],
    *,
    floor: float = -6.0,
    title: str | None = None,
    dark: bool | None = False,
) -> go.Figure:
    """Plot how the gradient of one held-out sequence changes while networks learn.

    One heatmap a network with the terms of `b`, the signal itself, relative to the k = 1 term of
    each row. Below them, at every checkpoint, loss and accuracy on held-out sequences, "log10
    reaching", what reaches the input that decides, the median spectral radius of dc_t/dc_(t-1) and
    of the whole state's derivative, and the mean forget gate. The slider moves all of it, and it
    plays.

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
    frames = [_moving_traces(runs, place, floor) for place in range(len(updates))]
    figure = go.Figure(frames[0] + curve_lines(runs, tuple(CURVES), len(runs)))
    moving = list(range(len(frames[0])))
    figure.frames = [
        go.Frame(name=str(update), data=traces, traces=moving)
        for update, traces in zip(updates, frames, strict=True)
    ]
    figure.update_layout(_layout(runs, updates))
    return on_paper(figure, dark, title or "")


def _moving_traces(runs: Mapping[str, TrainingRun], place: int, floor: float) -> list[Any]:
    """What a frame replaces: the heatmaps, and the mark on every curve."""
    heatmaps = [
        _terms(_relative(run, place), number, floor) for number, run in enumerate(runs.values())
    ]
    return heatmaps + curve_marks(runs, tuple(CURVES), len(runs), place)


def _relative(run: TrainingRun, place: int) -> Array:
    """log10 of the terms of b relative to the k = 1 term of their row, (T, T)."""
    log10 = run.flow(min(place, len(run.checkpoints) - 1)).log10("b")
    with np.errstate(invalid="ignore"):  # a row that is all zero has no size to compare with
        return np.asarray(log10 - log10[:, :1], np.float32)


def _terms(relative: Array, number: int, floor: float) -> dict[str, Any]:
    T = len(relative)
    steps = list(range(1, T + 1))
    return {
        "type": "heatmap",
        "z": np.clip(relative, floor, 0.0).round(3),
        "x": steps,
        "y": steps,
        "zmin": floor,
        "zmax": 0.0,
        "colorscale": MAGNITUDE,
        "hoverongaps": False,
        "hovertemplate": "t = %{y}, k = %{x}: 10^%{z:.1f} of k = 1<extra></extra>",
        "showscale": number == 0,
        "colorbar": {
            "orientation": "h",
            "thickness": 10,
            "x": 0.5,
            "y": _BAR,
            "yanchor": "top",
            "title": {"text": "log10 of the share of k = 1 that is left", "side": "top"},
        },
        **axes(number + 1),
    }


def _layout(runs: Mapping[str, TrainingRun], updates: list[int]) -> dict[str, Any]:
    layout: dict[str, Any] = {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 50, "r": 16, "t": 170, "b": 50},
        "font": {"size": FONT},
        "legend": {"orientation": "h", "x": 0.0, "y": _LEGEND, "yanchor": "bottom"},
        "sliders": [_slider(updates)],
        "updatemenus": [_buttons()],
    }
    places = [(across, up) for up in _ROWS for across in columns(2, _GAP)]
    curves = curve_layout(tuple(CURVES), len(runs), places, updates[-1])
    layout |= curves
    T = next(iter(runs.values())).settings.task_made().T
    for number, (name, across) in enumerate(
        zip(runs, columns(len(runs), _GAP), strict=True), start=1
    ):
        layout |= _heatmap_axes(axes(number), across, T)
        layout["annotations"].append(heading(f"<b>{escaped(name)}</b>", across[0], _TOP[1]))
    return layout


def _heatmap_axes(own: dict[str, str], across: tuple[float, float], T: int) -> dict[str, Any]:
    layout = axis_pair(own, across, _TOP)
    plain = {"zeroline": False, "ticks": "outside", "ticklen": 3, "showgrid": False}
    layout[key(own["xaxis"])] |= plain | {
        "title": {"text": "lag k", "standoff": 4},
        "range": [0.5, T + 0.5],
    }
    layout[key(own["yaxis"])] |= plain | {
        "title": {"text": "target step t", "standoff": 4},
        "range": [T + 0.5, 0.5],
    }
    return layout


def _slider(updates: list[int]) -> dict[str, Any]:
    return {
        "x": 0.0,
        "len": 1.0,
        "y": 1.0,
        "yanchor": "bottom",
        "pad": {"b": 26},
        "currentvalue": {"prefix": "updates: ", "font": {"color": QUIET}, "xanchor": "right"},
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
        "pad": {"b": 118},
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
