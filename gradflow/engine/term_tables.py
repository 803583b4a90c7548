"""Terms of targets as (n, T) arrays, made a block of targets at a time."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled, log10_norm, log10_scaled
from gradflow.numerics.validation import frozen

# How many numbers of a (T, T) array are worked on at a time.
_BLOCK = 2**17


class Terms(Protocol):
    """Terms of every target that was swept, by lag, a block of targets at a time."""

    def fill(self, targets: slice, out: Array) -> Array:
        """Write the mantissas of some targets' terms.

        Parameters
        ----------
        targets : slice
            Targets that follow each other: t from start + 1 to stop.
        out : array of shape (stop - start, n), in C order
            Takes lag k in column k - 1, 0 or nothing where k > t, nothing from column stop on.

        Returns
        -------
        int64 array of shape (stop - start, stop) or ()
            Powers of two; a single 0 where all terms are plain float64.
        """


def filled(terms: Terms, targets: slice) -> tuple[Array, Array]:
    """Mantissa and exponent of some targets' terms, lag k in column k - 1; 0 where k > t."""
    mantissa = np.zeros((targets.stop - targets.start, targets.stop))
    exponent = terms.fill(targets, mantissa)
    return mantissa, exponent


def log10_together(parts: list[tuple[Array, Array]]) -> Array:
    """log10 of the root of the sum of squares of mantissa * 2^exponent."""
    if len(parts) > 1 and any(exponent.ndim for _, exponent in parts):
        # `exponent_bounds` has why these need not be normalised.
        return log10_norm([Scaled(m, np.where(m == 0.0, ZERO_EXPONENT, e)) for m, e in parts])
    size = functools.reduce(np.hypot, [np.abs(mantissa) for mantissa, _ in parts])
    return log10_scaled(size, parts[0][1])


def log10_table(terms: list[Terms], targets: Array, T: int) -> Array:
    """log10 of the root of the sum of squares of terms, (n, T)."""

    def log10(some: slice, out: Array) -> None:
        out[:, : some.stop] = log10_together([filled(part, some) for part in terms])

    return table(targets, T, log10)


def signed_table(terms: Terms, targets: Array, T: int) -> tuple[Array, Array]:
    """log10 of the sizes of terms, and their signs in int8, (n, T) each."""
    log10, sign = np.empty((len(targets), T)), np.zeros((len(targets), T), np.int8)
    for rows, some in blocks(targets, T):
        mantissa, exponent = filled(terms, some)
        log10[rows, : some.stop] = log10_scaled(mantissa, exponent)
        clear(log10[rows], some)
        place = rows, slice(0, some.stop)
        np.subtract(mantissa > 0.0, mantissa < 0.0, out=sign[place], dtype=np.int8)
    return frozen(log10), frozen(sign)


def table(targets: Array, T: int, fill: Callable[[slice, Array], None]) -> Array:
    """An (n, T) array of which `fill` writes the rows of a block of targets; nan where k > t."""
    array = np.empty((len(targets), T))
    for rows, some in blocks(targets, T):
        fill(some, array[rows])
        clear(array[rows], some)
    return frozen(array)


def clear(rows: Array, targets: slice) -> None:
    """Put nan where k > t in the rows of some targets."""
    rows[:, targets.stop :] = np.nan
    np.copyto(rows[:, targets], np.nan, where=_above_diagonal(len(rows)))


@functools.lru_cache(maxsize=4)
def _above_diagonal(n: int) -> Array:
    """Where the column is above the row, (n, n)."""
    return frozen(~np.tri(n, dtype=bool))


class Block(NamedTuple):
    """Targets that follow each other: their rows in an (n, T) array, and as `Terms` has them."""

    rows: slice
    targets: slice


def blocks(targets: Array, T: int) -> Iterator[Block]:
    """Targets a few at a time.

    What is made on the way to an array of terms then stays small.
    """
    most = max(1, _BLOCK // T)
    gaps = np.flatnonzero(np.diff(targets) > 1) + 1
    for first, stop in itertools.pairwise((0, *gaps.tolist(), len(targets))):
        for start in range(first, stop, most):
            rows = slice(start, min(start + most, stop))
            t = int(targets[start])
            yield Block(rows, slice(t - 1, t - 1 + rows.stop - rows.start))
