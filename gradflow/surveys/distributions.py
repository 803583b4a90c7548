"""What counts in bins tell: distributions, quantiles by lag, and a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_number, frozen
from gradflow.surveys.counts import INFINITE, SIZE_WIDTH, UNDEFINED, ZERO, log10_of_bins
from gradflow.surveys.lag_axis import first_lags, last_lags

# The second number of a key, the third, and how often: (n,) each.
Counted = tuple[Array, Array, Array]


@dataclass(frozen=True, eq=False, repr=False)
class Distribution:
    """How often a measure had each value.

    Attributes
    ----------
    values : array of shape (n,)
        Ascending. Steps are exact; others are the middles of bins that are 2.3% wide.
    counts : int64 array of shape (n,)
        Sequences.
    undefined : int
        Sequences of which the measure has no value.
    """

    values: Array
    counts: Array
    undefined: int

    def __repr__(self) -> str:
        number, middle = int(self.counts.sum()), self.quantile(0.5)
        return f"Distribution({number} values, median {middle:.4g}, {self.undefined} undefined)"

    def quantile(self, q: float) -> float:
        """The smallest value that a share q of the values do not exceed; nan if there is none.

        Raises
        ------
        ValueError
            If q is not from 0 to 1.
        """
        share = finite_number("q", q)
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"q must be from 0 to 1. Got {q}.")
        return float(self.values[_places(self.counts, share)]) if len(self.values) else np.nan


@dataclass(frozen=True, eq=False, repr=False)
class Bands:
    """Quantiles of the sizes of terms by lag, relative to the first term of their row.

    Attributes
    ----------
    first_lags, last_lags : int arrays of shape (n,)
        The lags of each bin: one, and several from 32 on.
    quantiles : array of shape (m,)
        From 0 to 1.
    log10 : array of shape (m, n)
        log10 of the size, to 0.025; minus infinity where it is exactly zero.
    counts : int64 array of shape (n,)
        Terms in the bin.
    """

    first_lags: Array
    last_lags: Array
    quantiles: Array
    log10: Array
    counts: Array

    def __repr__(self) -> str:
        last = self.last_lags[-1] if len(self.last_lags) else 0
        return f"Bands({len(self.quantiles)} quantiles, lags 1 to {last})"


@dataclass(frozen=True, eq=False, repr=False)
class LagHistogram:
    """How many terms of each size there are at each lag.

    Attributes
    ----------
    first_lags, last_lags : int arrays of shape (n,)
        The lags of each bin: one, and several from 32 on.
    log10_edges : array of shape (m + 1,)
        log10 of a size over that of the first term of its row: the bins' edges. The outermost hold
        what lies beyond 10^400 and 10^-400 too.
    counts : int64 array of shape (n, m)
        Terms of all targets.
    zeros : int64 array of shape (n,)
        Terms that are exactly zero.
    negative, zero, positive : int64 arrays of shape (n,)
        Signs of dL_t/dz_j, counted over gates and units, for the last target of each sequence.
    """

    first_lags: Array
    last_lags: Array
    log10_edges: Array
    counts: Array
    zeros: Array
    negative: Array
    zero: Array
    positive: Array

    def __repr__(self) -> str:
        lags, sizes = self.counts.shape
        return f"LagHistogram({lags} lags by {sizes} sizes, {self.counts.sum()} terms)"


def distribution_of(bins: Array, counts: Array, width: float | None) -> Distribution:
    """The distribution of counted bins, ascending; without a width they are the values."""
    some = bins != UNDEFINED
    with np.errstate(under="ignore"):
        values = (
            bins.astype(float)
            if width is None
            else np.power(10.0, log10_of_bins(bins[some], width))
        )
    return Distribution(frozen(values), frozen(counts[some]), int(counts[~some].sum()))


def bands_of(terms: Counted, quantiles: Array) -> Bands:
    """Quantiles of every lag from the counts of its sizes."""
    lags, bins, counts = terms
    firsts, lasts = _lags(lags)
    starts = np.searchsorted(lags, np.arange(len(firsts) + 1))
    log10 = np.empty((len(quantiles), len(firsts)))
    for lag, (start, end) in enumerate(pairwise(starts)):
        places = [_places(counts[start:end], float(q)) for q in quantiles]
        log10[:, lag] = log10_of_bins(bins[start:end][places], SIZE_WIDTH)
    sums = np.bincount(lags, counts, len(firsts)).astype(np.int64)
    return Bands(firsts, lasts, quantiles, frozen(log10), frozen(sums))


def histogram_of(terms: Counted, signs: Counted) -> LagHistogram:
    """Counts as dense arrays, over the sizes that there are."""
    lags, bins, counts = terms
    firsts, lasts = _lags(lags)
    some = (bins != ZERO) & (bins != INFINITE)
    low, high = (bins[some].min(), bins[some].max() + 1) if some.any() else (0, 0)
    dense = np.zeros((len(firsts), high - low), np.int64)
    dense[lags[some], bins[some] - low] = counts[some]
    zeros = np.zeros(len(firsts), np.int64)
    zeros[lags[bins == ZERO]] = counts[bins == ZERO]
    by_sign = np.zeros((3, len(firsts)), np.int64)
    by_sign[signs[1], signs[0]] = signs[2]
    edges = (np.arange(low, high + 1) - 0.5) * SIZE_WIDTH
    return LagHistogram(
        firsts, lasts, frozen(edges), frozen(dense), frozen(zeros), *map(frozen, by_sign)
    )


def _lags(bins: Array) -> tuple[Array, Array]:
    """First and last lag of the bins up to the last that there is."""
    lasts = last_lags(int(bins.max()) + 1 if len(bins) else 0)
    return first_lags(int(lasts[-1]) if len(lasts) else 1)[: len(lasts)], frozen(lasts.copy())


def _places(counts: Array, q: float) -> int:
    """Where the running sum of counts reaches a share of it."""
    running = np.cumsum(counts)
    return int(np.searchsorted(running, max(1.0, np.ceil(q * running[-1] - 1e-9))))
