"""One step back of all path classes at once, and whether plain numbers were enough for it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from gradflow.cells import LSTM
from gradflow.cells.base import Number, through
from gradflow.numerics.scaled import Array, Scaled

# The moves of a step back, and the ways of class 0 from c_j to h_(j-1).
MapBack = tuple[tuple[Any, ...], tuple[Any, ...]]


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


class ClassStep(NamedTuple):
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


def taken_back(
    cell: LSTM,
    map_back: MapBack,
    carried: tuple[Number, Number],
    first: tuple[Number, Number],
    others: int,
) -> ClassStep:
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
    return ClassStep(on_h_all, on_c_all, h_before, c_before, from_c, from_h)


def are_right(
    cell: LSTM,
    taken: ClassStep,
    carried: tuple[Array, Array],
    first: tuple[Scaled, Scaled],
    least: float,
    paths: Callable[[], MapBack],
) -> bool:
    """Whether a step in plain numbers lost nothing, as `gradflow.numerics.exponent_bounds` has it.

    Parameters
    ----------
    cell : LSTM
        The cell.
    taken : ClassStep
        What came of it.
    carried, first : tuples
        The other classes, and class 0, as `taken_back` has them.
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
