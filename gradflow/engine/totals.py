"""dL_t/dw for every target: the terms added up.

What the public functions take, return and raise stands with the methods of `GradientFlow` that call
them.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping

import numpy as np

from gradflow.cells.base import Cell, Gate
from gradflow.engine.backward_both_ways import BackwardBothWays
from gradflow.engine.backward_pass import BackwardPass
from gradflow.engine.parameter_names import parts_of, total_name
from gradflow.engine.sweep_by_step import Signals, carry_back
from gradflow.engine.term_tables import blocks, filled
from gradflow.losses import Readout
from gradflow.numerics.exponent_bounds import FLUSHED
from gradflow.numerics.log10_numbers import log10_hypotenuse
from gradflow.numerics.scaled import (
    ZERO_EXPONENT,
    Array,
    Scaled,
    exponent_range,
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
    totals = _swept_totals(backward, dict.fromkeys(parts_of(cell, name), plain))
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
    units = {part: _unit(backward, part) for part in parts_of(backward.cell, name)}
    norms = [
        log10_scaled(np.sqrt(np.einsum("thd,thd->t", total, total)), unit)
        for total, unit in zip(_swept_totals(backward, units), units.values(), strict=True)
    ]
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


def _unit(backward: BackwardPass, name: str) -> Array:
    """The power of two of the largest term of one parameter of a vector cell, (n,)."""
    terms, several = backward.terms(name), blocks(backward.targets, backward.T)
    largest = np.concatenate(
        [Scaled.of(*filled(terms, some.targets)).exponent.max(axis=1) for some in several]
    )
    return np.where(largest == ZERO_EXPONENT, 0, largest)


def _swept_totals(backward: BackwardPass, units: Mapping[str, Array]) -> list[Array]:
    """The totals of parameters of a vector cell, each over its 2^unit, (n, H, D): of one sweep."""
    cell = backward.cell
    sums = []
    for name, unit in units.items():
        source, gate = backward.source(name), backward.deltas.gates[cell.parameters[name].gate]
        sums.append(
            [SummedTerms(gate, source[:, columns], unit) for columns in columns_that_share(source)]
        )
    for signals in carry_back(cell, backward.slopes, backward.seeds, None, backward.targets):
        for part in itertools.chain(*sums):
            part.add(signals)
    return [np.concatenate([part.totals for part in parts], axis=2) for parts in sums]


def columns_that_share(source: Scaled) -> list[slice]:
    """The columns of what a weight multiplied, one by one where their numbers lie too far apart."""
    if not _columns_apart(source):
        return [slice(None)]
    return [slice(column, column + 1) for column in range(source.shape[1])]


class SummedTerms:
    """The totals of one parameter, added up as a sweep goes.

    Parameters
    ----------
    gate : Gate
        The gate whose parameter is asked for; slopes of shape (T, H).
    source : Scaled array of shape (T, D)
        What the weights multiplied at each step.
    unit : int64 array of shape (n,)
        The power of two that each target's totals are given in; 0 for the plain numbers.

    Attributes
    ----------
    totals : array of shape (n, H, D)
        Totals over 2^unit of the steps so far, once step 1 has come; they under- and overflow as
        float64 must.
    """

    def __init__(self, gate: Gate, source: Scaled, unit: Array) -> None:
        self._signal, self._slope = gate
        self._unit = unit
        self._top = source.exponent.max(axis=1)  # (T,)
        self._multiplied = shifted(source.mantissa, source.exponent - self._top[:, None])
        n, H = len(unit), self._slope.shape[1]
        self.totals = np.zeros((n, H, source.shape[1]))
        self._held = np.zeros((_STEPS, n, H))

    def add(self, signals: Signals) -> None:
        """Add the terms of a source step: T, T - 1, .., 1, of n targets."""
        j, first, slope = signals.j, signals.first, self._slope
        power = slope.exponent[j - 1] + (self._top[j - 1] - self._unit[first:])[:, None]
        delta = self._held[(j - 1) % _STEPS]
        delta[:first] = 0.0
        delta[first:] = shifted(
            signals.mantissas[self._signal] * slope.mantissa[j - 1],
            power + signals.exponent[:, None],
        )
        if signals.apart is not None:
            places, apart = signals.apart
            mantissa, exponent = apart[self._signal].mantissa, apart[self._signal].exponent
            delta[first + places] = shifted(
                mantissa * slope.mantissa[j - 1], power[places] + exponent
            )
        if (j - 1) % _STEPS == 0:
            some = self._multiplied[j - 1 : j - 1 + _STEPS]
            _add(self.totals, self._held[: len(some)], some, first)


def swept(sweep: Iterable[Signals], gate: Gate, source: Scaled, unit: Array) -> Array:
    """The totals of one parameter, (n, H, D), of a sweep; the rest as for `SummedTerms`."""
    sums = SummedTerms(gate, source, unit)
    for signals in sweep:
        sums.add(signals)
    return sums.totals


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
