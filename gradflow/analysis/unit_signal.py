"""Which hidden units carry the gradient of one target back: the signal of each unit apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradflow.engine.parameter_names import full_name, parts_of
from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.half_life_and_horizon import half_life_of
from gradflow.numerics.log10_numbers import log_shares
from gradflow.numerics.scaled import Array, log10_norm
from gradflow.numerics.validation import frozen, optional_callable, target_step


@dataclass(frozen=True, eq=False)
class UnitSignals:
    """The gradient signal of every hidden unit of a layer, for one target.

    Attributes
    ----------
    t : int
        Target step.
    log10 : array of shape (t, H)
        log10 of |dL_t/dz_j| of each unit, over its gates together, lag k in row k - 1: its part of
        the term of the bias b. Minus infinity where it is exactly zero.
    half_life : array of shape (H,)
        Steps after which a unit's signal has halved, as `memory.half_life` has it.
    share : array of shape (H,)
        How much of the squared signal at the last lag, k = t, each unit has; nan where that is 0.

    See Also
    --------
    unit_signals : Makes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN([[1.0], [1.0]], [[0.9, 0.0], [0.0, 0.1]], activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 10, loss=gf.UnitLoss())
    >>> signals = gf.analysis.unit_signals(flow, t=10)
    >>> signals
    UnitSignals(t=10, H=2)
    >>> signals.half_life.round(2), signals.share.round(2)
    (array([6.58, 0.3 ]), array([1., 0.]))
    """

    t: int
    log10: Array
    half_life: Array
    share: Array

    def __repr__(self) -> str:
        return f"UnitSignals(t={self.t}, H={len(self.half_life)})"


@requires_flow
def unit_signals(
    flow: GradientFlow,
    t: int,
    layer: int | None = None,
    *,
    on_step: Callable[[float], None] | None = None,
) -> UnitSignals:
    """The gradient signal of every hidden unit, from a sweep of one target alone.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    on_step : callable, optional
        As in `gradient_flow`.

    Returns
    -------
    UnitSignals

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.

    See Also
    --------
    gradflow.memory.half_life : Of all units together.

    Examples
    --------
    >>> import gradflow as gf
    >>> cell = gf.RNN([[1.0], [1.0]], [[0.9, 0.0], [0.0, 0.1]], activation="identity")
    >>> flow = gf.gradient_flow(cell, [1.0] * 10, loss=gf.UnitLoss())
    >>> gf.analysis.unit_signals(flow, t=10).log10[-1].round(2)
    array([-0.41, -9.  ])
    """
    optional_callable("on_step", on_step)
    step = target_step(t, flow.T)
    name = full_name(flow.cell, "b", layer)
    gates = flow.cell.gates(flow.slopes)
    parts = [gates[flow.cell.parameters[part].gate] for part in parts_of(flow.cell, name)]
    rows = flow.carried_signals(step, on_step)
    log10 = log10_norm([rows[signal] * slope[:step][::-1] for signal, slope in parts])
    return UnitSignals(
        step,
        frozen(log10),
        frozen(np.array([half_life_of(unit) for unit in log10.T])),
        frozen(log_shares(log10[-1], axis=0, power=2)),
    )
