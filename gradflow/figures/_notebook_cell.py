"""A flow's heatmap for a notebook: Plotly's description of it, and a still picture as HTML."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.engine.parameter_names import layers_of
from gradflow.figures._heatmap import plot_heatmap
from gradflow.figures.builders.colours import ZERO, ZERO_TOO
from gradflow.figures.builders.text import subscripted
from gradflow.flow import BidirectionalFlow, GradientFlow
from gradflow.numerics.scaled import Array

_EMPTY = (255, 255, 255)
_WIDTH = 420  # of the picture on the page, in pixels
_HOVER = "t = %{y}, k = %{x}: 10^%{z:.2f} of the k = 1 term<extra></extra>"
_HOVER_ZERO = "t = %{y}, k = %{x}: exactly zero<extra></extra>"


def figure_and_picture(flow: GradientFlow | BidirectionalFlow) -> tuple[dict[str, Any], str]:
    """The heatmap of w_x in the layer next to the input, of its first direction, in both forms.

    Parameters
    ----------
    flow : GradientFlow or BidirectionalFlow
        Terms of one cell on one sequence.

    Returns
    -------
    figure : dict
        "data" and "layout", as JSON has them.
    html : str
        A picture of the same cells, as a data URI, between what its axes count.
    """
    both_ways = isinstance(flow, BidirectionalFlow)
    if isinstance(flow, BidirectionalFlow):
        figure = plot_heatmap(flow, "w_x", 0, direction=next(iter(flow.cell.directions(0))))
    else:
        figure = plot_heatmap(flow, "w_x", 0 if len(layers_of(flow.cell)) > 1 else None)
    terms, zeros = figure.data[0], next(figure.select_traces({"name": "exactly zero"}), None)
    # Nobody asked for what shows itself: the file is spared labels, six times the cells' size.
    for trace, label in ((terms, _HOVER), (zeros, _HOVER_ZERO)):
        if trace is not None and not both_ways:
            trace.update(customdata=None, hovertemplate=label)
    pixels = _pixels(terms, None if zeros is None else zeros.z)
    source = base64.b64encode(_png(pixels)).decode()
    heading = figure.layout.annotations[0].text
    unit = "the largest of its row" if both_ways else f"{subscripted('k')} = 1"
    html = (
        f"<div>{heading}: size relative to {unit}, from 10<sup>{terms.zmin:g}</sup>"
        f" (violet) to 1 (yellow){_growth(terms.zmax)}<br>"
        f'<img alt="heatmap" width="{_WIDTH}" style="image-rendering: pixelated" '
        f'src="data:image/png;base64,{source}"><br>'
        f"down: {figure.layout.yaxis.title.text}, 1 to {flow.T}; "
        f"across: {figure.layout.xaxis.title.text}</div>"
    )
    return json.loads(figure.to_json()), html


def _growth(high: float) -> str:
    return f" and 10<sup>{high:g}</sup> (red)" if high > 0.0 else ""


def _pixels(terms: go.Heatmap, zeros: Array | None) -> Array:
    """Colours of the cells, uint8 (m, m, 3)."""
    z, (places, colours) = terms.z, zip(*terms.colorscale, strict=True)
    table = np.array([_rgb(colour) for colour in colours])
    share = np.nan_to_num((z - terms.zmin) / (terms.zmax - terms.zmin))
    channels = [np.interp(share, places, channel) for channel in table.T]
    pixels = np.where(np.isnan(z)[..., None], _EMPTY, np.stack(channels, axis=-1))
    if zeros is not None:
        pixels[zeros == 0.0], pixels[zeros == 1.0] = _rgb(ZERO), _rgb(ZERO_TOO)
    return np.round(pixels).astype(np.uint8)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _png(pixels: Array) -> bytes:
    """A picture as a PNG file: its header, its rows, each after a byte for no filter, its end."""
    height, width, _ = pixels.shape
    rows = np.insert(pixels.reshape(height, -1), 0, 0, axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
