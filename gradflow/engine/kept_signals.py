"""The signals of one target, kept at every step that it reaches: memory for t times H numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gradflow.cells.base import Cell, Tree
from gradflow.engine.shared_rows import RowsApart
from gradflow.engine.sweep_by_step import Signals, carry_back
from gradflow.numerics.scaled import Array, Scaled


@dataclass(frozen=True, eq=False)
class KeptSignals:
    """The complete signals of target step t, lag k in row k - 1.

    Attributes
    ----------
    mantissas : tuple of arrays of shape (t, H)
        One for each signal, H its width.
    exponent : int64 array of shape (t,)
        Powers of two of the rows.
    apart : mapping of int to tuple of Scaled arrays of shape (1, H)
        By the row what stands instead, where one power of two does not serve all its numbers.
    bounded : bool array of shape (t,)
        Rows for which nothing stands instead and whose squares, and those of slopes times numbers,
        are known to be float64.
    """

    mantissas: tuple[Array, ...]
    exponent: Array
    apart: Mapping[int, tuple[Scaled, ...]]
    bounded: Array

    @property
    def t(self) -> int:
        """The target step."""
        return len(self.exponent)

    def scaled(self) -> tuple[Scaled, ...]:
        """The same with an exponent for every number: arrays of shape (t, H)."""
        found = tuple(Scaled.of(rows, self.exponent[:, None]) for rows in self.mantissas)
        for row, signals in self.apart.items():
            for whole, part in zip(found, signals, strict=True):
                whole.mantissa[row], whole.exponent[row] = part.mantissa[0], part.exponent[0]
        return found

    def at(self, row: int) -> Signals:
        """Those of one lag, as the sweep has them."""
        here = slice(row, row + 1)
        apart = self.apart.get(row)
        return Signals(
            self.t - row,
            0,
            tuple(rows[here] for rows in self.mantissas),
            self.exponent[here],
            None if apart is None else RowsApart(np.zeros(1, np.intp), apart),
            bool(self.bounded[row]),
        )


def signals_of_target(
    cell: Cell,
    slopes: Tree,
    seeds: Scaled,
    t: int,
    on_step: Callable[[float], None] | None = None,
) -> KeptSignals:
    """Carry the gradient of one target alone back to step 1.

    Parameters
    ----------
    cell, slopes, seeds, on_step
        As for `carry_back`.
    t : int
        The target step, 1 <= t <= T.
    """
    mantissas: list[Array] = []
    exponent, bounded = np.zeros(t, np.int64), np.zeros(t, bool)
    apart: dict[int, tuple[Scaled, ...]] = {}
    for row, signals in enumerate(carry_back(cell, slopes, seeds, on_step, np.array([t]))):
        mantissas = mantissas or [np.empty((t, m.shape[1])) for m in signals.mantissas]
        for rows, mantissa in zip(mantissas, signals.mantissas, strict=True):
            rows[row] = mantissa
        exponent[row], bounded[row] = signals.exponent[0], signals.were_bounded
        if signals.apart is not None and len(signals.apart.places):
            apart[row], bounded[row] = signals.apart.signals, False
    return KeptSignals(tuple(mantissas), exponent, apart, bounded)
