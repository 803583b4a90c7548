"""Numbers for labels: mantissas and exponents beyond float64, and where ticks stand."""

from __future__ import annotations

import math

import numpy as np

from gradflow.numerics.scaled import Array


def scientific(log10: Array, decimals: int = 2) -> tuple[Array, Array]:
    """Mantissa and exponent of 10^log10, as they are printed.

    Parameters
    ----------
    log10 : array of shape (...)
        Any float64; values that are not finite give nan.
    decimals : int
        Decimals the mantissa will be printed with: 9.999 becomes 1.00 and the next exponent.

    Returns
    -------
    tuple of two arrays of shape (...)
        Mantissa in [1, 10), and the exponent as a whole number.
    """
    size = np.where(np.isfinite(log10), log10, np.nan)
    exponent = np.floor(size)
    mantissa = np.round(10.0 ** (size - exponent), decimals)
    carried = mantissa >= 10.0
    return np.where(carried, 1.0, mantissa), exponent + carried


def tick_step(length: float, ticks: int, bases: tuple[int, ...] = (1, 2, 3, 5)) -> int:
    """The smallest of the bases, times 1, 10, 100, .., that gives at most `ticks` steps."""
    power = 1
    while True:
        for base in bases:
            if base * power * ticks >= length:
                return base * power
        power *= 10


def power_ticks(low: float, high: float, ticks: int) -> list[int]:
    """Whole exponents within [low, high] for tick labels, counted from 0."""
    step = tick_step(high - low, ticks, (1, 2, 3, 4, 6, 8))
    return list(range(math.ceil(low / step) * step, math.floor(high) + 1, step))


def log_ticks(T: int) -> list[int]:
    """Steps to label on a log axis of 1..T: of each power of ten two more, or one if it is long."""
    powers = 10 ** np.arange(len(str(T)))
    within = np.outer(powers, [1, 2, 5] if T <= 100 else [1, 3]).ravel()
    return [int(step) for step in within if step <= T]


def step_ticks(T: int) -> list[int]:
    """Steps to label on an axis of 1..T: the first, and every few."""
    step = tick_step(T, 6)
    return sorted({1, *range(step, T + 1, step)} - ({2} if step > 2 else set()))
