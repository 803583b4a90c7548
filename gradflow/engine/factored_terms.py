"""Terms as products of a row for the target and a column for the source step.

A source step's column is the same for every target, so a block of terms is one matrix product, made
when it is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradflow.numerics.exponent_bounds import PLAIN, ROW, least_right
from gradflow.numerics.scaled import (
    ZERO_EXPONENT,
    Array,
    Scaled,
    lagged,
    shifted,
)


@dataclass(frozen=True, eq=False)
class SpanTargets:
    """The targets that are asked for, and where they lie in spans of B steps.

    Spans are counted back from step T: span q holds the steps T - q B .. T - q B - B + 1, in this
    order, and the last span as many as are left.

    Attributes
    ----------
    targets : int array of shape (n,)
        Target steps, ascending.
    T, B : int
        Steps of the sequence and of a span.
    """

    targets: Array
    T: int
    B: int

    @property
    def Q(self) -> int:
        """How many spans there are."""
        return -(-self.T // self.B)

    @functools.cached_property
    def spans(self) -> Array:
        """The span that each target lies in, (n,)."""
        return np.asarray((self.T - self.targets) // self.B)

    @functools.cached_property
    def _places(self) -> Array:
        return np.asarray((self.T - self.targets) % self.B)

    @functools.cached_property
    def entries(self) -> Array:
        """The places in a span at which targets enter, ascending, (P,)."""
        return np.unique(self._places)

    @functools.cached_property
    def rows(self) -> Array:
        """Which of the entries is that of each target, (n,)."""
        return np.searchsorted(self.entries, self._places)

    def own(self, q: int) -> Array:
        """The entries of the targets in a span, targets ascending."""
        first, last = self.up_to[q + 1], self.up_to[q]
        return np.asarray(self.rows[first:last])

    @functools.cached_property
    def up_to(self) -> list[int]:
        """How many targets do not lie beyond each span; of one more span, none."""
        last = np.maximum(self.T - np.arange(self.Q + 1) * self.B, 0)
        found: list[int] = np.searchsorted(self.targets, last, side="right").tolist()
        return found

    def by_entry(self, values: Array) -> Array:
        """Values of the steps, (T,), by span and entry, (Q, P); 0 where no target lies."""
        found = np.zeros((self.Q, len(self.entries)), values.dtype)
        found[self.spans, self.rows] = values[self.targets - 1]
        return found

    def near(self, numbers: Array) -> Array:
        """Numbers by span, entry and step, (Q, P, B), by target and lag, (n, B); 0 where k > t."""
        wide = np.zeros((len(self.targets), 2 * self.B), numbers.dtype)
        wide[:, : self.B] = numbers[self.spans, self.rows]
        lags = np.arange(self.B)
        found = np.take_along_axis(wide, self._places[:, None] + lags, axis=1)
        found[lags >= self.targets[:, None]] = 0
        return found


@dataclass(frozen=True)
class TargetRows:
    """Rows of targets, for each span of source steps.

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


class Factors(NamedTuple):
    """Rows and columns with an exponent for every number.

    Attributes
    ----------
    rows : Scaled array of shape (S, N)
        As those of `TargetRows`.
    columns : Scaled array of shape (S, Q, B)
        One column for each step of each span.
    """

    rows: Scaled
    columns: Scaled

    def lead(self, q: int, rows: slice, width: int) -> Array:
        """Whether rows times columns of a span have a product other than 0, (n, width)."""
        some, columns = self.rows.mantissa[:, rows], self.columns.mantissa[:, q, :width]
        return (some != 0.0).astype(float).T @ (columns != 0.0).astype(float) > 0.0

    def products(self, q: int, rows: Array, steps: Array) -> Scaled:
        """Rows times columns of a span, one by one, (n,)."""
        return (self.rows[:, rows] * self.columns[:, q, steps]).sum(axis=0)


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
    near : array of shape (n, B)
        A row for each target, lag k in column k - 1; 0 where they do not lie in one span.
    near_exponent : int64 array of shape (n, B)
        Powers of two of those.
    targets : SpanTargets
        The targets.
    apart : Factors, optional
        Rows and columns again, where a power of two for each does not hold all their numbers:
        products of what it does hold are then looked at.
    """

    rows: TargetRows
    columns: Array
    column_exponent: Array
    near: Array
    near_exponent: Array
    targets: SpanTargets
    apart: Factors | None = None

    @classmethod
    def of_factors(cls, factors: Factors, near: Scaled, targets: SpanTargets) -> Signal:
        """A power of two for each row and each column, and the exponents if that loses any."""
        rows, row_exponent, row_depth = _over_largest(factors.rows)
        columns, column_exponent, column_depth = _over_largest(factors.columns)
        return cls(
            TargetRows(rows.T, row_exponent),
            columns.swapaxes(0, 1),
            column_exponent,
            near.mantissa,
            np.where(near.mantissa == 0.0, 0, near.exponent),
            targets,
            None if min(row_depth, column_depth) >= -ROW else factors,
        )

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
        if self.signal.apart is not None:
            self._find_lost(self.signal.apart, targets, out, exponent)
        return exponent[:, : targets.stop]

    @functools.cached_property
    def _is_plain(self) -> bool:
        """Whether no term, and nothing that is made on the way to one, leaves float64."""
        if self.signal.apart is not None:
            return False
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
        own = lagged(factors)[self.signal.targets.targets - 1, :B]
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
        own = slice(0, min(near.shape[1], targets.stop))
        row = self._row(targets)
        out[:, own] = near[row : row + len(out), own]
        for q, some, place, width in self._far(targets):
            combine(rows[some], columns[q, :, :width], out=_slanted(out, place, width))

    def _find_lost(self, factors: Factors, targets: slice, out: Array, exponent: Array) -> None:
        """Find terms anew that a power of two for each row and each column has lost."""
        T, B = self.signal.targets.T, self.signal.targets.B
        are_small = np.abs(out) < least_right(0, 0)
        for q, some, place, width in self._far(targets):
            is_small = _slanted(are_small, place, width)
            if not is_small.any():
                continue
            factor = self.factor[T - q * B - width : T - q * B][::-1]
            is_lost = is_small & factors.lead(q, some, width) & (factor.mantissa != 0.0)
            row, step = np.nonzero(is_lost)
            if not len(row):
                continue
            terms = factors.products(q, some.start + row, step) * factor[step]
            found, power = (_slanted(array, place, width) for array in (out, exponent))
            found[row, step], power[row, step] = terms.mantissa, terms.exponent

    def _far(self, targets: slice) -> Iterator[tuple[int, slice, tuple[int, int], int]]:
        """For each span beyond which some targets lie: it, their rows, and where its terms go."""
        among, row = self.signal.targets, self._row(targets)
        entered = 0  # rows of the spans before
        for q, last in enumerate(range(among.T, 0, -among.B)):
            first = max(targets.start, last) - targets.start  # the first target beyond the span
            count = targets.stop - targets.start - first
            if count > 0:
                place = entered + row + first - among.up_to[q]
                # The span's part of row t - 1 begins at column t - last.
                column = targets.start + first + 1 - last
                yield q, slice(place, place + count), (first, column), min(among.B, last)
            entered += len(among.targets) - among.up_to[q]

    def _row(self, targets: slice) -> int:
        """Which of the targets that are asked for is the first of some."""
        return int(np.searchsorted(self.signal.targets.targets, targets.start + 1))


def _over_largest(numbers: Scaled) -> tuple[Array, Array, int]:
    """Numbers over the power of two of the largest along axis 0, it, and the depth of the least."""
    top = numbers.exponent.max(axis=0)
    top[top <= ZERO_EXPONENT // 2] = 0
    depth = np.where(numbers.mantissa == 0.0, 0, numbers.exponent - top).min(initial=0)
    return numbers.over(top), top, int(depth)


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
