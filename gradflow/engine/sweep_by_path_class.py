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

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradflow.cells import LSTM
from gradflow.engine.path_class_rows import ClassRows
from gradflow.engine.path_class_step import ClassStep, Division, MapBack, are_right, taken_back
from gradflow.engine.step_maps import Steps
from gradflow.numerics.exponent_bounds import MOVED, least_right
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled, shifted


@dataclass(frozen=True)
class ClassSignals:
    """The signals on h_j and on c_j by class, a row for each target from step j on.

    Attributes
    ----------
    j : int
        Source step.
    first : tuple of two Scaled arrays, of shape (1, H), or (0, H), and (n, H)
        Class 0. On h_j it has the target j alone, if that is one.
    mantissas, exponents : tuples of two arrays of shape (n, others, H)
        The other classes; exponents may have 1 instead of H. They are good until the next step
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
    cell: LSTM, slopes: tuple[Scaled, ...], seeds: Scaled, division: Division, targets: Array
) -> Iterator[ClassSignals]:
    """Carry dL_t/dh_t of targets t back to step 1, each class of paths apart.

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
    targets : int array of shape (n,)
        Target steps, ascending.

    Yields
    ------
    ClassSignals
        For j = T, T - 1, .., 1, from the last target on.
    """
    sweep = _ClassSweep(cell, slopes, seeds, division, targets)
    for j in range(int(targets[-1]), 0, -1):
        place = sweep.enter(j)
        plain = sweep.plain_step(place)
        if plain is not None:
            yield plain.signals(place)
            if sweep.keep(place, plain):
                continue
        scaled = sweep.scaled_step(place)
        if plain is None:
            yield ClassSignals.of(j, place.first, scaled.on_h, scaled.on_c)
        sweep.set_apart(scaled)


class _Place(NamedTuple):
    """Where the sweep is, and class 0 there.

    Attributes
    ----------
    j : int
        Source step.
    row : int
        The first of the rows, one a target, that have entered.
    first : tuple of two Scaled arrays of shape (1, H), or (0, H), and (n, H)
        Class 0, on h_j of target j, if that is one, and on c_j of all n rows.
    top, low : int64 array of shape (n, 1), and int
        The exponent of its largest number, and the depth of its smallest below it.
    """

    j: int
    row: int
    first: tuple[Scaled, Scaled]
    top: Array
    low: int


class _PlainStep(NamedTuple):
    """A step that was taken in plain numbers over the rows' exponents, (n, others, 1).

    `is_sure` is whether bounds told so before; if not, numbers from `least` on are right.
    """

    taken: ClassStep
    exponent: Array
    is_sure: bool
    least: float

    def signals(self, place: _Place) -> ClassSignals:
        mantissas, exponents = (self.taken.on_h, self.taken.on_c), (self.exponent, self.exponent)
        return ClassSignals(place.j, place.first, mantissas, exponents)


class _ClassSweep:
    """All classes of all targets, and how they are carried back a step.

    Either the rows are plain numbers, each class of each target over its own power of two, or all
    of them stand apart with an exponent for every number, until one each does again.
    """

    def __init__(
        self,
        cell: LSTM,
        slopes: tuple[Scaled, ...],
        seeds: Scaled,
        division: Division,
        targets: Array,
    ) -> None:
        self._cell, self._slopes, self._division = cell, slopes, division
        self._path, self._steps = _CellPath(slopes, seeds, targets), Steps(cell, slopes)
        self._targets, self._row = targets, len(targets)
        self._rows = ClassRows(len(targets), cell.H, division)
        self._w, self._plain_slopes = cell.recurrent(), tuple(slope.plain() for slope in slopes)
        self._apart: tuple[Scaled, Scaled] | None = None

    def enter(self, j: int) -> _Place:
        """Let target j come in, if it is one; rows apart come back where one exponent each does."""
        enters = self._row > 0 and self._targets[self._row - 1] == j
        self._row -= enters
        first = self._path.at(j, self._row, enters)
        top, low = _extent(first)
        if enters:
            self._rows.enter(self._row, top)
        if self._apart is not None:
            if enters:
                self._apart = _with_entering(self._apart, self._division.others)
            if self._steps.bounded[j - 1] and self._rows.take(self._row, self._apart, top):
                self._apart = None
        return _Place(j, self._row, first, top, low)

    def plain_step(self, place: _Place) -> _PlainStep | None:
        """The step in plain numbers; None where they cannot be had or would lose something."""
        j, row, first, top, _ = place
        if self._apart is not None or not self._steps.bounded[j - 1]:
            return None
        map_back = self._plain_map(j)
        is_sure = self._is_sure(place, map_back)
        if not is_sure:
            self._rows.renew(row)
        carried, others = self._rows.flat(row), self._division.others
        taken = taken_back(self._cell, map_back, carried, _plain(first, top), others)
        least = least_right(MOVED, self._steps.most[j - 1])
        paths = functools.partial(self._paths, j)
        if is_sure or are_right(self._cell, taken, carried, first, least, paths):
            return _PlainStep(taken, self._rows.exponent[row:, :, None], is_sure, least)
        return None

    def keep(self, place: _Place, step: _PlainStep) -> bool:
        """Carry on what a plain step made, if plain numbers can hold it."""
        return self._rows.put(place.row, place.top, step.taken, step.is_sure, step.least)

    def scaled_step(self, place: _Place) -> ClassStep:
        """The step with an exponent for every number."""
        j, row, first, *_ = place
        moves, slopes = self._steps.scaled(j), tuple(slope[j - 1] for slope in self._slopes)
        ways = self._division.ways(moves, slopes, Scaled.of(self._w))
        carried = self._rows.scaled(row) if self._apart is None else self._apart
        return taken_back(self._cell, (moves, ways), carried, first, self._division.others)

    def set_apart(self, taken: ClassStep) -> None:
        """Carry on what a step with exponents made, as it is."""
        before = self._division.before(taken.from_c, taken.from_h, taken.h_before)
        h_before = before + taken.h_before * self._division.keeps
        H = self._cell.H
        self._apart = h_before.reshape(-1, H), taken.c_before.reshape(-1, H)

    def _plain_map(self, j: int) -> MapBack:
        moves = self._steps.plain(j)
        slopes = tuple(slope[j - 1] for slope in self._plain_slopes)
        return moves, self._division.ways(moves, slopes, self._w)

    def _is_sure(self, place: _Place, map_back: MapBack) -> bool:
        """Whether bounds tell that the step loses nothing; exponents are renewed for it."""
        j, (moves, ways) = place.j, map_back
        # Where class 0 reaches every unit, its large numbers do, and its small ones are unseen.
        reaches_all = moves[3].all() and all(way.all() for way in ways)
        low = 0 if reaches_all else place.low
        bounds = self._steps.least[j - 1], self._steps.most[j - 1]
        return self._steps.sure[j - 1] and self._rows.hold(place.row, place.top, low, *bounds)

    def _paths(self, j: int) -> MapBack:
        """The map of step j with 1 for all factors other than 0."""
        ones = tuple((slope.mantissa[j - 1] != 0.0).astype(float) for slope in self._slopes)
        weights = (self._w != 0.0).astype(float)
        moves = self._cell.moves(ones, weights)
        return moves, self._division.ways(moves, ones, weights)


class _CellPath:
    """Class 0: dL_t/dh_t * dh_t/dc_t * prod(f_q, q = j+1 .. t), unit by unit."""

    def __init__(self, slopes: tuple[Scaled, ...], seeds: Scaled, targets: Array) -> None:
        h_by_c, c_by_c, *_ = slopes
        product, rows = _running_product(c_by_c), targets - 1
        self._seeds = seeds[rows]
        self._target = self._seeds * h_by_c[rows] * product[rows]
        self._source = Scaled.of(1.0 / product.mantissa, -product.exponent)

    def at(self, j: int, row: int, enters: bool) -> tuple[Scaled, Scaled]:
        """The signals on h_j, for the target j if it enters, and on c_j, for all from `row` on."""
        # The product may be half of what a Scaled mantissa is else at least. That does no harm.
        on_c = Scaled(
            self._target.mantissa[row:] * self._source.mantissa[j - 1],
            self._target.exponent[row:] + self._source.exponent[j - 1],
        )
        return self._seeds[row : row + enters], on_c


def _running_product(numbers: Scaled) -> Scaled:
    """Products of rows 0 .. j, for every j; (T, H)."""
    done = 1
    while done < len(numbers.mantissa):
        numbers = Scaled.stacked([numbers[:done], numbers[done:] * numbers[:-done]])
        done *= 2
    return numbers


def _extent(first: tuple[Scaled, Scaled]) -> tuple[Array, int]:
    """The exponent of the largest number of each row of class 0, (n, 1), and the depth below it."""
    on_h, on_c = first
    top = on_c.exponent.max(axis=1, keepdims=True)
    if len(on_h.exponent):
        top[0] = max(top[0, 0], on_h.exponent.max())
    top[top < ZERO_EXPONENT // 2] = 0
    depths = [
        np.where(numbers.mantissa == 0.0, 0, numbers.exponent - top[: len(numbers.mantissa)]).min(
            initial=0
        )
        for numbers in first
    ]
    return top, int(min(0, *depths)) - 2


def _plain(first: tuple[Scaled, Scaled], top: Array) -> tuple[Array, Array]:
    """Class 0 as plain numbers over 2^top."""
    on_h, on_c = first
    return shifted(on_h.mantissa, on_h.exponent - top[: len(on_h.mantissa)]), shifted(
        on_c.mantissa, on_c.exponent - top
    )


def _with_entering(rows: tuple[Scaled, Scaled], others: int) -> tuple[Scaled, Scaled]:
    """The rows below those of the target that enters, which are 0."""
    entering = Scaled.of(np.zeros((others, rows[0].shape[1])))
    on_h, on_c = (Scaled.stacked([entering, row]) for row in rows)
    return on_h, on_c
