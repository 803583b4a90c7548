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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from gradflow.cells import LSTM
from gradflow.cells.base import Number, through
from gradflow.engine.step_maps import Steps
from gradflow.numerics.exponent_bounds import GROWTH, MOVED, ROW, least_right
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled, shifted
from gradflow.numerics.shared_exponents import lowest, renew

# The moves of a step back, and the ways of class 0 from c_j to h_(j-1).
_MapBack = tuple[tuple[Any, ...], tuple[Any, ...]]

# The lower bound on rows where it is not known.
_UNKNOWN = -(2**40)


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

    taken: _Taken
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
        self._rows = _ClassRows(len(targets), cell.H, division)
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
        taken = _taken(self._cell, map_back, carried, _plain(first, top), others)
        least = least_right(MOVED, self._steps.most[j - 1])
        paths = functools.partial(self._paths, j)
        if is_sure or _are_right(self._cell, taken, carried, first, least, paths):
            return _PlainStep(taken, self._rows.exponent[row:, :, None], is_sure, least)
        return None

    def keep(self, place: _Place, step: _PlainStep) -> bool:
        """Carry on what a plain step made, if plain numbers can hold it."""
        return self._rows.put(place.row, place.top, step.taken, step.is_sure, step.least)

    def scaled_step(self, place: _Place) -> _Taken:
        """The step with an exponent for every number."""
        j, row, first, *_ = place
        moves, slopes = self._steps.scaled(j), tuple(slope[j - 1] for slope in self._slopes)
        ways = self._division.ways(moves, slopes, Scaled.of(self._w))
        carried = self._rows.scaled(row) if self._apart is None else self._apart
        return _taken(self._cell, (moves, ways), carried, first, self._division.others)

    def set_apart(self, taken: _Taken) -> None:
        """Carry on what a step with exponents made, as it is."""
        before = self._division.before(taken.from_c, taken.from_h, taken.h_before)
        h_before = before + taken.h_before * self._division.keeps
        H = self._cell.H
        self._apart = h_before.reshape(-1, H), taken.c_before.reshape(-1, H)

    def _plain_map(self, j: int) -> _MapBack:
        moves = self._steps.plain(j)
        slopes = tuple(slope[j - 1] for slope in self._plain_slopes)
        return moves, self._division.ways(moves, slopes, self._w)

    def _is_sure(self, place: _Place, map_back: _MapBack) -> bool:
        """Whether bounds tell that the step loses nothing; exponents are renewed for it."""
        j, (moves, ways) = place.j, map_back
        # Where class 0 reaches every unit, its large numbers do, and its small ones are unseen.
        reaches_all = moves[3].all() and all(way.all() for way in ways)
        low = 0 if reaches_all else place.low
        bounds = self._steps.least[j - 1], self._steps.most[j - 1]
        return self._steps.sure[j - 1] and self._rows.hold(place.row, place.top, low, *bounds)

    def _paths(self, j: int) -> _MapBack:
        """The map of step j with 1 for all factors other than 0."""
        ones = tuple((slope.mantissa[j - 1] != 0.0).astype(float) for slope in self._slopes)
        weights = (self._w != 0.0).astype(float)
        moves = self._cell.moves(ones, weights)
        return moves, self._division.ways(moves, ones, weights)


class _Taken(NamedTuple):
    """What a step back makes of the classes: (n, others, H), but for what class 0 sends.

    Attributes
    ----------
    on_h, on_c : arrays
        The complete signals of step j.
    h_before, c_before : arrays
        Carried to step j - 1, each class by its own rows.
    from_c : array of shape (n, several, H)
        What class 0 sends from c_j, each way apart.
    from_h : array of shape (n, 1, H)
        What it sends from h_j, in the row of target j alone.
    """

    on_h: Number
    on_c: Number
    h_before: Number
    c_before: Number
    from_c: Number
    from_h: Number


def _taken(
    cell: LSTM,
    map_back: _MapBack,
    carried: tuple[Number, Number],
    first: tuple[Number, Number],
    others: int,
) -> _Taken:
    """One step back of all classes.

    Parameters
    ----------
    cell : LSTM
        The cell.
    map_back : tuple
        Its moves, and the ways of class 0 from c_j to h_(j-1).
    carried : tuple of two arrays of shape (n * others, H)
        The other classes, on h_j and c_j.
    first : tuple of arrays of shape (1, H), or (0, H), and (n, H)
        Class 0.
    others : int
        Number of the other classes.
    """
    moves, ways = map_back
    (n, H), (on_h, on_c) = first[1].shape, first
    signals, before = cell.back(moves, carried)
    on_h_all, on_c_all, h_before, c_before = (
        part.reshape(n, others, H) for part in (*signals, *before)
    )
    from_c = (on_c @ beside(ways)).reshape(n, -1, H)
    from_h = _with_zeros(through(on_h, moves[3]), n)[:, None]
    return _Taken(on_h_all, on_c_all, h_before, c_before, from_c, from_h)


def _are_right(
    cell: LSTM,
    taken: _Taken,
    carried: tuple[Array, Array],
    first: tuple[Scaled, Scaled],
    least: float,
    paths: Callable[[], _MapBack],
) -> bool:
    """Whether a step in plain numbers lost nothing, as `gradflow.numerics.exponent_bounds` has it.

    Parameters
    ----------
    cell : LSTM
        The cell.
    taken : _Taken
        What came of it.
    carried, first : tuples
        The other classes, and class 0, as `_taken` has them.
    least : float
        The least number that is right.
    paths : callable
        The map back with 1 for all factors other than 0.
    """
    H = carried[0].shape[1]
    made = [part.reshape(-1, H) for part in (taken.on_c, taken.h_before, taken.c_before)]
    small = functools.reduce(np.logical_or, [(np.abs(part) < least).any(axis=1) for part in made])
    small &= carried[0].any(axis=1) | carried[1].any(axis=1)
    sent = taken.from_c.reshape(len(taken.from_c), -1)
    small_sent = (np.abs(sent) < least).any(axis=1)
    from_h = taken.from_h[: len(first[0].mantissa), 0]
    small_on_h = (np.abs(from_h) < least).any()
    if not (small.any() or small_sent.any() or small_on_h):
        return True
    moves, ways = paths()
    (_, on_c), before = cell.back(
        moves, tuple((part[small] != 0.0).astype(float) for part in carried)
    )
    on_h_first, on_c_first = (part.mantissa != 0.0 for part in first)
    return (
        all(
            _is_right(part[small], path, least)
            for part, path in zip(made, (on_c, *before), strict=True)
        )
        and _is_right(sent[small_sent], on_c_first[small_sent] @ beside(ways), least)
        and _is_right(from_h, through(on_h_first.astype(float), moves[3]), least)
    )


def _is_right(made: Array, path: Array, least: float) -> bool:
    return bool(((np.abs(made) >= least) | (path == 0.0)).all())


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


class _ClassRows:
    """The other classes as plain numbers (n, others, H), one exponent a row, and their bounds."""

    def __init__(self, n: int, H: int, division: Division) -> None:
        self._division = division
        self._numbers = np.zeros((2, n, division.others, H))
        self._low, self._high = 0, 0
        self._after = (0, 0)
        self.exponent = np.zeros((n, division.others), np.int64)

    def flat(self, row: int) -> tuple[Array, Array]:
        """The signals on h_j and c_j from a row on, (n * others, H) each."""
        H = self._numbers.shape[-1]
        on_h, on_c = self._numbers[:, row:]
        return on_h.reshape(-1, H), on_c.reshape(-1, H)

    def scaled(self, row: int) -> tuple[Scaled, Scaled]:
        """The same with an exponent for every number."""
        on_h, on_c = self.flat(row)
        exponent = self.exponent[row:].reshape(-1, 1)
        return Scaled.of(on_h, exponent), Scaled.of(on_c, exponent)

    def enter(self, row: int, top: Array) -> None:
        """The target of a row comes in: nothing yet, at the exponent of its class 0."""
        self.exponent[row] = top[0]

    def hold(self, row: int, top: Array, low: int, least: int, most: int) -> bool:
        """Whether bounds tell that a step loses nothing; exponents are renewed for it.

        Parameters
        ----------
        top, low : int64 array of shape (n, 1), and int
            Exponents of class 0, and the power of two of its smallest number relative to them.
        least, most : int
            Powers of two by which the step can at most shrink and grow a number.
        """
        if not self._fits(row, top, low, least, most):
            self.renew(row)
            self._low = lowest([*self._numbers[:, row:]])
            return self._fits(row, top, low, least, most)
        return True

    def renew(self, row: int) -> None:
        """Choose exponents anew, from a row on; what is known of small numbers is lost."""
        renew([*self._numbers[:, row:]], self.exponent[row:])
        self._low, self._high = _UNKNOWN, 0
        self._after = (_UNKNOWN, GROWTH + MOVED)

    def put(self, row: int, top: Array, taken: _Taken, is_sure: bool, least: float) -> bool:
        """Keep what a step made of the rows, if plain numbers can hold it.

        Parameters
        ----------
        top : int64 array of shape (n, 1)
            Exponents of class 0.
        taken : _Taken
            What the step made.
        is_sure : bool
            Whether `hold` told that numbers lose nothing that move by 2^MOVED at most.
        least : float
            The least number that is right.
        """
        own_exponent = self.exponent[row:]
        before = self._division.before(taken.from_c, taken.from_h, taken.h_before)
        shift = self._division.exponents_before(top, own_exponent) - own_exponent
        # What is far larger than the class that it arrives in brings its own exponent.
        rise = np.where(shift > MOVED, shift, 0)
        is_far = (np.abs(shift) > MOVED)[:, :, None]
        kept = taken.h_before * self._division.keeps
        on_h = shifted(before, (shift - rise)[:, :, None])
        on_c = taken.c_before
        if is_far.any():
            on_h += shifted(kept, -rise[:, :, None])
            on_c = shifted(on_c, -rise[:, :, None])
        else:
            on_h += kept
        if not is_sure or is_far.any():
            lost = (np.abs(on_h) < least) & ((before != 0.0) | (kept != 0.0))
            lost |= (np.abs(on_c) < least) & (taken.c_before != 0.0)
            if (lost & is_far).any() if is_sure else lost.any():
                return False
        self._numbers[0, row:], self._numbers[1, row:] = on_h, on_c
        self.exponent[row:] += rise
        self._low, self._high = (_UNKNOWN, self._after[1]) if rise.any() else self._after
        return True

    def take(self, row: int, rows: tuple[Scaled, Scaled], top: Array) -> bool:
        """Take rows, from one on, if one exponent each can do."""
        both = Scaled.beside(list(rows)).reshape(len(top), self._division.others, -1)
        largest = both.exponent.max(axis=2)
        largest = np.where(largest == ZERO_EXPONENT, top, largest)[:, :, None]
        depth = np.where(both.mantissa == 0.0, 0, both.exponent - largest).min(initial=0)
        if depth < -ROW:
            return False
        numbers = shifted(both.mantissa, both.exponent - largest)
        self._numbers[:, row:] = np.split(numbers, 2, axis=2)
        self.exponent[row:] = largest[:, :, 0]
        self._low, self._high = int(depth) - 1, 0
        return True

    def _fits(self, row: int, top: Array, low: int, least: int, most: int) -> bool:
        """Whether plain numbers hold a step, unless they move further than MOVED."""
        exponent = self.exponent[row:]
        shift = self._division.exponents_before(top, exponent) - exponent
        down = max(int(shift.min()), -MOVED)
        up = min(int(shift.max()), MOVED)
        lowest_after = min(self._low, min(low, self._low) + down) + least
        highest_after = self._high + max(up, 0) + most + 1
        self._after = (lowest_after, highest_after)
        return lowest_after >= -ROW and highest_after <= ROW


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


def beside(parts: Sequence[Number]) -> Number:
    """Arrays side by side, along axis 1."""
    if isinstance(parts[0], Scaled):
        return Scaled.beside(list(parts))
    return np.concatenate(parts, axis=1)


def _with_zeros(row: Number, n: int) -> Number:
    """A row (1, H), or none, with rows of zeros below it, (n, H)."""
    zeros = np.zeros((n - row.shape[0], row.shape[1]))
    if isinstance(row, Scaled):
        return Scaled.stacked([row, Scaled.of(zeros)])
    return np.concatenate([row, zeros])


def _with_entering(rows: tuple[Scaled, Scaled], others: int) -> tuple[Scaled, Scaled]:
    """The rows below those of the target that enters, which are 0."""
    entering = Scaled.of(np.zeros((others, rows[0].shape[1])))
    on_h, on_c = (Scaled.stacked([entering, row]) for row in rows)
    return on_h, on_c
