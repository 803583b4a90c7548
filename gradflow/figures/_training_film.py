"""`plot_training_film`: what training runs do to the gradient, checkpoint by checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import GRID, LINES, MAGNITUDE, QUIET
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.text import escaped
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import shown
from gradflow.training import TrainingRun

FONT = 12
HEIGHT = 800
MILLISECONDS = 400  # from one checkpoint to the next when it plays

_COLOURS = ("RNN", "LSTM", "c")
_CURVES = {
    "accuracy": "accuracy",
    "log10_left": "log10 reaching",
    "state_radius": "state radius",
}
_TOP, _BOTTOM = (0.53, 1.0), (0.08, 0.28)
_GAP = 0.07


def plot_training_film(
    runs: Mapping[str, TrainingRun],
    *,
    floor: float = -6.0,
    title: str | None = None,
    dark: bool | None = False,
) -> go.Figure:
    """Plot how the gradient of one held-out sequence changes while networks learn.

    One heatmap a network with the terms of `b`, the signal itself, relative to the k = 1 term of
    each row. Below them, at every checkpoint, "accuracy" on held-out sequences, "log10 reaching",
    what reaches the input that decides, and "state radius", the median spectral radius of the
    state's derivative. The slider moves all of it, and it plays.

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
    updates = _checked_updates(runs)
    frames = [_moving_traces(runs, place, floor) for place in range(len(updates))]
    figure = go.Figure(frames[0] + _curves(runs))
    moving = list(range(len(frames[0])))
    figure.frames = [
        go.Frame(name=str(update), data=traces, traces=moving)
        for update, traces in zip(updates, frames, strict=True)
    ]
    figure.update_layout(_layout(runs, updates))
    return on_paper(figure, dark, title or "")


def _checked_updates(runs: Any) -> list[int]:
    """The updates of the checkpoints that all runs have."""
    named = isinstance(runs, Mapping) and all(isinstance(name, str) for name in runs)
    if not named or not all(isinstance(run, TrainingRun) for run in runs.values()):
        raise ValueError(f"runs must be a mapping of names to training runs. Got {shown(runs)}.")
    if not 1 <= len(runs) <= len(_COLOURS):
        raise ValueError(f"runs must be one, two or three. Got {len(runs)}.")
    tasks = {(run.settings.task, run.settings.delay) for run in runs.values()}
    if len(tasks) > 1:
        raise ValueError(f"runs must be of one task. Got {shown(sorted(tasks))}.")
    longest = max(runs.values(), key=lambda run: len(run.checkpoints))
    updates = [checkpoint.update for checkpoint in longest.checkpoints]
    for name, run in runs.items():
        own = [checkpoint.update for checkpoint in run.checkpoints]
        if own != updates[: len(own)]:
            raise ValueError(
                f"runs must have checkpoints after the same updates. Got {shown(own)} of {name}."
            )
    return updates


def _moving_traces(runs: Mapping[str, TrainingRun], place: int, floor: float) -> list[Any]:
    """What a frame replaces: the heatmaps, and the mark on every curve."""
    traces: list[Any] = []
    for number, run in enumerate(runs.values()):
        traces.append(_terms(_relative(run, place), number, floor))
    for row, name in enumerate(_CURVES):
        for number, run in enumerate(runs.values()):
            last = min(place, len(run.checkpoints) - 1)
            traces.append(
                {
                    "type": "scatter",
                    "x": [run.checkpoints[last].update],
                    "y": [getattr(run.checkpoints[last], name)],
                    "mode": "markers",
                    "marker": {"size": 10, "color": LINES[_COLOURS[number]]},
                    "showlegend": False,
                    "hoverinfo": "skip",
                    **_axes(_curve_axis(row, len(runs))),
                }
            )
    return traces


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
            "y": _TOP[0] - 0.07,
            "yanchor": "top",
            "title": {"text": "log10 of the share of k = 1 that is left", "side": "top"},
        },
        **_axes(number + 1),
    }


def _curves(runs: Mapping[str, TrainingRun]) -> list[Any]:
    return [
        {
            "type": "scatter",
            "name": escaped(name),
            "x": run.measures("update"),
            "y": run.measures(measure),
            "mode": "lines",
            "line": {"color": LINES[_COLOURS[number]], "width": 2},
            "legendgroup": name,
            "showlegend": row == 0,
            "hovertemplate": "after %{x} updates: %{y:.3~g}",
            **_axes(_curve_axis(row, len(runs))),
        }
        for row, measure in enumerate(_CURVES)
        for number, (name, run) in enumerate(runs.items())
    ]


def _curve_axis(row: int, networks: int) -> int:
    """The number of a curve's axes, after those of the heatmaps."""
    return networks + row + 1


def _axes(number: int) -> dict[str, str]:
    end = "" if number == 1 else str(number)
    return {"xaxis": f"x{end}", "yaxis": f"y{end}"}


def _columns(number: int) -> list[tuple[float, float]]:
    """The places of so many plots side by side."""
    width = (1.0 - _GAP * (number - 1)) / number
    return [(place * (width + _GAP), place * (width + _GAP) + width) for place in range(number)]


def _layout(runs: Mapping[str, TrainingRun], updates: list[int]) -> dict[str, Any]:
    layout: dict[str, Any] = {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 50, "r": 16, "t": 40, "b": 60},
        "font": {"size": FONT},
        "legend": {"orientation": "h", "x": 0.0, "y": _BOTTOM[1] + 0.04, "yanchor": "bottom"},
        "annotations": [],
        "sliders": [_slider(updates)],
        "updatemenus": [_buttons()],
    }
    T = next(iter(runs.values())).settings.task_made().T
    plain = {"zeroline": False, "ticks": "outside", "ticklen": 3}
    for number, (name, (left, right)) in enumerate(
        zip(runs, _columns(len(runs)), strict=True), start=1
    ):
        axes = _axes(number)
        layout |= _axis(axes, (left, right), _TOP)
        layout[_key(axes["xaxis"])] |= plain | {
            "title": {"text": "lag k", "standoff": 4},
            "range": [0.5, T + 0.5],
            "showgrid": False,
        }
        layout[_key(axes["yaxis"])] |= plain | {
            "title": {"text": "target step t", "standoff": 4},
            "range": [T + 0.5, 0.5],
            "showgrid": False,
        }
        layout["annotations"].append(_heading(f"<b>{escaped(name)}</b>", left, _TOP[1]))
    for row, ((left, right), (name, words)) in enumerate(
        zip(_columns(len(_CURVES)), _CURVES.items(), strict=True)
    ):
        axes = _axes(_curve_axis(row, len(runs)))
        layout |= _axis(axes, (left, right), _BOTTOM)
        layout[_key(axes["xaxis"])] |= plain | {
            "title": {"text": "updates", "standoff": 4},
            "gridcolor": GRID,
        }
        layout[_key(axes["yaxis"])] |= plain | {"gridcolor": GRID, "automargin": True}
        if name == "accuracy":
            layout[_key(axes["yaxis"])]["range"] = [0.0, 1.05]
        layout["annotations"].append(_heading(words, left, _BOTTOM[1]))
    return layout


def _axis(
    axes: dict[str, str], across: tuple[float, float], up: tuple[float, float]
) -> dict[str, Any]:
    return {
        _key(axes["xaxis"]): {"domain": list(across), "anchor": axes["yaxis"]},
        _key(axes["yaxis"]): {"domain": list(up), "anchor": axes["xaxis"]},
    }


def _key(axis: str) -> str:
    """The field of the layout for an axis: "xaxis2" for "x2"."""
    return f"{axis[0]}axis{axis[1:]}"


def _heading(text: str, x: float, y: float) -> dict[str, Any]:
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": x,
        "y": y,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
    }


def _slider(updates: list[int]) -> dict[str, Any]:
    return {
        "x": 0.0,
        "len": 1.0,
        "y": 0.0,
        "pad": {"t": 64},
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
        "y": 0.0,
        "xanchor": "left",
        "yanchor": "top",
        "pad": {"t": 40},
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
