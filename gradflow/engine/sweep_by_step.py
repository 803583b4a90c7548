"""The backward sweep: the signals of every target, carried back one step at a time, all at once.

At source step j the sweep holds dL_t/d(state)_j for all targets t >= j, one row a target. As a step
back is linear in the signal, each row may be held relative to a power of two of its own:

- as a rule a row is a plain float64 array with one exponent, so that a step is a few array
  operations or matrix products. The sweep keeps bounds on how far the numbers of a row may have
  drifted apart and renews the exponents in time, so that nothing is lost;
- where one step's factors, or the numbers of one row, lie too far apart for that (a saturated
  unit, a cell state of hundreds), that step is taken with an exponent for every number (`Scaled`),
  by the same formulas.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from gradflow.cells.base import Cell, Passes, StepBack, Tree, by_step, each, leaves
from gradflow.numerics.scaled import (
    ZERO_EXPONENT,
    Array,
    Scaled,
    exponent_range,
    shifted,
)

# Powers of two. Numbers of a plain row stay within 2^-400 .. 2^400, factors of a plain step within
# 2^-100 .. 2^100: then neither a product nor the square of one under- or overflows.
_ROW_REACH = 400
_STEP_REACH = 100

# How many numbers of the matrices of steps back are prepared at a time.
_PREPARED = 2**17


class Signals(NamedTuple):
    """The signals that reach source step j: mantissa * 2^exponent.

    Attributes
    ----------
    j : int
        Source step; row n belongs to target t = j + n.
    mantissas : tuple of arrays of shape (T - j + 1, H)
        One for each signal, H its width. They are good until the next step is asked for.
    exponents : tuple of int64 arrays of shape (T - j + 1, 1) or (T - j + 1, H)
        Powers of two, by row or by number.
    """

    j: int
    mantissas: tuple[Array, ...]
    exponents: tuple[Array, ...]


def carry_back(
    cell: Cell, slopes: Tree, seeds: Scaled, on_step: Callable[[float], None] | None = None
) -> Iterator[Signals]:
    """Carry dL_t/d(hidden state)_t of every target t back to step 1.

    Parameters
    ----------
    cell : Cell
        What a step back is.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    seeds : Scaled array of shape (T, H)
        dL_t/dh_t, row t - 1 for target t.
    on_step : callable, optional
        As in `gradient_flow`.

    Yields
    ------
    Signals
        For j = T, T - 1, .., 1.
    """
    T = len(seeds.mantissa)
    steps = Steps(cell, slopes)
    rows = _PlainRows(cell.widths, seeds)
    apart: tuple[Scaled, ...] | None = None  # the rows, while they lie too far apart to be plain
    for j in range(T, 0, -1):
        if apart is not None:
            apart = _below(seeds[j - 1 : j], apart)
            if steps.safe[j - 1] and rows.take(j, apart, *steps.bounds(j)):
                apart = None
        elif steps.safe[j - 1] and rows.hold(j, *steps.bounds(j)):
            rows.enter(j)
        else:
            apart = _below(seeds[j - 1 : j], rows.scaled(j + 1))

        if apart is None:
            signals, _ = cell.back(steps.plain(j), rows.numbers(j), rows.room(j))
            exponent = rows.exponent[j - 1 :, None]
            yield Signals(j, signals, (exponent,) * len(signals))
            rows.moved(*steps.bounds(j))
        else:
            signals, apart = cell.back(steps.scaled(j), apart)
            yield Signals(j, tuple(s.mantissa for s in signals), tuple(s.exponent for s in signals))
        if on_step is not None:
            n = T + 1 - j
            on_step(n * (n + 1) / (T * (T + 1)))


def carry_one_back(cell: Cell, slopes: Tree, seed: Scaled, t: int) -> Iterator[tuple[Scaled, ...]]:
    """Carry the gradient of one target alone back to step 1.

    Parameters
    ----------
    cell : Cell
        What a step back is.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    seed : Scaled array of shape (1, H)
        dL_t/dh_t.
    t : int
        The target step, 1 <= t <= T.

    Yields
    ------
    tuple of Scaled arrays of shape (1, H)
        The signals that reach step j, for j = t, t - 1, .., 1.
    """
    steps = Steps(cell, slopes)
    row = (seed, *(Scaled.of(np.zeros((1, width))) for width in cell.widths[1:]))
    for j in range(t, 0, -1):
        top = _tops(row)
        least, most = steps.bounds(j)
        low = int(_depths(row, top).min())
        if steps.safe[j - 1] and low + least >= -_ROW_REACH and most <= _ROW_REACH:
            plain = tuple(shifted(state.mantissa, state.exponent - top) for state in row)
            numbers, before = cell.back(steps.plain(j), plain)
            signals, row = (
                tuple(Scaled.of(part, top) for part in parts) for parts in (numbers, before)
            )
        else:
            signals, row = cell.back(steps.scaled(j), row)
        yield signals


def _below(seed: Scaled, rows: tuple[Scaled, ...]) -> tuple[Scaled, ...]:
    """The rows with that of the target that enters put first: its seed, and 0 in other states."""
    entering = (seed, *(Scaled.of(np.zeros((1, row.shape[1]))) for row in rows[1:]))
    return tuple(Scaled.stacked([new, old]) for new, old in zip(entering, rows, strict=True))


class Steps:
    """The maps one step back, and how far each can move a number, in powers of two."""

    def __init__(self, cell: StepBack, slopes: Tree) -> None:
        self._cell = cell
        self._slopes = slopes
        self._plain_slopes = each(Scaled.plain, slopes)
        self._w = cell.recurrent()
        self._block = max(1, _PREPARED // sum(w.size for w in leaves(self._w)))
        self._first = -1
        self._prepared: list[Tree] = []

        # A stack has a branch for each layer, which a signal passes one after the other.
        layers = (
            zip(slopes, self._w, cell.passes, strict=True)
            if isinstance(self._w, tuple)
            else ((slopes, self._w, cell.passes),)
        )
        reaches = [_reach(*layer) for layer in layers]
        low, high, least, most = (np.array(bound) for bound in zip(*reaches, strict=True))
        self.safe: list[bool] = (
            (low.min(axis=0) >= -_STEP_REACH) & (high.max(axis=0) <= _STEP_REACH)
        ).tolist()
        # Powers of two by which a step can at most shrink and grow a number.
        self.least: list[int] = least.sum(axis=0).tolist()
        self.most: list[int] = most.sum(axis=0).tolist()

    def bounds(self, j: int) -> tuple[int, int]:
        """How far step j can at most shrink and grow a number."""
        return self.least[j - 1], self.most[j - 1]

    def all_plain(self) -> Tree:
        """The maps of all steps at once, in plain numbers."""
        return self._cell.moves(self._plain_slopes, self._w)

    def plain(self, j: int) -> Tree:
        block, place = divmod(j - 1, self._block)
        if block != self._first:
            steps = slice(block * self._block, (block + 1) * self._block)
            slopes = each(lambda slope: slope[steps], self._plain_slopes)
            self._prepared, self._first = by_step(self._cell.moves(slopes, self._w)), block
        return self._prepared[place]

    def scaled(self, j: int) -> Tree:
        return self._cell.moves(each(lambda s: s[j - 1], self._slopes), each(Scaled.of, self._w))


class _PlainRows:
    """Rows of signals as plain arrays with one exponent a row, and bounds on their numbers."""

    def __init__(self, widths: tuple[int, ...], seeds: Scaled) -> None:
        top = _tops((seeds,))
        self._seeds = shifted(seeds.mantissa, seeds.exponent - top)
        self._seed_low: list[int] = _depths((seeds,), top).tolist()
        # Two arrays for each state, which change places at each step. Rows are zero until their
        # target enters.
        self._states, self._before = (
            [np.zeros((len(top), width)) for width in widths] for _ in range(2)
        )
        self._low, self._high = 0, 0
        self.exponent = top[:, 0]

    def numbers(self, j: int) -> tuple[Array, ...]:
        return tuple(state[j - 1 :] for state in self._states)

    def room(self, j: int) -> tuple[Array, ...]:
        """Arrays for what step j makes of the rows."""
        return tuple(state[j - 1 :] for state in self._before)

    def hold(self, j: int, least: int, most: int) -> bool:
        """Whether targets j .. T can take step j in plain numbers; exponents are renewed for it."""
        if not self._has_room(least, most):
            self._renew(j + 1)
        self._low = min(self._low, self._seed_low[j - 1])
        return self._has_room(least, most)

    def enter(self, j: int) -> None:
        self._states[0][j - 1] = self._seeds[j - 1]

    def moved(self, least: int, most: int) -> None:
        """Take what a step left in the room that it was given."""
        self._states, self._before = self._before, self._states
        self._low += least
        self._high += most

    def scaled(self, j: int) -> tuple[Scaled, ...]:
        """The rows of targets j .. T with an exponent for every number."""
        return tuple(Scaled.of(n, self.exponent[j - 1 :, None]) for n in self.numbers(j))

    def take(self, j: int, rows: tuple[Scaled, ...], least: int, most: int) -> bool:
        """Take the rows of targets j .. T, if they can be plain and then take step j."""
        top = _tops(rows)
        low = int(_depths(rows, top).min())
        if low + least < -_ROW_REACH or most > _ROW_REACH:
            return False
        for state, row in zip(self._states, rows, strict=True):
            state[j - 1 :] = shifted(row.mantissa, row.exponent - top)
        self.exponent[j - 1 :] = top[:, 0]
        self._low, self._high = low, 0
        return True

    def _has_room(self, least: int, most: int) -> bool:
        return self._low + least >= -_ROW_REACH and self._high + most <= _ROW_REACH

    def _renew(self, j: int) -> None:
        """Set the exponents of targets j .. T anew, so that no row's largest number is above 1."""
        states = self.numbers(j)
        if not len(states[0]):
            return
        sizes = [np.abs(state) for state in states]
        largest = functools.reduce(np.maximum, [size.max(axis=1) for size in sizes])  # (n,)
        _, shift = np.frexp(largest)
        scale = np.ldexp(1.0, -shift)[:, None]
        self.exponent[j - 1 :] += shift
        least = 1.0
        for state, size in zip(states, sizes, strict=True):
            state *= scale
            size *= scale
            least = min(least, size.min() or np.min(size, where=size > 0.0, initial=1.0))
        self._low, self._high = int(np.frexp(least)[1]) - 1, 0


def _reach(slopes: Tree, w: Tree, passes: Passes) -> tuple[Array, Array, Array, Array]:
    """What one layer does to a number in each step, in powers of two, (T,) each.

    Between the first two lie its factors, and 1; by the others a number can at most shrink and
    grow.
    """
    slope_low, slope_high = exponent_range(Scaled.beside(list(leaves(slopes))), axis=1)
    w_range = [exponent_range(Scaled.of(part), axis=(0, 1, 2)) for part in leaves(w)]
    w_low, w_high = min(low for low, _ in w_range), max(high for _, high in w_range)
    # The sum that a signal ends in has no more parts than there are weights and slopes on the way.
    parts = int(np.ceil(np.log2(sum(part.size for part in leaves(w)) + passes.slopes)))
    return (
        np.minimum(slope_low, w_low),
        np.maximum(slope_high, w_high),
        passes.slopes * slope_low + passes.weights * w_low,
        passes.slopes * slope_high + passes.weights * w_high + parts,
    )


def _tops(rows: tuple[Scaled, ...]) -> Array:
    """The exponent of the largest number of each row over all states; 0 where all are 0. (n, 1)."""
    top = np.max([row.exponent.max(axis=1) for row in rows], axis=0)
    return np.where(top == ZERO_EXPONENT, 0, top)[:, None]


def _depths(rows: tuple[Scaled, ...], top: Array) -> Array:
    """Power of two of the smallest number of each row, relative to the largest. (n,)."""
    relative = [Scaled(row.mantissa, row.exponent - top) for row in rows]
    return np.min([exponent_range(row, axis=1)[0] for row in relative], axis=0)
