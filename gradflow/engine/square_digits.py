"""How many decimal digits the terms of layers that read in both directions have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gradflow.cells.base import each
from gradflow.cells.bidirectional import Bidirectional, BidirectionalStack, Share, in_order
from gradflow.engine.backward_both_ways import BackwardBothWays
from gradflow.engine.parameter_names import parts_of
from gradflow.engine.square_arrays import Asked, has_signs, is_group, log10_sizes, signs
from gradflow.engine.sweep_both_ways import BothWays
from gradflow.engine.term_digits import Signs, pattern, pattern_cell, told_digits
from gradflow.numerics.scaled import Array


def shared_digits(coarse: BackwardBothWays, fine: BackwardBothWays, place: Asked) -> Array:
    """As `BidirectionalFlow.digits` has it, (n, T)."""
    ours, better = log10_sizes(coarse, place), log10_sizes(fine, place)
    exactly_zero = np.isneginf(ours) & np.isneginf(better)
    if exactly_zero.any():
        exactly_zero &= _is_sure_of_zeros(fine, place)
        exactly_zero &= np.isneginf(log10_sizes(_paths(fine), place))
    known: Signs = (None, None)
    if has_signs(coarse, place) and not is_group(coarse, place):
        known = (signs(coarse, place), signs(fine, place))
    return told_digits((ours, better), known, exactly_zero)


def _paths(fine: BackwardBothWays) -> BackwardBothWays:
    """The same with 1 for all factors other than 0: its terms are 0 where no path leads."""
    stack = BidirectionalStack([_pattern_layer(layer) for layer in fine.cell.layers])
    shares = [_pattern_shares(of_layer) for of_layer in fine.shares]
    slopes = {at: each(pattern, tree) for at, tree in fine.slopes.items()}
    seeds = pattern(fine.seeds)
    deltas = BothWays(stack, shares, slopes, seeds, fine.targets).deltas()
    return replace(fine, cell=stack, seeds=seeds, slopes=slopes, shares=shares, deltas=deltas)


def _pattern_layer(layer: object) -> object:
    if isinstance(layer, Bidirectional):
        forward, reverse = pattern_cell(layer.forward), pattern_cell(layer.reverse)
        return replace(layer, forward=forward, reverse=reverse)
    return pattern_cell(layer)


def _pattern_shares(shares: Mapping[str, Share]) -> dict[str, Share]:
    return {
        direction: replace(share, factor=(share.factor != 0.0) * 1.0)
        if share.factor is not None
        else share
        for direction, share in shares.items()
    }


def _is_sure_of_zeros(fine: BackwardBothWays, place: Asked) -> Array:
    """The source steps, (T,), at which a term that is zero is not so for want of smaller numbers.

    Any step of the run may lie between a target and a source. So where one is unsure, only an input
    that is exactly zero tells.
    """
    if not fine.is_unsure:
        return np.ones(fine.T, bool)
    if place is None:
        return np.zeros(fine.T, bool)
    names = parts_of(fine.cell_at(place), place.name)
    if any(f"{place.at}.{name}" in fine.sources for name in names):
        return np.zeros(fine.T, bool)
    zero = [~fine.source(place, name).mantissa.any(axis=1) for name in names]
    return in_order(np.all(zero, axis=0), place.direction)
