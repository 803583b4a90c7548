"""`Panel`: what one heatmap shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradflow.numerics.scaled import Array


@dataclass(frozen=True, eq=False)
class Panel:
    """The terms of one cell and one parameter, for a heatmap.

    A (T, T) array has target step t in row t - 1 and lag k in column k - 1.

    Attributes
    ----------
    title : str
        The cell: "RNN", "LSTM".
    quantity : str
        What is shown: "dL_t/dw_x", "prod f".
    log10 : array of shape (T, T)
        log10 of the magnitudes; minus infinity where exactly zero, nan where k > t.
    sign : array of shape (T, T) or None
        -1, 0 or 1; None for norms.
    share : array of shape (T, T) or None
        Each term's share of its row, 0 to 1; None, or all nan, for what does not add up, and where
        nobody asks for it.
    inputs : array of shape (T,)
        Inputs x_j; for vectors their norms.
    words : tuple of T strings, or None
        The words of a sentence, one a step.
    clip : array of shape (T,) or None
        Factor by which each target's total gradient is clipped, 1 where it is not; None with
        clipping off.
    unit : array of shape (T,) or None
        log10 of what each row is divided by in a relative view; None for its own k = 1 term.
    doubtful : bool array of shape (T, T), optional
        Terms that have too few digits to be shown as they are.
    additive : bool
        Whether the terms of a row add up to something, so that each has a share of it.
    unit_doubtful : bool array of shape (T,) or None
        Rows whose `unit` has too few digits; None where `unit` is, and where all have enough.

    Raises
    ------
    ValueError
        If the shapes do not match.
    """

    title: str
    quantity: str
    log10: Array
    sign: Array | None
    share: Array | None
    inputs: Array
    words: tuple[str, ...] | None = None
    clip: Array | None = None
    unit: Array | None = None
    additive: bool = True
    doubtful: Array | None = None
    unit_doubtful: Array | None = None

    def __post_init__(self) -> None:
        T = self.T
        expected = {
            "log10": (T, T),
            "sign": (T, T),
            "share": (T, T),
            "inputs": (T,),
            "words": (T,),
            "clip": (T,),
            "unit": (T,),
            "doubtful": (T, T),
            "unit_doubtful": (T,),
        }
        for name, shape in expected.items():
            given = getattr(self, name)
            if given is not None and np.shape(given) != shape:
                raise ValueError(f"{name} must have shape {shape}. Got {np.shape(given)}.")
        if self.share is not None and np.isnan(self.share).all():
            object.__setattr__(self, "share", None)

    @property
    def T(self) -> int:
        """Sequence length."""
        return len(self.log10)

    @cached_property
    def units(self) -> Array:
        """log10 of what each row is divided by in a relative view, (T,)."""
        return row_units(self.log10) if self.unit is None else np.asarray(self.unit)

    @cached_property
    def relative(self) -> Array:
        """log10 of each term over the unit of its row, (T, T)."""
        return np.asarray(self.log10 - self.units[:, None])

    @cached_property
    def relative_doubtful(self) -> Array | None:
        """Terms that have too few digits when each is over the unit of its row."""
        if self.doubtful is None:
            return None
        rows = self.unit_doubtful
        if self.unit is None:
            rows = doubtful_units(self.log10, self.doubtful)
        return self.doubtful if rows is None else in_doubtful_rows(self.log10, self.doubtful, rows)

    @cached_property
    def has_zeros(self) -> bool:
        """Whether any term is exactly zero, and no doubt of it."""
        if self.has_doubtful:
            assert self.doubtful is not None
            return bool((np.isneginf(self.log10) & ~self.doubtful).any())
        return bool(np.isneginf(np.fmin.reduce(self.log10, axis=None, initial=np.inf)))

    @cached_property
    def has_doubtful(self) -> bool:
        """Whether any term has too few digits."""
        return self.doubtful is not None and bool(self.doubtful.any())

    def is_doubtful_at(self, t: int) -> bool:
        """Whether any term of target t has too few digits."""
        return self.doubtful is not None and bool(self.doubtful[t - 1].any())


def relative_to_first(log10: Array) -> Array:
    """log10 of each term over the k = 1 term of its row.

    Parameters
    ----------
    log10 : array of shape (n, T)
        log10 of the magnitudes, lag k in column k - 1; all rows or some.

    Returns
    -------
    array of shape (n, T)
        In a row whose k = 1 term is exactly zero, relative to the row's largest instead.
    """
    return np.asarray(log10 - row_units(log10)[:, None])


def row_units(log10: Array) -> Array:
    """log10 of what each row is divided by, (n,): its k = 1 term, else its largest, else 1."""
    if not log10.size:
        return np.zeros(len(log10))
    unit = np.array(log10[:, 0], dtype=float)
    (without,) = np.nonzero(~np.isfinite(unit))
    largest = np.fmax.reduce(log10[without], axis=1)
    unit[without] = np.where(np.isfinite(largest), largest, 0.0)
    return unit


def doubtful_units(log10: Array, doubtful: Array) -> Array:
    """Rows that `row_units` divides by a term with too few digits.

    Parameters
    ----------
    log10 : array of shape (n, T)
        As for `relative_to_first`.
    doubtful : bool array of shape (n, T)
        Terms that have too few digits.

    Returns
    -------
    bool array of shape (n,)
    """
    if not log10.size:
        return np.zeros(len(log10), bool)
    # A k = 1 term that underflowed is no zero, and the row is over its largest for want of it.
    without = ~np.isfinite(log10[:, 0])
    return np.asarray(doubtful[:, 0] | (without & doubtful_largest(log10, doubtful)))


def doubtful_largest(log10: Array, doubtful: Array) -> Array:
    """Rows whose largest term has too few digits, (n,)."""
    place = np.where(np.isnan(log10), -np.inf, log10).argmax(axis=1)
    return np.asarray(np.take_along_axis(doubtful, place[:, None], axis=1)[:, 0])


def in_doubtful_rows(log10: Array, doubtful: Array, rows: Array) -> Array:
    """Terms with too few digits, and those of some rows that are not exactly zero, (n, T)."""
    return np.asarray(doubtful | (rows[:, None] & np.isfinite(log10)))


def by_source(terms: Array) -> Array:
    """Terms by lag rearranged by source step: column j - 1 holds k = t + 1 - j.

    Parameters
    ----------
    terms : float array of shape (T, T)
        Column k - 1 holds lag k.

    Returns
    -------
    float array of shape (T, T)
        nan where j > t.
    """
    steps = np.arange(len(terms))
    back = steps[:, None] - steps
    return np.where(back >= 0, np.take_along_axis(terms, np.maximum(back, 0), axis=1), np.nan)
