"""Curves of what was measured while networks trained, a plot for each measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradflow.figures.builders.colours import GRID, LINES
from gradflow.figures.builders.text import escaped
from gradflow.numerics.validation import shown
from gradflow.training import TrainingRun

# Colours of the networks, from left to right.
COLOURS = ("RNN", "LSTM", "c")

# What stands above the curves of a measure.
CURVES = {
    "loss": "loss",
    "accuracy": "accuracy",
    "log10_left": "log10 reaching",
    "cell_radius": "radius of dc<sub>t</sub>/dc<sub>t-1</sub>",
    "state_radius": "state radius",
    "forget_gate": "mean forget gate",
}


# The plots of runs that still go on, two in a row.
_LIVE = ("loss", "accuracy", "log10_left", "cell_radius")
_LIVE_ROWS = ((0.6, 1.0), (0.0, 0.4))
_LIVE_HEIGHT = 360
_GAP = 0.09


def live_parts(runs: Mapping[str, TrainingRun]) -> dict[str, Any]:
    """Four plots of what runs have recorded so far, as Plotly's plain "data" and "layout"."""
    places = [(across, up) for up in _LIVE_ROWS for across in columns(2, _GAP)]
    last = max(run.settings.updates for run in runs.values())
    layout = {
        "template": {},
        "height": _LIVE_HEIGHT,
        "margin": {"l": 50, "r": 16, "t": 50, "b": 45},
        "font": {"size": 12},
        "legend": {"orientation": "h", "x": 0.0, "y": 1.08, "yanchor": "bottom"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }
    return {
        "data": curve_lines(runs, _LIVE, 0),
        "layout": layout | curve_layout(_LIVE, 0, places, last),
    }


def checked_updates(runs: Any) -> list[int]:
    """The updates of the checkpoints that all runs have.

    Raises
    ------
    ValueError
        If they are no runs by name, none or more than three, of several tasks, or their checkpoints
        differ.
    """
    named = isinstance(runs, Mapping) and all(isinstance(name, str) for name in runs)
    if not named or not all(isinstance(run, TrainingRun) for run in runs.values()):
        raise ValueError(f"runs must be a mapping of names to training runs. Got {shown(runs)}.")
    if not 1 <= len(runs) <= len(COLOURS):
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


def curve_lines(
    runs: Mapping[str, TrainingRun], measures: tuple[str, ...], before: int
) -> list[dict[str, Any]]:
    """A line for each run and measure.

    Parameters
    ----------
    runs : mapping of str to TrainingRun
    measures : tuple of str
        Names of `CURVES`.
    before : int
        How many pairs of axes the figure has before those of the curves.
    """
    return [
        {
            "type": "scatter",
            "name": escaped(name),
            "x": run.measures("update"),
            "y": run.measures(measure),
            "mode": "lines+markers",
            "line": {"color": LINES[COLOURS[number]], "width": 2},
            "marker": {"size": 4},
            "legendgroup": name,
            "showlegend": place == 0,
            "hovertemplate": "after %{x} updates: %{y:.3~g}",
            **axes(before + place + 1),
        }
        for place, measure in enumerate(measures)
        for number, (name, run) in enumerate(runs.items())
    ]


def curve_marks(
    runs: Mapping[str, TrainingRun], measures: tuple[str, ...], before: int, place: int
) -> list[dict[str, Any]]:
    """A mark on each of these lines at one checkpoint, or at a run's last if it ended before."""
    marks = []
    for plot, measure in enumerate(measures):
        for number, run in enumerate(runs.values()):
            checkpoint = run.checkpoints[min(place, len(run.checkpoints) - 1)]
            marks.append(
                {
                    "type": "scatter",
                    "x": np.array([checkpoint.update]),
                    "y": np.array([getattr(checkpoint, measure)]),  # which may be infinite
                    "mode": "markers",
                    "marker": {"size": 10, "color": LINES[COLOURS[number]]},
                    "showlegend": False,
                    "hoverinfo": "skip",
                    **axes(before + plot + 1),
                }
            )
    return marks


def curve_layout(
    measures: tuple[str, ...],
    before: int,
    places: list[tuple[tuple[float, float], tuple[float, float]]],
    last: int,
) -> dict[str, Any]:
    """The axes and headings of the curves.

    Parameters
    ----------
    measures, before
        As for `curve_lines`.
    places : list of pairs of pairs of float
        Left and right, bottom and top of each plot, as shares of the figure's plot area.
    last : int
        The last update.
    """
    layout: dict[str, Any] = {"annotations": []}
    lowest = min(bottom for _, (bottom, _) in places)
    for plot, (measure, (across, up)) in enumerate(zip(measures, places, strict=True)):
        own = axes(before + plot + 1)
        plain = {"zeroline": False, "gridcolor": GRID}
        layout |= axis_pair(own, across, up)
        layout[key(own["xaxis"])] |= plain | {"range": [-0.02 * last, 1.02 * last]}
        if up[0] == lowest:
            layout[key(own["xaxis"])]["title"] = {"text": "updates", "standoff": 4}
        layout[key(own["yaxis"])] |= plain | {"nticks": 4}
        if measure == "accuracy":
            layout[key(own["yaxis"])]["range"] = [0.0, 1.05]
        layout["annotations"].append(heading(CURVES[measure], across[0], up[1]))
    return layout


def axes(number: int) -> dict[str, str]:
    """The axes that a trace of the numbered plot names."""
    end = "" if number == 1 else str(number)
    return {"xaxis": f"x{end}", "yaxis": f"y{end}"}


def axis_pair(
    own: dict[str, str], across: tuple[float, float], up: tuple[float, float]
) -> dict[str, Any]:
    """The place of a plot, as fields of the layout."""
    return {
        key(own["xaxis"]): {"domain": list(across), "anchor": own["yaxis"]},
        key(own["yaxis"]): {"domain": list(up), "anchor": own["xaxis"]},
    }


def key(axis: str) -> str:
    """The field of the layout for an axis: "xaxis2" for "x2"."""
    return f"{axis[0]}axis{axis[1:]}"


def columns(number: int, gap: float) -> list[tuple[float, float]]:
    """The places of so many plots side by side."""
    width = (1.0 - gap * (number - 1)) / number
    return [(place * (width + gap), place * (width + gap) + width) for place in range(number)]


def heading(text: str, x: float, y: float) -> dict[str, Any]:
    """Words above the left upper corner of a plot."""
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
