"""The backward sweep: the signals of every target, carried back one step at a time, all at once.

At source step j the sweep holds dL_t/d(state)_j for all targets t >= j, one row a target. A step
back is linear in the signal, so each row may be held relative to a power of two of its own: a step
is then a few array operations or matrix products on plain numbers. What keeps them right is derived
in `gradflow.numerics.exponent_bounds`:

- as a rule, bounds on the numbers of the rows tell before a step that it loses nothing;
- where the factors of a step lie too far apart for that (a saturated unit, a cell state of
  hundreds), the step is taken all the same, and what comes of it is looked at. Rows that lost
  something stand apart: they take that step again with an exponent for every number (`Scaled`), by
  the same formulas, and come back when their numbers have come together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gradflow.cells.base import Cell, Step, Tree, leaves
from gradflow.engine.shared_rows import RowsApart, SharedRows
from gradflow.engine.step_maps import Steps
from gradflow.numerics.exponent_bounds import (
    FACTOR,
    GROWTH,
    MOVED,
    ROW,
    UNKNOWN,
    least_right,
)
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled
from gradflow.numerics.shared_exponents import depths, lowest, renew, tops

# So few rows take the weights of each gate by themselves in less time than these make one matrix.
_FEW = 4

# A row that is added to a smaller one over its power of two may be this much larger.
_UPWARD = 64

# No rows.
_NOWHERE = np.zeros(0, np.intp)


class Signals(NamedTuple):
    """The signals that reach source step j: mantissa * 2^exponent.

    Attributes
    ----------
    j : int
        Source step.
    first : int
        Which of the targets, counted from 0, row 0 belongs to; those before lie before step j.
    mantissas : tuple of arrays of shape (m, H)
        One for each signal, H its width, a row for each target from step j on. They are good until
        the next step is asked for.
    exponent : int64 array of shape (m,)
        Powers of two of the rows.
    apart : RowsApart or None
        Rows for which this stands instead.
    were_bounded : bool
        Whether the numbers, and slopes times numbers, are known to have squares in float64.
    """

    j: int
    first: int
    mantissas: tuple[Array, ...]
    exponent: Array
    apart: RowsApart | None
    were_bounded: bool


def carry_back(
    cell: Cell,
    slopes: Tree,
    seeds: Scaled,
    on_step: Callable[[float], None] | None = None,
    targets: Array | None = None,
) -> Iterator[Signals]:
    """Carry dL_t/d(hidden state)_t of targets t back to step 1.

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
    targets : int array of shape (n,), optional
        Target steps, ascending; every step unless given.

    Yields
    ------
    Signals
        For j = T, T - 1, .., 1, from the last target on.
    """
    steps = np.arange(1, len(seeds.mantissa) + 1) if targets is None else targets
    sweep = _Sweep(cell, slopes, seeds[steps - 1])
    row, done, work = len(steps), 0, int(steps.sum())
    for j in range(int(steps[-1]), 0, -1):
        if steps[row - 1] == j and row:
            row -= 1
            sweep.enter(row)
        yield sweep.step(j)
        if on_step is not None:
            done += len(steps) - row
            on_step(done / work)


def carry_given_back(
    cell: Cell, slopes: Tree, given: Iterable[SharedRows], n: int
) -> Iterator[Signals]:
    """Carry back what reaches the hidden states of a layer at every step from the layer above.

    Parameters
    ----------
    cell : Cell
        What a step back is.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    given : iterable of SharedRows
        For j = T, T - 1, .., 1, n rows of H numbers: what of dL_t/dh_j does not come from step
        j + 1.
    n : int
        How many targets there are.

    Yields
    ------
    Signals
        For j = T, T - 1, .., 1, of all n targets.
    """
    sweep = _Sweep(cell, slopes, _zeros(n, cell.H))
    T = len(next(leaves(slopes)).mantissa)
    for j, rows in zip(range(T, 0, -1), given, strict=True):
        sweep.receive(rows)
        yield sweep.step(j)


class _Sweep:
    """Rows of signals, and how they are carried back a step.

    Rows enter from the last to the first. A row is plain, with one exponent; or it stands apart,
    and its plain numbers are 0; or it is 0 throughout.
    """

    def __init__(self, cell: Cell, slopes: Tree, seeds: Scaled) -> None:
        self._cell = cell
        self._steps = Steps(cell, slopes, len(seeds.mantissa) <= _FEW)
        self._seeds = seeds
        top = tops(seeds)
        n = len(top)
        self._seed_low: list[int] = depths(top, seeds).tolist()
        self._plain_seeds = seeds.over(top)
        # Two arrays for each state, which change places at each step, and room to look at results.
        # Rows are 0 until they enter.
        self._states, self._before = ([np.zeros((n, H)) for H in cell.widths] for _ in range(2))
        self._room = {H: np.empty((n, H)) for H in cell.widths}
        self._exponent = top[:, 0]
        self._is_plain = np.zeros(n, bool)
        self._low, self._high = 0, 0
        self._enter_from(n)
        self._apart = RowsApart(np.zeros(0, np.intp), tuple(_zeros(0, H) for H in cell.widths))

    def enter(self, row: int) -> None:
        """Let the target of a row come in: its seed, and 0 in other states."""
        self._enter_from(row)
        low = self._seed_low[row]
        if low < -ROW:
            others = (_zeros(1, H) for H in self._cell.widths[1:])
            self._set_apart(np.array([row]), (self._seeds[row : row + 1], *others))
        elif self._plain_seeds[row].any():
            self._states[0][row] = self._plain_seeds[row]
            self._is_plain[row] = True
            self._low = min(self._low, low)

    def receive(self, given: SharedRows) -> None:
        """Let all rows come in, and add to each what is given for it."""
        if self._first:
            self._enter_from(0)
        near = self._near(given)
        if near.all():
            self._add(given)
            return
        # Exactly where numbers lie too far apart; rows come back as after any step.
        places = np.flatnonzero(~near)
        self._leave(places[self._is_plain[places]])
        missing = np.setdiff1d(places, self._apart.places)
        self._set_apart(missing, tuple(_zeros(len(missing), H) for H in self._cell.widths))
        numbers, others = self._apart.signals[0], self._apart.signals[1:]
        self._apart = RowsApart(
            self._apart.places, (numbers + given.scaled(self._apart.places), *others)
        )
        mantissa = np.where(near[:, None], given.mantissa, 0.0)
        exponent = np.where(near, given.exponent, ZERO_EXPONENT)
        self._add(given._replace(mantissa=mantissa, exponent=exponent))
        self._come_back()

    def _enter_from(self, row: int) -> None:
        """Let the rows from one on have entered: views of their numbers, now and a step on."""
        self._first = row
        self._numbers, self._next = (
            tuple(state[row:] for state in states) for states in (self._states, self._before)
        )

    def _near(self, given: SharedRows) -> Array:
        """The rows to which what is given can be added in plain numbers."""
        gap = self._gap(given)
        if gap.max() > MOVED:
            self._renew()
            self._low = lowest(self._numbers)
            gap = self._gap(given)
        near = gap <= MOVED
        near[given.apart.places] = False
        near[self._apart.places] = False
        return near

    def _gap(self, given: SharedRows) -> Array:
        """How far apart the powers of two of both rows are; 0 where one of them is 0."""
        both = self._is_plain & (given.exponent != ZERO_EXPONENT)
        return np.where(both, np.abs(self._exponent - given.exponent), 0)

    def _add(self, given: SharedRows) -> None:
        """Add rows in plain numbers, over the old power of two where it is not far too small."""
        is_given = given.exponent != ZERO_EXPONENT
        old = np.where(self._is_plain, self._exponent, given.exponent)
        new = np.where(is_given, given.exponent, old)
        top = np.where(new - old > _UPWARD, new, old)
        down, shift = old - top, new - top
        if down.any():
            scale = np.ldexp(1.0, down)[:, None]
            for state in self._states:
                state *= scale
        scaled = given.mantissa * np.ldexp(1.0, shift)[:, None] if shift.any() else given.mantissa
        self._states[0] += scaled
        self._exponent[:] = np.where(self._is_plain | is_given, top, self._exponent)
        self._is_plain |= is_given
        self._low = min(self._low + int(down.min()), int(shift.min()) + given.low)
        self._high = max(self._high, int(shift.max()) + 1) + 1

    def step(self, j: int) -> Signals:
        """Carry all rows that have entered back from step j; the signals that reach it."""
        is_sure = self._is_sure(j)
        signals: tuple[Array, ...] = ()
        if is_sure:
            signals, _ = self._taken(j)
            self._low += self._steps.least[j - 1]
        elif self._steps.bounded[j - 1]:
            signals = self._looked_at(j)
            self._low = UNKNOWN
        else:
            self._leave(np.flatnonzero(self._is_plain))
        apart = None
        if len(self._apart.places) or not signals:
            apart = self._step_apart(j)
            n = len(self._exponent) - self._first
            signals = signals or tuple(np.zeros((n, s.shape[1])) for s in apart.signals)
        self._high += self._steps.most[j - 1]
        self._states, self._before = self._before, self._states
        self._numbers, self._next = self._next, self._numbers
        exponent = self._exponent[self._first :].copy() if apart else self._exponent[self._first :]
        self._come_back()
        return Signals(j, self._first, signals, exponent, apart, is_sure)

    def _is_sure(self, j: int) -> bool:
        """Whether bounds tell that step j loses nothing; exponents are renewed for it."""
        if self._steps.sure[j - 1] and not self._has_room(j):
            self._renew()
            self._low = lowest(self._numbers)
        return self._steps.sure[j - 1] and self._has_room(j)

    def _has_room(self, j: int) -> bool:
        low, high = self._low + self._steps.least[j - 1], self._high + self._steps.most[j - 1]
        return low >= -ROW and high <= ROW

    def _renew(self) -> None:
        renew(self._numbers, self._exponent[self._first :])
        self._high = 0

    def _taken(self, j: int) -> Step:
        """Step j in plain numbers. What is carried on has its place in the other arrays."""
        if not self._steps.for_few:
            return self._cell.back(self._steps.plain(j), self._numbers, self._next)
        signals, before = self._cell.back(self._steps.plain(j), self._numbers)
        for place, part in zip(self._next, before, strict=True):
            place[...] = part
        return signals, self._next

    def _looked_at(self, j: int) -> tuple[Array, ...]:
        """The signals of a step in plain numbers; rows that would lose something leave before."""
        if self._high > FACTOR or self._high + self._steps.most[j - 1] > GROWTH:
            self._renew()
        found = self._taken(j)
        lost = self._lost(j, found)
        if len(lost) and self._have_sunk(lost):
            self._renew()
            found = self._taken(j)
            lost = self._lost(j, found)
        if len(lost):
            self._leave(lost)
        return found[0]

    def _lost(self, j: int, found: Step) -> Array:
        """The plain rows of which step j, in plain numbers, may have lost something."""
        rows = self._numbers
        parts = (*found[0], *found[1])
        made = [n for n, part in enumerate(parts) if not any(part is row for row in rows)]
        least = least_right(self._high, self._steps.most[j - 1])
        if all(self._sizes(parts[n]).min() >= least for n in made):
            return _NOWHERE
        is_small = np.zeros(len(rows[0]), bool)
        for n in made:
            is_small |= (self._sizes(parts[n]) < least).any(axis=1)
        small = np.flatnonzero(is_small & self._is_plain[self._first :])
        if not len(small):
            return _NOWHERE
        some = tuple((row[small] != 0.0).astype(float) for row in rows)
        signals, before = self._cell.back(self._steps.pattern(j), some)
        paths = (*signals, *before)
        is_right = np.ones(len(small), bool)
        for n in made:
            is_right &= ((np.abs(parts[n][small]) >= least) | (paths[n] == 0.0)).all(axis=1)
        return self._first + small[~is_right]

    def _sizes(self, part: Array) -> Array:
        return np.abs(part, out=self._room[part.shape[1]][: len(part)])

    def _have_sunk(self, places: Array) -> bool:
        """Whether the exponents of some rows are far above their numbers."""
        largest = np.max([np.abs(state[places]).max(axis=1) for state in self._states], axis=0)
        return bool(largest.min() < 2.0 ** (self._high - FACTOR))

    def _leave(self, places: Array) -> None:
        """Set plain rows apart."""
        exponent = self._exponent[places, None]
        self._set_apart(places, tuple(Scaled.of(s[places], exponent) for s in self._states))
        self._is_plain[places] = False
        for state in (*self._states, *self._before):
            state[places] = 0.0

    def _set_apart(self, places: Array, numbers: tuple[Scaled, ...]) -> None:
        old = self._apart
        self._apart = RowsApart(
            np.concatenate([old.places, places]),
            tuple(Scaled.stacked([a, b]) for a, b in zip(old.signals, numbers, strict=True)),
        )

    def _step_apart(self, j: int) -> RowsApart:
        """Step j with an exponent for every number, of the rows apart: the signals."""
        places, rows = self._apart
        signals, before = self._cell.back(self._steps.scaled(j), rows)
        self._apart = RowsApart(places, before)
        return RowsApart(places - self._first, signals)

    def _come_back(self) -> None:
        """Make rows apart plain whose numbers have come together."""
        places, rows = self._apart
        if not len(places):
            return
        top = tops(*rows)
        depth = depths(top, *rows)
        near = depth >= -ROW
        if near.any():
            for state, row in zip(self._states, rows, strict=True):
                state[places[near]] = row[near].over(top[near])
            self._exponent[places[near]] = top[near, 0]
            self._is_plain[places[near]] = True
            self._low = min(self._low, int(depth[near].min()))
            self._apart = RowsApart(places[~near], tuple(row[~near] for row in rows))


def _zeros(n: int, H: int) -> Scaled:
    return Scaled.of(np.zeros((n, H)))
