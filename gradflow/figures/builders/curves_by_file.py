"""Curves over files: the checkpoints of a training, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import DOUBTFUL, LINES
from gradflow.figures.builders.step_layout import layout
from gradflow.figures.builders.target_curves import Measure
from gradflow.figures.builders.text import escaped, shortened
from gradflow.numerics.scaled import Array

_LONGEST_NAME = 18


def file_curves(
    names: Sequence[str],
    measures: Sequence[Measure],
    unit: str,
    doubtful: Array | None = None,
) -> go.Figure:
    """Measures of every file.

    Parameters
    ----------
    names : sequence of n str
        The files, from left to right.
    measures : sequence of Measure
        The curves, (n,) each; gaps where a measure is no finite number.
    unit : str
        What is counted: the title of the vertical axis.
    doubtful : bool array of shape (n,), optional
        Files of which a term that the measures are made of has too few digits.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace for each curve, then "too few digits" where there are such files.
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
    if doubtful is not None and doubtful.any():
        figure.add_trace(_marks(names, measures, doubtful))
    figure.update_layout(layout("", unit), showlegend=True)
    labels = [escaped(shortened(PurePath(name).stem, _LONGEST_NAME)) for name in names]
    figure.update_xaxes(tickmode="array", tickvals=places, ticktext=labels, automargin=True)
    # Slanted labels end below their place, so that the last one has room.
    figure.update_xaxes(range=[0.5, len(names) + 0.5], tickangle=-30, ticklabeloverflow="allow")
    figure.update_yaxes(rangemode="tozero", exponentformat="power")
    return figure


def _marks(names: Sequence[str], measures: Sequence[Measure], doubtful: Array) -> go.Scatter:
    """Chequered marks on the points of some files, of every curve."""
    (places,) = np.nonzero(doubtful)
    points = np.concatenate([np.asarray(one.steps, float)[places] for one in measures])
    return go.Scatter(
        name="too few digits",
        x=np.tile(places + 1, len(measures)),
        y=np.where(np.isfinite(points), points, np.nan),
        mode="markers",
        marker={"symbol": "hash-open", "size": 13, "color": DOUBTFUL, "line": {"width": 2}},
        text=[escaped(name) for name, few in zip(names, doubtful, strict=True) if few]
        * len(measures),
        hovertemplate="%{text}: float64 cancels or underflows here<extra></extra>",
    )
