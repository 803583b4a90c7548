"""How far back a gradient reaches: decay, half-life, horizon, what is lost, and a verdict.

All measures are of the terms of the bias b for one target step t: the signal itself, without the
size of what a weight multiplied. In a stack they are those of one layer. For vectors, and for the
gates of an LSTM or GRU together, a term is its norm. Everything is computed from differences of
log10, so magnitudes never give out.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.engine.parameter_names import full_name, parts_of
from gradflow.flow import GradientFlow
from gradflow.numerics.scaled import Array, log10_hypotenuse
from gradflow.numerics.validation import finite_array, frozen

VERDICT_RULE = (
    "Take the decay per step over the t - 1 steps from the target back to the first input, or over "
    "10 steps where there are fewer. Vanishing: less than 1% of the signal is left. Exploding: "
    "more than 5 times the signal is left. Stable: anything between."
)

# Numbers of at most half the smallest subnormal round to zero: its power of two, by format.
HALF_SMALLEST = MappingProxyType(
    {"float16": -25, "bfloat16": -134, "float32": -150, "float64": -1075}
)

_VANISHED, _EXPLODED = math.log10(0.01), math.log10(5.0)
_VERDICT_STEPS = 10

# Terms are right to some 1e-10; at a limit they count as having met it.
_LOG10_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Reach:
    """The measures of one target step that the sizes of its terms give.

    Attributes
    ----------
    t : int
        Target step.
    decay_per_step, fitted_decay : float
        See the functions of these names; a factor a step.
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
    verdict : {"vanishing", "stable", "exploding"}
        By `VERDICT_RULE`.
    log10_signal : array of shape (t,)
        log10 of |term| at lag k in entry k - 1; minus infinity where exactly zero.
    log10_left : float
        log10 of what is left of the k = 1 term at the last lag, k = t; nan where all are zero.
    left : float
        10**log10_left as plain float64, which may be 0 or infinity.
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
    verdict: str
    log10_signal: Array
    log10_left: float
    left: float


@dataclass(frozen=True, eq=False)
class Memory(Reach):
    """All measures of one target step.

    Attributes
    ----------
    cancellation : float
        0 (the terms cancel) to 1 (all point the same way).
    """

    cancellation: float


def measure(
    flow: GradientFlow, t: int, eps: float = 0.01, window: int = 20, layer: int | None = None
) -> Memory:
    """All measures of one target step, at the cost of one.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    eps : float
        For the horizon, 0 < eps <= 1.
    window : int
        For the share beyond, in lags; at least 0.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    Memory

    Raises
    ------
    ValueError
        If t, layer, eps or window is out of its range.
    """
    reach = _reach(_signal(flow, t, layer), eps, window)
    return Memory(**vars(reach), cancellation=_cancellation(flow, reach.log10_signal, layer))


def over_targets(
    flow: GradientFlow, eps: float = 0.01, window: int = 20, layer: int | None = None
) -> tuple[Reach, ...]:
    """The measures of every target step that the sizes of the terms give, without another sweep.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    eps, window, layer
        As for `measure`.

    Returns
    -------
    tuple of T Reach
        Target step t in entry t - 1.

    Raises
    ------
    ValueError
        If layer, eps or window is out of its range.
    """
    rows = flow.log10("b", layer=layer)
    return tuple(_reach(rows[t - 1, :t].copy(), eps, window) for t in range(1, flow.T + 1))


def decay_per_step(flow: GradientFlow, t: int, layer: int | None = None) -> float:
    """What one step back multiplies the signal by: the geometric mean over lags 1 .. t.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    float
        A factor a step: |w_s| for a linear RNN, at most |w_s| for a tanh RNN. 0 where the term of
        the last lag is exactly zero; nan at t = 1 and where all terms are zero.

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks".
    """
    return _power_of_ten(_rate(_signal(flow, t, layer)))


def fitted_decay(flow: GradientFlow, t: int, layer: int | None = None) -> float:
    """The factor a step of the straight line that fits log10|term| against lag best.

    Every lag has a say in it, where `decay_per_step` depends on the first and the last alone. Exact
    zeros are left out.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    float
        A factor a step; nan where fewer than two terms are other than zero.

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.
    """
    return _power_of_ten(_fitted_rate(_signal(flow, t, layer)))


def half_life(flow: GradientFlow, t: int, layer: int | None = None) -> float:
    """Steps back from the target after which the signal has halved: ln 2 / -ln(decay per step).

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    float
        In time steps; infinity where the signal does not shrink, 0 where the decay per step is 0,
        nan where that is nan.

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.

    References
    ----------
    Hochreiter, Bengio, Frasconi and Schmidhuber (2001), "Gradient flow in recurrent nets".
    """
    return _half_life(_rate(_signal(flow, t, layer)))


def half_life_of(row: Array) -> float:
    """Steps after which a row of terms has halved.

    Parameters
    ----------
    row : array of shape (t,)
        log10 of |term| at lags 1 .. t.

    Returns
    -------
    float
        As of `half_life`.
    """
    return _half_life(_rate(row))


def horizon(flow: GradientFlow, t: int, eps: float = 0.01, layer: int | None = None) -> int:
    """The last lag whose term is at least `eps` of the k = 1 term.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    eps : float
        Share of the k = 1 term, 0 < eps <= 1. A term within 1e-9 of it (in log10) has met it.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    int
        Lag index k, from 1 to t; 0 where all terms are zero.

    Raises
    ------
    ValueError
        If t is not a target step, the layer is unknown, or eps is out of its range.
    """
    return _horizon(_signal(flow, t, layer), _log10_eps(eps))


def share_beyond(flow: GradientFlow, t: int, window: int, layer: int | None = None) -> float:
    """Share of sum |term| at lags k > window: what truncated backpropagation would throw away.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    window : int
        Lags kept, at least 0.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    float
        0 to 1; nan where all terms are zero.

    Raises
    ------
    ValueError
        If t is not a target step, the layer is unknown, or window is not a whole number from 0 on.

    References
    ----------
    Williams and Peng (1990), "An efficient gradient-based algorithm for on-line training of
    recurrent network trajectories".
    """
    return _share_beyond(_signal(flow, t, layer), _lags(window))


def cancellation(flow: GradientFlow, t: int, layer: int | None = None) -> float:
    """|sum of the terms| / sum of |terms|: how much of them survives adding up.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    float
        From 0 (they cancel) to 1 (they all point the same way); nan where all terms are zero. For
        vectors, and the gates of an LSTM, the norm of the summed vector over the sum of norms.

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.
    """
    return _cancellation(flow, _signal(flow, t, layer), layer)


def zero_lags(flow: GradientFlow, t: int, layer: int | None = None) -> Mapping[str, int | None]:
    """The first lag at which each number format would return zero.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    mapping
        "float16", "bfloat16", "float32", "float64" to the first lag index k whose |term|, as it is
        and not relative to k = 1, is at most half the format's smallest subnormal number (2^-25,
        2^-134, 2^-150, 2^-1075), so that it rounds to zero; None where there is no such lag. Exact
        zeros count.

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.
    """
    return rounds_to_zero(_signal(flow, t, layer))


def rounds_to_zero(row: Array) -> Mapping[str, int | None]:
    """The first lag at which a row of terms rounds to zero, by number format.

    Parameters
    ----------
    row : array of shape (t,)
        log10 of |term| at lags 1 .. t, as it is and not relative.

    Returns
    -------
    mapping of str to int or None
        As of `zero_lags`.
    """
    lags: dict[str, int | None] = {}
    for name, power in HALF_SMALLEST.items():
        lost = np.flatnonzero(row <= power * math.log10(2.0) + _LOG10_TOLERANCE)
        lags[name] = int(lost[0]) + 1 if len(lost) else None
    return MappingProxyType(lags)


def verdict(flow: GradientFlow, t: int, layer: int | None = None) -> str:
    """Whether the signal vanishes, explodes or does neither on its way back to the first input.

    Take the decay per step over the t - 1 steps from the target back to the first input, or over 10
    steps where there are fewer. Vanishing: less than 1% of the signal is left. Exploding: more
    than 5 times the signal is left. Stable: anything between. A factor a step alone would not do:
    0.98 leaves two thirds after 20 steps and nothing of use after 500.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.

    Returns
    -------
    {"vanishing", "stable", "exploding"}
        "vanishing" where all terms are zero; otherwise "stable" at t = 1, where nothing is carried.

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks".
    """
    return _verdict(_signal(flow, t, layer))


def forget_half_life(b_f: float) -> float:
    """Half-life of a cell state whose forget gate stands at sigmoid(b_f).

    Parameters
    ----------
    b_f : float
        Bias of the forget gate.

    Returns
    -------
    float
        ln 2 / -ln sigmoid(b_f), in time steps; infinity where float64 ends (b_f of about 710).

    Raises
    ------
    ValueError
        If b_f is not a finite number.

    References
    ----------
    Gers, Schmidhuber and Cummins (2000), "Learning to forget: continual prediction with LSTM".
    """
    bias = _number("b_f", b_f)
    rate = max(-bias, 0.0) + math.log1p(math.exp(-abs(bias)))  # -ln sigmoid(b_f)
    return math.log(2.0) / rate if rate else math.inf


def forget_bias_for(tau: float) -> float:
    """The forget bias that remembers for about `tau` steps: ln(tau - 1), so that f = 1 - 1/tau.

    Parameters
    ----------
    tau : float
        In time steps, above 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If tau is not a finite number above 1.

    References
    ----------
    Tallec and Ollivier (2018), "Can recurrent neural networks warp time?".
    """
    steps = _number("tau", tau)
    if steps <= 1.0:
        raise ValueError(f"tau must be above 1. Got {tau}.")
    return math.log(steps - 1.0)


def _signal(flow: GradientFlow, t: int, layer: int | None) -> Array:
    """log10|term of b| at lags 1 .. t, shape (t,)."""
    return flow.log10_row("b", t, layer).copy()


def _reach(signal: Array, eps: float, window: int) -> Reach:
    log10_eps, kept = _log10_eps(eps), _lags(window)
    rate, left = _rate(signal), _left(signal)
    return Reach(
        t=len(signal),
        decay_per_step=_power_of_ten(rate),
        fitted_decay=_power_of_ten(_fitted_rate(signal)),
        half_life=_half_life(rate),
        horizon=_horizon(signal, log10_eps),
        eps=float(eps),
        share_beyond=_share_beyond(signal, kept),
        window=kept,
        zero_lags=rounds_to_zero(signal),
        verdict=_verdict(signal),
        log10_signal=frozen(signal),
        log10_left=left,
        left=_power_of_ten(left),
    )


def _left(signal: Array) -> float:
    """log10 of the last term over the first; nan where all are zero."""
    return math.nan if np.isneginf(signal[0]) else float(signal[-1] - signal[0])


def _rate(signal: Array) -> float:
    """log10 of the decay per step."""
    return _left(signal) / (len(signal) - 1) if len(signal) > 1 else math.nan


def _fitted_rate(signal: Array) -> float:
    """log10 of the fitted decay."""
    lags = np.flatnonzero(np.isfinite(signal)).astype(np.float64)
    if len(lags) < 2:
        return math.nan
    size = signal[np.isfinite(signal)]
    offset = lags - lags.mean()
    return float(offset @ (size - size[0]) / (offset @ offset))


def _half_life(rate: float) -> float:
    if math.isnan(rate):
        return math.nan
    return math.log10(2.0) / -rate if rate < 0.0 else math.inf


def _horizon(signal: Array, log10_eps: float) -> int:
    if np.isneginf(signal[0]):
        return 0
    reached = signal >= signal[0] + log10_eps - _LOG10_TOLERANCE
    return int(np.flatnonzero(reached)[-1]) + 1


def _relative(signal: Array) -> Array:
    """Terms over the largest of them, which must not be zero."""
    with np.errstate(under="ignore"):
        return np.asarray(10.0 ** (signal - signal.max()))


def _share_beyond(signal: Array, window: int) -> float:
    if np.isneginf(signal).all():
        return math.nan
    size = _relative(signal)
    return float(size[window:].sum() / size.sum())


def _cancellation(flow: GradientFlow, signal: Array, layer: int | None) -> float:
    if np.isneginf(signal).all():
        return math.nan
    log10_sizes = float(signal.max()) + math.log10(_relative(signal).sum())
    ratio = _power_of_ten(_log10_total(flow, len(signal), layer) - log10_sizes)
    return min(ratio, 1.0)  # above 1 by rounding alone


def _log10_total(flow: GradientFlow, t: int, layer: int | None) -> float:
    """log10 of the norm of dL_t/db; of a scalar cell from the one row that it needs."""
    if not flow.cell.signed:
        return float(flow.log10_total("b", layer)[t - 1])
    name = full_name(flow.cell, "b", layer)
    sums = [flow.row(part, t).sum(axis=0) for part in parts_of(flow.cell, name)]
    return float(functools.reduce(log10_hypotenuse, [total.log10() for total in sums]))


def _verdict(signal: Array) -> str:
    rate = _rate(signal)
    if math.isnan(rate):
        return "vanishing" if np.isneginf(signal[0]) else "stable"
    left = rate * max(len(signal) - 1, _VERDICT_STEPS)
    if left < _VANISHED:
        return "vanishing"
    return "exploding" if left > _EXPLODED else "stable"


def _power_of_ten(exponent: float) -> float:
    """10**exponent as float64: 0 or infinity where out of its range."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.power(10.0, exponent))


def _number(name: str, value: Any) -> float:
    array = finite_array(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be a number. Got an array of shape {array.shape}.")
    return float(array)


def _log10_eps(eps: float) -> float:
    share = _number("eps", eps)
    if not 0.0 < share <= 1.0:
        raise ValueError(f"eps must be above 0 and at most 1. Got {eps}.")
    return math.log10(share)


def _lags(window: int) -> int:
    if isinstance(window, bool) or not isinstance(window, int | np.integer) or window < 0:
        raise ValueError(f"window must be a whole number from 0 on. Got {window!r}.")
    return int(window)
