"""Blocks of cells: what a screen shows of more terms than it has pixels for."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gradflow.numerics.scaled import Array

# From this many steps on a screen gets blocks; up to it each term is a cell.
LONG = 400

# Blocks a side at most, about a panel's height in pixels.
_MOST = 300

_ZERO = np.finfo(np.float32).min


# Cells a side of a downloaded page, which is to stay below 10 MB, and of a picture.
_MOST_IN_PAGE = 400
_MOST_IN_PICTURE = 500


class Pooled(NamedTuple):
    """The largest of each block of n by n terms.

    Attributes
    ----------
    log10 : float32 array of shape (m, m)
        Minus infinity where all terms of the block are exactly zero, nan where it has none.
    place : uint8 array of shape (m, m)
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


def pooled(log10: Array, n: int) -> Pooled:
    """The largest of each block of n by n terms; the last blocks may have fewer.

    Parameters
    ----------
    log10 : array of shape (T, T)
        Minus infinity where exactly zero, nan where there is no term.
    n : int
        1 to 16.

    Returns
    -------
    Pooled
        m is T / n, rounded up.
    """
    # An exact zero stands above no term at all: only then are both told apart by comparisons,
    # which a nan always loses.
    sizes = np.maximum(log10, _ZERO, dtype=np.float32)
    rows, row = _largest(sizes, n)
    across, column = _largest(rows.T, n)
    column = column.T
    starts = n * np.arange(column.shape[1])
    place = np.take_along_axis(row, starts + column, axis=1) * n + column
    sizes = np.where(np.isneginf(across), np.float32(np.nan), across)
    return Pooled(
        np.ascontiguousarray(np.where(sizes == _ZERO, np.float32(-np.inf), sizes).T),
        place.astype(np.uint8),
    )


def _largest(sizes: Array, n: int) -> tuple[Array, Array]:
    """Largest of every n rows, and which of them it is; minus infinity where all are nan."""
    m = math.ceil(len(sizes) / n)
    best = np.full((m, sizes.shape[1]), -np.inf, dtype=np.float32)
    index = np.zeros(best.shape, dtype=np.uint8)
    for step in range(n):
        each = sizes[step::n]
        ahead = each > best[: len(each)]
        np.copyto(best[: len(each)], each, where=ahead)
        index[: len(each)][ahead] = step
    return best, index
