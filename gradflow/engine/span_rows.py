"""Rows of targets as they meet the columns of spans, over a power of two for each row."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradflow.numerics.exponent_bounds import ROW, UNKNOWN
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled, shifted


class SpanPiece(NamedTuple):
    """A span, or a piece of it, and targets beyond it.

    Attributes
    ----------
    q : int
        The span.
    steps : slice
        Places of its steps.
    rows : slice
        The targets' rows at the span.
    place : tuple of two ints
        Where the term of the first of the targets and the first step of the span goes.
    """

    q: int
    steps: slice
    rows: slice
    place: tuple[int, int]


class PieceRows(NamedTuple):
    """A piece of a span and rows that meet its columns.

    Attributes
    ----------
    piece : SpanPiece
        The piece and the targets.
    numbers : array of shape (n, S)
        The rows.
    exponent : int64 array of shape (n,)
        Their powers of two.
    """

    piece: SpanPiece
    numbers: Array
    exponent: Array


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

    def by_piece(self, spans: Iterable[SpanPiece]) -> Iterator[PieceRows]:
        """The rows that meet each of the spans."""
        for span in spans:
            yield PieceRows(span, self.numbers[span.rows], self.exponent[span.rows])


@dataclass(frozen=True)
class RowsByPiece:
    """The same, over other powers of two for each piece of a span.

    Attributes
    ----------
    numbers : Scaled array of shape (S, N)
        The rows.
    starts : list of lists of int
        The places in each span at which a piece begins.
    moved : int64 array of shape (S, Q, B)
        Powers of two that the numbers of a row take over from the columns of a step.
    """

    numbers: Scaled
    starts: list[list[int]]
    moved: Array

    @property
    def range(self) -> tuple[int, int]:
        """Not known: the rows have numbers of their own for each piece."""
        return UNKNOWN, -UNKNOWN

    def by_piece(self, spans: Iterable[SpanPiece]) -> Iterator[PieceRows]:
        """The rows that meet each piece of the spans."""
        pieces = [piece for span in spans for piece in self._pieces(span)]
        if not pieces:
            return
        counts = [piece.rows.stop - piece.rows.start for piece in pieces]
        moved = [self.moved[:, piece.q, piece.steps.start] for piece in pieces]
        mantissa, exponent = (
            np.concatenate([part[:, piece.rows] for piece in pieces], axis=1)
            for part in (self.numbers.mantissa, self.numbers.exponent)
        )
        exponent += np.repeat(np.stack(moved, axis=1), counts, axis=1)
        numbers, power = over_largest(Scaled(mantissa, exponent))
        stops = itertools.accumulate(counts)
        for piece, count, stop in zip(pieces, counts, stops, strict=True):
            own = slice(stop - count, stop)
            yield PieceRows(piece, numbers[:, own].T, power[own])

    def _pieces(self, span: SpanPiece) -> Iterator[SpanPiece]:
        width = span.steps.stop
        for first, stop in itertools.pairwise((*self.starts[span.q], width)):
            if first < width:
                steps = slice(first, min(stop, width))
                yield SpanPiece(span.q, steps, span.rows, span.place)


class RowsAndColumns(NamedTuple):
    """Rows and columns of signals, over a power of two for each.

    Attributes
    ----------
    rows : TargetRows or RowsByPiece
        The rows.
    numbers : array of shape (Q, S, B)
        One column for each step of each span.
    exponent : int64 array of shape (Q, B)
        Powers of two of the columns.
    """

    rows: TargetRows | RowsByPiece
    numbers: Array
    exponent: Array


def shared_powers(rows: Scaled, columns: Scaled, beyond: Array) -> RowsAndColumns:
    """Find a power of two for each row and each column that loses nothing of their products.

    The numbers of a row are first moved as far as the largest of the columns that they meet, and
    the columns back. Where a row or a column of a span still is too deep for one power of two, the
    span is parted into pieces.

    Parameters
    ----------
    rows : Scaled array of shape (S, N)
        Rows of the targets beyond each span, span after span.
    columns : Scaled array of shape (S, Q, B)
        The columns.
    beyond : int array of shape (Q,)
        How many rows meet each span.
    """
    moved = columns.exponent.max(axis=2)
    moved[moved <= ZERO_EXPONENT // 2] = 0
    some = Scaled(rows.mantissa, rows.exponent + np.repeat(moved, beyond, axis=1))
    back = _back(columns, moved[:, :, None])
    is_deep: Array = np.any(_is_deep(back), axis=1)
    is_deep[np.repeat(np.arange(len(beyond)), beyond)[_is_deep(some)]] = True
    if not is_deep.any():
        numbers, exponent = over_largest(some)
        return _columns(TargetRows(numbers.T, exponent), back)
    begins = _piece_begins(columns) & is_deep[:, None]
    begins[:, 0] = True
    first = np.maximum.accumulate(np.where(begins, np.arange(begins.shape[1]), 0), axis=1)
    by_piece = np.take_along_axis(columns.exponent, first[None], axis=2)
    by_piece = np.where(is_deep[:, None], by_piece, moved[:, :, None])
    starts = [np.flatnonzero(span).tolist() for span in begins]
    return _columns(RowsByPiece(rows, starts, by_piece), _back(columns, by_piece))


def _columns(rows: TargetRows | RowsByPiece, columns: Scaled) -> RowsAndColumns:
    numbers, exponent = over_largest(columns)
    return RowsAndColumns(rows, numbers.swapaxes(0, 1), exponent)


def _is_deep(numbers: Scaled) -> Array:
    """Whether numbers along axis 0 lie too far apart for one power of two."""
    depth = numbers.exponent - numbers.exponent.max(axis=0)
    return np.asarray(((depth < -ROW) & (numbers.mantissa != 0.0)).any(axis=0))


def _back(columns: Scaled, moved: Array) -> Scaled:
    is_zero = columns.mantissa == 0.0
    return Scaled(columns.mantissa, np.where(is_zero, ZERO_EXPONENT, columns.exponent - moved))


def _piece_begins(columns: Scaled) -> Array:
    """Where pieces of columns begin that lie near the first of the piece, (Q, B).

    Each column is taken over its largest number. Then every number of a piece is within 2^ROW of
    that of the same signal in the first column, and is 0 exactly where that is 0. A column that is
    0 throughout fits any piece.
    """
    exponent = columns.exponent - columns.exponent.max(axis=0)
    exponent[columns.mantissa == 0.0] = ZERO_EXPONENT
    is_there: Array = np.any(columns.mantissa, axis=0)
    begins = np.zeros(is_there.shape, bool)
    first = exponent[:, :, 0]
    for p in range(1, is_there.shape[1]):
        here = exponent[:, :, p]
        begins[:, p] = (np.abs(here - first) > ROW).any(axis=0) & is_there[:, p]
        first = np.where(begins[:, p], here, first)
    return begins


def over_largest(numbers: Scaled) -> tuple[Array, Array]:
    """Numbers over the power of two of the largest along axis 0, and it; 0 where all are 0."""
    top = numbers.exponent.max(axis=0)
    top[top <= ZERO_EXPONENT // 2] = 0
    return numbers.over(top), top


def power_range(numbers: Array, exponent: Array | int = 0) -> tuple[int, int]:
    """Powers of two between which 1 and all numbers * 2^exponent other than 0 lie."""
    fraction, power = np.frexp(numbers)
    some = fraction != 0.0
    power = power + np.asarray(exponent, np.int64)
    low, high = np.where(some, power, 1), np.where(some, power, 0)
    return int(low.min(initial=1)) - 1, int(high.max(initial=0))
