"""The maps one step back of a cell, in plain numbers and scaled, and how far each moves a number.

A sweep carries signals through them, at all steps of a sequence, and learns from their bounds where
plain numbers lose nothing (`gradflow.numerics.exponent_bounds`).
"""

from __future__ import annotations

import numpy as np

from gradflow.cells.base import Passes, StepBack, Tree, by_step, each, leaves
from gradflow.engine.sweep_by_lag import uncombined
from gradflow.numerics.exponent_bounds import FACTOR, GROWTH
from gradflow.numerics.scaled import Array, Scaled, exponent_range, plain_numbers
from gradflow.numerics.shared_exponents import flushed

# How many numbers of the matrices of steps back are prepared at a time.
PREPARED = 2**17


class Steps:
    """The maps one step back, and how far each can move a number, in powers of two.

    Parameters
    ----------
    cell : StepBack
        What a step back is.
    slopes : tree of Scaled arrays of shape (T, H)
        Its local derivatives.
    for_few : bool
        Whether so few rows are carried that `plain` had better not make matrices of the weights.
        What takes its maps then is `@`, without an array for the result.

    Attributes
    ----------
    sure : list of bool
        For each step whether its factors are such that bounds on rows tell that nothing is lost.
    bounded : list of bool
        Whether its factors are small enough for plain numbers to be carried through and looked at.
    least, most : lists of int
        Powers of two by which the step can at most shrink and grow a number.
    """

    def __init__(self, cell: StepBack, slopes: Tree, for_few: bool = False) -> None:
        self._cell = cell
        self._slopes = slopes
        self.for_few = for_few
        self._w = cell.recurrent()
        self._block = max(1, PREPARED // sum(w.size for w in leaves(self._w)))
        self._first = -1
        self._prepared: list[Tree] = []

        # A stack has a branch for each layer, which a signal passes one after the other.
        layers = (
            zip(slopes, self._w, cell.passes, strict=True)
            if not isinstance(cell.passes, Passes)
            else ((slopes, self._w, cell.passes),)
        )
        reaches = [_reach(*layer) for layer in layers]
        low, high, least, most = (np.array(bound) for bound in zip(*reaches, strict=True))
        is_bounded = high.max(axis=0) <= FACTOR
        is_sure = is_bounded & (low.min(axis=0) >= -FACTOR)
        most = most.sum(axis=0)
        self._plain_slopes = each(plain_numbers if is_sure.all() else flushed, slopes)
        if for_few:
            slopes = each(lambda slope: slope[:, None], self._plain_slopes)  # (T, 1, H)
            self._prepared = by_step(cell.moves(slopes, uncombined(self._w)))
        self.sure: list[bool] = is_sure.tolist()
        self.bounded: list[bool] = (is_bounded & (most <= GROWTH)).tolist()
        self.least: list[int] = least.sum(axis=0).tolist()
        self.most: list[int] = most.tolist()

    def all_plain(self) -> Tree:
        """The maps of all steps at once, in plain numbers."""
        return self._cell.moves(self._plain_slopes, self._w)

    def all_scaled(self) -> Tree:
        """The same with an exponent for every number."""
        return self._cell.moves(self._slopes, each(Scaled.of, self._w))

    def plain(self, j: int) -> Tree:
        """The map of step j in plain numbers."""
        if self.for_few:
            return self._prepared[j - 1]
        block, place = divmod(j - 1, self._block)
        if block != self._first:
            steps = slice(block * self._block, (block + 1) * self._block)
            slopes = each(lambda slope: slope[steps], self._plain_slopes)
            self._prepared, self._first = by_step(self._cell.moves(slopes, self._w)), block
        return self._prepared[place]

    def scaled(self, j: int) -> Tree:
        """The map of step j with an exponent for every number."""
        return self._cell.moves(each(lambda s: s[j - 1], self._slopes), each(Scaled.of, self._w))

    def pattern(self, j: int) -> Tree:
        """A map that takes patterns of what is not 0 to such patterns: all factors are 0 or 1."""
        slopes = each(lambda s: (s.mantissa[j - 1] != 0.0).astype(float), self._slopes)
        return self._cell.moves(slopes, each(lambda w: (w != 0.0).astype(float), self._w))


def _reach(slopes: Tree, w: Tree, passes: Passes) -> tuple[Array, Array, Array, Array]:
    """What one layer does to a number in each step, in powers of two, (T,) each.

    Between the first two lie its factors, and 1; by the others a number can at most shrink and
    grow.
    """
    lows, highs = zip(*(exponent_range(slope, axis=1) for slope in leaves(slopes)), strict=True)
    slope_low, slope_high = np.min(lows, axis=0), np.max(highs, axis=0)
    w_range = [exponent_range(Scaled.of(part), axis=(0, 1, 2)) for part in leaves(w)]
    w_low, w_high = min(low for low, _ in w_range), max(high for _, high in w_range)
    # The sum that a signal ends in has no more parts than there are weights and slopes on the way.
    on_the_way = sum(part.size for part in leaves(w)) + sum(s.shape[1] for s in leaves(slopes))
    parts = int(np.ceil(np.log2(on_the_way)))
    return (
        np.minimum(slope_low, w_low),
        np.maximum(slope_high, w_high),
        passes.slopes * slope_low + passes.weights * w_low,
        passes.slopes * slope_high + passes.weights * w_high + parts,
    )
