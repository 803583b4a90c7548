"""The rows of the path classes beside class 0 as plain numbers: an exponent each, and bounds."""

from __future__ import annotations

import numpy as np

from gradflow.engine.path_class_step import ClassStep, Division
from gradflow.numerics.exponent_bounds import GROWTH, MOVED, ROW, UNKNOWN
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled, shifted
from gradflow.numerics.shared_exponents import lowest, renew


class ClassRows:
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
        self._low, self._high = UNKNOWN, 0
        self._after = (UNKNOWN, GROWTH + MOVED)

    def put(self, row: int, top: Array, taken: ClassStep, is_sure: bool, least: float) -> bool:
        """Keep what a step made of the rows, if plain numbers can hold it.

        Parameters
        ----------
        top : int64 array of shape (n, 1)
            Exponents of class 0.
        taken : ClassStep
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
        self._low, self._high = (UNKNOWN, self._after[1]) if rise.any() else self._after
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
