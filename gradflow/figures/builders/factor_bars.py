"""The factors of one term, a bar each: which of them made it small, and which large."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from gradflow.figures.builders.colours import GRID, LINES, QUIET
from gradflow.figures.builders.text import escaped
from gradflow.figures.builders.tick_labels import power_ticks

FONT = 12
ROW = 24
GROUP = 30  # the title over a group's rows
TOP, BOTTOM = 4, 46
LABELS = 208  # left of the bars
TICKS = 5


class Bar(NamedTuple):
    """One factor: its name, its value as people write it, and log10 of its size."""

    name: str
    value: str
    log10: float


class Group(NamedTuple):
    """The factors of one product, and the product itself.

    Attributes
    ----------
    title : str
        What the product is.
    colour : str
        A key of `colours.LINES`.
    bars : tuple of Bar
        The factors.
    whole : Bar
        Their product.
    decisive : int
        Which of the bars stands out.
    """

    title: str
    colour: str
    bars: tuple[Bar, ...]
    whole: Bar
    decisive: int


def factor_parts(groups: tuple[Group, ...]) -> dict[str, Any]:
    """log10 of the size of each factor, on one axis for all groups.

    Parameters
    ----------
    groups : tuple of Group
        From top to bottom.

    Returns
    -------
    dict
        "data" and "layout" of a figure, as Plotly's plain mappings: a trace for each group, named
        by its title, whose rows are its factors and their product; nothing is drawn for an exact
        zero but the words.

    Raises
    ------
    ValueError
        If a group's colour is unknown.
    """
    for group in groups:
        if group.colour not in LINES:
            raise ValueError(f"colour must be one of {', '.join(LINES)}. Got {group.colour!r}.")
    places, height = _places(groups)
    low, high = bars_range(groups)
    layout = {
        "template": {},
        "height": height + TOP + BOTTOM,
        "margin": {"l": LABELS, "r": 14, "t": TOP, "b": BOTTOM, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": FONT},
        "showlegend": False,
        "bargap": 0.0,
        "xaxis": _value_axis(low, high),
        "yaxis": {"visible": False, "range": [height, 0.0], "fixedrange": True},
        "annotations": _annotations(groups, places, low, high),
    }
    data = [_trace(*pair) for pair in zip(groups, places, strict=True)]
    return {"data": data, "layout": layout}


def bars_range(groups: tuple[Group, ...]) -> tuple[float, float]:
    """Ends of the axis, as log10: 1 and every size that is not zero, and at least a factor 10."""
    bars = [bar for group in groups for bar in (*group.bars, group.whole)]
    sizes = [0.0, *(bar.log10 for bar in bars if math.isfinite(bar.log10))]
    low, high = min(sizes), max(sizes)
    if high - low < 1.0:
        low = high - 1.0
    margin = 0.03 * (high - low)
    return low - margin, high + margin


def _places(groups: tuple[Group, ...]) -> tuple[list[list[float]], float]:
    """Where the rows of each group have their middle, in pixels from the top; the whole height."""
    top, places = 0.0, []
    for group in groups:
        top += GROUP
        rows = len(group.bars) + 1
        places.append([top + (row + 0.5) * ROW for row in range(rows)])
        top += rows * ROW
    return places, top


def _trace(group: Group, places: list[float]) -> dict[str, Any]:
    rows = (*group.bars, group.whole)
    colour = LINES[group.colour]
    return {
        "type": "bar",
        "name": escaped(group.title),
        "orientation": "h",
        "x": [bar.log10 if math.isfinite(bar.log10) else None for bar in rows],
        "y": places,
        "width": 0.62 * ROW,
        "marker": {
            "color": [colour] * len(group.bars) + ["rgba(0,0,0,0)"],
            "opacity": [1.0 if n == group.decisive else 0.5 for n in range(len(rows) - 1)] + [1.0],
            "line": {"color": colour, "width": [0] * len(group.bars) + [2]},
        },
        "customdata": [[escaped(bar.name), escaped(bar.value)] for bar in rows],
        "hovertemplate": "%{customdata[0]}: %{customdata[1]}<extra></extra>",
    }


def _value_axis(low: float, high: float) -> dict[str, Any]:
    ticks = power_ticks(low, high, TICKS)
    return {
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": [f"10<sup>{tick}</sup>" for tick in ticks],
        "tickfont": {"size": FONT},
        "showgrid": True,
        "gridcolor": GRID,
        "zeroline": True,
        "zerolinecolor": QUIET,
        "zerolinewidth": 1,
        "fixedrange": True,
        "title": {
            "text": "size of the factor",
            "font": {"size": FONT},
            "standoff": 6,
        },
    }


def _annotations(
    groups: tuple[Group, ...], places: list[list[float]], low: float, high: float
) -> list[dict[str, Any]]:
    """The groups' titles, each row's name and value, and the words for exact zeros."""
    found = []
    for group, rows in zip(groups, places, strict=True):
        title = f"<b>{escaped(group.title)}</b>"
        found.append(_left(title, rows[0] - 0.5 * ROW - 0.45 * GROUP, "left", -LABELS))
        for bar, y in zip((*group.bars, group.whole), rows, strict=True):
            found.append(_left(escaped(bar.name), y, "left", -LABELS))
            found.append(_left(escaped(bar.value), y, "right", -8))
            if math.isinf(bar.log10) and bar.log10 < 0.0:
                found.append(_zero(y, low, high))
    return found


def _left(text: str, y: float, anchor: str, shift: float) -> dict[str, Any]:
    """Text in the margin left of the bars."""
    return {
        "text": text,
        "x": 0.0,
        "xref": "paper",
        "xanchor": anchor,
        "xshift": shift,
        "y": y,
        "yanchor": "middle",
        "showarrow": False,
    }


def _zero(y: float, low: float, high: float) -> dict[str, Any]:
    left = low + high < 0.0  # the wider side of 1
    return {
        "text": "exactly zero",
        "x": 0.0,
        "xanchor": "right" if left else "left",
        "xshift": -6 if left else 6,
        "y": y,
        "yanchor": "middle",
        "showarrow": False,
    }
