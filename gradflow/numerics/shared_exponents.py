"""Rows of plain numbers that share a power of two: find it, renew it, and tell how deep they lie.

The bounds are those of `exponent_bounds`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from gradflow.numerics.exponent_bounds import FLUSHED, FULL
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled, exponent_range


def tops(*parts: Scaled) -> Array:
    """The exponent of the largest number of each row over all its parts; 0 where all are 0.

    Parameters
    ----------
    parts : Scaled arrays of shape (n, m)
        m may differ.

    Returns
    -------
    int64 array of shape (n, 1)
    """
    top = np.max([part.exponent.max(axis=1) for part in parts], axis=0)
    return np.where(top <= ZERO_EXPONENT // 2, 0, top)[:, None]


def depths(top: Array, *parts: Scaled) -> Array:
    """The power of two of the smallest number of each row but for zeros, over 2^top.

    Parameters
    ----------
    top : int64 array of shape (n, 1)
        Their `tops`.
    parts : Scaled arrays of shape (n, m)
        The parts of the rows.

    Returns
    -------
    int64 array of shape (n,)
        0 or less.
    """
    relative = (Scaled(part.mantissa, part.exponent - top) for part in parts)
    return np.min([exponent_range(part, axis=1)[0] for part in relative], axis=0)


def renew(parts: Sequence[Array], exponent: Array, together: int = 0) -> None:
    """Choose the exponents anew, in place, so that the largest number of each row is below 1.

    Parameters
    ----------
    parts : sequence of arrays of shape (.., n, m)
        The parts of the rows.
    exponent : int64 array of shape (.., n)
        Their powers of two.
    together : int
        How many rows, the first along axis -2, keep one power of two among them.
    """
    largest = functools.reduce(np.maximum, [np.abs(part).max(axis=-1) for part in parts])
    if together:
        largest[..., :together] = largest[..., :together].max(axis=-1, keepdims=True)
    _, shift = np.frexp(largest)
    np.maximum(shift, -FULL, out=shift)
    scale = np.ldexp(1.0, -shift)[..., None]
    for part in parts:
        part *= scale
    exponent += shift


def lowest(parts: Sequence[Array]) -> int:
    """A power of two that all numbers but zeros, and 1, are at least as large as."""
    least = 1.0
    for part in parts:
        size = np.abs(part)
        least = min(least, size.min(initial=1.0) or np.min(size, where=size > 0.0, initial=1.0))
    return int(np.frexp(least)[1]) - 1


def flushed(slopes: Scaled) -> Array:
    """Factors as plain numbers, and 0 for those below 2^-FLUSHED."""
    return np.where(slopes.exponent < -FLUSHED, 0.0, slopes.plain())
