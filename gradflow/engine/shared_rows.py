"""Rows of signals of several targets at one step: plain numbers over a power of two each.

What reaches a layer from the one above comes in such rows. The bounds are those of
`gradflow.numerics.exponent_bounds`: numbers of a plain row lie within 2^-ROW of its largest, and a
row whose numbers lie further apart stands apart, with an exponent for every number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradflow.numerics.exponent_bounds import BEYOND, ROW
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled
from gradflow.numerics.shared_exponents import depths, tops


class RowsApart(NamedTuple):
    """Signals of rows whose numbers lie too far apart to share a power of two.

    Attributes
    ----------
    places : int array of shape (m,)
        Which rows, in no order.
    signals : tuple of Scaled arrays of shape (m, H)
        One for each signal, H its width.
    """

    places: Array
    signals: tuple[Scaled, ...]


class SharedRows(NamedTuple):
    """Rows of one signal: mantissa * 2^exponent.

    Attributes
    ----------
    mantissa : array of shape (n, W)
        Within 2^-ROW .. 2, or 0.
    exponent : int64 array of shape (n,)
        Powers of two; ZERO_EXPONENT where a row is 0 throughout, or apart.
    apart : RowsApart
        Rows for which its only signal stands instead, and which are 0 here.
    low : int
        2^low bounds the numbers of the mantissa from below, but for zeros; -ROW or more.
    """

    mantissa: Array
    exponent: Array
    apart: RowsApart
    low: int

    def scaled(self, places: Array) -> Scaled:
        """Some rows with an exponent for every number."""
        rows = Scaled.of(self.mantissa[places], self.exponent[places, None])
        if len(self.apart.places):
            where = np.full(len(self.exponent), -1)
            where[self.apart.places] = np.arange(len(self.apart.places))
            here = where[places] >= 0
            few = self.apart.signals[0][where[places][here]]
            rows.mantissa[here], rows.exponent[here] = few.mantissa, few.exponent
        return rows

    def columns(self, columns: slice) -> SharedRows:
        """Some of the numbers of each row."""
        places, (numbers,) = self.apart
        apart = RowsApart(places, (numbers[:, columns],))
        return self._replace(mantissa=self.mantissa[:, columns], apart=apart)

    def times(self, factor: Scaled) -> SharedRows:
        """The rows times a number for each column, (W,)."""
        return settled(self.scaled(np.arange(len(self.exponent))) * factor)


def plus(a: SharedRows, b: SharedRows) -> SharedRows:
    """Sums row by row."""
    top = np.maximum(a.exponent, b.exponent)
    # A row that is 0 in one of them, and so may be apart there, has nothing to align.
    down_a, down_b = (
        np.where(rows.exponent == ZERO_EXPONENT, 0, rows.exponent - top) for rows in (a, b)
    )
    mantissa = a.mantissa * _power(down_a) + b.mantissa * _power(down_b)
    places = np.flatnonzero(np.minimum(down_a, down_b) < -ROW)
    if len(a.apart.places) or len(b.apart.places):
        places = np.unique(np.concatenate([places, a.apart.places, b.apart.places]))
    if len(places):
        mantissa[places] = 0.0
        return tidied(mantissa, top, RowsApart(places, (a.scaled(places) + b.scaled(places),)))
    low = min(a.low + int(down_a.min()), b.low + int(down_b.min()))
    return tidied(mantissa, top) if low < -ROW else SharedRows(mantissa, top, a.apart, low)


def tidied(mantissa: Array, exponent: Array, apart: RowsApart | None = None) -> SharedRows:
    """Rows of plain numbers, none of which underflows, as `SharedRows` has them.

    Parameters
    ----------
    mantissa : array of shape (n, W)
        The numbers over their powers of two; overwritten.
    exponent : int64 array of shape (n,)
        The powers of two.
    apart : RowsApart, optional
        Rows of which these stand instead, where their numbers are 0.
    """
    size = np.abs(mantissa)
    largest = size.max(axis=1)
    _, shift = np.frexp(largest)
    scale = np.ldexp(1.0, -shift)[:, None]
    low = float((size.min(axis=1, keepdims=True) * scale).min())
    parts = [] if apart is None else [apart]
    if low < 2.0**-ROW:
        size = np.where(size == 0.0, 1.0, size * scale)
        deep = np.flatnonzero((size < 2.0**-ROW).any(axis=1))
        if len(deep):
            parts.append(RowsApart(deep, (Scaled.of(mantissa[deep], exponent[deep, None]),)))
            mantissa[deep], largest[deep], size[deep] = 0.0, 0.0, 1.0
        low = float(size.min())
    mantissa *= scale
    power = np.where(largest > 0.0, exponent + shift, ZERO_EXPONENT)
    plain = SharedRows(mantissa, power, _none_apart(mantissa.shape[1]), int(np.frexp(low)[1]) - 1)
    if not parts:
        return plain
    places = np.concatenate([part.places for part in parts])
    return _with(plain, places, Scaled.stacked([part.signals[0] for part in parts]))


def settled(numbers: Scaled) -> SharedRows:
    """Rows of numbers with an exponent each, (n, W), plain where they lie near each other."""
    n, W = numbers.shape
    return _with(zero_rows(n, W), np.arange(n), numbers)


def zero_rows(n: int, W: int) -> SharedRows:
    """n rows of W zeros."""
    return SharedRows(np.zeros((n, W)), np.full(n, ZERO_EXPONENT), _none_apart(W), 0)


def _none_apart(W: int) -> RowsApart:
    return RowsApart(np.zeros(0, np.intp), (Scaled.of(np.zeros((0, W))),))


def _with(rows: SharedRows, places: Array, numbers: Scaled) -> SharedRows:
    """Rows with numbers where they are 0: plain ones where these lie near each other."""
    top = tops(numbers)
    depth = depths(top, numbers)
    near = depth >= -ROW
    exponent = np.where(numbers.mantissa.any(axis=1), top[:, 0], ZERO_EXPONENT)
    rows.mantissa[places[near]] = numbers[near].over(top[near])
    rows.exponent[places[near]] = exponent[near]
    apart = RowsApart(places[~near], (numbers[~near],))
    return rows._replace(apart=apart, low=min(rows.low, int(depth[near].min(initial=0))))


def _power(shift: Array) -> Array:
    """2^shift as a column, for shifts of 0 and less; 0 where that is no float64."""
    return np.ldexp(1.0, np.maximum(shift, -BEYOND))[:, None]
