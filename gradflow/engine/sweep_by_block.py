"""The backward sweep of a cell whose states are numbers, a span of source steps at a time.

A step back is linear in the signal, so what a span of steps makes of a target's row is one small
matrix, the same for every target. It is worked out once, by carrying unit vectors through the span,
for all spans side by side; a row then takes the whole span in one product. Targets that lie in the
span themselves are carried along step by step.

A cell may keep its signals in several parts, such as classes of paths. Beyond a span each part of a
row has a power of two of its own, for one may fall behind another by any number of them.

Nothing of shape (T, T) is made here. A term is the product of a target's row and a source step's
column, and whole blocks of terms are formed in one matrix product when they are asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradflow.cells.base import StepBack, Tree, each
from gradflow.engine.factored_terms import (
    Product,
    Rows,
    Signal,
    by_span,
    power_range,
)
from gradflow.engine.sweep_by_step import Steps
from gradflow.numerics.scaled import Array, Scaled

# Powers of two. Rows, and the maps of spans, keep their numbers within 2^-300 .. 2^300: then
# neither a step nor the product of a row with a map under- or overflows.
_REACH = 300

# What is this much smaller than the part that it feeds is left out where that part is seen.
_FAR = 400

# The power of two of a part that is zero, below every other.
_NOTHING = -(2**60)

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

    def times(self, kept: int, factor: Scaled) -> Product:
        """As `Kept` has it."""
        return Product(self.signals[kept], factor)


def spans(
    cell: StepBack, slopes: Tree, seeds: Scaled, signals: int, feeds: Array = _ONE_PART
) -> tuple[Spans, ...] | None:
    """Carry dL_t/d(hidden state)_t of every target t back to step 1, by spans.

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

    Returns
    -------
    tuple of Spans, or None
        One for each part. None where numbers that would share a power of two lie too far apart: a
        sweep that can take a step with a power of two for every number then serves.
    """
    steps = Steps(cell, slopes)
    T, G = len(seeds.mantissa), len(feeds)
    # As many steps in a span as there are spans: neither is taken often.
    B = math.isqrt(T - 1) + 1
    inside = _inside(cell, steps, seeds, signals, G, B) if all(steps.sure) else None
    rows = None if inside is None else _beyond(inside, feeds)
    if inside is None or rows is None:
        return None
    U = inside.left.shape[-1]
    near_exponent = _by_lag(inside.exponents[:, U:])[:T][::-1]
    return tuple(
        Spans(
            tuple(
                Signal(
                    rows[g],
                    numbers[:, _fed(feeds[g], U), g],
                    inside.exponents[:, 0],
                    np.tril(_by_lag(numbers[:, U:, g])[:T][::-1]),
                    near_exponent,
                )
                for numbers in inside.numbers
            )
        )
        for g in range(G)
    )


@dataclass(frozen=True)
class _Inside:
    """What was carried through each span: first a unit of each state, then its own targets.

    Q spans, and U + B rows in each, where U counts the states of all G parts. numbers, for each
    signal, (Q, U + B, G, B), and exponents, (Q, U + B, B), have one column a step; left is what is
    left of the rows after the span, (Q, U + B, U), state after state, over 2^left_exponent,
    (Q, U + B). The units of a span share their power of two.
    """

    numbers: tuple[Array, ...]
    exponents: Array
    left: Array
    left_exponent: Array


def _inside(
    cell: StepBack, steps: Steps, seeds: Scaled, signals: int, G: int, B: int
) -> _Inside | None:
    """Carry units and targets through all spans side by side; None where they lie too far apart."""
    T, S = len(seeds.mantissa), len(cell.states)
    Q, U = -(-T // B), G * S
    maps = np.ascontiguousarray(by_span(_maps(cell, steps, G), Q, B).swapaxes(0, 1))
    seed, seed_exponent = (by_span(part[:, 0], Q, B) for part in (seeds.mantissa, seeds.exponent))
    least, most = (by_span(np.array(bound), Q, B) for bound in (steps.least, steps.most))
    shrinks, grows = least.min(axis=0).tolist(), most.max(axis=0).tolist()
    # For each step the signals of all rows, and then the states that are carried on.
    found = np.zeros((B, Q, U + B, signals * G + U))
    states = slice(signals * G, None)
    exponents = np.zeros((Q, U + B, B), np.int64)
    exponent = np.zeros((Q, U + B), np.int64)
    exponent[:, U:] = np.where(seed == 0.0, 0, seed_exponent)
    carried = np.zeros((Q, U + B, U))
    carried[:, range(U), range(U)] = 1.0
    low, high, renewed = 0, 0, 0
    for p in range(B):
        carried[:, U + p, 0] = seed[:, p]
        now = carried[:, : U + p + 1]
        if low + shrinks[p] < -_REACH or high + grows[p] > _REACH:
            exponents[:, :, renewed:p] = exponent[:, :, None]
            renewed = p
            _renew(now, exponent[:, : U + p + 1], U)
            low, high = power_range(now)
            if low + shrinks[p] < -_REACH or high + grows[p] > _REACH:
                return None
        low = min(low, -1)  # of the next seed
        np.matmul(now, maps[p], out=found[p, :, : U + p + 1])
        carried = found[p, :, :, states]
        low, high = low + shrinks[p], high + grows[p]
    exponents[:, :, renewed:] = exponent[:, :, None]
    _renew(carried, exponent, U)
    if power_range(carried)[0] < -_REACH:
        return None
    by_row = found.transpose(1, 2, 3, 0)  # (Q, U + B, signals * G + U, B)
    numbers = tuple(by_row[:, :, n * G : (n + 1) * G] for n in range(signals))
    return _Inside(numbers, exponents, carried, exponent)


def _maps(cell: StepBack, steps: Steps, G: int) -> Array:
    """Each step back as a matrix, (T, U, signals * G + U), that rows of states are multiplied by.

    Its rows are what the step makes of a unit of each state.
    """
    moves = each(lambda move: move.reshape(-1, 1, 1), steps.all_plain())
    S, T = len(cell.states), len(steps.sure)
    units = np.eye(S * G).reshape(S * G, S, G)
    carried = tuple(np.broadcast_to(units[:, s], (T, S * G, G)) for s in range(S))
    found, before = cell.back(moves, carried)
    parts = (np.broadcast_to(numbers, (T, S * G, G)) for numbers in (*found, *before))
    return np.concatenate(list(parts), axis=2)


def _beyond(inside: _Inside, feeds: Array) -> list[Rows] | None:
    """For each part, rows of the targets beyond each span as they enter it; None as for `spans`."""
    left, left_exponent = inside.left, inside.left_exponent
    (Q, _, U), G = left.shape, len(feeds)
    by_part = left.reshape(Q, -1, U // G, G).transpose(0, 3, 2, 1)  # (Q, G, S, U + B)
    parts, rows = [np.zeros((G, U // G, 0))], [np.zeros((G, U, 0))]
    exponents = [np.zeros((G, 0), np.int64)]
    far = np.zeros(G, bool)
    for q in range(Q - 1):
        # A span's own targets came last first.
        own, own_exponent = by_part[q, :, :, : U - 1 : -1], left_exponent[q, : U - 1 : -1]
        numbers = np.concatenate([own, by_part[q, :, :, :U] @ rows[-1]], axis=2)
        exponent = np.concatenate(
            [
                np.broadcast_to(own_exponent, (G, len(own_exponent))),
                exponents[-1] + left_exponent[q, 0],
            ],
            axis=1,
        )
        _renew(numbers.swapaxes(1, 2), exponent)
        parts.append(numbers)
        if G > 1:
            joined = _joined(numbers, exponent, feeds)
            if joined is None:
                return None
            numbers, exponent, left_out = joined
            far |= left_out
        rows.append(numbers)
        exponents.append(exponent)
    if power_range(np.concatenate(parts, axis=2))[0] < -_REACH:
        return None
    if not all(_is_seen(inside, g) for g in range(G) if far[g]):
        return None
    numbers, exponent = np.concatenate(rows, axis=2), np.concatenate(exponents, axis=1)
    return [Rows(numbers[g, _fed(feeds[g], U)].T, exponent[g]) for g in range(G)]


def _fed(by: Array, U: int) -> Array:
    """The states, of all U, that feed a part."""
    return np.flatnonzero(np.tile(by, U // len(by)))


def _joined(numbers: Array, exponent: Array, feeds: Array) -> tuple[Array, Array, Array] | None:
    """For each part, all that feeds it, over one power of two.

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
        Whether numbers were left out, as far below the part's own. None in the place of the three
        if some lie as far below those of another part.
    """
    G, S, n = numbers.shape
    power = np.where(numbers.any(axis=1), exponent, _NOTHING)
    power = np.where(feeds[:, :, None], power, _NOTHING)  # (to, from, n)
    top = power.max(axis=1)
    shift = power - top[:, None]
    far = shift < -_FAR
    left_out = (far & (power > _NOTHING)).any(axis=1)
    if (shift[range(G), range(G)][left_out] < 0).any():
        return None
    scale = np.where(far, 0.0, np.ldexp(1.0, np.maximum(shift, -_FAR).astype(np.int32)))
    joined = numbers.swapaxes(0, 1) * scale[:, None]  # (to, S, from, n)
    return (
        joined.reshape(G, S * G, n),
        np.where(top == _NOTHING, 0, top),
        left_out.any(axis=1),
    )


def _is_seen(inside: _Inside, g: int) -> bool:
    """Whether a part is seen in all that others bring to it: its states beyond, and its signals.

    What is smaller by 2^-_FAR and was left out would then have changed nothing.
    """
    U, G = inside.left.shape[-1], inside.numbers[0].shape[2]
    own = slice(g, U, G)
    for numbers in (inside.left[:-1, :U, own], *(found[:, :U, g] for found in inside.numbers)):
        by_others = np.delete(numbers, own, axis=1).any(axis=1)
        if not (numbers[:, own].all(axis=1) | ~by_others).all():
            return False
        if power_range(numbers)[1] - power_range(numbers[:, own])[0] > _REACH:
            return False
    return True


def _renew(rows: Array, exponent: Array, together: int = 0) -> None:
    """Set the powers of two anew, in place, so that the largest number of a row is below 1.

    The first few rows of each span keep one power of two `together`.
    """
    size = np.abs(rows).max(axis=-1)
    size[..., :together] = size[..., :together].max(axis=-1, keepdims=True, initial=0.0)
    _, shift = np.frexp(size)
    np.ldexp(rows, -shift[..., None], out=rows)
    exponent += shift


def _by_lag(numbers: Array) -> Array:
    """(Q, B, B) by target and source step of a span to (Q * B, B) by target and lag."""
    Q, B, _ = numbers.shape
    wide = np.zeros((Q, B, 2 * B), numbers.dtype)
    wide[:, :, :B] = numbers
    by_span, by_target, by_step = wide.strides
    strides = (by_span, by_target + by_step, by_step)
    return np.lib.stride_tricks.as_strided(wide, (Q, B, B), strides).reshape(Q * B, B)
