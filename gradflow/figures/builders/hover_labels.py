"""What a heatmap that stands by itself says of the cell under the pointer."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.heatmap_cells import Cells
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.text import escaped
from gradflow.figures.builders.tick_labels import scientific
from gradflow.numerics.scaled import Array

# The hover's numbers are float32.
_LARGEST_SHOWN = float(np.finfo(np.float32).max)


def hover(panel: Panel, cells: Cells, shown: Array | None, mark: str = "") -> dict[str, Any]:
    """The fields of a trace that make its labels.

    Parameters
    ----------
    panel : Panel
        The terms.
    cells : Cells
        Its cells.
    shown : array of shape (m, m, 6 or 7) or None
        What `details` gives; None for a trace that has no labels and reports the pointer only.
    mark : str
        What the trace marks; nothing for that of the sizes.
    """
    if shown is None:
        return {"hoverinfo": "none"}
    text = {} if panel.words is None else {"text": _words_of(panel.words, shown)}
    return {
        **text,
        "customdata": shown[:, :, :4] if mark else shown,
        "hovertemplate": _template(panel, cells.block, mark),
    }


def details(panel: Panel, view: View, cells: Cells) -> Array:
    """Numbers of the term that each cell shows, for its label, float32 (m, m, 6 or 7).

    t, k, j, x_j, mantissa, exponent, and the share in percent if there are shares.
    """
    row, column = cells.terms
    other = np.maximum(row - column, 0)  # j - 1 from k - 1, or k - 1 from j - 1: the same formula
    lag, source = (other, column) if view.axis == "source" else (column, other)
    place = row, lag
    mantissa, exponent = scientific(panel.log10[place])
    if panel.sign is not None:
        mantissa = mantissa * panel.sign[place]
    within = np.clip(np.asarray(panel.inputs, dtype=float), -_LARGEST_SHOWN, _LARGEST_SHOWN)
    fields = [row + 1, lag + 1, source + 1, within[source], mantissa, exponent]
    if panel.share is not None:
        fields.append(100.0 * panel.share[place])
    return np.stack(fields, axis=-1, dtype=np.float32, casting="same_kind")


def _words_of(words: tuple[str, ...], shown: Array) -> Array:
    safe = np.array([escaped(word) for word in words], dtype=object)
    return np.asarray(safe[shown[:, :, 2].astype(int) - 1])


def _template(panel: Panel, block: int, mark: str) -> str:
    word = "“%{text}”, " if panel.words is not None else ""
    lines = [
        "target t = %{customdata[0]:d}, lag k = %{customdata[1]:d}",
        f"source j = %{{customdata[2]:d}}: {word}x<sub>j</sub> = %{{customdata[3]:.4~g}}",
    ]
    if mark:
        lines.append(f"<b>{mark}</b>")
    else:
        size = "term %{customdata[4]:+.2f}"
        if panel.sign is None:
            size = "size %{customdata[4]:.2f}"
        lines.append(f"<b>{size}e%{{customdata[5]:+d}}</b>, not divided")
        if panel.share is not None:
            lines.append("%{customdata[6]:.2f}% of its row")
    if block > 1:
        lines.append(f"the largest of {block} × {block}")
    return "<br>".join(lines) + "<extra></extra>"
