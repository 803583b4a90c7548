"""Norms of a gradient's parts by lag, of several gradients beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from gradflow.analysis.likeness import Likeness
from gradflow.figures.builders.colours import LINES
from gradflow.figures.builders.step_layout import layout
from gradflow.figures.builders.text import escaped
from gradflow.numerics.scaled import Array


class LagNorms(NamedTuple):
    """One gradient: its name, its part in each of n bins, a key of `colours.LINES`."""

    name: str
    parts: Likeness
    colour: str


def norm_curves(first: Array, last: Array, gradients: Sequence[LagNorms]) -> go.Figure:
    """Norms of the parts of gradients, by bins of lags.

    Parameters
    ----------
    first, last : int arrays of shape (n,)
        The first and the last lag of each bin.
    gradients : sequence of LagNorms
        The curves; a gap where a part is exactly zero.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace for each gradient, over the lags of each bin as text.
    """
    lags = [f"{a}" if a == b else f"{a}–{b}" for a, b in zip(first, last, strict=True)]
    figure = go.Figure()
    for gradient in gradients:
        figure.add_trace(
            {
                "type": "scatter",
                "name": escaped(gradient.name),
                "x": lags,
                "y": np.where(gradient.parts.norm > 0.0, gradient.parts.norm, np.nan),
                "mode": "lines+markers",
                "line": {"color": LINES[gradient.colour], "width": 2},
                "connectgaps": False,
                "customdata": gradient.parts.cosine,
                "hovertemplate": (
                    "lags %{x}: %{y:.3~g}<br>cosine with the whole %{customdata:.3~f}"
                ),
            }
        )
    figure.update_layout(layout("lags k of the terms", "norm of their sum"))
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="log", exponentformat="power")
    return figure
