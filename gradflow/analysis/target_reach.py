"""How far one target's gradient reaches back: a record of what the sizes of its terms say."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradflow.numerics.falls_and_tails import FallAndTail, factor, fall_and_tail_of
from gradflow.numerics.half_life_and_horizon import (
    half_life_of,
    horizon_of,
    log10_decay,
    log10_fitted_decay,
    log10_left,
    power_of_ten,
    rounds_to_zero,
    share_beyond_of,
)
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_number, frozen, whole_number


@dataclass(frozen=True, eq=False)
class Reach:
    """The measures of one target step that the sizes of its terms give.

    Attributes
    ----------
    t : int
        Target step.
    decay_per_step, fitted_decay : float
        See the functions of these names in `gradflow.memory`; a factor a step.
    half_life : float
        Steps.
    horizon : int
        Lag index; what counts as reached is `eps`.
    eps : float
        Share of the k = 1 term.
    share_beyond : float
        0 to 1; beyond lag `window`.
    window : int
        Lags that truncated backpropagation would keep.
    zero_lags : mapping
        Number format to the first lag that rounds to zero in it, or None.
    log10_signal : array of shape (t,)
        log10 of |term| at lag k in entry k - 1; minus infinity where exactly zero.
    log10_left : float
        log10 of what is left of the k = 1 term at the last lag, k = t; nan where that is zero.
    left : float
        10**log10_left as plain float64, which may be 0 or infinity.

    See Also
    --------
    gradflow.memory.over_targets : Makes one for each target step.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.5, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 20, loss=gf.UnitLoss())
    >>> gf.memory.over_targets(flow)[-1]
    Reach(t=20, vanishing, decay_per_step=0.5, half_life=1, horizon=7)
    """

    t: int
    decay_per_step: float
    fitted_decay: float
    half_life: float
    horizon: int
    eps: float
    share_beyond: float
    window: int
    zero_lags: Mapping[str, int | None]
    log10_signal: Array
    log10_left: float
    left: float

    @functools.cached_property
    def fall_and_tail(self) -> FallAndTail:
        """What falls away near the target, and what is carried on; made when it is asked for."""
        return fall_and_tail_of(self.log10_signal)

    @property
    def verdict(self) -> str:
        """By `memory.VERDICT_RULE`: "vanishing", "stable" or "exploding"."""
        return self.fall_and_tail.verdict

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(t={self.t}, {self.verdict}, "
            f"decay_per_step={self.decay_per_step:.4g}, half_life={self.half_life:.4g}, "
            f"horizon={self.horizon})"
        )


def reach_of(row: Array, eps: float, window: int) -> Reach:
    """The measures of one row of terms.

    Parameters
    ----------
    row : array of shape (t,)
        log10 of |term| at lags 1 .. t; kept, and made read-only.
    eps, window
        As for `gradflow.memory.measure`.

    Raises
    ------
    ValueError
        If eps or window is out of its range.
    """
    log10_eps, kept = log10_share(eps), whole_number("window", window, 0)
    left = log10_left(row)
    return Reach(
        t=len(row),
        decay_per_step=factor(log10_decay(row)),
        fitted_decay=factor(log10_fitted_decay(row)),
        half_life=half_life_of(row),
        horizon=horizon_of(row, log10_eps),
        eps=float(eps),
        share_beyond=share_beyond_of(row, kept),
        window=kept,
        zero_lags=rounds_to_zero(row),
        log10_signal=frozen(row),
        log10_left=left,
        left=power_of_ten(left),
    )


def log10_share(eps: Any) -> float:
    """log10 of eps, which must be above 0 and at most 1."""
    share = finite_number("eps", eps)
    if not 0.0 < share <= 1.0:
        raise ValueError(f"eps must be above 0 and at most 1. Got {eps}.")
    return math.log10(share)
