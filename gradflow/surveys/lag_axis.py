"""Bins of lags: each one by itself at first, and wider and wider ones behind.

They are the same for sequences of any length, so that counts of one and another add up.
"""

from __future__ import annotations

import functools

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen

# From here on a bin holds a sixteenth as many lags as its first lag says.
_SINGLE = 32


@functools.lru_cache(maxsize=64)
def first_lags(T: int) -> Array:
    """The first lag of every bin that lags 1 .. T reach."""
    firsts = [1]
    while (following := firsts[-1] + max(1, firsts[-1] * 2 // _SINGLE)) <= T:
        firsts.append(following)
    return frozen(np.array(firsts))


def bins_of_lags(T: int) -> Array:
    """The bin of each of the lags 1 .. T, (T,)."""
    return np.searchsorted(first_lags(T), np.arange(1, T + 1), side="right") - 1


def last_lags(count: int) -> Array:
    """The last lag of each of the first `count` bins."""
    T = _SINGLE
    while len(first_lags(T)) <= count:
        T *= 2
    return first_lags(T)[1 : count + 1] - 1
