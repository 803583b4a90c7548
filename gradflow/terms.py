"""What is kept of the backward sweep: dL_t/dz of every gate, for every target and lag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from gradflow.cells.base import Gate
from gradflow.scaled import Array, Scaled
from gradflow.sweep import Signals

# Rows and columns of a (T, T) array.
Place = tuple[slice, slice]

# How many numbers of a (T, T) array are worked on at a time.
_BLOCK = 2**17


@dataclass(frozen=True)
class Deltas:
    """dL_t/dz^g at every source step, as mantissa * 2^exponent.

    With one unit (H = 1) these are the signed numbers, kept as the signals they are multiples of.
    With more they are the norms over the units, one a gate.

    Attributes
    ----------
    gates : tuple of Gate
        The cell's gates.
    mantissas, exponents : tuples of arrays of shape (T, T)
        Target step t in row t - 1, lag k in column k - 1; mantissa 0 where k > t. One a signal when
        H = 1, else one a gate.
    """

    gates: tuple[Gate, ...]
    mantissas: tuple[Array, ...]
    exponents: tuple[Array, ...]

    def of_gate(self, gate: int, place: Place) -> tuple[Array, Array]:
        """Mantissa and exponent of dL_t/dz of one gate at one place of the (T, T) array."""
        signal, slope = self.gates[gate]
        if slope.shape[1] > 1:
            return self.mantissas[gate][place], self.exponents[gate][place]
        return self._times(signal, slope[:, 0], place)

    def of_gates(self, gates: tuple[int, ...], place: Place) -> list[tuple[Array, Array]]:
        """Sizes whose root of the sum of squares is the norm over several gates."""
        if self.gates[0].slope.shape[1] > 1:
            return [self.of_gate(gate, place) for gate in gates]
        # Gates that are multiples of one signal are taken together before the (T, T) arrays.
        slopes: dict[int, list[Scaled]] = {}
        for gate in gates:
            slopes.setdefault(self.gates[gate].signal, []).append(self.gates[gate].slope)
        return [
            self._times(signal, Scaled.beside(several).norm(axis=1), place)
            for signal, several in slopes.items()
        ]

    def _times(self, signal: int, factor: Scaled, place: Place) -> tuple[Array, Array]:
        mantissa, exponent = self.mantissas[signal][place], self.exponents[signal][place]
        return mantissa * lagged(factor.mantissa)[place], exponent + lagged(factor.exponent)[place]


def record(sweep: Iterable[Signals], gates: tuple[Gate, ...]) -> Deltas:
    """Keep dL_t/dz of every gate, from a sweep.

    Parameters
    ----------
    sweep : iterable of Signals
        Source steps T, T - 1, .., 1.
    gates : tuple of Gate
        The cell's gates; slopes of shape (T, H).
    """
    T, H = gates[0].slope.shape
    kept = len(gates) if H > 1 else 1 + max(gate.signal for gate in gates)
    mantissas = tuple(np.zeros(T * T) for _ in range(kept))
    exponents = tuple(np.zeros(T * T, np.int64) for _ in range(kept))
    squared_slopes = _squared_slopes(gates) if H > 1 else ()
    for signals in sweep:
        # Terms of source step j lie on a diagonal of the (T, T) array: t - 1, t - j for t = j .. T.
        diagonal = slice((signals.j - 1) * T, None, T + 1)
        if H > 1:
            sizes = _norms(signals, gates, squared_slopes)
        else:
            sizes = [
                (m[:, 0], e[:, 0])
                for m, e in zip(signals.mantissas, signals.exponents, strict=True)
            ]
        for n, (mantissa, exponent) in enumerate(sizes):
            mantissas[n][diagonal] = mantissa
            exponents[n][diagonal] = exponent
    return Deltas(
        gates,
        tuple(m.reshape(T, T) for m in mantissas),
        tuple(e.reshape(T, T) for e in exponents),
    )


def blocks(T: int) -> Iterator[Place]:
    """Places that cover all of k <= t of a (T, T) array and little else, a few rows each.

    What is made on the way to an array of terms then stays small.
    """
    rows = max(1, _BLOCK // T)
    for start in range(0, T, rows):
        stop = min(start + rows, T)
        yield slice(start, stop), slice(0, stop)


def lagged(values: Array) -> Array:
    """values of the source step j = t + 1 - k at row t - 1 and column k - 1.

    Parameters
    ----------
    values : array of shape (T,)
        One value a step.

    Returns
    -------
    array of shape (T, T)
        A view; where k > t it repeats other values of `values`.
    """
    twice = np.concatenate([values, values])
    stride = twice.strides[0]
    T = len(values)
    return np.lib.stride_tricks.as_strided(
        twice[T:], shape=(T, T), strides=(stride, -stride), writeable=False
    )


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
