"""What is kept of the backward sweep: dL_t/dz of every gate, for every target and lag."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradflow.cells.base import Cell, Gate, Tree
from gradflow.engine.kept_signals import KeptSignals, signals_of_target
from gradflow.engine.sweep_by_block import spans
from gradflow.engine.sweep_by_step import Signals, carry_back
from gradflow.engine.term_tables import Terms, filled
from gradflow.numerics.exponent_bounds import SQUARE
from gradflow.numerics.scaled import Array, Scaled, lagged
from gradflow.numerics.validation import frozen


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

    Where every gate has one unit these are signed numbers, multiples of the signals that are kept.
    Otherwise they are the norms over the units, one a gate.

    Attributes
    ----------
    gates : tuple of Gate
        The cell's gates.
    kept : Kept
        The signals where every gate has one unit, else the norms.
    signals : KeptSignals, optional
        Those of the only target, where there is one and they are arrays.
    """

    gates: tuple[Gate, ...]
    kept: Kept
    signals: KeptSignals | None = None

    def of_gate(self, gate: int, factor: Scaled) -> Terms:
        """dL_t/dz of one gate times one factor a source step."""
        signal, slope = self.gates[gate]
        if are_numbers(self.gates):
            return self.kept.times(signal, slope[:, 0] * factor)
        return self.kept.times(gate, factor)

    def of_gates(self, gates: Iterable[int], factor: Scaled) -> list[Terms]:
        """Sizes whose root of the sum of squares is the norm over several gates."""
        if not are_numbers(self.gates):
            return [self.of_gate(gate, factor) for gate in gates]
        # Gates that are multiples of one signal are taken together before the (T, T) arrays.
        slopes: dict[int, list[Scaled]] = {}
        for gate in gates:
            slopes.setdefault(self.gates[gate].signal, []).append(self.gates[gate].slope)
        return [
            self.kept.times(signal, Scaled.beside(several).norm(axis=1) * factor)
            for signal, several in slopes.items()
        ]

    def of_target(self, t: int) -> tuple[Scaled, ...]:
        """The deltas of one target step, where they are numbers: (t,) a gate, by lag."""
        ones = Scaled.of(np.ones(len(self.gates[0].slope.mantissa)))
        signals = {
            signal: Scaled.of(*filled(self.kept.times(signal, ones), slice(t - 1, t))).reshape(t)
            for signal in {gate.signal for gate in self.gates}
        }
        return tuple(signals[signal] * slope[:t, 0][::-1] for signal, slope in self.gates)


@dataclass(frozen=True)
class Recorded:
    """Numbers kept for n targets and every lag.

    Attributes
    ----------
    targets : int array of shape (n,)
        Target steps, ascending.
    mantissas : array of shape (kept, n, T)
        A row for each of them, lag k in column k - 1; 0 where k > t.
    exponents : int64 array of shape (kept, n, T)
        Powers of two.
    """

    targets: Array
    mantissas: Array
    exponents: Array

    def times(self, kept: int, factor: Scaled) -> Terms:
        """As `Kept` has it."""
        return _Factored(self.targets, self.mantissas[kept], self.exponents[kept], factor)


@dataclass(frozen=True)
class _Factored:
    """Recorded numbers, (n, T), times one factor a source step, (T,)."""

    targets: Array
    mantissa: Array
    exponent: Array
    factor: Scaled

    def fill(self, targets: slice, out: Array) -> Array:
        """As `Terms` has it."""
        row = int(np.searchsorted(self.targets, targets.start + 1))
        lags = slice(0, targets.stop)
        place, factors = (slice(row, row + len(out)), lags), (targets, lags)
        np.multiply(self.mantissa[place], lagged(self.factor.mantissa)[factors], out=out[:, lags])
        return self.exponent[place] + lagged(self.factor.exponent)[factors]


@dataclass(frozen=True)
class _DeferredSweep:
    """What a sweep by spans leaves, which is made when it is first asked for.

    Classes of paths have a sweep of their own, and totals too.
    """

    sweep: Callable[[], tuple[Kept, ...]]

    @functools.cached_property
    def _kept(self) -> Kept:
        (kept,) = self.sweep()
        return kept

    def times(self, kept: int, factor: Scaled) -> Terms:
        """As `Kept` has it."""
        return self._kept.times(kept, factor)


def gate_deltas(
    cell: Cell,
    slopes: Tree,
    seeds: Scaled,
    on_step: Callable[[float], None] | None = None,
    targets: Array | None = None,
) -> Deltas:
    """Carry the gradient of targets back, and keep dL_t/dz of every gate.

    Parameters
    ----------
    cell : Cell
        What a step back is.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    seeds : Scaled array of shape (T, H)
        dL_t/dh_t, row t - 1 for target t.
    on_step : callable, optional
        As in `gradient_flow`.
    targets : int array of shape (n,), optional
        Target steps, ascending; every step unless given. Where every state is a number it makes no
        difference, as nothing is kept for every target and source step.
    """
    gates = cell.gates(slopes)
    if are_numbers(gates) and set(cell.widths) == {1}:
        count = 1 + max(gate.signal for gate in gates)
        return Deltas(gates, _DeferredSweep(functools.partial(spans, cell, slopes, seeds, count)))
    steps = every_step(seeds) if targets is None else targets
    if len(steps) == 1 and not are_numbers(gates):
        signals = signals_of_target(cell, slopes, seeds, int(steps[0]), on_step)
        return Deltas(gates, _recorded_target(signals, gates, len(seeds.mantissa)), signals)
    return Deltas(gates, _recorded(carry_back(cell, slopes, seeds, on_step, steps), gates, steps))


def are_numbers(gates: tuple[Gate, ...]) -> bool:
    """Whether every gate has one unit."""
    return all(gate.slope.shape[1] == 1 for gate in gates)


def _recorded(sweep: Iterable[Signals], gates: tuple[Gate, ...], targets: Array) -> Recorded:
    """Keep the signals of a cell whose gates are numbers, else each gate's norm, from a sweep."""
    n, T = len(targets), len(gates[0].slope.mantissa)
    numbers = are_numbers(gates)
    kept = 1 + max(gate.signal for gate in gates) if numbers else len(gates)
    mantissas = np.zeros((kept, n * T))
    exponents = np.zeros((1, n * T), np.int64)  # as a rule, one serves all
    norms = None if numbers else GateNorms(gates)
    for signals in sweep:
        places = places_of_step(signals.j, signals.first, targets, T)
        found, power = _side_by_side(signals) if norms is None else norms.by_gate(signals)
        if power.ndim == 2 and len(exponents) < kept:
            exponents = np.repeat(exponents, kept, axis=0)
        mantissas[:, places] = found
        exponents[:, places] = power
    shape = (kept, n, T)
    exponents = np.broadcast_to(exponents.reshape(-1, n, T), shape)
    return Recorded(targets, mantissas.reshape(shape), exponents)


def _recorded_target(signals: KeptSignals, gates: tuple[Gate, ...], T: int) -> Recorded:
    """Keep each gate's norm of one target."""
    mantissas, exponents = np.zeros((len(gates), 1, T)), np.zeros((len(gates), 1, T), np.int64)
    found, power = GateNorms(gates).of_target(signals)
    mantissas[:, 0, : signals.t], exponents[:, 0, : signals.t] = found, power
    return Recorded(np.array([signals.t]), mantissas, exponents)


def places_of_step(j: int, first: int, targets: Array, T: int) -> Array | slice:
    """Where the terms of source step j lie in a flat (n, T) array of n targets, from one on."""
    n = len(targets)
    if n == T:  # on a diagonal: (t - 1, t - j) for t = j .. T
        return slice(first * T, None, T + 1)
    return np.arange(first, n) * T + targets[first:] - j


def every_step(seeds: Scaled) -> Array:
    """1 .. T."""
    return frozen(np.arange(1, len(seeds.mantissa) + 1))


def _side_by_side(signals: Signals) -> tuple[Array, Array]:
    """The signals of one unit: mantissas (signals, n), and exponents of that shape or (n,)."""
    found = np.stack(signals.mantissas)[..., 0]
    if signals.apart is None:
        return found, signals.exponent
    power = np.repeat(signals.exponent[None], len(found), axis=0)
    places, apart = signals.apart
    for n, part in enumerate(apart):
        found[n, places], power[n, places] = part.mantissa[:, 0], part.exponent[:, 0]
    return found, power


def _together(numbers: list[int]) -> list[int] | slice:
    """The same places, as a slice where they follow each other: it takes a result faster."""
    first, last = numbers[0], numbers[-1]
    return slice(first, last + 1) if numbers == list(range(first, last + 1)) else numbers


class GateNumbers:
    """Each gate's delta, where every gate has one unit."""

    def __init__(self, gates: tuple[Gate, ...]) -> None:
        self._signals = [gate.signal for gate in gates]
        self._slopes = Scaled.beside([gate.slope for gate in gates])  # (T, gates)

    def by_gate(self, signals: Signals) -> tuple[Array, Array]:
        """Mantissas and exponents (gates, n)."""
        found, power = _side_by_side(signals)
        power = np.broadcast_to(power, found.shape)
        slopes = self._slopes[signals.j - 1].reshape(-1, 1)
        delta = Scaled.of(found[self._signals], power[self._signals]) * slopes
        return delta.mantissa, delta.exponent


class GateNorms:
    """Norm over the units of each gate's delta."""

    def __init__(self, gates: tuple[Gate, ...]) -> None:
        self._gates = gates
        by_signal: dict[int, list[int]] = {}
        for number, gate in enumerate(gates):
            by_signal.setdefault(gate.signal, []).append(number)
        # For each signal that gates take: their numbers, what its squares are summed with for each,
        # (T, gates, H), and room for the squares.
        self._signals = [
            (
                signal,
                _together(numbers),
                np.stack([gates[number].slope.plain() ** 2 for number in numbers], axis=1),
                np.empty(gates[numbers[0]].slope.shape),
            )
            for signal, numbers in by_signal.items()
        ]

    def by_gate(self, signals: Signals) -> tuple[Array, Array]:
        """Mantissas (gates, n), and exponents of that shape or (n,)."""
        j, exponent = signals.j, signals.exponent
        found = np.empty((len(self._gates), len(exponent)))
        least = np.zeros((len(self._gates), 1))
        for signal, numbers, squared_slopes, room in self._signals:
            mantissa = signals.mantissas[signal]
            squares = np.multiply(mantissa, mantissa, out=room[: len(mantissa)])
            # |signal * slope|^2 of all its gates is one matrix product.
            found[numbers] = squared_slopes[j - 1] @ squares.T
            if not signals.were_bounded:
                largest = max(1.0, squares.max()) * max(1.0, squared_slopes[j - 1].max())
                least[numbers] = largest * 2.0**-SQUARE
        if signals.were_bounded and signals.apart is None:
            return np.sqrt(found, out=found), exponent
        small = found < least
        np.sqrt(found, out=found)
        if signals.apart is None and not small.any():
            return found, exponent
        power = np.repeat(exponent[None], len(found), axis=0)
        for number, gate in enumerate(self._gates):
            few = np.flatnonzero(small[number] & signals.mantissas[gate.signal].any(axis=1))
            rows = Scaled.of(signals.mantissas[gate.signal][few], exponent[few, None])
            self._put(found[number], power[number], few, rows * gate.slope[j - 1])
            if signals.apart is not None:
                places, apart = signals.apart
                self._put(
                    found[number], power[number], places, apart[gate.signal] * gate.slope[j - 1]
                )
        return found, power

    def of_target(self, signals: KeptSignals) -> tuple[Array, Array]:
        """The same of one target at all its lags, (gates, t) each."""
        found = np.empty((len(self._gates), signals.t))
        power = np.repeat(signals.exponent[None], len(found), axis=0)
        for signal, numbers, squared_slopes, _ in self._signals:
            squares = signals.mantissas[signal] ** 2
            found[numbers] = np.einsum("kgh,kh->gk", squared_slopes[: signals.t][::-1], squares)
        np.sqrt(found, out=found)
        for row in np.flatnonzero(~signals.bounded).tolist():
            one, exponent = self.by_gate(signals.at(row))
            found[:, row], power[:, row] = one[:, 0], exponent[..., 0]
        return found, power

    def _put(self, found: Array, power: Array, places: Array, delta: Scaled) -> None:
        norm = delta.norm(axis=1)
        found[places], power[places] = norm.mantissa, norm.exponent
