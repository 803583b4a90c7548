"""dL_t/dw for every target, of layers that read in both directions: the terms added up.

What the functions take, return and raise stands with the methods of `BidirectionalFlow` that call
them.
"""

from __future__ import annotations

import functools

import numpy as np

from gradflow.engine.backward_both_ways import BackwardBothWays, CellPlace, place_of
from gradflow.engine.parameter_names import READOUT, parts_of
from gradflow.engine.square_arrays import has_signs, not_scalar
from gradflow.engine.totals import columns_that_share, readout_total, shape_of, swept
from gradflow.losses import Readout
from gradflow.numerics.log10_numbers import log10_hypotenuse
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled, log10_scaled
from gradflow.numerics.validation import frozen

# A place within the layers, or the name of a parameter of the readout.
Summed = CellPlace | str


def summed(
    backward: BackwardBothWays, parameter: str, layer: int | None, direction: str | None
) -> Summed:
    """What a total is asked of."""
    if isinstance(parameter, str) and parameter == "x":
        raise ValueError("parameter must be a weight: the inputs have no total. Got 'x'.")
    nowhere = layer is None and direction is None
    if nowhere and isinstance(parameter, str) and parameter in READOUT:
        return parameter
    return place_of(backward.cell, parameter, layer, direction, *(READOUT if nowhere else ()))


def plain_total(backward: BackwardBothWays, readout: Readout, asked: Summed) -> Array:
    """The totals as plain float64, (n, *shape of the parameter)."""
    scaled = _scaled_total(backward, readout, asked)
    if scaled is not None:
        return frozen(scaled.plain())
    assert not isinstance(asked, str)
    cell, plain = backward.cell_at(asked), np.zeros(len(backward.targets), np.int64)
    totals = [_swept_total(backward, asked, part, plain) for part in parts_of(cell, asked.name)]
    together = totals[0] if asked.name in cell.parameters else np.stack(totals, axis=1)
    return frozen(together.reshape(-1, *shape_of(cell, asked.name)))


def log10_total(backward: BackwardBothWays, readout: Readout, asked: Summed) -> Array:
    """log10 of the norms of the totals, (n,)."""
    scaled = _scaled_total(backward, readout, asked)
    if scaled is not None:
        return frozen(scaled.reshape(len(backward.targets), -1).norm(axis=1).log10())
    assert not isinstance(asked, str)
    names = parts_of(backward.cell_at(asked), asked.name)
    norms = [_log10_swept_norm(backward, asked, name) for name in names]
    return frozen(functools.reduce(log10_hypotenuse, norms))


def sign_total(backward: BackwardBothWays, readout: Readout, asked: Summed) -> Array:
    """Signs of the totals, int8 (n, *shape of the parameter)."""
    scaled = _scaled_total(backward, readout, asked)
    if scaled is None:
        assert not isinstance(asked, str)
        raise not_scalar(backward, asked, "sign_total")
    return frozen(np.sign(scaled.mantissa).astype(np.int8))


def _scaled_total(backward: BackwardBothWays, readout: Readout, asked: Summed) -> Scaled | None:
    """The totals of a readout or of a scalar cell, (n, *shape); None of a vector cell."""
    if isinstance(asked, str):
        return readout_total(backward, readout, asked)
    if not has_signs(backward, asked):
        return None
    cell = backward.cell_at(asked)
    names = parts_of(cell, asked.name)
    sums = Scaled.beside([backward.terms(asked, name).sum(axis=1)[:, None] for name in names])
    return sums.reshape(len(backward.targets), *shape_of(cell, asked.name))


def _log10_swept_norm(backward: BackwardBothWays, place: CellPlace, name: str) -> Array:
    """log10 of the norm of one parameter's total in a vector cell, (n,)."""
    largest = backward.terms(place, name).exponent.max(axis=1)
    unit = np.where(largest == ZERO_EXPONENT, 0, largest)
    totals = _swept_total(backward, place, name, unit).reshape(len(unit), -1)
    return log10_scaled(np.sqrt(np.einsum("tn,tn->t", totals, totals)), unit)


def _swept_total(backward: BackwardBothWays, place: CellPlace, name: str, unit: Array) -> Array:
    """The totals of one parameter of a vector cell over 2^unit, (n, H, D)."""
    cell, source = backward.cell_at(place), backward.source(place, name)
    gate = cell.gates(backward.slopes[place.at])[cell.parameters[name].gate]
    totals = np.empty((len(unit), gate.slope.shape[1], source.shape[1]))
    for columns in columns_that_share(source):
        for rows, signals in backward.sweep().signals(place.at):
            totals[rows, :, columns] = swept(signals, gate, source[:, columns], unit[rows])
    return totals
