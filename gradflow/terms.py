"""What is kept of the backward sweep: dL_t/dz of every gate, for every target and lag."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradflow.cells.base import Cell, Gate
from gradflow.scaled import Array, Scaled, lagged, log10_hypotenuse, log10_scaled
from gradflow.spans import spans
from gradflow.sweep import Signals, carry_back

# How many numbers of a (T, T) array are worked on at a time.
_BLOCK = 2**17


class Terms(Protocol):
    """Terms of every target and lag, a block of targets at a time."""

    def fill(self, targets: slice, out: Array) -> Array:
        """Write the mantissas of some targets' terms.

        Parameters
        ----------
        targets : slice
            Rows of the (T, T) array; start and stop are given.
        out : array of shape (stop - start, n), in C order
            Takes lag k in column k - 1, 0 or nothing where k > t, nothing from column stop on.

        Returns
        -------
        int64 array of shape (stop - start, stop) or ()
            Powers of two; a single 0 where all terms are plain float64.
        """


class Kept(Protocol):
    """What a sweep leaves: numbers for every target and source step."""

    def times(self, kept: int, factor: Scaled) -> Terms:
        """The numbers of one kind times one factor a source step.

        Parameters
        ----------
        kept : int
            Which: a signal of a cell whose gates are numbers, else the norm of a gate's delta.
        factor : Scaled array of shape (T,)
            One number a source step.
        """


@dataclass(frozen=True)
class Deltas:
    """dL_t/dz^g at every source step.

    With one unit (H = 1) these are signed numbers, multiples of the signals that are kept. With
    more they are the norms over the units, one a gate.

    Attributes
    ----------
    gates : tuple of Gate
        The cell's gates.
    kept : Kept
        The signals when H = 1, else the norms.
    """

    gates: tuple[Gate, ...]
    kept: Kept

    def of_gate(self, gate: int, factor: Scaled) -> Terms:
        """dL_t/dz of one gate times one factor a source step."""
        signal, slope = self.gates[gate]
        if _are_numbers(self.gates):
            return self.kept.times(signal, slope[:, 0] * factor)
        return self.kept.times(gate, factor)

    def of_gates(self, gates: tuple[int, ...], factor: Scaled) -> list[Terms]:
        """Sizes whose root of the sum of squares is the norm over several gates."""
        if not _are_numbers(self.gates):
            return [self.of_gate(gate, factor) for gate in gates]
        # Gates that are multiples of one signal are taken together before the (T, T) arrays.
        slopes: dict[int, list[Scaled]] = {}
        for gate in gates:
            slopes.setdefault(self.gates[gate].signal, []).append(self.gates[gate].slope)
        return [
            self.kept.times(signal, Scaled.beside(several).norm(axis=1) * factor)
            for signal, several in slopes.items()
        ]


@dataclass(frozen=True)
class Recorded:
    """Numbers kept for every target and lag.

    Attributes
    ----------
    mantissas : array of shape (kept, T, T)
        Target step t in row t - 1, lag k in column k - 1; 0 where k > t.
    exponents : int64 array of shape (kept, T, T)
        Powers of two.
    """

    mantissas: Array
    exponents: Array

    def times(self, kept: int, factor: Scaled) -> Terms:
        """As `Kept` has it."""
        return _Factored(self.mantissas[kept], self.exponents[kept], factor)


@dataclass(frozen=True)
class _Factored:
    """Recorded numbers, (T, T), times one factor a source step, (T,)."""

    mantissa: Array
    exponent: Array
    factor: Scaled

    def fill(self, targets: slice, out: Array) -> Array:
        """As `Terms` has it."""
        place = (targets, slice(0, targets.stop))
        factors = lagged(self.factor.mantissa)[place]
        np.multiply(self.mantissa[place], factors, out=out[:, : targets.stop])
        return self.exponent[place] + lagged(self.factor.exponent)[place]


def backward(cell: Cell, slopes: tuple[Scaled, ...], seeds: Scaled) -> Deltas:
    """Carry the gradient of every target back, and keep dL_t/dz of every gate.

    Parameters
    ----------
    cell : Cell
        What a step back is.
    slopes : tuple of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    seeds : Scaled array of shape (T, H)
        dL_t/dh_t, row t - 1 for target t.
    """
    gates = cell.gates(slopes)
    if _are_numbers(gates):
        kept = spans(cell, slopes, seeds, 1 + max(gate.signal for gate in gates))
        if kept is not None:
            return Deltas(gates, kept)
    return Deltas(gates, _recorded(carry_back(cell, slopes, seeds), gates))


def _are_numbers(gates: tuple[Gate, ...]) -> bool:
    """Whether every gate has one unit."""
    return all(gate.slope.shape[1] == 1 for gate in gates)


def _recorded(sweep: Iterable[Signals], gates: tuple[Gate, ...]) -> Recorded:
    """Keep the signals of a cell whose gates are numbers, else each gate's norm, from a sweep."""
    T = len(gates[0].slope.mantissa)
    numbers = _are_numbers(gates)
    kept = 1 + max(gate.signal for gate in gates) if numbers else len(gates)
    mantissas = np.zeros((kept, T * T))
    exponents = np.zeros((kept, T * T), np.int64)
    squared_slopes = () if numbers else _squared_slopes(gates)
    for signals in sweep:
        # Terms of source step j lie on a diagonal of the (T, T) array: t - 1, t - j for t = j .. T.
        diagonal = slice((signals.j - 1) * T, None, T + 1)
        if numbers:
            sizes = zip(signals.mantissas, signals.exponents, strict=True)
            found = [(mantissa[:, 0], exponent[:, 0]) for mantissa, exponent in sizes]
        else:
            found = _norms(signals, gates, squared_slopes)
        for n, (mantissa, exponent) in enumerate(found):
            mantissas[n, diagonal] = mantissa
            exponents[n, diagonal] = exponent
    return Recorded(mantissas.reshape(kept, T, T), exponents.reshape(kept, T, T))


def filled(terms: Terms, targets: slice) -> tuple[Array, Array]:
    """Mantissa and exponent of some targets' terms, lag k in column k - 1; 0 where k > t."""
    mantissa = np.zeros((targets.stop - targets.start, targets.stop))
    exponent = terms.fill(targets, mantissa)
    return mantissa, exponent


def log10_norm(parts: list[tuple[Array, Array]]) -> Array:
    """log10 of the root of the sum of squares of mantissa * 2^exponent."""
    if any(exponent.ndim for _, exponent in parts):
        return functools.reduce(log10_hypotenuse, [log10_scaled(*part) for part in parts])
    size = functools.reduce(np.hypot, [np.abs(mantissa) for mantissa, _ in parts])
    return log10_scaled(size, parts[0][1])


def blocks(T: int) -> Iterator[slice]:
    """Targets a few at a time, as slices of the rows of a (T, T) array.

    What is made on the way to an array of terms then stays small.
    """
    rows = max(1, _BLOCK // T)
    for start in range(0, T, rows):
        yield slice(start, min(start + rows, T))


def _squared_slopes(gates: tuple[Gate, ...]) -> tuple[Array, ...]:
    """slope^2 of the gates of each signal, (T, H, gates of that signal)."""
    signals = range(1 + max(gate.signal for gate in gates))
    return tuple(
        np.stack([g.slope.plain() ** 2 for g in gates if g.signal == signal], axis=2)
        for signal in signals
    )


def _norms(
    signals: Signals, gates: tuple[Gate, ...], squared_slopes: tuple[Array, ...]
) -> list[tuple[Array, Array]]:
    """Norm over the units of each gate's delta: mantissa and exponent, (n,) each."""
    j = signals.j
    if signals.exponents[0].shape[1] > 1:
        scaled = [
            Scaled.of(m, e) for m, e in zip(signals.mantissas, signals.exponents, strict=True)
        ]
        norms = [(scaled[gate.signal] * gate.slope[j - 1]).norm(axis=1) for gate in gates]
        return [(norm.mantissa, norm.exponent) for norm in norms]
    # |signal * slope|^2 of all gates of a signal is one matrix product.
    squares = [
        iter(np.sqrt((m * m) @ slope[j - 1]).T)
        for m, slope in zip(signals.mantissas, squared_slopes, strict=True)
    ]
    return [(next(squares[gate.signal]), signals.exponents[0][:, 0]) for gate in gates]
