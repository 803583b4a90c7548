"""Curves over the target steps, of measures that are counted in steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import LINES
from gradflow.figures.builders.step_layout import layout
from gradflow.figures.builders.text import escaped
from gradflow.figures.builders.tick_labels import step_ticks
from gradflow.numerics.scaled import Array


class Measure(NamedTuple):
    """One curve over the targets: its name, steps (T,), a key of `colours.LINES`, Plotly's dash."""

    name: str
    steps: Array
    colour: str
    dash: str = "solid"


def measure_curves(measures: Sequence[Measure], t: int) -> go.Figure:
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
    figure.update_layout(layout("target step t", "steps"))
    figure.update_xaxes(tickmode="array", tickvals=step_ticks(T), range=[0.5, T + 0.5])
    figure.update_yaxes(range=[0.0, 1.05 * _highest(measures, T)])
    if measures:
        figure.add_vline(t, line={"color": LINES["reference"], "dash": "dot", "width": 1})
    return figure


def _highest(measures: Sequence[Measure], T: int) -> float:
    """The largest finite number of all curves, at least 1 and at most T."""
    steps = np.concatenate([np.asarray(m.steps, dtype=float) for m in measures] or [np.ones(1)])
    return float(min(T, max(1.0, np.max(steps, where=np.isfinite(steps), initial=1.0))))
