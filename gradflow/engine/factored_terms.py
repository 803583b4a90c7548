"""Terms as products of a row for the target and a column for the source step.

A source step's column is the same for every target, so a block of terms is one matrix product, made
when it is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradflow.engine.span_rows import RowsByPiece, SpanPiece, TargetRows, power_range
from gradflow.numerics.exponent_bounds import PLAIN
from gradflow.numerics.scaled import Array, Scaled, lagged, shifted


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
class Signal:
    """One signal of every target and source step, as rows times columns.

    Where target and source step lie in one span, its number stands in `near`.

    Attributes
    ----------
    rows : TargetRows or RowsByPiece
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
    """

    rows: TargetRows | RowsByPiece
    columns: Array
    column_exponent: Array
    near: Array
    near_exponent: Array
    targets: SpanTargets

    @functools.cached_property
    def range(self) -> tuple[int, int]:
        """Powers of two between which 1 and all numbers other than 0 lie, all steps on the way."""
        columns = power_range(self.columns, self.column_exponent[:, None])
        low, high = map(sum, zip(self.rows.range, columns, strict=True))
        near_low, near_high = power_range(self.near, self.near_exponent)
        return min(low, near_low), max(high, near_high)

    @functools.cached_property
    def plain(self) -> tuple[Array, Array, Array]:
        """Rows, columns and near numbers as float64, where `range` tells that it holds them."""
        assert isinstance(self.rows, TargetRows)
        return (
            self.rows.plain,
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
        columns, near = self._numbers
        own = self._own(targets)
        out[:, own[1]] = near[own]
        if self._is_plain:
            rows, *_ = self.signal.plain
            for span in self._far(targets):
                np.matmul(rows[span.rows], columns[span.q, :, span.steps], out=_slanted(out, span))
            return np.zeros((), np.int64)
        powers, near_powers = self._exponents
        exponent = np.zeros(out.shape, np.int64)
        exponent[:, own[1]] = near_powers[own]
        for piece, numbers, power in self.signal.rows.by_piece(self._far(targets)):
            place = piece.q, slice(None), piece.steps
            np.matmul(numbers, columns[place], out=_slanted(out, piece))
            np.add(power[:, None], powers[place], out=_slanted(exponent, piece))
        return exponent[:, : targets.stop]

    @functools.cached_property
    def _is_plain(self) -> bool:
        """Whether no term, and nothing that is made on the way to one, leaves float64."""
        factors = power_range(self.factor.mantissa, self.factor.exponent)
        low, high = map(sum, zip(self.signal.range, factors, strict=True))
        return low >= -PLAIN and high <= PLAIN

    @functools.cached_property
    def _numbers(self) -> tuple[Array, Array]:
        """RowsAndColumns and near numbers times the factors."""
        if self._is_plain:
            _, columns, near = self.signal.plain
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

    def _own(self, targets: slice) -> tuple[slice, slice]:
        """Where the near terms of some targets stand, and their lags."""
        row, lags = self._row(targets), min(self.signal.targets.B, targets.stop)
        return slice(row, row + targets.stop - targets.start), slice(0, lags)

    def _far(self, targets: slice) -> Iterator[SpanPiece]:
        """The spans beyond which some targets lie."""
        among, row = self.signal.targets, self._row(targets)
        entered = 0  # rows of the spans before
        for q, last in enumerate(range(among.T, 0, -among.B)):
            first = max(targets.start, last) - targets.start  # the first target beyond the span
            count = targets.stop - targets.start - first
            if count > 0:
                start = entered + row + first - among.up_to[q]
                # The span's part of row t - 1 begins at column t - last.
                column = targets.start + first + 1 - last
                steps, rows = slice(0, min(among.B, last)), slice(start, start + count)
                yield SpanPiece(q, steps, rows, (first, column))
            entered += len(among.targets) - among.up_to[q]

    def _row(self, targets: slice) -> int:
        """Which of the targets that are asked for is the first of some."""
        return int(np.searchsorted(self.signal.targets.targets, targets.start + 1))


def _slanted(array: Array, piece: SpanPiece) -> Array:
    """A view of the terms of a piece of a span: each row begins one column further."""
    row, column = piece.place
    steps, (rows, columns) = piece.steps, array.shape
    size = array.itemsize
    return np.ndarray(
        (rows - row, steps.stop - steps.start),
        array.dtype,
        array,
        offset=(row * columns + column + steps.start) * size,
        strides=((columns + 1) * size, size),
    )


def by_span(values: Array, Q: int, B: int) -> Array:
    """values of the steps by span, last step first: (T, ..) to (Q, B, ..); 0 before step 1."""
    rest = values.shape[1:]
    filled = np.zeros((Q * B, *rest), values.dtype)
    filled[: len(values)] = values[::-1]
    return filled.reshape(Q, B, *rest)
