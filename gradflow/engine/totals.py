"""dL_t/dw for every target: the terms added up.

What the public functions take, return and raise stands with the methods of `GradientFlow` that call
them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np

from gradflow.cells.base import Cell, Gate
from gradflow.engine.backward_both_ways import BackwardBothWays
from gradflow.engine.backward_pass import BackwardPass
from gradflow.engine.parameter_names import parts_of, total_name
from gradflow.engine.stored_terms import blocks, filled
from gradflow.engine.sweep_by_step import Signals, carry_back
from gradflow.losses import Readout
from gradflow.numerics.exponent_bounds import FLUSHED
from gradflow.numerics.scaled import (
    ZERO_EXPONENT,
    Array,
    Scaled,
    exponent_range,
    log10_hypotenuse,
    log10_scaled,
    shifted,
)
from gradflow.numerics.validation import frozen

# Source steps that are added up in one matrix product, and targets that it takes at a time.
_STEPS, _TARGETS = 16, 64


def plain_total(
    backward: BackwardPass, readout: Readout, parameter: str, layer: int | None
) -> Array:
    """The totals as plain float64, (n, *shape of the parameter)."""
    cell, name = backward.cell, total_name(backward.cell, parameter, layer)
    scaled = _scaled_total(backward, readout, name)
    if scaled is not None:
        return frozen(scaled.plain())
    plain = np.zeros(len(backward.targets), np.int64)
    totals = [_swept_total(backward, part, plain) for part in parts_of(cell, name)]
    together = totals[0] if name in cell.parameters else np.stack(totals, axis=1)
    return frozen(together.reshape(-1, *shape_of(cell, name)))


def log10_total(
    backward: BackwardPass, readout: Readout, parameter: str, layer: int | None
) -> Array:
    """log10 of the norms of the totals, (n,)."""
    name = total_name(backward.cell, parameter, layer)
    scaled = _scaled_total(backward, readout, name)
    if scaled is not None:
        return frozen(scaled.reshape(len(backward.targets), -1).norm(axis=1).log10())
    norms = [_log10_swept_norm(backward, part) for part in parts_of(backward.cell, name)]
    return frozen(functools.reduce(log10_hypotenuse, norms))


def sign_total(
    backward: BackwardPass, readout: Readout, parameter: str, layer: int | None
) -> Array:
    """Signs of the totals, int8 (n, *shape of the parameter)."""
    scaled = _scaled_total(backward, readout, total_name(backward.cell, parameter, layer))
    if scaled is None:
        raise backward.not_scalar("sign_total")
    return frozen(np.sign(scaled.mantissa).astype(np.int8))


def _scaled_total(backward: BackwardPass, readout: Readout, name: str) -> Scaled | None:
    """The totals of a readout or of a scalar cell, (n, *shape); None of a vector cell."""
    cell = backward.cell
    if name not in cell.parameters and name not in cell.groups:
        return readout_total(backward, readout, name)
    if not cell.signed:
        return None
    sums = Scaled.beside([_sums(backward, part) for part in parts_of(cell, name)])
    return sums.reshape(len(backward.targets), *shape_of(cell, name))


def readout_total(backward: BackwardPass | BackwardBothWays, readout: Readout, name: str) -> Scaled:
    """The totals of the readout, (n, *shape of the parameter)."""
    n = len(backward.targets)
    slope = backward.loss_slope[backward.targets - 1].reshape(n, -1)  # (n, O)
    if name == "readout.w_o":
        hidden = Scaled.of(backward.trace.hidden[backward.targets])
        terms, shape = slope[:, :, None] * hidden[:, None, :], readout.w_o.shape
        terms = terms.reshape(n, -1)
    else:
        terms, shape = slope, readout.b_o.shape
    return terms.reshape(n, *shape) if shape else terms.sum(axis=1)


def _sums(backward: BackwardPass, name: str) -> Scaled:
    """The terms of one parameter of a scalar cell added up over k, (n, 1)."""
    terms = backward.terms(name)
    several = blocks(backward.targets, backward.T)
    sums = [Scaled.of(*filled(terms, some.targets)).sum(axis=1) for some in several]
    return Scaled.stacked(sums)[:, None]


def shape_of(cell: Cell, name: str) -> tuple[int, ...]:
    """The shape of a parameter of the cell, as the cell holds it."""
    if name in cell.weights:
        return cell.weights[name].shape
    group = next(g for g, names in cell.groups.items() if name in names)
    return cell.weights[group].shape[1:]


def _log10_swept_norm(backward: BackwardPass, name: str) -> Array:
    """log10 of the norm of one parameter's total in a vector cell, (n,)."""
    terms, several = backward.terms(name), blocks(backward.targets, backward.T)
    largest = np.concatenate(
        [Scaled.of(*filled(terms, some.targets)).exponent.max(axis=1) for some in several]
    )
    unit = np.where(largest == ZERO_EXPONENT, 0, largest)
    totals = _swept_total(backward, name, unit).reshape(len(unit), -1)
    return log10_scaled(np.sqrt(np.einsum("tn,tn->t", totals, totals)), unit)


def _swept_total(backward: BackwardPass, name: str, unit: Array) -> Array:
    """The totals of one parameter of a vector cell over 2^unit, (n, H, D)."""
    cell, source = backward.cell, backward.source(name)
    gate = backward.deltas.gates[cell.parameters[name].gate]
    totals = [
        swept(
            carry_back(cell, backward.slopes, backward.seeds, None, backward.targets),
            gate,
            source[:, columns],
            unit,
        )
        for columns in columns_that_share(source)
    ]
    return totals[0] if len(totals) == 1 else np.concatenate(totals, axis=2)


def columns_that_share(source: Scaled) -> list[slice]:
    """The columns of what a weight multiplied, one by one where their numbers lie too far apart."""
    if not _columns_apart(source):
        return [slice(None)]
    return [slice(column, column + 1) for column in range(source.shape[1])]


def swept(sweep: Iterable[Signals], gate: Gate, source: Scaled, unit: Array) -> Array:
    """The totals of one parameter, added up as a sweep goes.

    Parameters
    ----------
    sweep : iterable of Signals
        Source steps T, T - 1, .., 1, of n targets.
    gate : Gate
        The gate whose parameter is asked for; slopes of shape (T, H).
    source : Scaled array of shape (T, D)
        What the weights multiplied at each step.
    unit : int64 array of shape (n,)
        The power of two that each target's totals are given in; 0 for the plain numbers.

    Returns
    -------
    array of shape (n, H, D)
        Totals over 2^unit; they under- and overflow as float64 must.
    """
    signal, slope = gate
    n, H = len(unit), slope.shape[1]
    top = source.exponent.max(axis=1)  # (T,)
    multiplied = shifted(source.mantissa, source.exponent - top[:, None])
    totals = np.zeros((n, H, source.shape[1]))
    held = np.zeros((_STEPS, n, H))
    for signals in sweep:
        j, first = signals.j, signals.first
        power = slope.exponent[j - 1] + (top[j - 1] - unit[first:])[:, None]
        delta = held[(j - 1) % _STEPS]
        delta[:first] = 0.0
        delta[first:] = shifted(
            signals.mantissas[signal] * slope.mantissa[j - 1], power + signals.exponent[:, None]
        )
        if signals.apart is not None:
            places, apart = signals.apart
            mantissa, exponent = apart[signal].mantissa, apart[signal].exponent
            delta[first + places] = shifted(
                mantissa * slope.mantissa[j - 1], power[places] + exponent
            )
        if (j - 1) % _STEPS == 0:
            steps = slice(j - 1, j - 1 + _STEPS)
            _add(totals, held[: len(multiplied[steps])], multiplied[steps], first)
    return totals


def _columns_apart(source: Scaled) -> bool:
    """Whether the numbers of one step lie too far apart to share a power of two."""
    top = source.exponent.max(axis=1, keepdims=True)
    low, _ = exponent_range(Scaled(source.mantissa, source.exponent - top), axis=(0, 1))
    return bool(low < -FLUSHED)


def _add(totals: Array, deltas: Array, source: Array, first: int) -> None:
    """Add the terms of some source steps, (J, n, H) and (J, D), of the targets from one on."""
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(first, len(totals), _TARGETS):
            targets = slice(start, start + _TARGETS)
            some = deltas[:, targets].transpose(1, 2, 0)  # (n, H, J)
            if np.isfinite(some).all():
                totals[targets] += some @ source
            else:  # an overflowed delta times an exact zero is zero, and not nan
                terms = some[..., None] * source  # (n, H, J, D)
                totals[targets] += np.where(source == 0.0, 0.0, terms).sum(axis=2)
