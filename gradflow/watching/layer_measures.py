"""What is measured of the layers of a recurrent module in one pass."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gradflow.analysis import memory
from gradflow.analysis.state_derivative import state_jacobian
from gradflow.cells import LSTM
from gradflow.engine.sweep_of_batch import batch_gradients, batch_trace
from gradflow.flow import GradientFlow, gradient_flow
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen
from gradflow.watching.probed_module import ProbedModule, ProbedSequence

# Steps whose derivative of the cell state is taken, spread over a sequence.
_STEPS = 8


@dataclass(frozen=True, eq=False, repr=False)
class LayerMeasures:
    """One layer in one pass: medians over the sequences that the gradient reaches.

    Terms are those of `b`, the signal itself; the target of a sequence is its last step that the
    gradient reaches. Of an even number of sequences the lower of the two in the middle is taken.

    Attributes
    ----------
    tail_half_life : float
        Steps; see `gradflow.analysis.memory.fall_and_tail`.
    horizon : float
        The last lag whose term is at least 1% of that at k = 1.
    share_beyond_chunk : float
        Share of the sum of |term| at lags beyond the chunk.
    cancellation : float
        From 0 (the terms cancel) to 1.
    first_zero_lag_bfloat16 : float
        The first lag at which bfloat16 would return zero; infinity where there is none.
    dc_dc : float
        Spectral radius of dc_t/dc_(t-1), median over up to 8 steps of the first sequence; nan of a
        layer that is no LSTM.
    relative_error : float
        |sum of all terms - gradient of the weights| / |gradient of the weights|, the latter by
        automatic differentiation; nan where the weights are not trained.
    log10_left : array of shape (T,)
        log10 of the term of each lag as a part of that at k = 1, lag k in entry k - 1; nan beyond
        the longest sequence.
    """

    tail_half_life: float
    horizon: float
    share_beyond_chunk: float
    cancellation: float
    first_zero_lag_bfloat16: float
    dc_dc: float
    relative_error: float
    log10_left: Array

    def __repr__(self) -> str:
        return (
            f"LayerMeasures(tail_half_life={self.tail_half_life:.4g}, "
            f"horizon={self.horizon:g}, relative_error={self.relative_error:.2g})"
        )


# What goes to a log, in order.
SCALARS = tuple(name for name in LayerMeasures.__annotations__ if name != "log10_left")


def measured_layers(module: ProbedModule, chunk: int) -> dict[str, LayerMeasures]:
    """The measures of every layer of a module, by its name.

    Parameters
    ----------
    module : ProbedModule
    chunk : int
        Steps after which training cuts the graph.

    Raises
    ------
    ValueError
        If a number is not finite, or the forward pass overflows.
    """
    flows = [_flow(module, sequence) for sequence in module.sequences if sequence.target]
    errors = relative_errors(module)
    T = max(len(sequence.x) for sequence in module.sequences)
    return {
        name: _measured(flows, number, chunk, errors[number], T)
        for number, name in enumerate(module.layers)
    }


def relative_errors(module: ProbedModule) -> list[float]:
    """How far the terms of each layer are from adding up to the gradient of its own weights.

    Raises
    ------
    ValueError
        If the gradient leaves float64.
    """
    own, found = module.own_gradients, _summed_gradients(module)
    errors = []
    for layer in range(len(module.layers)):
        names = module.weights_of(layer)
        size = math.hypot(*(float(np.linalg.norm(own[name])) for name in names))
        off = math.hypot(*(float(np.linalg.norm(found[name] - own[name])) for name in names))
        if not math.isfinite(off):
            raise ValueError(f"the gradient of {module.layers[layer]} must stay within float64.")
        errors.append(off / size if size else math.nan)
    return errors


def _summed_gradients(module: ProbedModule) -> dict[str, Array]:
    """The gradient of every array of the cell's weights, from all steps of all sequences."""
    cell, of_length, sums = module.cell, defaultdict(list), []
    for sequence in module.sequences:
        of_length[len(sequence.x)].append(sequence)
    for alike in of_length.values():
        x, seeds = (
            np.stack(arrays, axis=1)  # (T, n, ..)
            for arrays in zip(*((one.x, one.gradient) for one in alike), strict=True)
        )
        start = {
            name: np.stack([one.start.get(name, np.zeros(width)) for one in alike])
            for name, width in zip(cell.states, cell.widths, strict=True)
        }
        with np.errstate(over="ignore", invalid="ignore"):
            sums.append(batch_gradients(cell, batch_trace(cell, x, start), list(seeds)))
    return {name: np.sum([found[name] for found in sums], axis=0) for name in cell.weights}


def lower_median(numbers: Iterable[float]) -> float:
    """The lower of the middle two; nan where there is none. Infinity is a number."""
    ascending = sorted(number for number in numbers if not math.isnan(number))
    return ascending[(len(ascending) - 1) // 2] if ascending else math.nan


def _flow(module: ProbedModule, sequence: ProbedSequence) -> GradientFlow:
    t = sequence.target
    return gradient_flow(
        module.cell,
        sequence.x[:t],
        module.readout,
        sequence.seeded(t),
        sequence.start,
        targets="last",
    )


def _measured(
    flows: list[GradientFlow], layer: int, chunk: int, error: float, T: int
) -> LayerMeasures:
    seen = [memory.measure(flow, flow.T, layer, window=chunk) for flow in flows]
    zero = [found.zero_lags["bfloat16"] for found in seen]
    return LayerMeasures(
        lower_median(found.fall_and_tail.tail_half_life for found in seen),
        lower_median(found.horizon for found in seen),
        lower_median(found.share_beyond for found in seen),
        lower_median(found.cancellation for found in seen),
        lower_median(math.inf if lag is None else lag for lag in zero),
        _cell_radius(flows[0], layer) if flows else math.nan,
        error,
        _left([found.log10_signal for found in seen], T),
    )


def _cell_radius(flow: GradientFlow, layer: int) -> float:
    if not isinstance(flow.layers[layer], LSTM):
        return math.nan
    jacobian = state_jacobian(flow, flow.T, layer).of_cell_state()
    steps = np.unique(np.linspace(1, flow.T, _STEPS).astype(int)).tolist()
    maps = (jacobian.one_step(j) for j in steps)
    return float(np.median([np.abs(np.linalg.eigvals(one)).max() for one in maps]))


def _left(rows: list[Array], T: int) -> Array:
    """The lower median of the rows at each lag, over those that are as long."""
    shares = [row - row[0] for row in rows if np.isfinite(row[0])]
    longest = max((len(share) for share in shares), default=0)
    by_lag = [lower_median(share[k] for share in shares if k < len(share)) for k in range(longest)]
    return frozen(np.array(by_lag + [math.nan] * (T - longest)))
