"""The fall of a row of terms near the target, and the tail that carries memory.

What they are, and why, stands in docs/measures.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gradflow.numerics.half_life_and_horizon import half_life_at, horizon_of
from gradflow.numerics.line_fit import bent_line
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen

VERDICT_RULE = (
    "Take the decay per step of the tail over the t - 1 steps from the target back to the first "
    "input, or over 10 steps where there are fewer. Vanishing: less than 1% of the signal is left. "
    "Exploding: more than 5 times the signal is left. Stable: anything between."
)

# Shares of the k = 1 term that horizons are told for.
LEVELS = (0.5, 0.1, 0.01, 1e-3, 1e-4)

# A tail that changes by less than this factor in all keeps its size.
_KEPT = math.log10(2.0)

_SMALLEST = float(np.finfo(np.float64).smallest_subnormal)


@dataclass(frozen=True, eq=False, repr=False)
class FallAndTail:
    """What a line with at most one bend tells of one row of terms. Made by `fall_and_tail_of`.

    Attributes
    ----------
    t : int
        Target step, and number of lags.
    bend : int or None
        The lag at which the fall ends and the tail begins; None where the row is all tail.
    log10_fall : float
        log10 of what the fall leaves of the line's height at k = 1; 0 where there is none.
    fall_decay : float
        A factor a step; nan where there is no fall.
    tail_decay : float
        A factor a step; 0 only where the last terms, more than half of all, are exactly zero; nan
        where fewer than two terms are not.
    tail_half_life : float
        Steps; infinity where the tail does not shrink.
    fall_deviation, tail_deviation : float
        Mean distance of log10 |term| from the line; nan where there is nothing to measure.
    log10_left : float
        log10 of the line's height at the last lag over that at k = 1.
    zeros : int
        Terms that are exactly zero. They are left out of the line.
    zero_from : int or None
        The lag from which on all terms are exactly zero.
    horizons : mapping
        Share of the k = 1 term to the last lag whose term is at least that; see LEVELS. Where that
        term is exactly zero, of the row's largest.
    verdict : {"vanishing", "stable", "exploding"}
        By `VERDICT_RULE`.
    log10_line : array of shape (t,)
        The line; nan where there is none.
    """

    t: int
    bend: int | None
    log10_fall: float
    fall_decay: float
    tail_decay: float
    tail_half_life: float
    fall_deviation: float
    tail_deviation: float
    log10_left: float
    zeros: int
    zero_from: int | None
    horizons: Mapping[float, int]
    verdict: str
    log10_line: Array

    def __repr__(self) -> str:
        return (
            f"FallAndTail(t={self.t}, bend={self.bend}, tail_decay={self.tail_decay:.4g}, "
            f"{self.verdict!r})"
        )

    @property
    def sentence(self) -> str:
        """The row in words, such as "falls to 0.03% within 5 steps, then keeps it to step 1"."""
        end = self.t if self.zero_from is None else self.zero_from - 1
        if self.t - self.zeros < 2:
            alone = "the target step" if end == 1 else f"step {self.t + 1 - end}"
            return f"is at {alone} alone" if end else "is exactly zero"
        last = f"to step {self.t + 1 - end}"
        rest = "" if self.zero_from is None else f", and is exactly zero from step {self.t - end}"
        if self.bend is None:
            return f"{self._tail_words('keeps its size', 1, end)} {last}{rest}"
        way = "falls" if self.log10_fall < 0.0 else "grows"
        steps = "step" if self.bend == 2 else "steps"
        fall = f"{way} to {_percent(self.log10_fall)} within {self.bend - 1} {steps}"
        return f"{fall}, then {self._tail_words('keeps it', self.bend, end)} {last}{rest}"

    def _tail_words(self, kept: str, first: int, last: int) -> str:
        """What the line does between two lags."""
        change = float(self.log10_line[last - 1] - self.log10_line[first - 1])
        if abs(change) < _KEPT:
            return kept
        every = f"{_KEPT * (last - first) / abs(change):.3g} steps"
        return f"{'halves' if change < 0.0 else 'doubles'} every {every}"


def fall_and_tail_of(row: Array) -> FallAndTail:
    """Tell the fall of a row of terms from its tail.

    Parameters
    ----------
    row : array of shape (t,)
        log10 of |term| at lags 1 .. t; minus infinity where exactly zero.

    Returns
    -------
    FallAndTail

    Examples
    --------
    A row that falls by 10^-3.5 in five steps and then keeps what is left:

    >>> import numpy as np
    >>> row = np.concatenate([np.linspace(0.0, -3.5, 6), np.full(54, -3.5)])
    >>> fall_and_tail_of(row)
    FallAndTail(t=60, bend=6, tail_decay=1, 'stable')
    >>> fall_and_tail_of(row).sentence
    'falls to 0.03% within 5 steps, then keeps it to step 1'
    """
    t, some = len(row), np.isfinite(row)
    k, y = np.flatnonzero(some) + 1.0, row[some]
    line = bent_line(k, y)
    heights, off = line.at(np.arange(1.0, t + 1.0)), np.abs(y - line.at(k))
    first = 1 if line.bend is None else line.bend  # of the tail
    # Exact zeros decide where they end the row and are the most of it, and nowhere else: those of
    # w_x where an input is 0 say nothing of what is carried past them.
    reached = int(k.max(initial=0.0))
    lost = reached < t / 2
    rate = -math.inf if lost else line.slopes[1]
    return FallAndTail(
        t=t,
        bend=line.bend,
        log10_fall=0.0 if line.bend is None else float(heights[first - 1] - heights[0]),
        fall_decay=math.nan if line.bend is None else factor(line.slopes[0]),
        tail_decay=factor(rate),
        tail_half_life=half_life_at(rate),
        fall_deviation=_mean(off[k < first]),
        tail_deviation=_mean(off[k >= first]),
        log10_left=-math.inf if lost else float(heights[-1] - heights[0]),
        zeros=t - len(k),
        zero_from=None if some[-1] else 1 + reached,
        horizons=MappingProxyType({level: horizon_of(row, math.log10(level)) for level in LEVELS}),
        verdict=_verdict(rate, t),
        log10_line=frozen(heights),
    )


def factor(log10_rate: float) -> float:
    """10**log10_rate; no number that is not exactly zero comes out as zero."""
    if math.isinf(log10_rate):
        return 0.0 if log10_rate < 0.0 else math.inf
    with np.errstate(over="ignore", under="ignore"):
        return float(np.maximum(np.power(10.0, log10_rate), _SMALLEST))


def _mean(deviations: Array) -> float:
    return float(deviations.mean()) if len(deviations) else math.nan


def _verdict(rate: float, t: int) -> str:
    left = rate * max(t - 1, 10)
    if left < math.log10(0.01):
        return "vanishing"
    return "exploding" if left > math.log10(5.0) else "stable"


def _percent(log10_share: float) -> str:
    """A share in words: in per cent, or as a power of ten where that is small or large."""
    if not -4.0 <= log10_share <= 1.0:
        return f"10^{log10_share:.1f}"
    share = 10.0**log10_share
    if share > 1.0:
        return f"{share:.2g} times"
    return f"{100.0 * share:.0f}%" if share >= 0.01 else f"{100.0 * share:.1g}%"
