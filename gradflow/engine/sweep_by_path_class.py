"""The backward sweep of an LSTM with its paths told apart by class.

A path that has kept to the cell state so far is in class 0. Where a path crosses to the step before
through h it may go over to another class, and a `Division` says to which. The signals of class 0
are products that can be written down; those of the other classes are carried back by the cell's own
step, all classes and targets at once.

As in `sweep_by_step`, signals are plain float64 numbers where that loses nothing, but with an
exponent for each class of each target: a class may fall behind another by any number of orders of
magnitude.
Where the numbers of one row lie too far apart, a step is taken with an exponent for every number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradflow.cells import LSTM
from gradflow.cells.base import Number, through
from gradflow.engine.sweep_by_step import Steps
from gradflow.numerics.scaled import (
    ZERO_EXPONENT,
    Array,
    Scaled,
    shifted,
)

# Powers of two. Plain numbers stay within 2^-400 .. 2^400; what one class hands to another is moved
# by up to 2^150 without a look at what it meets there.
_REACH = 400
_MOVE = 150

# What is this much smaller than the number it is added to changes nothing.
_UNSEEN = 2.0**-64


class Division(Protocol):
    """How crossings through h take paths from class to class.

    Attributes
    ----------
    others : int
        Number of classes beside class 0.
    keeps : array of shape (others, 1)
        1 for those of them that keep their own crossings, 0 for those that hand them on.
    feeds : bool array of shape (1 + others, 1 + others)
        Whether paths of a class, axis 1, stay in or get to another, axis 0.
    """

    @property
    def others(self) -> int: ...
    @property
    def keeps(self) -> Array: ...

    @property
    def feeds(self) -> Array: ...

    def ways(
        self, moves: tuple[Number, ...], slopes: tuple[Number, ...], w: Number
    ) -> tuple[Number, ...]:
        """What takes class 0 from c_j to h_(j-1), (..., H, H) each, of one step or of many."""

    def before(self, from_c: Number, from_h: Number, own: Number) -> Number:
        """What each class gets from the one it follows, (n, others, H).

        Parameters
        ----------
        from_c : array of shape (n, several, H)
            What class 0 sends from c_j, each way apart.
        from_h : array of shape (n, 1, H)
            What it sends from h_j.
        own : array of shape (n, others, H)
            What the other classes send.
        """

    def exponents_before(self, first: Array, own: Array) -> Array:
        """The exponents of `before`, (n, others), from those of class 0, (n, 1), and of `own`."""


@dataclass(frozen=True)
class ClassSignals:
    """The signals on h_j and on c_j by class. Row n belongs to target t = j + n.

    Attributes
    ----------
    j : int
        Source step.
    first : tuple of two Scaled arrays, of shape (1, H) and (T - j + 1, H)
        Class 0. On h_j it has the target j alone.
    mantissas, exponents : tuples of two arrays of shape (T - j + 1, others, H)
        The other classes; exponents may have 1 in the place of H. They are good until the next step
        is asked for.
    """

    j: int
    first: tuple[Scaled, Scaled]
    mantissas: tuple[Array, Array]
    exponents: tuple[Array, Array]

    @classmethod
    def of(cls, j: int, first: tuple[Scaled, Scaled], on_h: Scaled, on_c: Scaled) -> ClassSignals:
        """With an exponent for every number."""
        return cls(j, first, (on_h.mantissa, on_c.mantissa), (on_h.exponent, on_c.exponent))


def carry_classes(
    cell: LSTM, slopes: tuple[Scaled, ...], seeds: Scaled, division: Division
) -> Iterator[ClassSignals]:
    """Carry dL_t/dh_t of every target t back to step 1, each class of paths apart.

    Parameters
    ----------
    cell : LSTM
        The cell.
    slopes : tuple of Scaled arrays of shape (T, H)
        Its local derivatives.
    seeds : Scaled array of shape (T, H)
        dL_t/dh_t, row t - 1 for target t.
    division : Division
        The classes.

    Yields
    ------
    ClassSignals
        For j = T, T - 1, .., 1.
    """
    T, H = seeds.shape
    path, steps, rows = _CellPath(slopes, seeds), Steps(cell, slopes), _Rows(T, H, division)
    w, plain_slopes = cell.recurrent(), tuple(slope.plain() for slope in slopes)
    apart: tuple[Scaled, Scaled] | None = None  # the rows while one exponent each does not do
    for j in range(T, 0, -1):
        first = path.at(j)
        top, low = _extent(first)
        rows.enter(j, top)
        if apart is not None:
            apart = _with_entering(apart, division.others)
        is_plain = steps.sure[j - 1] and (apart is None or rows.take(j, apart, top))
        if is_plain:
            moves = steps.plain(j)
            ways = division.ways(moves, tuple(slope[j - 1] for slope in plain_slopes), w)
            if moves[3].all() and all(way.all() for way in ways):
                low = 0  # the large numbers of class 0 reach every unit, the small ones are unseen
            is_plain = rows.hold(j, top, low, steps.least[j - 1], steps.most[j - 1])
        carried: tuple[Number, Number]
        sending: tuple[Number, Number]
        if is_plain:
            carried, sending = rows.flat(j), _plain(first, top)
            exponent = rows.exponent[j - 1 :, :, None]
        else:
            carried, sending = rows.scaled(j) if apart is None else apart, first
            moves = steps.scaled(j)
            ways = division.ways(moves, tuple(slope[j - 1] for slope in slopes), Scaled.of(w))

        signals, (own, on_c) = cell.back(moves, carried)
        on_h_whole, on_c_whole = (signal.reshape(-1, division.others, H) for signal in signals)
        if is_plain:
            yield ClassSignals(j, first, (on_h_whole, on_c_whole), (exponent, exponent))
        else:
            yield ClassSignals.of(j, first, on_h_whole, on_c_whole)

        own, on_c = (numbers.reshape(-1, division.others, H) for numbers in (own, on_c))
        from_h = _with_zeros(through(sending[0], moves[3]), len(top))[:, None]
        from_c = (sending[1] @ beside(ways)).reshape(len(top), -1, H)
        before = division.before(from_c, from_h, own)
        if is_plain and rows.put(j, before, own, on_c):
            apart = None
            continue
        if is_plain:
            before_exponent = division.exponents_before(top, exponent[:, :, 0])[:, :, None]
            before = Scaled.of(before, before_exponent)
            own, on_c = Scaled.of(own, exponent), Scaled.of(on_c, exponent)
        apart = (before + own * division.keeps).reshape(-1, H), on_c.reshape(-1, H)


class _CellPath:
    """Class 0: dL_t/dh_t * dh_t/dc_t * prod(f_q, q = j+1 .. t), unit by unit."""

    def __init__(self, slopes: tuple[Scaled, ...], seeds: Scaled) -> None:
        h_by_c, c_by_c, *_ = slopes
        product = _running_product(c_by_c)
        self._seeds = seeds
        self._target = seeds * h_by_c * product
        self._source = Scaled.of(1.0 / product.mantissa, -product.exponent)

    def at(self, j: int) -> tuple[Scaled, Scaled]:
        """The signals on h_j, for the target j alone, and on c_j, for targets j .. T."""
        # The product may be half of what a Scaled mantissa is else at least. That does no harm.
        on_c = Scaled(
            self._target.mantissa[j - 1 :] * self._source.mantissa[j - 1],
            self._target.exponent[j - 1 :] + self._source.exponent[j - 1],
        )
        return self._seeds[j - 1 : j], on_c


def _running_product(numbers: Scaled) -> Scaled:
    """Products of rows 0 .. j, for every j; (T, H)."""
    done = 1
    while done < len(numbers.mantissa):
        numbers = Scaled.stacked([numbers[:done], numbers[done:] * numbers[:-done]])
        done *= 2
    return numbers


class _Rows:
    """The other classes as plain numbers (T, others, H), one exponent a row, and their bounds."""

    def __init__(self, T: int, H: int, division: Division) -> None:
        self._division = division
        self._numbers = np.zeros((2, T, division.others, H))
        self._low, self._high = 0, 0
        self._after = (0, 0)
        self._shift = np.zeros((0, division.others), np.int64)
        self.exponent = np.zeros((T, division.others), np.int64)

    def flat(self, j: int) -> tuple[Array, Array]:
        """The signals on h_j and c_j of targets j .. T, (n * others, H) each."""
        H = self._numbers.shape[-1]
        on_h, on_c = self._numbers[:, j - 1 :]
        return on_h.reshape(-1, H), on_c.reshape(-1, H)

    def scaled(self, j: int) -> tuple[Scaled, Scaled]:
        """The same with an exponent for every number."""
        on_h, on_c = self.flat(j)
        exponent = self.exponent[j - 1 :].reshape(-1, 1)
        return Scaled.of(on_h, exponent), Scaled.of(on_c, exponent)

    def enter(self, j: int, top: Array) -> None:
        """Target j comes in: nothing yet, at the exponent of its class 0."""
        self.exponent[j - 1] = top[0]

    def hold(self, j: int, top: Array, low: int, least: int, most: int) -> bool:
        """Whether step j can be taken in plain numbers; exponents are renewed for it.

        Parameters
        ----------
        top, low : int64 array of shape (n, 1), and int
            Exponents of class 0, and the power of two of its smallest number relative to them.
        least, most : int
            Powers of two by which the step can at most shrink and grow a number.
        """
        if not self._fits(j, top, low, least, most):
            self._renew(j)
            return self._fits(j, top, low, least, most)
        return True

    def put(self, j: int, before: Array, own: Array, on_c: Array) -> bool:
        """Keep what step j made of the rows, if plain numbers can hold it."""
        shift = np.minimum(np.maximum(self._shift, -1000), _MOVE)
        factor = np.ldexp(1.0, shift.astype(np.int32))[:, :, None]
        arriving, kept = before * factor, own * self._division.keeps
        far = np.abs(self._shift) > _MOVE
        if far.any():
            unseen = (kept != 0.0) & (np.abs(arriving) <= np.abs(kept) * _UNSEEN)
            unseen &= (self._shift < 0)[:, :, None]
            if not (unseen | (before == 0.0))[far].all():
                return False
        on_h_before, on_c_before = self._numbers[:, j - 1 :]
        np.add(arriving, kept, out=on_h_before)
        on_c_before[...] = on_c
        self._low, self._high = self._after
        return True

    def take(self, j: int, rows: tuple[Scaled, Scaled], top: Array) -> bool:
        """Take the rows of targets j .. T, if one exponent each can do."""
        both = Scaled.beside(list(rows)).reshape(len(top), self._division.others, -1)
        largest = both.exponent.max(axis=2)
        largest = np.where(largest == ZERO_EXPONENT, top, largest)[:, :, None]
        depth = np.where(both.mantissa == 0.0, 0, both.exponent - largest).min(initial=0)
        if depth < -_REACH:
            return False
        numbers = shifted(both.mantissa, both.exponent - largest)
        self._numbers[:, j - 1 :] = np.split(numbers, 2, axis=2)
        self.exponent[j - 1 :] = largest[:, :, 0]
        self._low, self._high = int(depth) - 1, 0
        return True

    def _fits(self, j: int, top: Array, low: int, least: int, most: int) -> bool:
        """Whether plain numbers will hold step j, unless they must move further than _MOVE."""
        exponent = self.exponent[j - 1 :]
        self._shift = self._division.exponents_before(top, exponent) - exponent
        down = max(int(self._shift.min()), -_MOVE)
        up = min(int(self._shift.max()), _MOVE)
        lowest = min(self._low, min(low, self._low) + down) + least
        highest = self._high + max(up, 0) + most + 1
        self._after = (lowest, highest)
        return lowest >= -_REACH and highest <= _REACH

    def _renew(self, j: int) -> None:
        """Set the exponents of targets j .. T anew, so that no row's largest number is above 1."""
        numbers = self._numbers[:, j - 1 :]
        sizes = np.abs(numbers)
        _, shift = np.frexp(sizes.max(axis=(0, 3)))
        np.ldexp(numbers, -shift[:, :, None], out=numbers)
        self.exponent[j - 1 :] += shift
        least = np.min(np.abs(numbers), where=numbers != 0.0, initial=1.0)
        self._low, self._high = int(np.frexp(least)[1]) - 1, 0


def _extent(first: tuple[Scaled, Scaled]) -> tuple[Array, int]:
    """The exponent of the largest number of each row of class 0, (n, 1), and the depth below it."""
    on_h, on_c = first
    top = on_c.exponent.max(axis=1, keepdims=True)
    top[0] = max(top[0, 0], on_h.exponent.max())
    top[top < ZERO_EXPONENT // 2] = 0
    depths = [
        np.where(numbers.mantissa == 0.0, 0, numbers.exponent - top[: len(numbers.mantissa)]).min()
        for numbers in first
    ]
    return top, int(min(0, *depths)) - 2


def _plain(first: tuple[Scaled, Scaled], top: Array) -> tuple[Array, Array]:
    """Class 0 as plain numbers over 2^top."""
    on_h, on_c = first
    return shifted(on_h.mantissa, on_h.exponent - top[0]), shifted(
        on_c.mantissa, on_c.exponent - top
    )


def beside(parts: Sequence[Number]) -> Number:
    """Arrays side by side, along axis 1."""
    if isinstance(parts[0], Scaled):
        return Scaled.beside(list(parts))
    return np.concatenate(parts, axis=1)


def _with_zeros(row: Number, n: int) -> Number:
    """A row (1, H) with rows of zeros below it, (n, H)."""
    zeros = np.zeros((n - 1, row.shape[1]))
    if isinstance(row, Scaled):
        return Scaled.stacked([row, Scaled.of(zeros)])
    return np.concatenate([row, zeros])


def _with_entering(rows: tuple[Scaled, Scaled], others: int) -> tuple[Scaled, Scaled]:
    """The rows below those of the target that enters, which are 0."""
    entering = Scaled.of(np.zeros((others, rows[0].shape[1])))
    on_h, on_c = (Scaled.stacked([entering, row]) for row in rows)
    return on_h, on_c
