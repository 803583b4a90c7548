"""The signed gradient of one target: every input, or every unit, against its step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colour_scale import FONT, View, flat_bar, signed_ticks
from gradflow.figures.builders.colours import SIGNED, ZERO, ZERO_TOO
from gradflow.figures.builders.heatmap_cells import chequered
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.text import escaped, subscripted
from gradflow.figures.builders.tick_labels import scientific, step_ticks
from gradflow.numerics.scaled import Array

# Rows at most, about the height of the plot in pixels.
_MOST_ROWS = 300
_MOST_NAMES = 40
_ROW, _LEAST, _MOST = 14, 220, 520  # pixels


@dataclass(frozen=True, eq=False)
class SignedRows:
    """Signed numbers of one target, for a heatmap.

    Attributes
    ----------
    quantity : str
        What they are: "dL_t/dx_j".
    rows : str
        What a row is: "input", "unit".
    log10, sign : arrays of shape (t, n)
        Lag k in row k - 1, a number in each column; minus infinity and 0 where exactly zero.
    names : sequence of n str, optional
        A name for each number, instead of its place from 0 on.
    """

    quantity: str
    rows: str
    log10: Array
    sign: Array
    names: Sequence[str] | None = None


@dataclass(frozen=True, eq=False)
class _Cells:
    """Blocks of numbers, each the largest of its block.

    Attributes
    ----------
    log10, sign : arrays of shape (rows, columns)
        A row a number, a column a step.
    block : tuple of two int
        Numbers and steps of a block.
    """

    log10: Array
    sign: Array
    block: tuple[int, int]

    def middles(self, axis: int, first: int) -> Array:
        """Where the cells stand on an axis that begins at `first`."""
        size = self.block[axis]
        return first + 0.5 * (size - 1) + size * np.arange(self.log10.shape[axis])


def sign_heatmap(record: SignedRows, floor: float) -> go.Figure:
    """Numbers against source steps, coloured by sign and size.

    Parameters
    ----------
    record : SignedRows
        The numbers.
    floor : float
        log10 of the size, relative to the largest, below which all colours are alike.

    Returns
    -------
    plotly.graph_objects.Figure
        Trace "signed", and "exactly zero" where there are such numbers. Of many numbers or steps
        each cell is a block and shows its largest.
    """
    t, n = record.log10.shape
    cells = _cells(record, (math.ceil(n / _MOST_ROWS), block_size(t)))
    zero = np.isneginf(cells.log10)
    largest = float(cells.log10.max()) if not zero.all() else 0.0
    above = np.maximum(cells.log10 - largest - floor, 0.0) * cells.sign
    view = View(floor=floor, signs=True, low=floor, high=0.0)
    bar = flat_bar(signed_ticks(view), "relative to the largest", bool(zero.any()))
    traces = [
        _trace(record, cells, "signed", np.where(zero, np.nan, above))
        | {"zmin": floor, "zmax": -floor, "colorscale": SIGNED, "colorbar": bar}
    ]
    if zero.any():
        scale = ((0.0, ZERO), (1.0, ZERO_TOO))
        traces.append(
            _trace(record, cells, "exactly zero", chequered(zero))
            | {"zmin": 0.0, "zmax": 1.0, "colorscale": scale, "showscale": False}
        )
    return go.Figure({"data": traces, "layout": _layout(record)})


def _cells(record: SignedRows, block: tuple[int, int]) -> _Cells:
    log10, sign = record.log10[::-1].T, record.sign[::-1].T
    rows, columns = (
        np.arange(0, size, of_block) for size, of_block in zip(log10.shape, block, strict=True)
    )
    above, below = (
        np.maximum.reduceat(np.maximum.reduceat(part, rows, axis=0), columns, axis=1)
        for part in (np.where(sign == one, log10, -np.inf) for one in (1, -1))
    )
    largest = np.maximum(above, below)
    return _Cells(largest, np.where(np.isneginf(largest), 0, np.where(above < below, -1, 1)), block)


def _trace(record: SignedRows, cells: _Cells, name: str, z: Array) -> dict[str, Any]:
    mantissa, exponent = scientific(cells.log10)
    places = np.indices(cells.log10.shape) * np.reshape(cells.block, (2, 1, 1))
    row, step = "%{customdata[2]:d}", "%{customdata[3]:d}"
    if record.names is not None:
        row = "%{text}"
    number = "exactly zero" if name != "signed" else "%{customdata[0]:+.2f}e%{customdata[1]:+d}"
    trace = {
        "type": "heatmap",
        "name": name,
        "x": cells.middles(1, 1),
        "y": cells.middles(0, 0),
        "z": z.astype(np.float32),
        "hoverongaps": False,
        "customdata": np.stack(
            [mantissa * cells.sign, exponent, places[0], places[1] + 1],
            axis=-1,
            dtype=np.float32,
            casting="same_kind",
        ),
        "hovertemplate": f"{record.rows} {row}, step j = {step}<br><b>{number}</b><extra></extra>",
    }
    if record.names is not None:
        names = np.array([escaped(one) for one in record.names], dtype=object)
        trace["text"] = names[places[0]]
    return trace


def _layout(record: SignedRows) -> dict[str, Any]:
    t, n = record.log10.shape
    title = {"size": FONT + 1}
    plain = {"showgrid": False, "zeroline": False, "ticks": "outside", "ticklen": 3}
    plain |= {"tickfont": {"size": FONT}, "tickmode": "array"}
    heading = {
        "text": f"<b>{subscripted(record.quantity)}</b>, t = {t}",
        "showarrow": False,
        "xref": "x domain",
        "yref": "y domain",
        "x": 0.0,
        "y": 1.0,
        "xanchor": "left",
        "yanchor": "bottom",
        "font": {"size": FONT + 2},
        "yshift": 4,
    }
    return {
        "template": {},
        "height": min(_MOST, max(_LEAST, 150 + _ROW * n)),
        "margin": {"l": 62, "r": 16, "t": 34, "b": 112, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": FONT},
        "annotations": [heading],
        "xaxis": plain
        | {"tickvals": step_ticks(t), "range": [0.5, t + 0.5]}
        | {"title": {"text": "source step j", "font": title, "standoff": 4}},
        "yaxis": plain
        | _row_ticks(record)
        | {"range": [n - 0.5, -0.5], "automargin": True}
        | {"title": {"text": record.rows, "font": title, "standoff": 4}},
    }


def _row_ticks(record: SignedRows) -> dict[str, Any]:
    n = record.log10.shape[1]
    if record.names is not None and n <= _MOST_NAMES:
        return {"tickvals": list(range(n)), "ticktext": [escaped(name) for name in record.names]}
    return {"tickvals": [step - 1 for step in step_ticks(n)]}
