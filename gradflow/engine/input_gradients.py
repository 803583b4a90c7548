"""dL_t/dx_j: what reaches the inputs themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradflow.cells.base import Cell, Gate, Tree, each, feeds, leaves, through
from gradflow.engine.parameter_names import full_name, layers_of
from gradflow.engine.sweep_by_step import Signals, carry_back
from gradflow.numerics.scaled import Array, Scaled, exponent_range

# Factors within 2^-100 .. 2^100 are taken as plain numbers; see `carry_back`.
_REACH = 100


def input_terms(
    cell: Cell, slopes: Tree, seeds: Scaled, on_step: Callable[[float], None] | None = None
) -> tuple[Array, Array]:
    """dL_t/dx_j for every target and lag: the number, or the norm of a vector.

    Parameters
    ----------
    cell : Cell
        The cell.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    seeds : Scaled array of shape (T, H)
        dL_t/dh_t, row t - 1 for target t.
    on_step : callable, optional
        As in `gradient_flow`.

    Returns
    -------
    mantissa, exponent : arrays of shape (T, T)
        Target step t in row t - 1, lag k in column k - 1; mantissa 0 where k > t. The exponents are
        powers of two.
    """
    T = len(seeds.mantissa)
    mantissas, exponents = np.zeros(T * T), np.zeros(T * T, np.int64)
    step = _ToInputs(cell, slopes)
    for signals in carry_back(cell, slopes, seeds, on_step):
        x = step.of(signals)
        size = x[:, 0] if cell.signed else x.norm(axis=1)
        # Terms of source step j lie on a diagonal of the (T, T) array: t - 1, t - j for t = j .. T.
        diagonal = slice((signals.j - 1) * T, None, T + 1)
        mantissas[diagonal], exponents[diagonal] = size.mantissa, size.exponent
    return mantissas.reshape(T, T), exponents.reshape(T, T)


class _ToInputs:
    """The maps from the signals of layer 0 to its inputs."""

    def __init__(self, cell: Cell, slopes: Tree) -> None:
        self._cell = cell
        self._gates = cell.gates(slopes)
        self._plain_gates = cell.gates(each(Scaled.plain, slopes))
        self._name = full_name(cell, "w_x", 0)
        first = layers_of(cell)[0]
        self._w_x = cell.weights[self._name].reshape(-1, first.H, first.D)
        ranges = [exponent_range(slope, axis=1) for slope in leaves(slopes)]
        low, high = exponent_range(Scaled.of(self._w_x), axis=(0, 1, 2))
        lows, highs = (np.array(bounds) for bounds in zip(*ranges, strict=True))
        self._is_plain = (np.minimum(lows.min(axis=0), low) >= -_REACH) & (
            np.maximum(highs.max(axis=0), high) <= _REACH
        )

    def of(self, signals: Signals) -> Scaled:
        """dL_t/dx_j of the targets j .. T, (n, D)."""
        shared = signals.exponents[0]
        alike = all(
            exponent is shared or np.array_equal(exponent, shared) for exponent in signals.exponents
        )
        plain = bool(self._is_plain[signals.j - 1]) and alike and shared.shape[1] == 1
        gates = self._plain_gates if plain else self._gates
        at_j = tuple(Gate(gate.signal, gate.slope[signals.j - 1]) for gate in gates)
        maps = feeds(self._cell, at_j, self._w_x if plain else Scaled.of(self._w_x), self._name)
        numbers = (
            signals.mantissas
            if plain
            else [
                Scaled.of(*pair) for pair in zip(signals.mantissas, signals.exponents, strict=True)
            ]
        )
        first, *others = (through(numbers[signal], matrix) for signal, matrix in maps.items())
        for part in others:
            first = first + part
        return Scaled.of(first, shared) if plain else first
