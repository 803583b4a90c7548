"""How many decimal digits terms and states share with those of a better backward pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradflow.cells import Stack
from gradflow.cells.base import each
from gradflow.engine import term_arrays
from gradflow.engine.backward_pass import BackwardPass
from gradflow.engine.parameter_names import parts_of, term_name
from gradflow.engine.stored_terms import gate_deltas
from gradflow.numerics.exponent_bounds import LEAST_FULL
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import frozen

# Terms with fewer digits are marked on a page's heatmaps.
LEAST = 6

# Those of a float64: 53 bits.
_FULL = 53 * np.log10(2.0)

Signs = tuple[Array | None, Array | None]


def shared_digits(
    coarse: BackwardPass, fine: BackwardPass, parameter: str, layer: int | None
) -> Array:
    """As `GradientFlow.digits` has it, (n, T)."""
    ours, better = (term_arrays.log10_sizes(one, parameter, layer) for one in (coarse, fine))
    exactly_zero = np.isneginf(ours) & np.isneginf(better)
    if exactly_zero.any():
        exactly_zero &= ~_may_have_underflowed(fine, parameter, layer)
        exactly_zero &= np.isneginf(term_arrays.log10_sizes(_paths(fine), parameter, layer))
    signs: Signs = (None, None)
    if coarse.cell.signed and term_name(coarse.cell, parameter, layer) not in coarse.cell.groups:
        signs = (
            term_arrays.signs(coarse, parameter, layer),
            term_arrays.signs(fine, parameter, layer),
        )
    return told_digits((ours, better), signs, exactly_zero)


def told_digits(log10: tuple[Array, Array], signs: Signs, exactly_zero: Array) -> Array:
    """`agreed_digits`, all of them where terms are exactly zero; nan where there is no term."""
    found = np.where(exactly_zero, _FULL, agreed_digits(log10, signs))
    return frozen(np.where(np.isnan(log10[0]), np.nan, found))


def shared_state_digits(coarse: BackwardPass, fine: BackwardPass, state: str) -> Array:
    """As `GradientFlow.state_digits` has it, (T + 1, H)."""
    ours, better = (_states(one.trace, state) for one in (coarse, fine))
    with np.errstate(divide="ignore"):
        sizes = np.log10(np.abs(ours)), np.log10(np.abs(better))
    found = agreed_digits(sizes, (np.sign(ours), np.sign(better)))
    found = np.where((ours == 0.0) & (better == 0.0), _FULL, found)
    if fine.underflowed is not None:
        is_tiny = np.abs(better[1:]) < LEAST_FULL
        found[1:][is_tiny & fine.underflowed[:, None]] = 0.0
    return frozen(found)


def _states(trace: Any, state: str) -> Array:
    """A state of a trace, of a stack that of a layer, (T + 1, H)."""
    layer, _, name = state.rpartition(".")
    return np.asarray(getattr(trace.layers[int(layer)] if layer else trace, name))


def agreed_digits(log10: tuple[Array, Array], signs: Signs) -> Array:
    """How many digits two arrays of terms have in common; none where either is zero.

    Parameters
    ----------
    log10 : tuple of two arrays
        log10 of their sizes.
    signs : tuple of two arrays or None
        Their signs; None of norms.
    """
    ours, better = log10
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        error = np.abs(np.expm1(np.log(10.0) * (ours - better)))
        digits = np.clip(-np.log10(error), 0.0, _FULL)
    if signs[0] is not None:
        digits = np.where(signs[0] == signs[1], digits, 0.0)
    return np.where(np.isnan(digits), 0.0, digits)


def _paths(fine: BackwardPass) -> BackwardPass:
    """The same with 1 for all factors other than 0: its terms are 0 where no path leads.

    A term that is 0 although there are paths is a sum that has cancelled to no digits.
    """
    cell, slopes = pattern_cell(fine.cell), each(pattern, fine.slopes)
    seeds = pattern(fine.seeds)
    deltas = gate_deltas(cell, slopes, seeds, None, fine.targets)
    return replace(fine, cell=cell, seeds=seeds, slopes=slopes, deltas=deltas)


def pattern_cell(cell: Any) -> Any:
    """A cell, or a stack, with 1 for all weights other than 0."""
    if isinstance(cell, Stack):
        return type(cell)([pattern_cell(layer) for layer in cell.layers])
    return replace(cell, **{name: (w != 0.0) * 1.0 for name, w in cell.weights.items()})


def pattern(numbers: Scaled) -> Scaled:
    """1 where numbers are other than 0."""
    return Scaled.of((numbers.mantissa != 0.0) * 1.0)


def _may_have_underflowed(fine: BackwardPass, parameter: str, layer: int | None) -> Array:
    """Whether a term that is zero may be so for the want of smaller numbers, (n, T)."""
    unsure = fine.underflowed
    if unsure is None or not unsure.any():
        return np.zeros((len(fine.targets), fine.T), bool)
    met = np.concatenate([[0], np.cumsum(unsure)])
    j = np.maximum(fine.targets[:, None] - np.arange(fine.T), 1)  # (n, T)
    since_source = met[fine.targets][:, None] > met[j - 1]
    return since_source & ~_sources_are_zero(fine, unsure, parameter, layer)[j - 1]


def _sources_are_zero(
    fine: BackwardPass, unsure: Array, parameter: str, layer: int | None
) -> Array:
    """The steps, (T,), at which the weight multiplied an exact zero."""
    name = term_name(fine.cell, parameter, layer)
    if name == "x":
        return np.zeros(fine.T, bool)
    parts = parts_of(fine.cell, name)
    zero = np.all([~fine.source(part).mantissa.any(axis=1) for part in parts], axis=0)
    is_state = any(part in fine.sources for part in parts)
    return np.asarray(zero & ~unsure if is_state else zero)
