"""A frame around the cells of a heatmap that are spoken of."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from gradflow.figures.builders.colours import MARK


@dataclass(frozen=True)
class Outline:
    """Cells of one row.

    Attributes
    ----------
    t : int
        Target step.
    first, last : int
        Lags, first <= last <= t.

    Raises
    ------
    ValueError
        If the lags are not in order or not of the row.
    """

    t: int
    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last <= self.t:
            raise ValueError(
                "first and last must be lags in order, from 1 to t. "
                f"Got {self.first} and {self.last} with t = {self.t}."
            )


def outlined(figure: go.Figure, outline: Outline) -> go.Figure:
    """A heatmap by lag with a frame around some of its cells.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Of `heatmap`, columns by lag.
    outline : Outline
        The cells.

    Returns
    -------
    plotly.graph_objects.Figure
        Another figure; the one given stays as it is.
    """
    framed = go.Figure(figure)
    framed.add_shape(
        type="rect",
        x0=outline.first - 0.5,
        x1=outline.last + 0.5,
        y0=outline.t - 0.5,
        y1=outline.t + 0.5,
        line={"color": MARK, "width": 2},
    )
    return framed
