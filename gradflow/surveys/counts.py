"""How often each bin was met: whole numbers, which add up in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen

# Bins of what is no number to take a logarithm of. They sort as the values do.
ZERO, INFINITE, UNDEFINED = -(2**31), 2**31 - 2, 2**31 - 1

# Widths of a bin in log10: of a term's size, and of a measure.
SIZE_WIDTH, MEASURE_WIDTH = 0.05, 0.01

# log10 of what is the largest size and, below zero, the smallest; what lies beyond counts as that.
# So the number of bins has a bound.
LIMIT = 400.0

_SECOND, _THIRD = 16, 32


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """How often keys of three whole numbers were met.

    Attributes
    ----------
    keys : int64 array of shape (n,)
        Ascending; the three numbers packed in one, the first foremost.
    counts : int64 array of shape (n,)
        How often, at least once.
    """

    keys: Array
    counts: Array

    @classmethod
    def of(cls, first: Array | int, second: Array | int, third: Array) -> Counts:
        """Count keys; the first from 0 to 2^15 - 1, the second to 2^16 - 1, the third any int32."""
        high = np.left_shift(np.asarray(first, np.int64), _SECOND) + second
        return _summed(np.left_shift(high, _THIRD) + third - ZERO)

    def columns(self) -> tuple[Array, Array, Array]:
        """The three numbers of each key, (n,) each."""
        high = self.keys >> _THIRD
        low = self.keys & ((1 << _THIRD) - 1)
        return high >> _SECOND, high & ((1 << _SECOND) - 1), low + ZERO

    def under(self, first: int) -> tuple[Array, Array, Array]:
        """Second and third number of the keys with this first, and how often each was met."""
        start = first << (_SECOND + _THIRD)
        end = start + (1 << (_SECOND + _THIRD))
        found = slice(*np.searchsorted(self.keys, [start, end]))
        _, second, third = Counts(self.keys[found], self.counts).columns()
        return second, third, self.counts[found]

    def __add__(self, other: Counts) -> Counts:
        keys = np.concatenate([self.keys, other.keys])
        return _summed(keys, np.concatenate([self.counts, other.counts]))


def _summed(keys: Array, counts: Array | None = None) -> Counts:
    if counts is None:
        found, often = np.unique(keys, return_counts=True)
        return Counts(frozen(found), frozen(often.astype(np.int64)))
    found, places = np.unique(keys, return_inverse=True)
    often = np.zeros(len(found), np.int64)
    np.add.at(often, places, counts)
    return Counts(frozen(found), frozen(often))


NONE = Counts(frozen(np.empty(0, np.int64)), frozen(np.empty(0, np.int64)))


def log10_bins(log10: Array, width: float) -> Array:
    """The bins of numbers that are given by their log10: minus infinity is 0, nan undefined."""
    with np.errstate(invalid="ignore"):
        bins = np.rint(np.clip(np.nan_to_num(log10), -LIMIT, LIMIT) / width)
    bins = np.where(np.isneginf(log10), ZERO, np.where(np.isposinf(log10), INFINITE, bins))
    return np.where(np.isnan(log10), UNDEFINED, bins).astype(np.int64)


def log10_of_bins(bins: Array, width: float) -> Array:
    """log10 of the middle of each bin."""
    middle = bins * width
    middle = np.where(bins == ZERO, -np.inf, np.where(bins == INFINITE, np.inf, middle))
    return np.where(bins == UNDEFINED, np.nan, middle)
