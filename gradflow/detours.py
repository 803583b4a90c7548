"""The LSTM's terms by their paths: how often through h, or through which gate first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradflow.cells import LSTM
from gradflow.cells.base import Gate, Number
from gradflow.checks import frozen
from gradflow.classes import ClassSignals, carry_classes
from gradflow.scaled import Array, Scaled, log10_scaled


@dataclass(frozen=True, eq=False)
class PathClasses:
    """Terms split up by classes of paths. The classes of a term add up to it.

    Attributes
    ----------
    labels : tuple of str
        The n classes.
    log10 : array of shape (n, T, T)
        log10 of the magnitude of each class, for vectors of its Frobenius norm; target step t in
        row t - 1, lag k in column k - 1. Minus infinity where it is exactly zero, nan where k > t.
    sign : int8 array of shape (n, T, T), or None
        -1, 0 or 1; 0 where it is exactly zero and where k > t. None of norms.
    """

    labels: tuple[str, ...]
    log10: Array
    sign: Array | None


@dataclass(frozen=True)
class ByDetours:
    """Class d has d crossings through h; the last class has all further ones too."""

    others: int

    @property
    def labels(self) -> tuple[str, ...]:
        counted = [f"{d} detour{'s' if d > 1 else ''}" for d in range(1, self.others)]
        return ("cell path", *counted, f"{self.others} or more")

    @property
    def keeps(self) -> Array:
        return np.eye(self.others)[:, -1:]

    def ways(self, moves: tuple[Number, ...], slopes: tuple[Number, ...], w: Number) -> Number:
        return moves[2]

    def before(self, from_c: Number, from_h: Number, own: Number) -> Number:
        return _beside(from_c + from_h, own[:, :-1])

    def exponents_before(self, first: Array, own: Array) -> Array:
        return np.concatenate([first, own[:, :-1]], axis=1)


@dataclass(frozen=True)
class ByFirstGate:
    """A class for each gate by which a path first leaves for h, counted from the target."""

    labels = ("cell path", "input gate", "forget gate", "candidate", "output gate")
    others = 4
    keeps = np.ones((4, 1))

    def ways(self, moves: tuple[Number, ...], slopes: tuple[Number, ...], w: Number) -> Number:
        i, f, candidate = (slope[:, None] * w[gate] for gate, slope in enumerate(slopes[2:5]))
        return _beside(_beside(i, f), candidate)

    def before(self, from_c: Number, from_h: Number, own: Number) -> Number:
        return _beside(from_c, from_h)

    def exponents_before(self, first: Array, own: Array) -> Array:
        return np.broadcast_to(first, own.shape)


def class_terms(
    cell: LSTM,
    slopes: tuple[Scaled, ...],
    seeds: Scaled,
    gates: tuple[Gate, ...],
    source: Scaled,
    division: ByDetours | ByFirstGate,
) -> PathClasses:
    """The terms of one parameter, or of several together, by classes of paths.

    Parameters
    ----------
    cell : LSTM
        The cell.
    slopes : tuple of Scaled arrays of shape (T, H)
        Its local derivatives.
    seeds : Scaled array of shape (T, H)
        dL_t/dh_t.
    gates : tuple of Gate
        The gates of the parameters.
    source : Scaled array of shape (T,)
        What the weight multiplied at each step; for vectors its norm.
    division : ByDetours or ByFirstGate
        The classes.
    """
    T, n = len(source.mantissa), len(division.labels)
    log10 = np.full((n, T, T), np.nan)
    sign = np.zeros((n, T, T), np.int8) if cell.signed and len(gates) == 1 else None
    by_signal = {signal: _together(gates, signal) for signal in {gate.signal for gate in gates}}
    plain = {signal: slope.plain() for signal, slope in by_signal.items()}
    log10_source, sign_source = source.log10(), np.sign(source.mantissa)
    for signals in carry_classes(cell, slopes, seeds, division):
        j = signals.j
        mantissa, exponent = _sizes(signals, by_signal, plain)
        # Terms of source step j lie on a diagonal of the (T, T) array: t - 1, t - j for t = j .. T.
        diagonal = slice((j - 1) * T, None, T + 1)
        log10.reshape(n, -1)[:, diagonal] = log10_scaled(mantissa, exponent) + log10_source[j - 1]
        if sign is not None:
            sign.reshape(n, -1)[:, diagonal] = np.sign(mantissa) * sign_source[j - 1]
    return PathClasses(division.labels, frozen(log10), None if sign is None else frozen(sign))


def _beside(left: Number, right: Number) -> Number:
    """Two arrays side by side, along axis 1."""
    if isinstance(left, Scaled):
        return Scaled.beside([left, right])
    return np.concatenate([left, right], axis=1)


def _together(gates: tuple[Gate, ...], signal: int) -> Scaled:
    """The slope of a signal's gate, or the norm over several of them, unit by unit, (T, H)."""
    slopes = [gate.slope for gate in gates if gate.signal == signal]
    if len(slopes) == 1:
        return slopes[0]
    flat = Scaled.beside([slope.reshape(-1, 1) for slope in slopes])
    return flat.norm(axis=1).reshape(*slopes[0].shape)


def _sizes(
    signals: ClassSignals, slopes: dict[int, Scaled], plain: dict[int, Array]
) -> tuple[Array, Array]:
    """Signal times slope, for vectors its norm: mantissa and exponent, (classes, n) each."""
    j = signals.j
    n, _, H = signals.mantissas[0].shape
    first, others = [], []
    for signal, slope in slopes.items():
        number = signals.first[signal]
        mantissa, exponent = signals.mantissas[signal], signals.exponents[signal]
        weighted = Scaled(
            number.mantissa * slope.mantissa[j - 1], number.exponent + slope.exponent[j - 1]
        )
        if len(weighted.mantissa) < n:
            rest = Scaled.of(np.zeros((n - len(weighted.mantissa), H)))
            weighted = Scaled.stacked([weighted, rest])
        first.append(weighted)
        if exponent.shape[2] < H:
            others.append((mantissa * plain[signal][j - 1], exponent))
        else:
            others.append((mantissa * slope.mantissa[j - 1], exponent + slope.exponent[j - 1]))
    together = [_norm([(part.mantissa, part.exponent) for part in first]), _norm(others)]
    mantissas = np.concatenate([np.reshape(m, (n, -1)) for m, _ in together], axis=1)
    exponents = np.concatenate([np.reshape(e, (n, -1)) for _, e in together], axis=1)
    return mantissas.T, exponents.T


def _norm(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Root of the sum of squares over the units and parts; one number of one part as it is."""
    mantissas, exponents = zip(*parts, strict=True)
    if len(parts) == 1 and mantissas[0].shape[-1] == 1:
        return mantissas[0][..., 0], exponents[0][..., 0]
    if exponents[0].shape != mantissas[0].shape:
        squares = sum(np.einsum("tdu,tdu->td", m, m) for m in mantissas)
        return np.sqrt(squares), exponents[0][..., 0]
    axis = mantissas[0].ndim - 1
    size = Scaled(np.concatenate(mantissas, axis), np.concatenate(exponents, axis)).norm(axis)
    return size.mantissa, size.exponent
