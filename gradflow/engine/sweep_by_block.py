"""The backward sweep of a cell whose states are numbers, a span of source steps at a time.

A row holds the signals of one target. A step back is linear in them, so a span of steps acts on
every row by one small matrix, its map. The map is found once, by carrying unit vectors through the
span, for all spans side by side. A row then takes a whole span in one product. Targets inside a
span are carried to its end step by step.

A cell may keep its signals in several parts, such as classes of paths. One part may be smaller than
another by any power of two, so beyond its span each part of a row has an exponent of its own. Where
bounds do not tell that this is enough, `scaled_spans` takes the same products with an exponent for
every number.

Nothing of shape (T, T) is made here. A term is the product of a target's row and a source step's
column. Blocks of terms are one matrix product, made when they are asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradflow.cells.base import StepBack, Tree, each
from gradflow.engine.factored_terms import (
    FactoredTerms,
    Signal,
    SpanTargets,
    by_span,
)
from gradflow.engine.scaled_spans import ScaledSpans, spans_with_exponents
from gradflow.engine.span_rows import TargetRows, power_range
from gradflow.engine.step_maps import Steps
from gradflow.numerics.exponent_bounds import PLAIN, ROW
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled
from gradflow.numerics.shared_exponents import renew

# What feeds the one part of a usual cell.
_ONE_PART = np.ones((1, 1), bool)


@dataclass(frozen=True)
class Spans:
    """The signals of a cell whose states are numbers.

    Attributes
    ----------
    signals : tuple of Signal
        As the cell's step back has them.
    """

    signals: tuple[Signal, ...]

    def times(self, kept: int, factor: Scaled) -> FactoredTerms:
        """As `Kept` has it."""
        return FactoredTerms(self.signals[kept], factor)


def spans(
    cell: StepBack,
    slopes: Tree,
    seeds: Scaled,
    signals: int,
    feeds: Array = _ONE_PART,
    targets: Array | None = None,
) -> tuple[Spans | ScaledSpans, ...]:
    """Carry dL_t/d(hidden state)_t of targets t back to step 1, by spans.

    Parameters
    ----------
    cell : StepBack
        What a step back is. Its states are numbers, one for each part, where a usual cell has
        units; the target's signal enters in the first part.
    slopes : tree of Scaled arrays of shape (T, 1)
        The cell's local derivatives.
    seeds : Scaled array of shape (T, 1)
        dL_t/dh_t, row t - 1 for target t.
    signals : int
        How many signals a step back has.
    feeds : bool array of shape (parts, parts)
        Whether what is in a part, axis 1, stays in or gets to another, axis 0.
    targets : int array of shape (n,), optional
        Target steps, ascending; every step unless given.

    Returns
    -------
    tuple of Spans or ScaledSpans
        One for each part.
    """
    steps, T = Steps(cell, slopes), len(seeds.mantissa)
    # As many steps in a span as there are spans: neither is taken often.
    asked = np.arange(1, T + 1) if targets is None else targets
    among = SpanTargets(asked, T, math.isqrt(T - 1) + 1)
    if all(steps.sure):
        found = _plain_spans(cell, steps, seeds, signals, feeds, among)
        if found is not None:
            return found
    return spans_with_exponents(cell, steps, seeds, signals, len(feeds), among)


def _plain_spans(
    cell: StepBack, steps: Steps, seeds: Scaled, signals: int, feeds: Array, targets: SpanTargets
) -> tuple[Spans, ...] | None:
    """The same in plain numbers; None where numbers that share a power lie too far apart."""
    G = len(feeds)
    inside = _inside(cell, steps, seeds, signals, G, targets)
    rows = None if inside is None else _beyond(inside, feeds, targets)
    if inside is None or rows is None:
        return None
    U = inside.left.shape[-1]
    near_exponent = targets.near(inside.exponents[:, U:])
    return tuple(
        Spans(
            tuple(
                Signal(
                    rows[g],
                    numbers[:, _fed(feeds[g], U), g],
                    inside.exponents[:, 0],
                    targets.near(numbers[:, U:, g]),
                    near_exponent,
                    targets,
                )
                for numbers in inside.numbers
            )
        )
        for g in range(G)
    )


@dataclass(frozen=True)
class _Inside:
    """What was carried through each span: first a unit of each state, then its own targets.

    Q spans, and U + P rows in each, where U counts the states of all G parts and P the entries of
    targets. numbers, for each signal, (Q, U + P, G, B), and exponents, (Q, U + P, B), have one
    column a step; left is what is left of the rows after the span, (Q, U + P, U), state after
    state, over 2^left_exponent, (Q, U + P). The units of a span share their power of two.
    """

    numbers: tuple[Array, ...]
    exponents: Array
    left: Array
    left_exponent: Array


def _inside(
    cell: StepBack, steps: Steps, seeds: Scaled, signals: int, G: int, targets: SpanTargets
) -> _Inside | None:
    """Carry units and targets through all spans side by side; None where they lie too far apart.

    Axes are Q spans, R = U + P rows of each, U numbers of a row and, first, B steps. A step is one
    product (Q, R, U) @ (Q, U, signals * G + U): its signals, and the row that is carried on.
    """
    U, Q, B = G * len(cell.states), targets.Q, targets.B
    R = U + len(targets.entries)
    maps = np.ascontiguousarray(by_span(_maps(cell, steps, G), Q, B).swapaxes(0, 1))
    seed, seed_exponent = (
        targets.by_entry(part[:, 0]) for part in (seeds.mantissa, seeds.exponent)
    )
    found = np.zeros((B, Q, R, signals * G + U))
    exponents = np.zeros((B, Q, R), np.int64)
    exponent = np.zeros((Q, R), np.int64)
    exponent[:, U:] = np.where(seed == 0.0, 0, seed_exponent)
    carried = np.zeros((Q, R, U))
    carried[:, range(U), range(U)] = 1.0
    bounds = _SpanBounds(steps, Q, B)
    entered = U
    for p in range(B):
        if entered < R and targets.entries[entered - U] == p:
            carried[:, entered, 0] = seed[:, entered - U]
            bounds.let_seeds_in()
            entered += 1
        now, own = carried[:, :entered], exponent[:, :entered]
        if not bounds.hold(p):
            renew([now], own, U)
            bounds.measure(now)
            if not bounds.hold(p):
                return None
        exponents[p] = exponent
        np.matmul(now, maps[p], out=found[p, :, :entered])
        bounds.follow(p)
        carried = found[p, :, :, signals * G :]
    renew([carried], exponent, U)
    if power_range(carried)[0] < -ROW:
        return None
    by_row = found.transpose(1, 2, 3, 0)  # (Q, R, signals * G + U, B)
    numbers = tuple(by_row[:, :, n * G : (n + 1) * G] for n in range(signals))
    return _Inside(numbers, exponents.transpose(1, 2, 0), carried, exponent)


class _SpanBounds:
    """Powers of two between which the rows of all spans lie."""

    def __init__(self, steps: Steps, Q: int, B: int) -> None:
        least, most = (by_span(np.array(bound), Q, B) for bound in (steps.least, steps.most))
        self._shrinks: list[int] = least.min(axis=0).tolist()
        self._grows: list[int] = most.max(axis=0).tolist()
        self._low, self._high = 0, 0

    def let_seeds_in(self) -> None:
        """Rows come in that have a mantissa, 1/2 or more, in one place and 0 in the others."""
        self._low = min(self._low, -1)

    def hold(self, p: int) -> bool:
        """Whether they tell that step p of the spans loses nothing."""
        return self._low + self._shrinks[p] >= -ROW and self._high + self._grows[p] <= ROW

    def measure(self, rows: Array) -> None:
        """Find them anew, of rows whose exponents were renewed."""
        self._low, self._high = power_range(rows)

    def follow(self, p: int) -> None:
        """Move with step p."""
        self._low, self._high = self._low + self._shrinks[p], self._high + self._grows[p]


def _maps(cell: StepBack, steps: Steps, G: int) -> Array:
    """Each step back as a matrix that rows of states are multiplied by, (T, U, signals * G + U)."""
    moves = each(lambda move: move.reshape(-1, 1, 1), steps.all_plain())
    S, T = len(cell.states), len(steps.sure)
    units = np.eye(S * G).reshape(S * G, S, G)
    carried = tuple(np.broadcast_to(units[:, s], (T, S * G, G)) for s in range(S))
    found, before = cell.back(moves, carried)
    parts = (np.broadcast_to(numbers, (T, S * G, G)) for numbers in (*found, *before))
    return np.concatenate(list(parts), axis=2)


def _beyond(inside: _Inside, feeds: Array, targets: SpanTargets) -> list[TargetRows] | None:
    """For each part, rows of the targets beyond each span as they enter it; None as for `spans`."""
    left, left_exponent = inside.left, inside.left_exponent
    (Q, _, U), G = left.shape, len(feeds)
    by_part = left.reshape(Q, -1, U // G, G).transpose(0, 3, 2, 1)  # (Q, G, S, U + P)
    parts, rows = [np.zeros((G, U // G, 0))], [np.zeros((G, U, 0))]
    exponents = [np.zeros((G, 0), np.int64)]
    far = np.zeros(G, bool)
    for q in range(Q - 1):
        places = U + targets.own(q)
        own, own_exponent = by_part[q][:, :, places], left_exponent[q, places]
        numbers = np.concatenate([own, by_part[q, :, :, :U] @ rows[-1]], axis=2)
        exponent = np.concatenate(
            [
                own_exponent[None].repeat(G, axis=0),
                exponents[-1] + left_exponent[q, 0],
            ],
            axis=1,
        )
        renew([numbers.swapaxes(1, 2)], exponent)
        parts.append(numbers)
        if G > 1:
            joined = _joined(numbers, exponent, feeds)
            if joined is None:
                return None
            numbers, exponent, left_out = joined
            far |= left_out
        rows.append(numbers)
        exponents.append(exponent)
    low, _ = power_range(np.concatenate(parts, axis=2))
    if low < -ROW or low + _columns_low(inside) < -PLAIN:
        return None
    if not all(_is_seen(inside, g) for g in range(G) if far[g]):
        return None
    numbers, exponent = np.concatenate(rows, axis=2), np.concatenate(exponents, axis=1)
    return [TargetRows(numbers[g, _fed(feeds[g], U)].T, exponent[g]) for g in range(G)]


def _fed(feeds: Array, U: int) -> Array:
    """The states, of all U, that feed a part, by the parts that feed it."""
    return np.flatnonzero(np.tile(feeds, U // len(feeds)))


def _joined(numbers: Array, exponent: Array, feeds: Array) -> tuple[Array, Array, Array] | None:
    """For each part, all that feeds it, over one power of two.

    Part g of a row gets the numbers of each part f that feeds it, and is held over the largest of
    their powers, 2^top: the numbers of f are multiplied by 2^(power of f - top). Where this is
    below 2^-ROW they are left out. That loses nothing where the largest are g's own, and where
    these are seen in all that f would have brought, which `_is_seen` tells afterwards.

    Parameters
    ----------
    numbers, exponent : arrays of shape (G, S, n) and (G, n)
        The parts of n rows, each over its own power of two.
    feeds : bool array of shape (G, G)
        As for `spans`.

    Returns
    -------
    numbers : array of shape (G, S * G, n)
        For each part, the rows.
    exponent : int64 array of shape (G, n)
        Their powers of two.
    left_out : bool array of shape (G,)
        Whether numbers were left out. None instead of the three if some were, and the largest
        are not the part's own.
    """
    G, S, n = numbers.shape
    itself = range(G)
    is_there = numbers.any(axis=1) & feeds[:, :, None]  # (g, f, n)
    power = np.where(is_there, exponent, ZERO_EXPONENT)
    top = power.max(axis=1)  # (g, n)
    depth = power - top[:, None]
    too_deep = depth < -ROW
    loses = (too_deep & is_there).any(axis=1)
    if (depth[itself, itself][loses] < 0).any():
        return None
    scale = np.where(too_deep, 0.0, np.ldexp(1.0, np.maximum(depth, -ROW).astype(np.int32)))
    together = numbers.swapaxes(0, 1) * scale[:, None]  # (g, S, f, n)
    exponents = np.where(top == ZERO_EXPONENT, 0, top)
    return together.reshape(G, S * G, n), exponents, loses.any(axis=1)


def _is_seen(inside: _Inside, g: int) -> bool:
    """Whether a part is seen in all that others bring to it: its states beyond, and its signals.

    What is smaller by 2^-ROW and was left out would then have changed nothing.
    """
    U, G = inside.left.shape[-1], inside.numbers[0].shape[2]
    own = slice(g, U, G)
    for numbers in (inside.left[:-1, :U, own], *(found[:, :U, g] for found in inside.numbers)):
        by_others = np.delete(numbers, own, axis=1).any(axis=1)
        if not (numbers[:, own].all(axis=1) | ~by_others).all():
            return False
        if power_range(numbers)[1] - power_range(numbers[:, own])[0] > ROW:
            return False
    return True


def _columns_low(inside: _Inside) -> int:
    """A power of two that all columns of signals but zeros are at least as large as."""
    U = inside.left.shape[-1]
    return min(power_range(numbers[:, :U])[0] for numbers in inside.numbers)
