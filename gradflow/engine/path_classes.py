"""The LSTM's terms by their paths: how often through h, or through which gate first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradflow.cells import LSTM
from gradflow.cells.base import Gate, Number, Passes, Step, Tree, each, through
from gradflow.engine.path_class_step import beside
from gradflow.engine.stored_terms import Deltas, places_of_step
from gradflow.engine.sweep_by_block import spans
from gradflow.engine.sweep_by_path_class import ClassSignals, carry_classes
from gradflow.engine.term_tables import log10_table, signed_table
from gradflow.numerics.exponent_bounds import SQUARE
from gradflow.numerics.scaled import Array, Scaled, log10_scaled
from gradflow.numerics.validation import frozen


@dataclass(frozen=True, eq=False)
class PathClasses:
    """Terms split up by classes of paths. The classes of a term add up to it.

    Attributes
    ----------
    labels : tuple of str
        The n classes.
    log10 : array of shape (n, T, T)
        log10 of the magnitude of each class, for vectors of its Frobenius norm; target step t in
        row t - 1, or the chosen targets in the order of `GradientFlow.targets`; lag k in column
        k - 1. Minus infinity where it is exactly zero, nan where k > t.
    sign : int8 array of the same shape, or None
        -1, 0 or 1; 0 where it is exactly zero and where k > t. None of norms.
    """

    labels: tuple[str, ...]
    log10: Array
    sign: Array | None

    def __repr__(self) -> str:
        return f"PathClasses({', '.join(self.labels)}; T={self.log10.shape[-1]})"


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

    @property
    def feeds(self) -> Array:
        return np.tri(1 + self.others, dtype=bool)

    def ways(
        self, moves: tuple[Number, ...], slopes: tuple[Number, ...], w: Number
    ) -> tuple[Number, ...]:
        return moves[2:3]

    def before(self, from_c: Number, from_h: Number, own: Number) -> Number:
        return beside([from_c + from_h, own[:, :-1]])

    def exponents_before(self, first: Array, own: Array) -> Array:
        return np.concatenate([first, own[:, :-1]], axis=1)


@dataclass(frozen=True)
class ByFirstGate:
    """A class for each gate by which a path first leaves for h, counted from the target."""

    labels = ("cell path", "input gate", "forget gate", "candidate", "output gate")
    others = 4
    keeps = np.ones((4, 1))
    feeds = np.eye(5, dtype=bool) | (np.arange(5) == 0)

    def ways(
        self, moves: tuple[Number, ...], slopes: tuple[Number, ...], w: Number
    ) -> tuple[Number, ...]:
        return tuple(slope[..., :, None] * w[gate] for gate, slope in enumerate(slopes[2:5]))

    def before(self, from_c: Number, from_h: Number, own: Number) -> Number:
        return beside([from_c, from_h])

    def exponents_before(self, first: Array, own: Array) -> Array:
        return np.broadcast_to(first, own.shape)


@dataclass(frozen=True)
class _Parted:
    """The step back of an LSTM of one unit with a number for each class instead of the unit.

    What is in a class stays in it on its way along the cell state, as it does for the cell's own
    step; what crosses to the step before through h goes where the division says. Of the cell's
    signals a step has those that are asked for.
    """

    cell: LSTM
    division: ByDetours | ByFirstGate
    signals: tuple[int, ...]

    @property
    def states(self) -> tuple[str, ...]:
        return self.cell.states

    @property
    def passes(self) -> Passes:
        return self.cell.passes

    def recurrent(self) -> Array:
        return self.cell.recurrent()

    def moves(self, slopes: tuple[Number, ...], w: Number) -> Tree:
        moves = self.cell.moves(slopes, w)
        return moves, self.division.ways(moves, slopes, w)

    def back(self, moves: Tree, carried: tuple[Number, ...]) -> Step:
        step, ways = moves
        signals, (own, c_before) = self.cell.back(step, carried)
        first_h, first_c = (signal[..., :1] for signal in signals)
        from_c = beside([_by_class(through(first_c, way)) for way in ways])
        from_h, others = _by_class(through(first_h, step[3])), _by_class(own[..., 1:])
        before = self.division.before(from_c, from_h, others) + others * self.division.keeps
        nothing = _by_class(own[..., :1]) * 0.0
        h_before = beside([nothing, before]).reshape(*own.shape)
        return tuple(signals[kept] for kept in self.signals), (h_before, c_before)


def _by_class(numbers: Number) -> Number:
    """(.., classes) as a `Division` takes them, (n, classes, 1)."""
    return numbers.reshape(-1, numbers.shape[-1], 1)


def class_terms(
    cell: LSTM,
    slopes: tuple[Scaled, ...],
    seeds: Scaled,
    gates: tuple[Gate, ...],
    source: Scaled,
    division: ByDetours | ByFirstGate,
    targets: Array,
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
    targets : int array of shape (n,)
        Target steps whose terms are asked for, ascending.
    """
    carried = _swept if cell.H > 1 else _by_spans
    return carried(cell, slopes, seeds, gates, source, division, targets)


def _by_spans(
    cell: LSTM,
    slopes: tuple[Scaled, ...],
    seeds: Scaled,
    gates: tuple[Gate, ...],
    source: Scaled,
    division: ByDetours | ByFirstGate,
    targets: Array,
) -> PathClasses:
    """The same of a cell of one unit, a span of source steps at a time."""
    T, last = len(source.mantissa), int(targets[-1])
    slopes, seeds, source = each(lambda part: part[:last], (slopes, seeds, source))
    gates = tuple(Gate(signal, slope[:last]) for signal, slope in gates)
    signals = tuple({gate.signal for gate in gates})
    parted = _Parted(cell, division, signals)
    parts = spans(parted, slopes, seeds, len(signals), division.feeds, targets)
    gates = tuple(Gate(signals.index(signal), slope) for signal, slope in gates)
    signed = cell.signed and len(gates) == 1
    log10 = np.empty((len(parts), len(targets), T))
    sign = np.zeros(log10.shape, np.int8)
    for part, kept in enumerate(parts):
        deltas = Deltas(gates, kept)
        if signed:
            log10[part], sign[part] = signed_table(deltas.of_gate(0, source), targets, T)
        else:
            log10[part] = log10_table(deltas.of_gates(range(len(gates)), source), targets, T)
    return PathClasses(division.labels, frozen(log10), frozen(sign) if signed else None)


def _swept(
    cell: LSTM,
    slopes: tuple[Scaled, ...],
    seeds: Scaled,
    gates: tuple[Gate, ...],
    source: Scaled,
    division: ByDetours | ByFirstGate,
    targets: Array,
) -> PathClasses:
    """The same of any cell, a source step at a time."""
    T, n = len(source.mantissa), len(division.labels)
    log10 = np.full((n, len(targets), T), np.nan)
    sign = np.zeros(log10.shape, np.int8) if cell.signed and len(gates) == 1 else None
    by_signal = {signal: _together(gates, signal) for signal in {gate.signal for gate in gates}}
    plain = {signal: slope.plain() for signal, slope in by_signal.items()}
    log10_source, sign_source = source.log10(), np.sign(source.mantissa)
    for signals in carry_classes(cell, slopes, seeds, division, targets):
        j = signals.j
        mantissa, exponent = _sizes(signals, by_signal, plain)
        first = int(np.searchsorted(targets, j))
        places = places_of_step(j, first, targets, T)
        log10.reshape(n, -1)[:, places] = log10_scaled(mantissa, exponent) + log10_source[j - 1]
        if sign is not None:
            sign.reshape(n, -1)[:, places] = np.sign(mantissa) * sign_source[j - 1]
    return PathClasses(division.labels, frozen(log10), None if sign is None else frozen(sign))


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
    together = [
        _norm([(part.mantissa, part.exponent) for part in first]),
        _without_loss(_norm(others), signals, slopes),
    ]
    mantissas = np.concatenate([np.reshape(m, (n, -1)) for m, _ in together], axis=1)
    exponents = np.concatenate([np.reshape(e, (n, -1)) for _, e in together], axis=1)
    return mantissas.T, exponents.T


def _without_loss(
    sizes: tuple[Array, Array], signals: ClassSignals, slopes: dict[int, Scaled]
) -> tuple[Array, Array]:
    """Sizes; those of which float64 lost digits, by `exponent_bounds`, are computed anew."""
    mantissa, exponent = sizes
    small = mantissa**2 < 2.0**-SQUARE
    small &= np.logical_or.reduce([signals.mantissas[signal].any(axis=2) for signal in slopes])
    if not small.any():
        return sizes
    parts = []
    for signal, slope in slopes.items():
        power = np.broadcast_to(signals.exponents[signal], signals.mantissas[signal].shape)
        numbers = Scaled.of(signals.mantissas[signal][small], power[small])
        parts.append(numbers * slope[signals.j - 1])
    delta = Scaled.beside(parts)
    size = delta[:, 0] if delta.shape[1] == 1 else delta.norm(axis=1)
    exponent = exponent.copy()
    mantissa[small], exponent[small] = size.mantissa, size.exponent
    return mantissa, exponent


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
