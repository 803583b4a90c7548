"""dL_t/dx_j: what reaches the inputs themselves."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradflow.cells.base import (
    Cell,
    Gate,
    Number,
    Tree,
    each,
    feeds,
    input_weights,
    leaves,
    through,
)
from gradflow.engine.parameter_names import full_name, layers_of
from gradflow.engine.shared_rows import RowsApart, SharedRows, tidied
from gradflow.engine.stored_terms import places_of_step
from gradflow.engine.sweep_by_step import Signals, carry_back
from gradflow.numerics.exponent_bounds import FACTOR, least_right, least_seen
from gradflow.numerics.scaled import Array, Scaled, exponent_range, plain_numbers
from gradflow.numerics.shared_exponents import flushed

# No rows.
_NOWHERE = np.zeros(0, np.intp)


def input_terms(
    cell: Cell,
    slopes: Tree,
    seeds: Scaled,
    targets: Array,
    on_step: Callable[[float], None] | None = None,
) -> tuple[Array, Array]:
    """dL_t/dx_j for n targets and every lag: the number, or the norm of a vector.

    Parameters
    ----------
    cell : Cell
        The cell.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    seeds : Scaled array of shape (T, H)
        dL_t/dh_t, row t - 1 for target t.
    targets : int array of shape (n,)
        Target steps, ascending.
    on_step : callable, optional
        As in `gradient_flow`.

    Returns
    -------
    mantissa, exponent : arrays of shape (n, T)
        Target step t in row t - 1, lag k in column k - 1; mantissa 0 where k > t. The exponents are
        powers of two.
    """
    T = len(seeds.mantissa)
    mantissas, exponents = np.zeros(len(targets) * T), np.zeros(len(targets) * T, np.int64)
    to_inputs = ToInputs(cell, slopes)
    for signals in carry_back(cell, slopes, seeds, on_step, targets):
        size = to_inputs.sizes(signals)
        places = places_of_step(signals.j, signals.first, targets, T)
        mantissas[places], exponents[places] = size.mantissa, size.exponent
    return mantissas.reshape(-1, T), exponents.reshape(-1, T)


class ToInputs:
    """The maps from the signals of a cell, of a stack those of layer 0, to its inputs."""

    def __init__(self, cell: Cell, slopes: Tree) -> None:
        self._cell = cell
        self._gates = cell.gates(slopes)
        self._name = full_name(cell, "w_x", 0)
        self._w_x = input_weights(layers_of(cell)[0])
        ranges = [exponent_range(slope, axis=1) for slope in leaves(slopes)]
        low, high = exponent_range(Scaled.of(self._w_x), axis=(0, 1, 2))
        lows, highs = (np.array(bounds) for bounds in zip(*ranges, strict=True))
        self._is_bounded = np.maximum(highs.max(axis=0), high) <= FACTOR
        self._is_sure = self._is_bounded & (np.minimum(lows.min(axis=0), low) >= -FACTOR)
        plain = plain_numbers if self._is_sure.all() else flushed
        self._plain_gates = cell.gates(each(plain, slopes))
        # A number of x is a sum of this many, of a number, a slope and a weight each.
        self._most = 2 * FACTOR + int(np.ceil(np.log2(self._w_x.size)))

    def sizes(self, signals: Signals) -> Scaled:
        """dL_t/dx_j of the targets j .. T, (n,): the number, or the norm of a vector."""
        j, n = signals.j, len(signals.exponent)
        if not self._is_bounded[j - 1]:
            found, small = Scaled.room(np.zeros(n)), np.arange(n)
        else:
            x = self._sum(self._maps(self._plain_gates, j, self._w_x), signals.mantissas)
            found = self._size(Scaled.of(x, signals.exponent[:, None]))
            sure = self._is_sure[j - 1] and signals.were_bounded
            small = _NOWHERE if sure else self._too_small(x, signals.mantissas)
        rows = [(small, tuple(self._of_rows(signals, small)))] if len(small) else []
        if signals.apart is not None:
            rows.append(signals.apart)
        if rows:
            maps = self._maps(self._gates, j, Scaled.of(self._w_x))
            for places, numbers in rows:
                size = self._size(self._sum(maps, numbers))
                found.mantissa[places], found.exponent[places] = size.mantissa, size.exponent
        return found

    def rows(self, signals: Signals) -> SharedRows:
        """The vectors dL_t/dx_j of the targets whose signals have entered."""
        j, n = signals.j, len(signals.exponent)
        if not self._is_bounded[j - 1]:
            x, lost = np.zeros((n, self._w_x.shape[2])), np.arange(n)
        else:
            x = self._sum(self._maps(self._plain_gates, j, self._w_x), signals.mantissas)
            sure = self._is_sure[j - 1] and signals.were_bounded
            lost = _NOWHERE if sure else self._lost(j, x, signals.mantissas)
        rows = [(lost, tuple(self._of_rows(signals, lost)))] if len(lost) else []
        if signals.apart is not None:
            rows.append(signals.apart)
        if not rows:
            return tidied(x, signals.exponent)
        exact = self._exact(j, rows)
        x[exact.places] = 0.0
        return tidied(x, signals.exponent, exact)

    def _exact(self, j: int, rows: Sequence[tuple[Array, tuple[Scaled, ...]]]) -> RowsApart:
        """The vectors of some rows with an exponent for every number; of rows named twice the last.

        A row apart has no plain signal, and may have been found lost for that.
        """
        maps = self._maps(self._gates, j, Scaled.of(self._w_x))
        numbers = Scaled.stacked([self._sum(maps, part) for _, part in rows])
        places = np.concatenate([some for some, _ in rows])
        places, first = np.unique(places[::-1], return_index=True)
        return RowsApart(places, (numbers[::-1][first],))

    def _lost(self, j: int, x: Array, signals: Sequence[Array]) -> Array:
        """Rows in which a number may have lost something, as `exponent_bounds` has it."""
        is_small = np.abs(x) < self._least(signals)[:, None]
        small = np.flatnonzero(is_small.any(axis=1))
        if not len(small):
            return _NOWHERE
        maps = self._maps(self._patterns, j, (self._w_x != 0.0).astype(float))
        paths = self._sum(maps, [(signal[small] != 0.0).astype(float) for signal in signals])
        return small[(is_small[small] & (paths != 0.0)).any(axis=1)]

    @functools.cached_property
    def _patterns(self) -> tuple[Gate, ...]:
        """The gates with 1 where a slope is not 0."""
        return tuple(
            Gate(gate.signal, (gate.slope.mantissa != 0.0).astype(float)) for gate in self._gates
        )

    def _maps(self, gates: tuple[Gate, ...], j: int, w_x: Number) -> dict[int, Number]:
        at_j = tuple(Gate(gate.signal, gate.slope[j - 1]) for gate in gates)
        return feeds(self._cell, at_j, w_x, self._name)

    def _sum(self, maps: dict[int, Number], signals: Sequence[Number]) -> Number:
        parts = [through(signals[signal], matrix) for signal, matrix in maps.items()]
        return functools.reduce(operator.add, parts)

    def _size(self, x: Scaled) -> Scaled:
        return x[:, 0] if self._cell.signed else x.norm(axis=1)

    def _too_small(self, x: Array, signals: Sequence[Array]) -> Array:
        """Rows whose norm may have lost something, as `exponent_bounds` has it."""
        return np.flatnonzero(np.abs(x).max(axis=1) < self._least(signals))

    def _least(self, signals: Sequence[Array]) -> Array:
        """The least size of a number that is right in each row; 0 where there are no signals."""
        high = np.max([np.abs(signal).max(axis=1) for signal in signals], axis=0)
        least = np.maximum(high * least_right(0, self._most), least_seen(self._most))
        return np.where(high > 0.0, least, 0.0)

    def _of_rows(self, signals: Signals, places: Array) -> Iterator[Scaled]:
        for mantissa in signals.mantissas:
            yield Scaled.of(mantissa[places], signals.exponent[places, None])
