"""Heatmaps of one byte a cell: the number of its colour in a table of 256."""

from __future__ import annotations

import numpy as np

from gradflow.figures.builders.colour_scale import View, ends_and_colours
from gradflow.figures.builders.colours import DOUBTFUL, DOUBTFUL_TOO, ZERO, ZERO_TOO
from gradflow.figures.builders.heatmap_cells import Cells, positions
from gradflow.figures.builders.panel import Panel
from gradflow.numerics.scaled import Array

# The numbers of what has no place on the scale, and of the two colours of each chequer: that of
# exact zeros, and that of terms with too few digits.
NOTHING, CHEQUER, FEW = 0, (1, 2), (3, 4)

# The first number of the scale's own colours, and how many there are. The numbers after them are
# left to whoever draws letters.
FIRST, COUNT = 5, 240
FREE = FIRST + COUNT


def shown_levels(cells: Cells, view: View) -> Array:
    """The colours of a heatmap's cells.

    Parameters
    ----------
    cells : Cells
        The cells.
    view : View
        How to show them.

    Returns
    -------
    uint8 array of shape (m, m)
        Numbers of `colour_table`: `NOTHING` where there is no term, the two of `CHEQUER` by turns
        where it is exactly zero, those of `FEW` where it has too few digits.
    """
    if view.signs and cells.sign is not None:
        return signed_levels(cells.log10, cells.sign, view, cells.doubtful)
    found = _levels(cells.log10, positions(cells, view), view.low, view.high)
    return _marked(found, cells.doubtful)


def signed_levels(log10: Array, sign: Array, view: View, doubtful: Array | None = None) -> Array:
    """The colours of signed sizes on the scale of a view that tells signs.

    Parameters
    ----------
    log10, sign : arrays of the same shape
        Minus infinity where exactly zero, nan where there is nothing.
    view : View
        How they are shown.
    doubtful : bool array of the same shape, optional
        Those that have too few digits.

    Returns
    -------
    uint8 array of that shape
        As `shown_levels` has them.
    """
    span = view.high - view.low
    found = _levels(log10, np.maximum(log10 - view.low, 0.0) * sign, -span, span)
    return _marked(found, doubtful)


def colour_table(panel: Panel, view: View) -> Array:
    """Red, green, blue and opacity of each number, uint8 (256, 4)."""
    _, _, scale = ends_and_colours(panel, view)
    places = np.array([place for place, _ in scale])
    stops = np.array([channels(colour) for _, colour in scale])
    shares = np.linspace(0.0, 1.0, COUNT)
    table = np.zeros((256, 4), dtype=np.uint8)
    table[FIRST:FREE, 3] = 255
    chequers = zip((*CHEQUER, *FEW), (ZERO, ZERO_TOO, DOUBTFUL, DOUBTFUL_TOO), strict=True)
    for number, colour in chequers:
        table[number] = (*channels(colour), 255)
    for channel in range(3):
        table[FIRST:FREE, channel] = np.interp(shares, places, stops[:, channel]).round()
    return table


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#rrggbb"."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _marked(levels: Array, doubtful: Array | None) -> Array:
    if doubtful is None:
        return levels
    return np.where(doubtful, _by_turns(FEW, levels.shape), levels).astype(np.uint8)


def _by_turns(two: tuple[int, int], shape: tuple[int, ...]) -> Array:
    return np.take(two, np.add.reduce(np.indices(shape)) % 2)


def _levels(log10: Array, position: Array, low: float, high: float) -> Array:
    """The numbers of positions on a scale from low to high."""
    share = np.clip((position - low) / (high - low), 0.0, 1.0)
    found = np.full(log10.shape, NOTHING, dtype=np.uint8)
    finite = np.isfinite(log10)
    found[finite] = FIRST + np.rint((COUNT - 1) * share[finite]).astype(np.uint8)
    zeros = np.isneginf(log10)
    return np.where(zeros, _by_turns(CHEQUER, log10.shape), found).astype(np.uint8)
