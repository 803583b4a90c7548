"""dL_t/dw for every target: the terms added up.

What the public functions take, return and raise stands with the methods of `GradientFlow` that call
them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np

from gradflow.cells.base import Cell, Gate
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
    """The totals as plain float64, (T, *shape of the parameter)."""
    cell, name = backward.cell, total_name(backward.cell, parameter, layer)
    scaled = _scaled_total(backward, readout, name)
    if scaled is not None:
        return frozen(scaled.plain())
    plain = np.zeros(backward.T, np.int64)
    totals = [_swept_total(backward, part, plain) for part in parts_of(cell, name)]
    together = totals[0] if name in cell.parameters else np.stack(totals, axis=1)
    return frozen(together.reshape(backward.T, *_shape(cell, name)))


def log10_total(
    backward: BackwardPass, readout: Readout, parameter: str, layer: int | None
) -> Array:
    """log10 of the norms of the totals, (T,)."""
    name = total_name(backward.cell, parameter, layer)
    scaled = _scaled_total(backward, readout, name)
    if scaled is not None:
        return frozen(scaled.reshape(backward.T, -1).norm(axis=1).log10())
    norms = [_log10_swept_norm(backward, part) for part in parts_of(backward.cell, name)]
    return frozen(functools.reduce(log10_hypotenuse, norms))


def sign_total(
    backward: BackwardPass, readout: Readout, parameter: str, layer: int | None
) -> Array:
    """Signs of the totals, int8 (T, *shape of the parameter)."""
    scaled = _scaled_total(backward, readout, total_name(backward.cell, parameter, layer))
    if scaled is None:
        raise backward.not_scalar("sign_total")
    return frozen(np.sign(scaled.mantissa).astype(np.int8))


def _scaled_total(backward: BackwardPass, readout: Readout, name: str) -> Scaled | None:
    """The totals of a readout or of a scalar cell, (T, *shape); None of a vector cell."""
    cell = backward.cell
    if name not in cell.parameters and name not in cell.groups:
        return _readout_total(backward, readout, name)
    if not cell.signed:
        return None
    sums = Scaled.beside([_sums(backward, part) for part in parts_of(cell, name)])
    return sums.reshape(backward.T, *_shape(cell, name))


def _readout_total(backward: BackwardPass, readout: Readout, name: str) -> Scaled:
    T = backward.T
    slope = backward.loss_slope.reshape(T, -1)  # (T, O)
    if name == "readout.w_o":
        hidden = Scaled.of(backward.trace.hidden[1:])
        terms, shape = slope[:, :, None] * hidden[:, None, :], readout.w_o.shape
        terms = terms.reshape(T, -1)
    else:
        terms, shape = slope, readout.b_o.shape
    return terms.reshape(T, *shape) if shape else terms.sum(axis=1)


def _sums(backward: BackwardPass, name: str) -> Scaled:
    """The terms of one parameter of a scalar cell added up over k, (T, 1)."""
    terms = backward.terms(name)
    sums = [Scaled.of(*filled(terms, some)).sum(axis=1) for some in blocks(backward.T)]
    return Scaled.stacked(sums)[:, None]


def _shape(cell: Cell, name: str) -> tuple[int, ...]:
    """The shape of a parameter of the cell, as the cell holds it."""
    if name in cell.weights:
        return cell.weights[name].shape
    group = next(g for g, names in cell.groups.items() if name in names)
    return cell.weights[group].shape[1:]


def _log10_swept_norm(backward: BackwardPass, name: str) -> Array:
    """log10 of the norm of one parameter's total in a vector cell, (T,)."""
    terms = Scaled.of(*filled(backward.terms(name), slice(0, backward.T)))
    largest = terms.exponent.max(axis=1)
    unit = np.where(largest == ZERO_EXPONENT, 0, largest)
    totals = _swept_total(backward, name, unit).reshape(backward.T, -1)
    return log10_scaled(np.sqrt(np.einsum("tn,tn->t", totals, totals)), unit)


def _swept_total(backward: BackwardPass, name: str, unit: Array) -> Array:
    """The totals of one parameter of a vector cell over 2^unit, (T, H, D)."""
    cell, source = backward.cell, backward.source(name)
    gate = backward.deltas.gates[cell.parameters[name].gate]
    parts = (
        np.split(np.arange(source.shape[1]), source.shape[1])
        if _columns_apart(source)
        else [slice(None)]
    )
    totals = [
        _swept(carry_back(cell, backward.slopes, backward.seeds), gate, source[:, columns], unit)
        for columns in parts
    ]
    return totals[0] if len(totals) == 1 else np.concatenate(totals, axis=2)


def _swept(sweep: Iterable[Signals], gate: Gate, source: Scaled, unit: Array) -> Array:
    """The totals of one parameter, added up as a sweep goes.

    Parameters
    ----------
    sweep : iterable of Signals
        Source steps T, T - 1, .., 1.
    gate : Gate
        The gate whose parameter is asked for; slopes of shape (T, H).
    source : Scaled array of shape (T, D)
        What the weights multiplied at each step.
    unit : int64 array of shape (T,)
        The power of two that each target's totals are given in; 0 for the plain numbers.

    Returns
    -------
    array of shape (T, H, D)
        Totals over 2^unit; they under- and overflow as float64 must.
    """
    signal, slope = gate
    T, H = slope.shape
    top = source.exponent.max(axis=1)  # (T,)
    multiplied = shifted(source.mantissa, source.exponent - top[:, None])
    totals = np.zeros((T, H, source.shape[1]))
    held = np.zeros((_STEPS, T, H))
    for signals in sweep:
        j = signals.j
        power = slope.exponent[j - 1] + (top[j - 1] - unit[j - 1 :])[:, None]
        delta = held[(j - 1) % _STEPS]
        delta[: j - 1] = 0.0
        delta[j - 1 :] = shifted(
            signals.mantissas[signal] * slope.mantissa[j - 1], power + signals.exponent[:, None]
        )
        if signals.apart is not None:
            places, apart = signals.apart
            mantissa, exponent = apart[signal].mantissa, apart[signal].exponent
            delta[j - 1 + places] = shifted(
                mantissa * slope.mantissa[j - 1], power[places] + exponent
            )
        if (j - 1) % _STEPS == 0:
            steps = slice(j - 1, j - 1 + _STEPS)
            _add(totals, held[: len(multiplied[steps])], multiplied[steps], j)
    return totals


def _columns_apart(source: Scaled) -> bool:
    """Whether the numbers of one step lie too far apart to share a power of two."""
    top = source.exponent.max(axis=1, keepdims=True)
    low, _ = exponent_range(Scaled(source.mantissa, source.exponent - top), axis=(0, 1))
    return bool(low < -FLUSHED)


def _add(totals: Array, deltas: Array, source: Array, j: int) -> None:
    """Add the terms of some source steps, from j on: (J, T, H) and (J, D)."""
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(j - 1, len(totals), _TARGETS):
            targets = slice(start, start + _TARGETS)
            some = deltas[:, targets].transpose(1, 2, 0)  # (n, H, J)
            if np.isfinite(some).all():
                totals[targets] += some @ source
            else:  # an overflowed delta times an exact zero is zero, and not nan
                terms = some[..., None] * source  # (n, H, J, D)
                totals[targets] += np.where(source == 0.0, 0.0, terms).sum(axis=2)
