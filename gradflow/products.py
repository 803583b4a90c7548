"""Terms as products of a row for the target and a column for the source step.

A source step's column is the same for every target, so a block of terms is one matrix product, made
when it is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradflow.scaled import Array, shifted

# Products within 2^-1000 .. 2^1000 are plain float64.
_PLAIN = 1000


@dataclass(frozen=True)
class Rows:
    """Rows of targets, for each span of source steps.

    The steps are taken in spans, counted back from the end: span q holds the steps
    T - q B .. T - q B - B + 1, in this order, and the last span as many as are left.

    Attributes
    ----------
    numbers : array of shape (N, S)
        One row for each span and each target beyond it: span after span, targets ascending.
    exponent : int64 array of shape (N,)
        Powers of two of the rows.
    """

    numbers: Array
    exponent: Array

    @functools.cached_property
    def range(self) -> tuple[int, int]:
        """Powers of two between which 1 and all of the rows lie."""
        return power_range(self.numbers, self.exponent[:, None])

    @functools.cached_property
    def plain(self) -> Array:
        """The rows as float64."""
        return shifted(self.numbers, self.exponent[:, None])


@dataclass(frozen=True)
class Product:
    """Terms of every target and lag, as rows times columns.

    Where target and source step lie in one span, their term stands in `near`.

    Attributes
    ----------
    rows : Rows
        One row for each span and each target beyond it.
    columns : array of shape (Q, S, B)
        One column for each step of each span.
    column_exponent : int64 array of shape (Q, B)
        Powers of two of the columns.
    near : array of shape (T, B)
        Target step t in row t - 1, lag k in column k - 1; 0 where they do not lie in one span.
    near_exponent : int64 array of shape (T, B)
        Powers of two of those.
    """

    rows: Rows
    columns: Array
    column_exponent: Array
    near: Array
    near_exponent: Array

    def fill(self, targets: slice, out: Array) -> Array:
        """As `Terms` has it."""
        if self._plain is None:
            exponent = np.zeros(out.shape, np.int64)
            powers = self.column_exponent[:, None]  # (Q, 1, B)
            self._place(self.rows.numbers, self.columns, self.near, np.matmul, targets, out)
            self._place(
                self.rows.exponent[:, None], powers, self.near_exponent, np.add, targets, exponent
            )
            return exponent[:, : targets.stop]
        columns, near = self._plain
        self._place(self.rows.plain, columns, near, np.matmul, targets, out)
        return np.zeros((), np.int64)

    @functools.cached_property
    def _plain(self) -> tuple[Array, Array] | None:
        """Columns and near terms as float64, if no term leaves it; else None."""
        columns = (self.columns, self.column_exponent[:, None])
        near = (self.near, self.near_exponent)
        lowest, highest = map(sum, zip(self.rows.range, power_range(*columns), strict=True))
        near_lowest, near_highest = power_range(*near)
        if min(lowest, near_lowest) < -_PLAIN or max(highest, near_highest) > _PLAIN:
            return None
        return shifted(*columns), shifted(*near)

    def _place(
        self,
        rows: Array,
        columns: Array,
        near: Array,
        combine: Callable[..., Array],
        targets: slice,
        out: Array,
    ) -> None:
        """Write near terms, and rows combined with columns, at their targets and lags."""
        T, B = near.shape
        own = slice(0, min(B, targets.stop))
        out[:, own] = near[targets, own]
        entered = 0  # rows of the spans before
        for q, last in enumerate(range(T, 0, -B)):
            first = max(targets.start, last)  # row of the first target beyond the span
            if first < targets.stop:
                some = slice(entered + first - last, entered + targets.stop - last)
                # The span's part of row t - 1 begins at column t - last.
                place = (first - targets.start, first + 1 - last)
                terms = _slanted(out, place, min(B, last))
                combine(rows[some], columns[q, :, :last], out=terms)
            entered += T - last


def power_range(numbers: Array, exponent: Array | int = 0) -> tuple[int, int]:
    """Powers of two between which 1 and all numbers * 2^exponent other than 0 lie."""
    fraction, power = np.frexp(numbers)
    some = fraction != 0.0
    power = power + np.asarray(exponent, np.int64)
    low, high = np.where(some, power, 1), np.where(some, power, 0)
    return int(low.min(initial=1)) - 1, int(high.max(initial=0))


def _slanted(array: Array, place: tuple[int, int], width: int) -> Array:
    """A view of `width` columns of every row from a place on, one column further in each row."""
    row, column = place
    rows, columns = array.shape
    size = array.itemsize
    return np.ndarray(
        (rows - row, width),
        array.dtype,
        array,
        offset=(row * columns + column) * size,
        strides=((columns + 1) * size, size),
    )
