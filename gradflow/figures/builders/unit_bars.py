"""Bars of the hidden units of a layer, the longest half-life first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import LINES
from gradflow.figures.builders.step_layout import layout
from gradflow.figures.builders.tick_labels import step_ticks
from gradflow.numerics.scaled import Array


class Units(NamedTuple):
    """The units of one layer: half-life (H,), and share of the signal at the last lag (H,)."""

    half_life: Array
    share: Array
    t: int


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
    for name, chosen, colour in groups:
        if not chosen.any():
            continue
        figure.add_trace(
            {
                "type": "bar",
                "name": name,
                "x": rank[chosen],
                "y": np.where(np.isfinite(sorted_life), sorted_life, highest)[chosen],
                "marker": {"color": colour, "line": {"width": 0}},
                "customdata": np.column_stack([order, record.share[order]])[chosen],
                "hovertemplate": (
                    ("half-life %{y:.3~g} steps" if name == "halves" else name)
                    + "<br>unit %{customdata[0]:d}"
                    + f"<br>%{{customdata[1]:.1%}} of the signal at k = {record.t}<extra></extra>"
                ),
            }
        )
    figure.update_layout(layout("hidden units, the longest half-life first", "half-life in steps"))
    figure.update_layout(bargap=0.15, showlegend=len(figure.data) > 1)
    figure.update_xaxes(tickmode="array", tickvals=step_ticks(len(order)))
    return figure


def by_half_life(half_life: Array) -> Array:
    """The numbers of the units, the longest half-life first; those without a signal last."""
    return np.argsort(-np.nan_to_num(half_life, nan=-1.0, posinf=np.inf), kind="stable")
