"""`Cells`: what the cells of one heatmap hold, each a term or the largest of a block."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.panel import Panel, by_source
from gradflow.figures.builders.pooling import log_columns, log_edges, pooled
from gradflow.numerics.scaled import Array


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one panel, as its view arranges them.

    Attributes
    ----------
    block : int
        Steps of a row, and of a column where `columns` says nothing else.
    log10 : float32 array of shape (m, n)
        log10 of the magnitude, relative to the k = 1 term in a relative view. Minus infinity where
        exactly zero, nan where there is no term.
    sign : int8 array of shape (m, n) or None
        Its sign, 0 where there is no term; None for norms.
    place : array of shape (m, n) or None
        Which term of the block it is, as in `pooling.Pooled`; None where each term is a cell.
    doubtful : bool array of shape (m, n) or None
        Whether what is shown of that term has too few digits; None where nobody asks.
    columns : array of shape (n + 1,) or None
        The first lag of each column of a log axis, as `pooling.log_columns` has them.
    """

    block: int
    log10: Array
    sign: Array | None
    place: Array | None
    doubtful: Array | None = None
    columns: Array | None = None

    @property
    def steps(self) -> Array:
        """Where the cells' middles stand on the vertical axis, (m,)."""
        return 1.0 + 0.5 * (self.block - 1) + self.block * np.arange(len(self.log10))

    @property
    def across(self) -> Array:
        """The same on the horizontal axis; on a log axis where cells begin and end, (n + 1,)."""
        return self.steps if self.columns is None else log_edges(self.columns)

    @property
    def is_triangle(self) -> bool:
        """Whether a row has as many cells as it is far down."""
        return self.columns is None or self.block == 1

    @property
    def terms(self) -> tuple[Array, Array]:
        """Row and column, from 0, of the term that each cell shows, (m, n) each."""
        rows, columns = (np.asarray(index) for index in np.indices(self.log10.shape))
        if self.place is None:
            return rows, columns
        starts, widths = self.block * columns, np.array(self.block)
        if self.columns is not None:
            starts, widths = self.columns[:-1] - 1, np.diff(self.columns)
        row, column = np.divmod(self.place.astype(np.intp), widths)
        return self.block * rows + row, starts + column


def shown_cells(panel: Panel, view: View, block: int = 1) -> Cells:
    """The cells of a panel.

    Parameters
    ----------
    panel : Panel
        The terms.
    view : View
        How to show them.
    block : int
        Terms along each side of a cell; of more than one the largest is shown.
    """
    log10 = arranged(panel.relative if view.relative else panel.log10, view)
    sign = None
    if panel.sign is not None:
        sign = np.nan_to_num(arranged(panel.sign, view)).astype(np.int8)
    doubtful = panel.relative_doubtful if view.relative else panel.doubtful
    if doubtful is not None:
        doubtful = arranged(np.where(doubtful, 1.0, 0.0), view) == 1.0
    columns = log_columns(panel.T, block) if view.axis == "log" else None
    if block == 1:
        return Cells(1, log10.astype(np.float32), sign, None, doubtful, columns)
    largest = pooled(log10, block, columns)
    cells = Cells(block, largest.log10, None, largest.place, columns=columns)
    return replace(
        cells,
        sign=None if sign is None else sign[cells.terms],
        doubtful=None if doubtful is None else doubtful[cells.terms],
    )


def chequered(where: Array) -> Array:
    """0 and 1 by turns along rows and columns where that is so, float32; nan elsewhere."""
    turns = np.add.reduce(np.indices(where.shape)) % 2
    return np.where(where, turns.astype(np.float32), np.float32(np.nan))


def arranged(terms: Array, view: View) -> Array:
    """A (T, T) array with the columns the view's horizontal axis counts."""
    return by_source(terms) if view.axis == "source" else terms


def positions(cells: Cells, view: View) -> Array:
    """Where each cell stands on the colour scale, float32 (m, n); nan where it is drawn otherwise.

    Beyond the ends of the scale the colour is that of the end.
    """
    finite = np.isfinite(cells.log10)
    if not view.signs or cells.sign is None:
        return np.where(finite, cells.log10, np.float32(np.nan))
    above = np.maximum(cells.log10 - np.float32(view.low), np.float32(0.0))
    return np.where(finite, np.asarray(cells.sign, dtype=np.float32) * above, np.float32(np.nan))
