"""Terms as products of a row for the target and a column for the source step.

A source step's column is the same for every target, so a block of terms is one matrix product, made
when it is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradflow.numerics.exponent_bounds import PLAIN
from gradflow.numerics.scaled import (
    Array,
    Scaled,
    lagged,
    shifted,
)


@dataclass(frozen=True)
class TargetRows:
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
class Signal:
    """One signal of every target and source step, as rows times columns.

    Where target and source step lie in one span, its number stands in `near`.

    Attributes
    ----------
    rows : TargetRows
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

    rows: TargetRows
    columns: Array
    column_exponent: Array
    near: Array
    near_exponent: Array

    @functools.cached_property
    def range(self) -> tuple[int, int]:
        """Powers of two between which 1 and all numbers other than 0 lie, all steps on the way."""
        columns = power_range(self.columns, self.column_exponent[:, None])
        low, high = map(sum, zip(self.rows.range, columns, strict=True))
        near_low, near_high = power_range(self.near, self.near_exponent)
        return min(low, near_low), max(high, near_high)

    @functools.cached_property
    def plain(self) -> tuple[Array, Array]:
        """Columns and near numbers as float64."""
        return (
            shifted(self.columns, self.column_exponent[:, None]),
            shifted(self.near, self.near_exponent),
        )


@dataclass(frozen=True)
class FactoredTerms:
    """Terms of every target and lag: a signal times one factor a source step.

    Attributes
    ----------
    signal : Signal
        The signal.
    factor : Scaled array of shape (T,)
        The factors.
    """

    signal: Signal
    factor: Scaled

    def fill(self, targets: slice, out: Array) -> Array:
        """As `Terms` has it."""
        rows = self.signal.rows
        if self._is_plain:
            self._place(rows.plain, *self._numbers, np.matmul, targets, out)
            return np.zeros((), np.int64)
        exponent = np.zeros(out.shape, np.int64)
        self._place(rows.numbers, *self._numbers, np.matmul, targets, out)
        self._place(rows.exponent[:, None], *self._exponents, np.add, targets, exponent)
        return exponent[:, : targets.stop]

    @functools.cached_property
    def _is_plain(self) -> bool:
        """Whether no term, and nothing that is made on the way to one, leaves float64."""
        factors = power_range(self.factor.mantissa, self.factor.exponent)
        low, high = map(sum, zip(self.signal.range, factors, strict=True))
        return low >= -PLAIN and high <= PLAIN

    @functools.cached_property
    def _numbers(self) -> tuple[Array, Array]:
        """Columns and near numbers times the factors."""
        if self._is_plain:
            columns, near = self.signal.plain
            return self._combined(np.multiply, columns, near, self.factor.plain())
        signal = self.signal
        return self._combined(np.multiply, signal.columns, signal.near, self.factor.mantissa)

    @functools.cached_property
    def _exponents(self) -> tuple[Array, Array]:
        """Powers of two of the columns, (Q, 1, B), and of the near terms."""
        signal = self.signal
        powers = signal.column_exponent[:, None]
        return self._combined(np.add, powers, signal.near_exponent, self.factor.exponent)

    def _combined(
        self, combine: Callable[..., Array], columns: Array, near: Array, factors: Array
    ) -> tuple[Array, Array]:
        Q, _, B = columns.shape
        own = lagged(factors)[:, :B]
        return combine(columns, by_span(factors, Q, B)[:, None]), combine(near, own)

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


def by_span(values: Array, Q: int, B: int) -> Array:
    """values of the steps by span, last step first: (T, ..) to (Q, B, ..); 0 before step 1."""
    rest = values.shape[1:]
    filled = np.zeros((Q * B, *rest), values.dtype)
    filled[: len(values)] = values[::-1]
    return filled.reshape(Q, B, *rest)
