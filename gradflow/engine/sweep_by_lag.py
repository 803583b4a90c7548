"""The rows of all steps carried back together: each its own first step, then each its second.

Rows that stand at different steps meet different slopes, but the same weights. So slopes and
weights are kept apart, and a step back of all rows is a few matrix products. What one lag adds to
a gradient is then there at once, and nothing of the lags before need be held. Plain float64.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gradflow.cells.base import Cell, Step, Tree, each
from gradflow.numerics.scaled import Array, plain_numbers


def carry_by_lag(cell: Cell, slopes: Tree, rows: tuple[Array, ...]) -> Iterator[tuple[Array, ...]]:
    """Carry rows that start at every step back, all by one step at a time.

    Parameters
    ----------
    cell : Cell
        What a step back is.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    rows : tuple of arrays of shape (T, H)
        One for each carried state, H its width: what starts at step j, in row j - 1.

    Yields
    ------
    tuple of arrays of shape (T + 1 - k, H)
        The complete signals at lag k = 1, 2, .., T: those that have come to step j, from step
        j + k - 1, in row j - 1.
    """
    plain = each(plain_numbers, slopes)
    for n in range(len(rows[0]), 0, -1):
        signals, before = back_each(cell, each(operator.itemgetter(slice(n)), plain), rows)
        yield signals
        rows = tuple(state[1:] for state in before)


def back_each(cell: Cell, slopes: Tree, rows: tuple[Array, ...]) -> Step:
    """One step back of every row from a step of its own.

    Parameters
    ----------
    cell : Cell
        What a step back is.
    slopes : tree of arrays of shape (n, H), or (1, H) where all rows stand at one step
        The cell's local derivatives, plain.
    rows : tuple of arrays of shape (n, H)
        One for each carried state.

    Returns
    -------
    signals, carried : tuples of arrays of shape (n, H)
        As `Cell.back` has it.
    """
    return cell.back(cell.moves(slopes, uncombined(cell.recurrent())), rows)


def uncombined(w: Tree) -> Tree:
    """Recurrent weights that make no matrix with the slopes they meet: for few rows at a step."""
    return each(_Weights, w)


class _Weights:
    """Weights that wait for the slopes of each row: (gates, H, H), or (H, H) of one gate."""

    __array_ufunc__ = None

    def __init__(self, w: Array) -> None:
        self._w = w

    def __getitem__(self, gates: Any) -> _Weights:
        return _Weights(self._w[gates])

    def __rmul__(self, slope: Array) -> _Maps:
        return _Maps((_Part(slope[..., None, :, 0], self._w),))

    def blended(self, slopes: tuple[Array, ...]) -> _Maps:
        """As `cells.base.blended` has it."""
        w = self._w.reshape(-1, self._w.shape[-1])
        return _Maps((_Part(np.stack(slopes, axis=-2), w),))


class _Part(NamedTuple):
    """Slopes of some gates, (.., n, gates, H), and their weights below each other."""

    slopes: Array
    w: Array

    def carried(self, signal: Array) -> Array:
        """Signals (n, H) through them, all gates in one product."""
        rows = signal[:, None] * self.slopes  # (n, gates, H)
        return np.asarray(rows.reshape(len(rows), -1) @ self.w)


class _Maps:
    """A map for each row: the sum over gates of diag(the row's slopes) times the gate's weights."""

    __array_ufunc__ = None

    def __init__(self, parts: tuple[_Part, ...]) -> None:
        self._parts = parts
        slopes, w = parts[0]
        self.shape = (slopes.shape[-1], w.shape[-1])

    def __iter__(self) -> Iterator[_Maps]:
        """Those of each step, of slopes of many steps."""
        slopes, weights = zip(*self._parts, strict=True)
        for of_step in zip(*slopes, strict=True):
            yield _Maps(tuple(map(_Part, of_step, weights)))

    def __add__(self, other: _Maps) -> _Maps:
        return _Maps(self._parts + other._parts)

    def __rmatmul__(self, signal: Array) -> Array:
        found = self._parts[0].carried(signal)
        for part in self._parts[1:]:
            found += part.carried(signal)
        return found

    __rmul__ = __rmatmul__  # by which maps of one unit are taken
