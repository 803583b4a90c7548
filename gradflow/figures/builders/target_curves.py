"""Line and bar charts counted in steps: measures over the targets, and units by their half-life."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import GRID, LINES
from gradflow.figures.builders.text import escaped
from gradflow.figures.builders.tick_labels import step_ticks
from gradflow.numerics.scaled import Array

HEIGHT = 320
FONT = 12


class Measure(NamedTuple):
    """One curve over the targets: its name, steps (T,), a key of `colours.LINES`, Plotly's dash."""

    name: str
    steps: Array
    colour: str
    dash: str = "solid"


class Units(NamedTuple):
    """The units of one layer: half-life (H,), and share of the signal at the last lag (H,)."""

    half_life: Array
    share: Array
    t: int


def over_targets(measures: Sequence[Measure], t: int) -> go.Figure:
    """Measures of every target step.

    Parameters
    ----------
    measures : sequence of Measure
        The curves; gaps where a measure is no finite number. The axis ends at the last step: what
        lies beyond the whole sequence is as good as without end.
    t : int
        The target that is marked.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace for each curve.
    """
    figure = go.Figure()
    for measure in measures:
        steps = np.asarray(measure.steps, dtype=float)
        figure.add_trace(
            {
                "type": "scatter",
                "name": escaped(measure.name),
                "x": np.arange(1, len(steps) + 1),
                "y": np.where(np.isfinite(steps), steps, np.nan),
                "mode": "lines" if len(steps) > 1 else "markers",
                "line": {"color": LINES[measure.colour], "dash": measure.dash, "width": 2},
                "connectgaps": False,
                "hovertemplate": "t = %{x}: %{y:.3~g} steps",
            }
        )
    T = max((len(measure.steps) for measure in measures), default=1)
    figure.update_layout(_layout("target step t", "steps"))
    figure.update_xaxes(tickmode="array", tickvals=step_ticks(T), range=[0.5, T + 0.5])
    figure.update_yaxes(range=[0.0, 1.05 * _highest(measures, T)])
    if measures:
        figure.add_vline(t, line={"color": LINES["reference"], "dash": "dot", "width": 1})
    return figure


def _highest(measures: Sequence[Measure], T: int) -> float:
    """The largest finite number of all curves, at least 1 and at most T."""
    steps = np.concatenate([np.asarray(m.steps, dtype=float) for m in measures] or [np.ones(1)])
    return float(min(T, max(1.0, np.max(steps, where=np.isfinite(steps), initial=1.0))))


def units(record: Units) -> go.Figure:
    """Half-lives of the units, the longest first.

    A unit whose signal does not shrink has no half-life: its bar is as high as the highest and of
    another colour.

    Parameters
    ----------
    record : Units
        The units.

    Returns
    -------
    plotly.graph_objects.Figure
        Traces "halves" and "does not shrink", the second where there are such units.
    """
    half_life = np.asarray(record.half_life, dtype=float)
    order = by_half_life(half_life)
    sorted_life = half_life[order]
    finite = sorted_life[np.isfinite(sorted_life)]
    highest = float(finite.max()) if finite.size else 1.0
    figure = go.Figure()
    rank = np.arange(1, len(order) + 1)
    groups = (
        ("halves", np.isfinite(sorted_life), LINES["LSTM"]),
        ("does not shrink", np.isposinf(sorted_life), LINES["f"]),
    )
    for name, of, colour in groups:
        if not of.any():
            continue
        figure.add_trace(
            {
                "type": "bar",
                "name": name,
                "x": rank[of],
                "y": np.where(np.isfinite(sorted_life), sorted_life, highest)[of],
                "marker": {"color": colour, "line": {"width": 0}},
                "customdata": np.column_stack([order, record.share[order]])[of],
                "hovertemplate": (
                    ("half-life %{y:.3~g} steps" if name == "halves" else name)
                    + "<br>unit %{customdata[0]:d}"
                    + f"<br>%{{customdata[1]:.1%}} of the signal at k = {record.t}<extra></extra>"
                ),
            }
        )
    figure.update_layout(_layout("hidden units, the longest half-life first", "half-life in steps"))
    figure.update_layout(bargap=0.15, showlegend=len(figure.data) > 1)
    figure.update_xaxes(tickmode="array", tickvals=step_ticks(len(order)))
    return figure


def by_half_life(half_life: Array) -> Array:
    """The numbers of the units, the longest half-life first; those without a signal last."""
    return np.argsort(-np.nan_to_num(half_life, nan=-1.0, posinf=np.inf), kind="stable")


def _layout(x: str, y: str) -> dict[str, Any]:
    axis = {"zeroline": False, "gridcolor": GRID, "tickfont": {"size": FONT}}
    return {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 62, "r": 10, "t": 10, "b": 50, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": FONT},
        "xaxis": axis | {"title": {"text": x, "font": {"size": FONT + 1}, "standoff": 6}},
        "yaxis": axis
        | {"title": {"text": y, "font": {"size": FONT + 1}, "standoff": 4}, "automargin": True},
        "legend": {"orientation": "h", "x": 0.0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
    }
