"""The backward sweep of a cell whose states are numbers, a span of source steps at a time.

A step back is linear in the signal, so what a span of steps makes of a target's row is one small
matrix, the same for every target. It is worked out once, by carrying unit vectors through the span,
for all spans side by side; a row then takes the whole span in one product. Targets that lie in the
span themselves are carried along step by step.

Nothing of shape (T, T) is made here. A term is the product of a target's row and a source step's
column, and whole blocks of terms are formed in one matrix product when they are asked for.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import numpy as np

from gradflow.cells.base import Cell, Tree, each
from gradflow.products import Product, Rows, power_range
from gradflow.scaled import Array, Scaled, lagged
from gradflow.sweep import Steps

# Powers of two. Rows, and the maps of spans, keep their numbers within 2^-300 .. 2^300: then
# neither a step nor the product of a row with a map under- or overflows.
_REACH = 300


@dataclass(frozen=True)
class Spans:
    """The signals of a cell whose states are numbers, as products of rows and columns.

    Q spans of B steps, counted as in `Rows`; S is the number of states.

    Attributes
    ----------
    rows : Rows
        Carried states of the targets beyond a span, as they enter it.
    columns : tuple of arrays of shape (Q, S, B)
        For each signal, what a unit of each state on entering a span is at its steps.
    column_exponent : int64 array of shape (Q, B)
        Powers of two of the columns.
    near : tuple of arrays of shape (T, B)
        For each signal, its numbers where target and source step lie in one span: target step t in
        row t - 1, lag k in column k - 1; 0 elsewhere.
    near_exponent : int64 array of shape (T, B)
        Powers of two of those.
    """

    rows: Rows
    columns: tuple[Array, ...]
    column_exponent: Array
    near: tuple[Array, ...]
    near_exponent: Array

    def times(self, kept: int, factor: Scaled) -> Product:
        """As `Kept` has it."""
        Q, _, B = self.columns[kept].shape
        near = (slice(None), slice(0, B))
        return Product(
            self.rows,
            self.columns[kept] * _by_span(factor.mantissa, Q, B)[:, None],
            self.column_exponent + _by_span(factor.exponent, Q, B),
            self.near[kept] * lagged(factor.mantissa)[near],
            self.near_exponent + lagged(factor.exponent)[near],
        )


def spans(cell: Cell, slopes: Tree, seeds: Scaled, signals: int) -> Spans | None:
    """Carry dL_t/d(hidden state)_t of every target t back to step 1, by spans.

    Parameters
    ----------
    cell : Cell
        What a step back is; all its states are numbers.
    slopes : tree of Scaled arrays of shape (T, 1)
        The cell's local derivatives.
    seeds : Scaled array of shape (T, 1)
        dL_t/dh_t, row t - 1 for target t.
    signals : int
        How many signals a step back has.

    Returns
    -------
    Spans, or None
        None where numbers that would share a power of two lie too far apart: `carry_back` then
        serves, which can take a step with a power of two for every number.
    """
    steps = Steps(cell, slopes)
    T, S = len(seeds.mantissa), len(cell.states)
    # As many steps in a span as there are spans: neither is taken often.
    B = math.isqrt(T - 1) + 1
    inside = _inside(cell, steps, seeds, signals, B) if all(steps.safe) else None
    if inside is None:
        return None
    rows = _beyond(inside, S)
    if power_range(rows.numbers)[0] < -_REACH:
        return None
    return Spans(
        rows,
        tuple(numbers[:, :S] for numbers in inside.numbers),
        inside.exponents[:, 0],
        tuple(np.tril(_by_lag(numbers[:, S:])[:T][::-1]) for numbers in inside.numbers),
        _by_lag(inside.exponents[:, S:])[:T][::-1],
    )


@dataclass(frozen=True)
class _Inside:
    """What was carried through each span: first a unit of each state, then its own targets.

    Q spans, and S + B rows in each. numbers, for each signal, and exponents are (Q, S + B, B), one
    column a step; left is what is left of the rows after the span, (Q, S + B, S), over
    2^left_exponent, (Q, S + B). The units of a span share their power of two.
    """

    numbers: tuple[Array, ...]
    exponents: Array
    left: Array
    left_exponent: Array


def _inside(cell: Cell, steps: Steps, seeds: Scaled, signals: int, B: int) -> _Inside | None:
    """Carry units and targets through all spans side by side; None where they lie too far apart."""
    T, S = len(seeds.mantissa), len(cell.states)
    Q = -(-T // B)
    moves = each(lambda move: _by_span(move.ravel(), Q, B).T[:, :, None, None], steps.all_plain())
    seed, seed_exponent = (_by_span(part[:, 0], Q, B) for part in (seeds.mantissa, seeds.exponent))
    least, most = (_by_span(np.array(bound), Q, B) for bound in (steps.least, steps.most))
    numbers = tuple(np.zeros((Q, S + B, B)) for _ in range(signals))
    exponents = np.zeros((Q, S + B, B), np.int64)
    carried, exponent = np.zeros((Q, S + B, S)), np.zeros((Q, S + B), np.int64)
    carried[:, range(S), range(S)] = 1.0
    low, high = 0, 0
    for p, (shrinks, grows) in enumerate(zip(least.min(axis=0), most.max(axis=0), strict=True)):
        carried[:, S + p, 0] = seed[:, p]
        exponent[:, S + p] = np.where(seed[:, p] == 0.0, 0, seed_exponent[:, p])
        rows = slice(0, S + p + 1)
        now = carried[:, rows]
        if low + shrinks < -_REACH or high + grows > _REACH:
            _renew(now, exponent[:, rows], S)
            low, high = power_range(now)
            if low + shrinks < -_REACH or high + grows > _REACH:
                return None
        low = min(low, -1)  # of the next seed
        found, before = cell.back(
            each(operator.itemgetter(p), moves), tuple(now[..., s, None] for s in range(S))
        )
        for kept, signal in zip(numbers, found, strict=True):
            kept[:, rows, p] = signal[..., 0]
        exponents[:, rows, p] = exponent[:, rows]
        for s, state in enumerate(before):
            now[..., s] = state[..., 0]
        low, high = low + shrinks, high + grows
    _renew(carried, exponent, S)
    return (
        _Inside(numbers, exponents, carried, exponent)
        if power_range(carried)[0] >= -_REACH
        else None
    )


def _beyond(inside: _Inside, S: int) -> Rows:
    """Rows of the targets beyond each span as they enter it."""
    left, left_exponent = inside.left, inside.left_exponent
    rows, exponent = np.zeros((0, S)), np.zeros(0, np.int64)
    every, every_exponent = [rows], [exponent]
    for q in range(len(left) - 1):
        # A span's own targets came last first.
        rows = np.concatenate([left[q, : S - 1 : -1], rows @ left[q, :S]])
        exponent = np.concatenate([left_exponent[q, : S - 1 : -1], exponent + left_exponent[q, 0]])
        _renew(rows, exponent)
        every.append(rows)
        every_exponent.append(exponent)
    return Rows(np.concatenate(every), np.concatenate(every_exponent))


def _renew(rows: Array, exponent: Array, together: int = 0) -> None:
    """Set the powers of two anew, in place, so that the largest number of a row is below 1.

    The first few rows of each span keep one power of two `together`.
    """
    size = np.abs(rows).max(axis=-1)
    size[..., :together] = size[..., :together].max(axis=-1, keepdims=True, initial=0.0)
    _, shift = np.frexp(size)
    np.ldexp(rows, -shift[..., None], out=rows)
    exponent += shift


def _by_span(values: Array, Q: int, B: int) -> Array:
    """values of the steps by span, last step first: (T,) to (Q, B); 0 before step 1."""
    filled = np.zeros(Q * B, values.dtype)
    filled[: len(values)] = values[::-1]
    return filled.reshape(Q, B)


def _by_lag(numbers: Array) -> Array:
    """(Q, B, B) by target and source step of a span to (Q * B, B) by target and lag."""
    Q, B, _ = numbers.shape
    wide = np.zeros((Q, B, 2 * B), numbers.dtype)
    wide[:, :, :B] = numbers
    by_span, by_target, by_step = wide.strides
    strides = (by_span, by_target + by_step, by_step)
    return np.lib.stride_tricks.as_strided(wide, (Q, B, B), strides).reshape(Q * B, B)
