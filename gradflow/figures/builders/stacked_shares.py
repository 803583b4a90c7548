"""The classes of paths of one target: the share of each by lag, with its sign."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import GRID, INK, QUIET
from gradflow.figures.builders.text import escaped, wrapped
from gradflow.figures.builders.tick_labels import step_ticks
from gradflow.numerics.scaled import Array

HEIGHT = 380
FONT = 12
NOTE_CHARACTERS = 18  # as many fit beside the mark on a phone
HOVER = "shares"
NOTHING = "exactly zero"
ALL_ZERO = "every path is exactly zero at every lag"


@dataclass(frozen=True, eq=False)
class Shares:
    """How the paths of one target share in its terms.

    Attributes
    ----------
    labels : tuple of n strings
        Names of the classes.
    colours : tuple of n strings
        Their colours.
    share : array of shape (n, t)
        Shares, lag k in column k - 1: the sizes of a column add up to 1. Negative for what works
        against the whole; nan in a column whose classes are all exactly zero.
    mark : int or None
        A lag to mark with a line before it.
    note : str
        What the mark says.

    Raises
    ------
    ValueError
        If the lengths do not match.
    """

    labels: tuple[str, ...]
    colours: tuple[str, ...]
    share: Array
    mark: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if np.ndim(self.share) != 2 or len(self.share) != len(self.labels):
            raise ValueError(
                f"share must have shape ({len(self.labels)}, t). Got {np.shape(self.share)}."
            )
        if len(self.colours) != len(self.labels):
            raise ValueError(f"colours must be {len(self.labels)} names. Got {len(self.colours)}.")

    @property
    def t(self) -> int:
        """The target step."""
        return int(self.share.shape[1])


def shares(record: Shares, dark: bool | None = None) -> go.Figure:
    """Stacked shares by lag: positive ones above the line, negative ones below it.

    Parameters
    ----------
    record : Shares
        The classes.
    dark : bool or None
        As in `View`.

    Returns
    -------
    plotly.graph_objects.Figure
        A filled trace for each class, in their order, and one that holds the shares for the hover.
        A class is one outline over all lags, which draws as fast for 500 as for 5.
    """
    figure = go.Figure([*_bands(record), *_hovers(record)])
    low, high = _ends(record.share)
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 62, "r": 10, "t": 44, "b": 90, "pad": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": FONT, "color": None if dark is None else INK[dark]},
        hovermode="x",
        xaxis={
            "title": {
                "text": f"lag k from t = {record.t} (k = 1: the target step itself)",
                "font": {"size": FONT + 1},
                "standoff": 6,
            },
            "tickmode": "array",
            "tickvals": step_ticks(max(record.t, 1)),
            "range": [0.5, max(record.t, 1) + 0.5],
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            "title": {"text": "share of all paths", "font": {"size": FONT + 1}, "standoff": 4},
            "range": [low, high],
            "tickformat": ".0%",
            "nticks": 6,
            "gridcolor": GRID,
            "zeroline": True,
            "zerolinecolor": QUIET,
            "automargin": True,
        },
        legend={
            "orientation": "h",
            "x": 0.0,
            "xanchor": "left",
            "y": -0.2,
            "yanchor": "top",
            "font": {"size": FONT},
            "bgcolor": "rgba(0,0,0,0)",
        },
        shapes=_mark_line(record),
        annotations=[*_mark_note(record), *_nothing_note(record)],
    )
    return figure


def stacked(share: Array) -> tuple[Array, Array]:
    """Where each class begins and ends when shares are stacked away from zero.

    Parameters
    ----------
    share : array of shape (n, t)
        Signed shares; nan counts as 0.

    Returns
    -------
    low, high : arrays of shape (n, t)
    """
    known = np.nan_to_num(share)
    positive, negative = np.maximum(known, 0.0), np.minimum(known, 0.0)
    above, below = positive.cumsum(axis=0), negative.cumsum(axis=0)
    low = np.where(known < 0.0, below, above - positive)
    return low, np.where(known < 0.0, below - negative, above)


def _bands(record: Shares) -> list[go.Scatter]:
    low, high = stacked(record.share)
    steps = np.arange(1, record.t + 1)
    sides = np.column_stack([steps - 0.5, steps + 0.5]).ravel()
    outline = np.concatenate([sides, sides[::-1]])
    return [
        go.Scatter(
            name=escaped(label),
            x=outline.astype(np.float32),
            y=np.concatenate([np.repeat(ends, 2), np.repeat(begins, 2)[::-1]]).astype(np.float32),
            mode="lines",
            line={"width": 0, "color": colour},
            fill="toself",
            fillcolor=colour,
            hoverinfo="skip",
        )
        for label, colour, begins, ends in zip(
            record.labels, record.colours, low, high, strict=True
        )
    ]


def _hovers(record: Shares) -> list[go.Scatter]:
    """Points that cannot be seen, with what the hover says of their lag."""
    known = ~np.isnan(record.share).any(axis=0)
    steps = np.arange(1, record.t + 1)
    lines = [f"{escaped(label)} %{{customdata[{n}]:+.1%}}" for n, label in enumerate(record.labels)]
    points: dict[str, Any] = {
        "mode": "markers",
        "marker": {"opacity": 0.0, "color": QUIET},
        "showlegend": False,
    }
    found = [
        go.Scatter(
            name=HOVER,
            x=steps[known],
            y=np.zeros(int(known.sum())),
            customdata=record.share[:, known].T.astype(np.float32),
            hovertemplate="<br>".join(["lag k = %{x}", *lines]) + "<extra></extra>",
            **points,
        ),
        go.Scatter(
            name=NOTHING,
            x=steps[~known],
            y=np.zeros(int((~known).sum())),
            hovertemplate="lag k = %{x}: every path exactly zero<extra></extra>",
            **points,
        ),
    ]
    return [trace for trace in found if len(trace.x)]


def _ends(share: Array) -> tuple[float, float]:
    """Ends of the vertical axis: quarters around what is there."""
    low, high = stacked(share)
    if not low.size:
        return 0.0, 1.0
    below = 0.25 * math.floor(4.0 * float(low.min()) + 1e-9)
    above = 0.25 * math.ceil(4.0 * float(high.max()) - 1e-9)
    return below, max(above, below + 0.25)


def _mark_line(record: Shares) -> list[dict[str, Any]]:
    if record.mark is None:
        return []
    place = record.mark - 0.5
    line = {"color": QUIET, "width": 2, "dash": "dash"}
    return [
        {"type": "line", "x0": place, "x1": place, "y0": 0.0, "y1": 1.1, "yref": "paper"}
        | {"line": line}
    ]


def _mark_note(record: Shares) -> list[dict[str, Any]]:
    if record.mark is None or not record.note:
        return []
    right = record.mark > 0.5 * record.t
    note = {
        "text": "<br>".join(map(escaped, wrapped(record.note, NOTE_CHARACTERS))),
        "align": "right" if right else "left",
        "x": record.mark - 0.5,
        "yref": "paper",
        "y": 1.0,
        "xanchor": "right" if right else "left",
        "yanchor": "bottom",
        "xshift": -5 if right else 5,
        "yshift": 2,
        "showarrow": False,
        "font": {"size": FONT},
    }
    return [note]


def _nothing_note(record: Shares) -> list[dict[str, Any]]:
    """What stands where the shares would, if there are none."""
    if not record.t or not np.isnan(record.share).any(axis=0).all():
        return []
    place = {"x": 0.5, "xref": "paper", "y": 0.5, "yref": "paper", "showarrow": False}
    return [{"text": ALL_ZERO, "font": {"size": FONT + 1}} | place]
