"""The terms of layers that read in both directions, as arrays of target against source steps.

What the functions take, return and raise stands with the methods of `BidirectionalFlow` that call
them.
"""

from __future__ import annotations

import functools

import numpy as np

from gradflow.engine.backward_both_ways import BackwardBothWays, CellPlace, place_of
from gradflow.engine.parameter_names import parts_of
from gradflow.numerics.log10_numbers import log10_hypotenuse, log_shares
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import frozen

# What stands for the inputs, which have neither layer nor direction.
Asked = CellPlace | None


def asked(
    backward: BackwardBothWays, parameter: str, layer: int | None, direction: str | None
) -> Asked:
    """The place that terms are asked of; None of the inputs."""
    if not isinstance(parameter, str) or parameter != "x":
        return place_of(backward.cell, parameter, layer, direction)
    if layer not in (None, 0) or direction is not None:
        raise ValueError(
            "layer and direction must be left out for 'x', the input of layer 0. "
            f"Got {layer!r} and {direction!r}."
        )
    return None


def log10_sizes(backward: BackwardBothWays, place: Asked) -> Array:
    """log10 of the magnitudes of the terms, (n, T)."""
    if place is None:
        return frozen(backward.inputs.of_gate(0).log10())
    names = parts_of(backward.cell_at(place), place.name)
    sizes = [backward.terms(place, name).log10() for name in names]
    log10 = functools.reduce(log10_hypotenuse, sizes)
    return frozen(np.where(backward.is_beyond(place), np.nan, log10))


def log10_row(backward: BackwardBothWays, place: Asked, t: int) -> Array:
    """The row of `log10_sizes` of one target step, (T,)."""
    return frozen(log10_sizes(backward.of_target(t), place)[0])


def row(backward: BackwardBothWays, place: Asked, t: int) -> Scaled:
    """The terms of one target step of a scalar cell, (T,)."""
    one = backward.of_target(t)
    if not has_signs(one, place):
        raise not_scalar(one, place, "row")
    if place is None or not is_group(one, place):
        return _numbers(one, place)[0]
    names = parts_of(one.cell_at(place), place.name)
    return Scaled.beside([one.terms(place, name).reshape(-1, 1) for name in names]).norm(axis=1)


def signs(backward: BackwardBothWays, place: Asked) -> Array:
    """Signs of the terms, int8 (n, T)."""
    if is_group(backward, place):
        raise ValueError(
            "parameter must name one gate: a norm over the gates has no sign. "
            f"Got {place and place.name!r}."
        )
    if not has_signs(backward, place):
        raise not_scalar(backward, place, "sign")
    return frozen(np.sign(_numbers(backward, place).mantissa).astype(np.int8))


def values(backward: BackwardBothWays, place: Asked) -> Array:
    """The terms as plain float64, (n, T)."""
    if is_group(backward, place) or not has_signs(backward, place):
        with np.errstate(over="ignore", under="ignore"):
            return frozen(10.0 ** log10_sizes(backward, place))
    plain = _numbers(backward, place).plain()
    return frozen(plain if place is None else np.where(backward.is_beyond(place), np.nan, plain))


def shares(backward: BackwardBothWays, place: Asked) -> Array:
    """Each term's share of its row, (n, T)."""
    return frozen(log_shares(log10_sizes(backward, place), axis=1))


def has_signs(backward: BackwardBothWays, place: Asked) -> bool:
    """Whether terms are numbers: of a scalar cell, and of inputs that scalar cells read."""
    if place is not None:
        return backward.cell_at(place).signed
    return all(cell.signed for cell in backward.cell.directions(0).values())


def is_group(backward: BackwardBothWays, place: Asked) -> bool:
    """Whether a name stands for several gates together."""
    return place is not None and place.name in backward.cell_at(place).groups


def not_scalar(backward: BackwardBothWays, place: Asked, what: str) -> ValueError:
    """The error where what is asked needs terms that are numbers, and they are norms."""
    cell = backward.cell.layers[0] if place is None else backward.cell_at(place)
    return ValueError(
        f"{what} must be asked of a scalar cell, whose terms are numbers. Got {cell!r}."
    )


def _numbers(backward: BackwardBothWays, place: Asked) -> Scaled:
    return backward.inputs.of_gate(0) if place is None else backward.terms(place, place.name)
