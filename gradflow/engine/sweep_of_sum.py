"""The gradient of the targets' sum, carried back as one row: every target joins it on the way.

Plain float64, in which an optimiser takes it.
"""

from __future__ import annotations

import operator

import numpy as np

from gradflow.cells.base import Cell, Tree, each
from gradflow.engine.sweep_by_lag import back_each
from gradflow.numerics.scaled import Array, plain_numbers


def carried_sum(cell: Cell, slopes: Tree, seeds: Array) -> tuple[Array, ...]:
    """What all targets together carry to every step.

    Parameters
    ----------
    cell : Cell
        What a step back is.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    seeds : array of shape (T, H)
        dL/dh_t by L_t alone, row t - 1 for target t.

    Returns
    -------
    tuple of arrays of shape (T, H)
        One for each carried state, H its width: dL/d(state)_j without what reaches one state
        through another of the same step.
    """
    if set(cell.widths) == {1}:
        return _carried_numbers(cell, slopes, seeds[:, 0].tolist())
    uncut = np.zeros((len(seeds), 1), bool)
    return tuple(state[:, 0] for state in carried_sums(cell, slopes, seeds, uncut))


def carried_sums(cell: Cell, slopes: Tree, seeds: Array, cuts: Array) -> tuple[Array, ...]:
    """The same in n ways, each with the graph cut at steps of its own.

    Parameters
    ----------
    cell, slopes, seeds
        As for `carried_sum`.
    cuts : bool array of shape (T, n)
        Whether the graph is cut between step j, in row j - 1, and the step before.

    Returns
    -------
    tuple of arrays of shape (T, n, H)
    """
    plain = each(plain_numbers, slopes)
    T, n = cuts.shape
    sums = tuple(np.zeros((T, n, width)) for width in cell.widths)
    sums[0][...] = seeds[:, None]
    is_cut = np.any(cuts, axis=1)
    for j in range(T, 1, -1):
        at_j = each(operator.itemgetter(slice(j - 1, j)), plain)
        _, before = back_each(cell, at_j, tuple(state[j - 1] for state in sums))
        if is_cut[j - 1]:
            before = tuple(np.where(cuts[j - 1, :, None], 0.0, state) for state in before)
        for state, part in zip(sums, before, strict=True):
            state[j - 2] += part
    return sums


def _carried_numbers(cell: Cell, slopes: Tree, seeds: list[float]) -> tuple[Array, ...]:
    """`carried_sum` where every state is a number: on Python's numbers, which is faster."""
    states, T = len(cell.widths), len(seeds)
    plain = each(plain_numbers, slopes)
    units = np.eye(states)[..., None, None] * np.ones((T, 1))  # (states, states, T, 1)
    # What a unit of each state makes of every state: the map one step back, for all steps at once.
    maps = np.array([back_each(cell, plain, tuple(unit))[1] for unit in units])[..., 0]
    state, sums = [0.0] * states, []
    for to_states, seed in zip(maps.T[::-1].tolist(), reversed(seeds), strict=True):
        state[0] += seed
        sums.append(state)
        state = [sum(map(operator.mul, state, column)) for column in to_states]
    return tuple(np.array(sums[::-1]).T[..., None])
