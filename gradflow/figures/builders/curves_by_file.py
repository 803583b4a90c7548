"""Curves over files: the checkpoints of a training, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import LINES
from gradflow.figures.builders.step_layout import layout
from gradflow.figures.builders.target_curves import Measure
from gradflow.figures.builders.text import escaped, shortened

_LONGEST_NAME = 18


def file_curves(names: Sequence[str], measures: Sequence[Measure], unit: str) -> go.Figure:
    """Measures of every file.

    Parameters
    ----------
    names : sequence of n str
        The files, from left to right.
    measures : sequence of Measure
        The curves, (n,) each; gaps where a measure is no finite number.
    unit : str
        What is counted: the title of the vertical axis.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace for each curve.
    """
    figure = go.Figure()
    places = np.arange(1, len(names) + 1)
    for measure in measures:
        figure.add_scatter(
            name=escaped(measure.name),
            x=places,
            y=np.where(np.isfinite(measure.steps), measure.steps, np.nan),
            mode="lines+markers",
            line={"color": LINES[measure.colour], "dash": measure.dash, "width": 2},
            text=[escaped(name) for name in names],
            hovertemplate=f"%{{text}}: %{{y:.3~g}} {unit}",
        )
    figure.update_layout(layout("", unit), showlegend=True)
    labels = [escaped(shortened(PurePath(name).stem, _LONGEST_NAME)) for name in names]
    figure.update_xaxes(tickmode="array", tickvals=places, ticktext=labels, automargin=True)
    # Slanted labels end below their place, so that the last one has room.
    figure.update_xaxes(range=[0.5, len(names) + 0.5], tickangle=-30, ticklabeloverflow="allow")
    figure.update_yaxes(rangemode="tozero", exponentformat="power")
    return figure
