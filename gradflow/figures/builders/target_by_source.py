"""The heatmap of layers that read in both directions: target step against source step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from gradflow.engine.backward_both_ways import CellPlace, place_of
from gradflow.figures.builders.colour_scale import (
    FONT,
    View,
    colour_range,
    ends_and_colours,
    flat_bar,
    ticks,
)
from gradflow.figures.builders.colours import DOUBTFUL, DOUBTFUL_TOO, ZERO, ZERO_TOO
from gradflow.figures.builders.heatmap_cells import Cells, chequered, positions, shown_cells
from gradflow.figures.builders.panel import Panel, doubtful_largest
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.term_heatmap import HEIGHT, heatmap_axes, x_label_depth
from gradflow.figures.builders.text import subscripted
from gradflow.flow import BidirectionalFlow
from gradflow.numerics.scaled import Array

_X_TITLE = "source step j (j = t: the target step itself)"


def square_panel(
    title: str,
    quantity: str,
    log10: Array,
    x: Array,
    words: Sequence[str] | None = None,
    doubtful: Array | None = None,
) -> Panel:
    """A square heatmap's content.

    Parameters
    ----------
    title, quantity : str
        Of which layer and direction the terms are, and what they are.
    log10 : array of shape (T, T)
        log10 of the terms, source step j in column j - 1; nan where there is none.
    x : array of shape (T, D)
        Inputs.
    words : sequence of T str, optional
        A word for each step.
    doubtful : bool array of shape (T, T), optional
        Terms that have too few digits to be shown as they are.

    Returns
    -------
    Panel
        In a relative view each row is divided by its largest term.
    """
    largest = np.fmax.reduce(log10, axis=1)
    return Panel(
        title,
        quantity,
        log10,
        None,
        None,
        np.linalg.norm(x, axis=1),
        None if words is None else tuple(words),
        unit=np.where(np.isfinite(largest), largest, 0.0),
        doubtful=doubtful,
        unit_doubtful=None if doubtful is None else doubtful_largest(log10, doubtful),
    )


def flow_panel(
    flow: BidirectionalFlow,
    parameter: str,
    layer: int | None,
    direction: str | None,
    title: str | None = None,
    words: Sequence[str] | None = None,
    least_digits: float | None = None,
) -> Panel:
    """A square heatmap's content, of a flow; nothing at steps that are no targets."""
    rows = flow.targets - 1
    log10, doubtful = np.full((flow.T, flow.T), np.nan), None
    log10[rows] = flow.log10(parameter, layer, direction)
    if least_digits is not None:
        doubtful = np.zeros(log10.shape, bool)
        doubtful[rows] = flow.digits(parameter, layer, direction) < least_digits
    named = title or places_title(flow, asked_places(flow, parameter, layer, direction))
    return square_panel(named, f"dL_t/d{parameter}", log10, flow.x, words, doubtful)


def asked_places(
    flow: BidirectionalFlow, parameter: str, layer: int | None, direction: str | None
) -> tuple[CellPlace, ...]:
    """Where the terms are: in the direction that is said, or in all of the layer; none of inputs.

    Raises
    ------
    ValueError
        If the parameter, the layer or the direction is unknown.
    """
    if parameter == "x":
        return ()
    first = place_of(flow.cell, parameter, layer, "forward" if direction is None else direction)
    # A name such as "0.reverse.w_x" holds its direction.
    if direction is not None or first.name != parameter:
        return (first,)
    return tuple(first._replace(direction=way) for way in flow.cell.directions(first.layer))


def places_title(flow: BidirectionalFlow, places: Sequence[CellPlace]) -> str:
    """The kind of a cell, of several layers which it is, and the direction if there is one."""
    if not places:
        return "inputs"
    layer, way, _ = places[0]
    kind = type(flow.cell.directions(layer)[way]).__name__
    at = f", layer {layer}" if len(flow.cell.layers) > 1 else ""
    return f"{kind}{at}{f', {way}' if len(places) == 1 else ''}"


def square_heatmap(
    panel: Panel,
    relative: bool,
    floor: float,
    dark: bool | None = None,
    beside: Sequence[Panel] = (),
) -> go.Figure:
    """All terms of one panel of `square_panel`.

    Parameters
    ----------
    panel : Panel
        The terms.
    relative : bool
        Whether each row is divided by its largest term.
    floor : float
        log10 of the size below which all colours are alike.
    dark : bool or None
        As for `View`.
    beside : sequence of Panel
        Those that have the same colour scale.

    Returns
    -------
    plotly.graph_objects.Figure
        Trace "terms", and "exactly zero" and "too few digits" where there are such terms.
    """
    ends = colour_range([panel, *beside], relative, floor)
    view = View(relative, floor, False, "source", *ends, dark)
    # The columns are source steps as they are: nothing is to be arranged.
    cells = shown_cells(panel, replace(view, axis="lag"), block_size(panel.T))
    block = cells.block
    x_axis, y_axis = heatmap_axes(panel, view)
    x_axis["title"] = {**x_axis["title"], "text": _X_TITLE}
    named = f"<b>{subscripted(panel.title)}</b> · {subscripted(panel.quantity)}"
    named += f" · largest of {block} × {block}" if block > 1 else ""
    label = {"text": named, "showarrow": False, "xref": "x domain", "yref": "y domain"}
    label |= {"x": 0.0, "y": 1.0, "xanchor": "left", "yanchor": "bottom", "yshift": 4}
    layout = {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 58, "r": 16, "t": 34, "b": 112 + x_label_depth(panel, view), "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": FONT},
        "showlegend": False,
        "xaxis": x_axis,
        "yaxis": y_axis,
        "annotations": [{**label, "font": {"size": FONT + 3}}],
    }
    return go.Figure({"data": _traces(panel, view, cells), "layout": layout})


def _traces(panel: Panel, view: View, cells: Cells) -> list[dict[str, object]]:
    low, high, scale = ends_and_colours(panel, view)
    title = "size relative to the largest of its row" if view.relative else "size of the term"
    said = "t = %{y:.0f}, j = %{x:.0f}: "
    known = np.isneginf(cells.log10)
    if cells.doubtful is not None:
        known &= ~cells.doubtful
    place = {"type": "heatmap", "x": cells.steps, "y": cells.steps, "hoverongaps": False}
    terms = {
        "name": "terms",
        "z": positions(cells, view),
        "zmin": low,
        "zmax": high,
        "colorscale": scale,
        "colorbar": flat_bar(ticks(panel, view), title, panel.has_zeros, panel.has_doubtful),
        "hovertemplate": f"{said}10^%{{z:.2f}}<extra></extra>",
        **place,
    }
    marks = [("exactly zero", known, (ZERO, ZERO_TOO))] if panel.has_zeros else []
    if panel.has_doubtful and cells.doubtful is not None:
        marks.append(("too few digits", cells.doubtful, (DOUBTFUL, DOUBTFUL_TOO)))
    return [terms, *(_mark(*mark, said) | place for mark in marks)]


def _mark(name: str, where: Array, colours: tuple[str, str], said: str) -> dict[str, object]:
    """Cells in a chequer, which no size has."""
    return {
        "name": name,
        "z": chequered(where),
        "zmin": 0.0,
        "zmax": 1.0,
        "colorscale": tuple(enumerate(colours)),
        "showscale": False,
        "hovertemplate": f"{said}{name}<extra></extra>",
    }
