"""The forward pass once more in higher precision, and the sweep from its states.

Where a state is a small difference of large numbers, or below the least number of float64, the
first pass has few of its digits or none. Cells of one unit are run with a hundred digits, others in
NumPy's longdouble where that is wider than float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from gradflow.cells.base import Cell
from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.engine.backward_both_ways import BackwardBothWays, swept_both_ways
from gradflow.engine.backward_pass import BackwardPass
from gradflow.engine.parameter_names import layers_of
from gradflow.engine.stored_terms import gate_deltas
from gradflow.flow.loss_slopes import slope_of_loss
from gradflow.losses import Loss, Readout, SquaredError
from gradflow.numerics.decimals import as_decimals, many_digits, scaled_decimals
from gradflow.numerics.exponent_bounds import LEAST_FULL
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import frozen

_DIGITS, _FEWER_DIGITS = 100, 50

# Where two precisions agree to this, the higher one has more digits than a float64.
_SAME = Decimal("1e-20")


OnStep = Callable[[float], None] | None


class Given(NamedTuple):
    """What a run was given beside the cell and the inputs, as `RunRecord` has it."""

    start: Mapping[str, Array]
    readout: Readout
    loss: Loss
    weights: Array
    mask: Array


class _BetterRun(NamedTuple):
    """What a forward pass in higher precision made.

    Attributes
    ----------
    trace
        Its states, rounded.
    loss_slope, seeds : Scaled arrays
        As `BackwardPass` has them.
    sources : mapping
        By parameters, what their weights multiplied, where that is no input.
    lost : bool array of shape (T,)
        Steps that met, or may have met, numbers other than 0 which the trace has as 0 or without
        digits. Of layers that read both ways the steps are as their cells read them.
    """

    trace: Any
    loss_slope: Scaled
    seeds: Scaled
    sources: Mapping[str, Scaled]
    lost: Array


def refined_pass(coarse: BackwardPass, given: Given, on_step: OnStep = None) -> BackwardPass:
    """The backward pass of a flow from states of higher precision; `on_step` is of the sweep.

    Raises
    ------
    ValueError
        Where there are no wider numbers for the cell.
    """
    cell, made = coarse.cell, _better_run(coarse.cell, coarse.trace.x, given)
    slopes = cell.slopes(made.trace)
    return BackwardPass(
        cell,
        made.trace,
        made.loss_slope,
        made.seeds,
        coarse.targets,
        slopes,
        gate_deltas(cell, slopes, made.seeds, on_step, coarse.targets),
        made.sources,
        frozen(made.lost),
    )


def refined_both_ways(
    coarse: BackwardBothWays, given: Given, on_step: OnStep = None
) -> BackwardBothWays:
    """The same of layers that read in both directions."""
    stack, made = coarse.cell, _better_run(coarse.cell, coarse.trace.x, given)
    slopes = stack.slopes(made.trace)
    start = (stack, made.trace, made.loss_slope, made.seeds, coarse.targets, slopes)
    found = swept_both_ways(*start, on_step)
    return replace(found, sources=made.sources, is_unsure=bool(made.lost.any()))


def _better_run(cell: Cell | BidirectionalStack, x: Array, given: Given) -> _BetterRun:
    readout, loss, wider = given.readout, given.loss, _wider_numbers(cell)
    with many_digits(_DIGITS) if wider is as_decimals else nullcontext():
        arrays = _run(cell, x, given.start, readout, wider)
        scaled = scaled_decimals if wider is as_decimals else _scaled_longdoubles
        sources = {name: scaled(state) for name, state in _state_sources(cell, arrays).items()}
        floats = {name: frozen(array.astype(float)) for name, array in arrays.items()}
        trace = _trace(cell, floats, x)
        slope = slope_of_loss(readout, loss, trace, given.weights, given.mask)
        if isinstance(loss, SquaredError) and given.mask.all():  # o_t - y_t, before it is rounded
            gap = arrays["o"] - wider(np.broadcast_to(loss.target, arrays["o"].shape))
            slope = scaled(gap) * given.weights.reshape(-1, *[1] * (gap.ndim - 1))
        lost = [_are_too_small(arrays[name], floats[name], len(x)) for name in floats]
        if wider is as_decimals and _have_gone_to_zero(arrays, cell):
            with many_digits(_FEWER_DIGITS):
                other = _run(cell, x, given.start, readout, wider)
            lost.append(_are_gone(arrays, other, len(x)))
    seeds = slope.reshape(len(x), -1) @ readout.matrix(cell.H)
    return _BetterRun(trace, slope, seeds, sources, np.any(lost, axis=0))


def _trace(cell: Cell | BidirectionalStack, floats: Mapping[str, Array], x: Array) -> Any:
    if isinstance(cell, BidirectionalStack):
        return cell.trace(floats, x, floats["hidden"], floats["o"])
    return cell.trace(**{**floats, "x": x})


def _wider_numbers(cell: Cell | BidirectionalStack) -> Callable[[Array], Any]:
    """What makes wider numbers of plain ones."""
    is_scalar = set(cell.widths) == {1}
    if not is_scalar and np.finfo(np.longdouble).eps >= np.finfo(float).eps:
        raise ValueError(
            "cell must have one unit, as longdouble is no wider than float64 on this machine. "
            f"Got {cell!r}."
        )
    return as_decimals if is_scalar else _longdoubles


def _run(
    cell: Cell | BidirectionalStack,
    x: Array,
    start: Mapping[str, Array],
    readout: Readout,
    wider: Callable[[Array], Any],
) -> dict[str, Array]:
    """What the forward pass makes, o among it; of layers that read both ways `hidden` too."""
    weights = {name: wider(weight) for name, weight in cell.weights.items()}
    begin = {name: wider(state) for name, state in start.items()}
    if isinstance(cell, BidirectionalStack):
        arrays, hidden = cell.run(wider(x), begin, weights)
        arrays = {**arrays, "hidden": hidden}
    else:
        arrays = cell.run(wider(x), begin, weights)
        hidden = arrays[cell.states[0]]
    o = hidden[1:] @ wider(readout.matrix(cell.H)).T
    o = (o if readout.w_o.ndim == 2 else o[:, 0]) + wider(readout.b_o)
    return {**arrays, "o": o}


def _have_gone_to_zero(arrays: Mapping[str, Array], cell: Cell | BidirectionalStack) -> bool:
    """Whether a state is 0 after one that is not: it may have cancelled to no digits."""
    states = [arrays[name] != 0 for name in cell.states]
    return any(bool((state[:-1] & ~state[1:]).any()) for state in states)


def _are_gone(arrays: Mapping[str, Array], other: Mapping[str, Array], T: int) -> Array:
    """The steps, (T,), from one on at which another precision finds another number.

    They last as long as numbers are 0 that may have come of it.
    """
    differ, zero = [], []
    for name, array in arrays.items():
        gap = np.abs(array - other[name]) > np.abs(array) * np.array(_SAME)
        differ.append(_by_step(gap, T))
        zero.append(_by_step(array == 0, T))
    gone, is_gone = np.any(differ, axis=0), False
    for step, is_zero in enumerate(np.any(zero, axis=0)):
        is_gone = bool(gone[step]) or (is_gone and bool(is_zero))
        gone[step] = is_gone
    return gone


def _by_step(found: Array, T: int) -> Array:
    """Whether a step, of T, has found something, in itself or in the state before."""
    by_row = np.asarray(found.reshape(len(found), -1).astype(bool).any(axis=1))
    return by_row if len(by_row) == T else by_row[1:] | by_row[:-1]  # of states, start first


def _are_too_small(array: Array, floats: Array, T: int) -> Array:
    """The steps, (T,), that meet numbers other than 0 which float64 has as 0 or without digits."""
    return _by_step((np.abs(floats) < LEAST_FULL) & (array != 0), T)


def _state_sources(
    cell: Cell | BidirectionalStack, arrays: Mapping[str, Array]
) -> dict[str, Array]:
    """What the weights multiplied, of those that multiplied no input."""
    if isinstance(cell, BidirectionalStack):
        return dict(_sources_both_ways(cell, arrays))
    found = {}
    for name, (_, source) in cell.parameters.items():
        layer, _, kind = source.rpartition(".")
        if kind == "state":
            found[name] = _hidden(cell, arrays, layer)[:-1]
        elif kind == "x" and layer not in ("", "0"):
            found[name] = _hidden(cell, arrays, str(int(layer) - 1))[1:]
        elif kind == "projected":
            found[name] = arrays[f"{layer}.q" if layer else "q"]
    return found


def _sources_both_ways(
    stack: BidirectionalStack, arrays: Mapping[str, Array]
) -> Iterator[tuple[str, Array]]:
    for at, cell in stack.cells.items():
        for name, (_, source) in cell.parameters.items():
            if source == "state":
                yield f"{at}.{name}", arrays[f"{at}.{cell.states[0]}"][:-1]
            elif source == "projected":
                yield f"{at}.{name}", arrays[f"{at}.q"]
            elif source == "x" and not at.startswith("0."):
                yield f"{at}.{name}", arrays[f"{at}.x"]


def _hidden(cell: Cell, arrays: Mapping[str, Array], layer: str) -> Array:
    """The hidden states of a layer of a stack, or of a cell that is none, (T + 1, H)."""
    if not layer:
        return arrays[cell.states[0]]
    return arrays[f"{layer}.{layers_of(cell)[int(layer)].states[0]}"]


def _longdoubles(array: Array) -> Any:
    return array.astype(np.longdouble)


def _scaled_longdoubles(array: Array) -> Scaled:
    mantissa, exponent = np.frexp(array)
    return Scaled.of(mantissa.astype(float), exponent.astype(np.int64))
