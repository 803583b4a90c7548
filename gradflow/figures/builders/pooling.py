"""Blocks of cells: what a screen shows of more terms than it has pixels for."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gradflow.numerics.scaled import Array

# From this many steps on a screen gets blocks; up to it each term is a cell.
LONG = 400

# Blocks a side at most, about a panel's height in pixels.
_MOST = 300

_ZERO = np.finfo(np.float32).min

# Columns of a log axis that double the lag, at most.
_TO_DOUBLE = 24


# Cells a side of a downloaded page, which is to stay below 10 MB, and of a picture.
_MOST_IN_PAGE = 400
_MOST_IN_PICTURE = 500


class Pooled(NamedTuple):
    """The largest of each block of n by n terms.

    Attributes
    ----------
    log10 : float32 array of shape (m, columns)
        Minus infinity where all terms of the block are exactly zero, nan where it has none.
    place : array of shape (m, columns)
        Which of the block's terms that is, counted along its rows from 0.
    """

    log10: Array
    place: Array


def block_size(T: int) -> int:
    """Terms along each side of a block on the screen: 1 below 400 steps, then 2 and more."""
    return 1 if T < LONG else max(2, math.ceil(T / _MOST))


def page_block(T: int) -> int:
    """Terms along each side of a block in a page of charts to keep."""
    return max(1, math.ceil(T / _MOST_IN_PAGE))


def picture_block(T: int) -> int:
    """Terms along each side of a block in a picture."""
    return max(1, math.ceil(T / _MOST_IN_PICTURE))


def log_columns(T: int, n: int) -> Array:
    """The first lag of each column of a log axis, and T + 1 behind the last.

    Where cells are blocks near lags have columns of their own nevertheless; only far ones, which
    stand closer than a screen has pixels for, share a column.

    Parameters
    ----------
    T : int
        Steps.
    n : int
        Steps of a row.
    """
    if n == 1:
        return np.arange(1, T + 2)
    firsts = [1]
    while firsts[-1] <= T:
        firsts.append(max(firsts[-1] + 1, int(firsts[-1] * 2.0 ** (1.0 / _TO_DOUBLE))))
    return np.array([*firsts[:-1], T + 1])


def log_edges(columns: Array) -> Array:
    """Where the columns of `log_columns` begin, and the last one ends, on a log axis of lags."""
    return np.sqrt(np.maximum(columns * (columns - 1.0), 0.5))


def pooled(log10: Array, n: int, columns: Array | None = None) -> Pooled:
    """The largest of each block of n by n terms; the last blocks may have fewer.

    Parameters
    ----------
    log10 : array of shape (T, T)
        Minus infinity where exactly zero, nan where there is no term.
    n : int
        1 to 16.
    columns : array of shape (columns + 1,), optional
        Blocks of n rows by these columns instead, as `log_columns` has them.

    Returns
    -------
    Pooled
        m is T / n, rounded up.
    """
    # An exact zero stands above no term at all: only then are both told apart by comparisons,
    # which a nan always loses.
    sizes = np.maximum(log10, _ZERO, dtype=np.float32)
    rows, row = _largest(sizes, n)
    if columns is None:
        column = _largest(rows.T, n)[1].T
        starts, widths = n * np.arange(column.shape[1]), np.array(n)
    else:
        spans = pairwise(columns - 1)
        column = np.stack([rows[:, start:end].argmax(axis=1) for start, end in spans], axis=1)
        starts, widths = columns[:-1] - 1, np.diff(columns)
    place = np.take_along_axis(row, starts + column, axis=1) * widths + column
    across = np.take_along_axis(rows, starts + column, axis=1)
    sizes = np.where(np.isneginf(across), np.float32(np.nan), across)
    return Pooled(
        np.where(sizes == _ZERO, np.float32(-np.inf), sizes),
        place.astype(np.uint8 if columns is None else np.uint16),
    )


def _largest(sizes: Array, n: int) -> tuple[Array, Array]:
    """Largest of every n rows, and which of them it is; minus infinity where all are nan."""
    m = math.ceil(len(sizes) / n)
    best = np.full((m, sizes.shape[1]), -np.inf, dtype=np.float32)
    index = np.zeros(best.shape, dtype=np.uint8)
    for step in range(n):
        each = sizes[step::n]
        ahead = each > best[: len(each)]
        np.fmax(best[: len(each)], each, out=best[: len(each)])
        np.copyto(index[: len(each)], step, where=ahead)
    return best, index
