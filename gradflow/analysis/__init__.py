"""What can be asked of a flow: memory, single paths, factors, unit signals, clipping, checks.

Questions take `(flow, parameter, t, k, layer=None)` in this order, those that they need, and then
their own settings by name. Measures of `memory` are of the bias b unless a parameter is named: of
the signal itself, without the size of what a weight multiplied.

- How far back it reaches: `memory` has decay, half-life, horizon, verdict and all other measures,
  whose records are in `target_reach` and `tail_of_target`; `forget_bias` says what a bias does for
  them, and `unit_signal` which hidden unit carries the signal.
- Which paths carry it: `single_paths` and the graph in `unrolled_cell`; `path_shares` and
  `term_by_detours` by class; `term_factors` for one term.
- One target with signs: `signed_signals`. The state itself: `state_derivative`.
- The whole loss: `loss_gradient`, made by `loss_backward`, by lag in `lag_split`, cut short in
  `truncation`, compared in `likeness`; `clipping`.
- A check by an independent derivative: `complex_step`.

Imports the flow and all below it.
"""

from gradflow.analysis import memory
from gradflow.analysis.clipping import (
    clip_factors,
    log10_clip_factors,
    log10_clipped,
    log10_gradient_norm,
)
from gradflow.analysis.complex_step import complex_step_total, residual, residual_at
from gradflow.analysis.forget_bias import (
    forget_bias_for,
    forget_half_life,
    keeping_gate,
    with_forget_bias,
)
from gradflow.analysis.loss_backward import training_gradient
from gradflow.analysis.loss_gradient import TrainingGradient
from gradflow.analysis.path_shares import PathShares, dominant_part, signed_shares
from gradflow.analysis.signed_signals import SignedSignals, signals
from gradflow.analysis.single_paths import Path, path_count, paths
from gradflow.analysis.state_derivative import StateJacobian, state_jacobian
from gradflow.analysis.term_by_detours import by_detours_at
from gradflow.analysis.term_factors import Factor, factors
from gradflow.analysis.unit_signal import UnitSignals, unit_signals
from gradflow.analysis.unrolled_cell import Edge, Graph, Node, unrolled_graph

__all__ = [
    "Edge",
    "Factor",
    "Graph",
    "Node",
    "Path",
    "PathShares",
    "SignedSignals",
    "StateJacobian",
    "TrainingGradient",
    "UnitSignals",
    "by_detours_at",
    "clip_factors",
    "complex_step_total",
    "dominant_part",
    "factors",
    "forget_bias_for",
    "forget_half_life",
    "keeping_gate",
    "log10_clip_factors",
    "log10_clipped",
    "log10_gradient_norm",
    "memory",
    "path_count",
    "paths",
    "residual",
    "residual_at",
    "signals",
    "signed_shares",
    "state_jacobian",
    "training_gradient",
    "unit_signals",
    "unrolled_graph",
    "with_forget_bias",
]
