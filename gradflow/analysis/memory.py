"""How far back a gradient reaches: decay, half-life, horizon, what is lost, and a verdict.

All measures are of the terms of one parameter for one target step t. By default that is the bias b:
the signal itself, without the size of what a weight multiplied. In a stack they are those of one
layer. For vectors, and for the gates of an LSTM or GRU together, a term is its norm.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gradflow.analysis.forget_bias import forget_bias_for, forget_half_life
from gradflow.analysis.tail_of_target import fall_and_tail
from gradflow.analysis.target_reach import Reach, log10_share, reach_of
from gradflow.engine.parameter_names import full_name, parts_of
from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.falls_and_tails import VERDICT_RULE, factor, fall_and_tail_of
from gradflow.numerics.half_life_and_horizon import (
    HALF_SMALLEST,
    half_life_of,
    horizon_of,
    log10_decay,
    log10_fitted_decay,
    log10_size_sum,
    power_of_ten,
    rounds_to_zero,
    share_beyond_of,
)
from gradflow.numerics.log10_numbers import log10_hypotenuse
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import whole_number

__all__ = [
    "HALF_SMALLEST",
    "VERDICT_RULE",
    "Memory",
    "Reach",
    "cancellation",
    "decay_per_step",
    "fall_and_tail",
    "fitted_decay",
    "forget_bias_for",
    "forget_half_life",
    "half_life",
    "half_life_of",
    "horizon",
    "measure",
    "over_targets",
    "rounds_to_zero",
    "share_beyond",
    "verdict",
    "zero_lags",
]


@dataclass(frozen=True, eq=False, repr=False)
class Memory(Reach):
    """All measures of one target step.

    Attributes
    ----------
    cancellation : float
        0 (the terms cancel) to 1 (all point the same way).

    See Also
    --------
    measure : Makes it.
    Reach : The measures that the sizes of the terms give; these are its attributes too.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0] * 20, loss=gf.UnitLoss())
    >>> seen = gf.memory.measure(flow, t=20)
    >>> seen.verdict, seen.horizon, round(seen.cancellation, 6)
    ('vanishing', 4, 1.0)
    """

    cancellation: float


@requires_flow
def measure(
    flow: GradientFlow,
    t: int,
    layer: int | None = None,
    *,
    parameter: str = "b",
    eps: float = 0.01,
    window: int = 20,
) -> Memory:
    """All measures of one target step, at the cost of one.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, one of `flow.targets`.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    parameter : str
        Whose terms, as for `GradientFlow.log10`.
    eps : float
        Share of the k = 1 term, 0 < eps <= 1. A term within 1e-9 of it (in log10) has met it.
    window : int
        Lags kept, at least 0.

    Returns
    -------
    Memory

    Raises
    ------
    ValueError
        If t, name, layer, eps or window is out of its range.

    See Also
    --------
    over_targets : The measures of every target step at once.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.9, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 40, loss=gf.UnitLoss())
    >>> gf.memory.measure(flow, t=40)
    Memory(t=40, stable, decay_per_step=0.9, half_life=6.579, horizon=40)
    """
    row = _row(flow, parameter, t, layer)
    reach = reach_of(row, eps, window)
    return Memory(**vars(reach), cancellation=_cancellation(flow, parameter, row, layer))


@requires_flow
def over_targets(
    flow: GradientFlow,
    layer: int | None = None,
    *,
    parameter: str = "b",
    eps: float = 0.01,
    window: int = 20,
) -> tuple[Reach, ...]:
    """The measures of every target step that the sizes of the terms give, without another sweep.

    Parameters
    ----------
    flow, layer, parameter
        As for `measure`.
    eps : float
        Share of the k = 1 term, 0 < eps <= 1. A term within 1e-9 of it (in log10) has met it.
    window : int
        Lags kept, at least 0.

    Returns
    -------
    tuple of n Reach
        One for each of `flow.targets`, in their order.

    Raises
    ------
    ValueError
        If name, layer, eps or window is out of its range.

    See Also
    --------
    measure : All measures of one target step.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.9, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 3, loss=gf.UnitLoss())
    >>> [seen.horizon for seen in gf.memory.over_targets(flow, eps=0.85)]
    [1, 2, 2]
    """
    rows = flow.log10(parameter, layer)
    steps = flow.targets.tolist()
    return tuple(reach_of(row[:t].copy(), eps, window) for t, row in zip(steps, rows, strict=True))


@requires_flow
def decay_per_step(
    flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b"
) -> float:
    """What one step back multiplies the signal by: the geometric mean over lags 1 .. t.

    Parameters
    ----------
    flow, t, layer, parameter
        As for `measure`.

    Returns
    -------
    float
        A factor a step: |w_s| for a linear RNN, at most |w_s| for a tanh RNN. 0 where the term of
        the last lag is exactly zero; nan at t = 1 and where the k = 1 term is exactly zero.

    Raises
    ------
    ValueError
        If t is not a target step, or the name or the layer is unknown.

    See Also
    --------
    fitted_decay : The same with a say for every lag.
    half_life : The same as a number of steps.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks".

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=-0.9, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 30, loss=gf.UnitLoss())
    >>> round(gf.memory.decay_per_step(flow, t=30), 6)
    0.9
    """
    return factor(log10_decay(_row(flow, parameter, t, layer)))


@requires_flow
def fitted_decay(
    flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b"
) -> float:
    """The factor a step of the straight line that fits log10|term| against lag best.

    Every lag has a say in it, where `decay_per_step` depends on the first and the last alone. Exact
    zeros are left out.

    Parameters
    ----------
    flow, t, layer, parameter
        As for `measure`.

    Returns
    -------
    float
        A factor a step; nan where fewer than two terms are other than zero.

    Raises
    ------
    ValueError
        If t is not a target step, or the name or the layer is unknown.

    See Also
    --------
    decay_per_step : From the first and the last lag alone.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.9, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 30, loss=gf.UnitLoss())
    >>> round(gf.memory.fitted_decay(flow, t=30), 6)
    0.9
    """
    row = _row(flow, parameter, t, layer)
    return factor(log10_fitted_decay(row))


@requires_flow
def half_life(
    flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b"
) -> float:
    """Steps back from the target after which the signal has halved: ln 2 / -ln(decay per step).

    Parameters
    ----------
    flow, t, layer, parameter
        As for `measure`.

    Returns
    -------
    float
        In time steps; infinity where the signal does not shrink, 0 where the decay per step is 0,
        nan where that is nan.

    Raises
    ------
    ValueError
        If t is not a target step, or the name or the layer is unknown.

    See Also
    --------
    decay_per_step : The same as a factor a step.
    half_life_of : The same of a row of terms.
    forget_half_life : What a forget bias alone would make of it.

    References
    ----------
    Hochreiter, Bengio, Frasconi and Schmidhuber (2001), "Gradient flow in recurrent nets".

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.5, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 30, loss=gf.UnitLoss())
    >>> round(gf.memory.half_life(flow, t=30), 6)
    1.0
    """
    return half_life_of(_row(flow, parameter, t, layer))


@requires_flow
def horizon(
    flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b", eps: float = 0.01
) -> int:
    """The last lag whose term is at least `eps` of the k = 1 term.

    Where that is exactly zero, as of w_x at a target whose input is 0, of the row's largest term.

    Parameters
    ----------
    flow, t, layer, parameter
        As for `measure`.
    eps : float
        Share of the k = 1 term, 0 < eps <= 1. A term within 1e-9 of it (in log10) has met it.

    Returns
    -------
    int
        Lag index k, from 1 to t; 0 where all terms are zero.

    Raises
    ------
    ValueError
        If t is not a target step, the name or the layer is unknown, or eps is out of its range.

    See Also
    --------
    share_beyond : How much lies beyond a lag, added up.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.5, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 30, loss=gf.UnitLoss())
    >>> gf.memory.horizon(flow, t=30)  # 2^-6 is above 1%, 2^-7 below
    7
    """
    return horizon_of(_row(flow, parameter, t, layer), log10_share(eps))


@requires_flow
def share_beyond(
    flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b", window: int = 20
) -> float:
    """Share of sum |term| at lags k > window: what truncated backpropagation would throw away.

    Parameters
    ----------
    flow, t, layer, parameter
        As for `measure`.
    window : int
        Lags kept, at least 0.

    Returns
    -------
    float
        0 to 1; nan where all terms are zero.

    Raises
    ------
    ValueError
        If t is not a target step, the name or the layer is unknown, or window is not a whole number
        from 0 on.

    See Also
    --------
    horizon : The last lag with a sizeable term.

    References
    ----------
    Williams and Peng (1990), "An efficient gradient-based algorithm for on-line training of
    recurrent network trajectories".

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.5, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 30, loss=gf.UnitLoss())
    >>> round(gf.memory.share_beyond(flow, t=30, window=3), 6)
    0.125
    """
    row = _row(flow, parameter, t, layer)
    return share_beyond_of(row, whole_number("window", window, 0))


@requires_flow
def cancellation(
    flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b"
) -> float:
    """|sum of the terms| / sum of |terms|: how much of them survives adding up.

    Parameters
    ----------
    flow, t, layer, parameter
        As for `measure`.

    Returns
    -------
    float
        From 0 (they cancel) to 1 (they all point the same way); nan where all terms are zero. For
        vectors, and the gates of an LSTM, the norm of the summed vector over the sum of norms.

    Raises
    ------
    ValueError
        If t is not a target step, or the name or the layer is unknown.

    See Also
    --------
    GradientFlow.total : The sum itself.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=-0.5, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 30, loss=gf.UnitLoss())
    >>> round(gf.memory.cancellation(flow, t=30), 6)  # 1 - 1/2 + 1/4 - .., of 1 + 1/2 + 1/4 + ..
    0.333333
    """
    return _cancellation(flow, parameter, _row(flow, parameter, t, layer), layer)


@requires_flow
def zero_lags(
    flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b"
) -> Mapping[str, int | None]:
    """The first lag at which each number format would return zero.

    Parameters
    ----------
    flow, t, layer, parameter
        As for `measure`.

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
        If t is not a target step, or the name or the layer is unknown.

    See Also
    --------
    rounds_to_zero : The same of a row of terms.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.5, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 140, loss=gf.UnitLoss())
    >>> dict(gf.memory.zero_lags(flow, t=140))
    {'float16': 26, 'bfloat16': 135, 'float32': None, 'float64': None}
    """
    return rounds_to_zero(_row(flow, parameter, t, layer))


@requires_flow
def verdict(flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b") -> str:
    """Whether the signal vanishes, explodes or does neither on its way back to the first input.

    Take the decay per step of the tail over the t - 1 steps from the target back to the first
    input, or over 10 steps where there are fewer. Vanishing: less than 1% of the signal is left.
    Exploding: more than 5 times the signal is left. Stable: anything between. A factor a step alone
    would not do: 0.98 leaves two thirds after 20 steps and nothing of use after 500.

    Parameters
    ----------
    flow, t, layer, parameter
        As for `measure`.

    Returns
    -------
    {"vanishing", "stable", "exploding"}
        "vanishing" where all terms are zero; otherwise "stable" at t = 1, where nothing is carried.

    Raises
    ------
    ValueError
        If t is not a target step, or the name or the layer is unknown.

    See Also
    --------
    fall_and_tail : What it rests on.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks".

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN(w_x=1.0, w_s=0.98, activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 500, loss=gf.UnitLoss())
    >>> gf.memory.verdict(flow, t=20), gf.memory.verdict(flow, t=500)
    ('stable', 'vanishing')
    """
    return fall_and_tail_of(_row(flow, parameter, t, layer)).verdict


def _row(flow: GradientFlow, parameter: str, t: int, layer: int | None) -> Array:
    """log10|term| at lags 1 .. t, shape (t,)."""
    return flow.log10_row(parameter, t, layer).copy()


def _cancellation(flow: GradientFlow, parameter: str, row: Array, layer: int | None) -> float:
    if np.isneginf(row).all():
        return math.nan
    log10_sum = _log10_total(flow, parameter, len(row), layer)
    ratio = power_of_ten(log10_sum - log10_size_sum(row))
    return min(ratio, 1.0)  # above 1 by rounding alone


def _log10_total(flow: GradientFlow, parameter: str, t: int, layer: int | None) -> float:
    """log10 of the norm of a total; of a scalar cell, and of a bias, from one target alone."""
    name = full_name(flow.cell, parameter, layer)
    parts = parts_of(flow.cell, name)
    if flow.cell.signed:
        sums = [flow.row(part, t).sum(axis=0) for part in parts]
        return float(functools.reduce(log10_hypotenuse, [total.log10() for total in sums]))
    own = [flow.cell.parameters[part] for part in parts]
    if any(source.rpartition(".")[2] != "one" for _, source in own):
        return float(flow.log10_total(parameter, layer)[flow.index_of(t)])
    rows, gates = flow.carried_signals(t), flow.cell.gates(flow.slopes)
    deltas = [rows[gates[gate].signal] * gates[gate].slope[:t][::-1] for gate, _ in own]
    return float(Scaled.beside(deltas).sum(axis=0).norm(axis=0).log10())
