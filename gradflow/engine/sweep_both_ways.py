"""The backward sweep of layers that read in both directions.

Under a bidirectional layer each target reaches every source step. So a layer is carried back as a
whole, from its last step to its first in each direction, before the layer below it: what reaches
the lower layer is kept for all steps of some targets, as many as fit in bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradflow.cells.base import Cell, Tree
from gradflow.cells.bidirectional import BidirectionalStack, Share
from gradflow.engine.input_gradients import ToInputs
from gradflow.engine.shared_rows import SharedRows, plus, zero_rows
from gradflow.engine.stored_terms import GateNorms, GateNumbers, are_numbers
from gradflow.engine.sweep_by_step import Signals, carry_back, carry_given_back
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled

# Numbers that are kept of what reaches one layer.
KEPT = 2**24

# What reaches the layer below: rows of every step.
Given = list[SharedRows]


@dataclass(frozen=True, eq=False)
class Squares:
    """Numbers of n targets and every source step, of each gate of a cell.

    Attributes
    ----------
    mantissa : array of shape (gates, n, T)
        Source step j in column j - 1. Signed where each gate has one unit, else norms.
    exponent : int64 array of shape (1, n, T) or (gates, n, T)
        Powers of two.
    """

    mantissa: Array
    exponent: Array

    def of_targets(self, rows: slice) -> Squares:
        """The numbers of some of the targets."""
        return Squares(self.mantissa[:, rows], self.exponent[:, rows])

    def of_gate(self, gate: int) -> Scaled:
        """The numbers of one gate, (n, T)."""
        exponent = self.exponent[gate if len(self.exponent) > 1 else 0]
        return Scaled.of(self.mantissa[gate], exponent)


class _Way:
    """One direction of a layer, with what turns its signals into what is kept of them."""

    def __init__(self, cell: Cell, slopes: Tree, share: Share, reverse: bool) -> None:
        self.cell, self.slopes, self.reverse = cell, slopes, reverse
        self._share = share

    @cached_property
    def to_inputs(self) -> ToInputs:
        return ToInputs(self.cell, self.slopes)

    def seeds(self, seeds: Scaled) -> Scaled:
        """dL_t/dh_t of this direction, (T, H), of what reaches the layer."""
        own = seeds[:, self._share.columns]
        own = own if self._share.factor is None else own * self._share.factor
        return own[::-1] if self.reverse else own

    def given(self, step: int, rows: SharedRows) -> SharedRows:
        """What of dL_t/d(the layer's output) reaches this direction, of a step as it reads them."""
        own, factor = rows.columns(self._share.columns), self._share.factor
        if factor is None:
            return own
        return own.times(Scaled.of(factor[-step if self.reverse else step - 1]))


class BothWays:
    """The sweep of one run.

    Parameters
    ----------
    stack : BidirectionalStack
        The layers.
    shares : sequence of mappings
        For each layer what each direction has of dL/d(what the layer hands on).
    slopes : mapping
        The local derivatives of each cell, of the steps as it read them.
    seeds : Scaled array of shape (T, H)
        dL_t/d(what the last layer hands on)_t.
    targets : int array of shape (n,)
        Target steps, ascending.
    on_step : callable, optional
        As in `gradient_flow`.
    """

    def __init__(
        self,
        stack: BidirectionalStack,
        shares: Sequence[Mapping[str, Share]],
        slopes: Mapping[str, Tree],
        seeds: Scaled,
        targets: Array,
        on_step: Callable[[float], None] | None = None,
    ) -> None:
        self._seeds, self._targets, self._on_step = seeds, targets, on_step
        self._T = len(seeds.mantissa)
        self._layers = [
            {
                f"{number}.{direction}": _Way(
                    stack.directions(number)[direction],
                    slopes[f"{number}.{direction}"],
                    share,
                    direction == "reverse",
                )
                for direction, share in of_layer.items()
            }
            for number, of_layer in enumerate(shares)
        ]
        self._widths = [layer.D for layer in stack.layers]
        self._done = 0

    def deltas(self) -> dict[str, Squares]:
        """dL_t/dz of every gate of every cell: numbers, or norms over its units."""
        ways = {at: way for layer in self._layers for at, way in layer.items()}
        kept = {at: _Square(len(self._targets), self._T, way) for at, way in ways.items()}
        for rows in self._blocks(0):
            given = self._given(rows, 0, kept)
            for at in self._layers[0]:
                for _ in self._steps(0, at, rows, given, kept):
                    pass
        return {at: square.found for at, square in kept.items()}

    def inputs(self) -> Squares:
        """dL_t/dx_j: numbers where D = 1, or norms."""
        shape = (1, len(self._targets), self._T)
        mantissa, exponent = np.zeros(shape), np.full(shape, ZERO_EXPONENT)
        for rows in self._blocks(0):
            for j, found in enumerate(self._given(rows, -1) or (), 1):
                numbers = found.scaled(np.arange(len(found.exponent)))
                size = numbers[:, 0] if numbers.shape[1] == 1 else numbers.norm(axis=1)
                mantissa[0, rows, j - 1], exponent[0, rows, j - 1] = size.mantissa, size.exponent
        return Squares(mantissa, exponent)

    def signals(self, at: str) -> Iterator[tuple[Array, Iterator[Signals]]]:
        """What reaches one cell at each step, in the order in which it read them from the end.

        Parameters
        ----------
        at : str
            Layer and direction, "0.forward".

        Yields
        ------
        rows : int array of shape (n,)
            The targets of a block, by their places among all, in the order of the signals' rows.
        signals : iterator of Signals
            Of these targets.
        """
        number = int(at.split(".")[0])
        way = self._layers[number][at]
        for rows in self._blocks(number):
            given = self._given(rows, number)
            places = np.arange(rows.start, rows.stop)
            flipped = way.reverse and given is None
            yield places[::-1] if flipped else places, self._signals(way, rows, given)

    def _blocks(self, lowest: int) -> Iterator[slice]:
        """Targets a few at a time; progress is counted anew, down to a layer."""
        n = len(self._targets)
        most = max(1, KEPT // (self._T * max(self._widths)))
        # As many in each block as in the others.
        blocks = -(-n // most)
        size = -(-n // blocks)
        self._done, self._work = 0, blocks * self._T * sum(map(len, self._layers[lowest:]))
        for start in range(0, n, size):
            yield slice(start, min(start + size, n))

    def _given(
        self, rows: slice, number: int, kept: Mapping[str, _Square] | None = None
    ) -> Given | None:
        """What reaches the output of a layer from above, of some targets; of -1 the inputs.

        None of the last layer, which the targets themselves reach.
        """
        given: Given | None = None
        for above in range(len(self._layers) - 1, number, -1):
            given = self._handed_down(rows, above, given, kept or {})
        return given

    def _handed_down(
        self, rows: slice, number: int, given: Given | None, kept: Mapping[str, _Square]
    ) -> Given:
        """What reaches the input of a layer, for each step."""
        nothing = zero_rows(rows.stop - rows.start, self._widths[number])
        below = [nothing] * self._T
        for at, way in self._layers[number].items():
            flipped = way.reverse and given is None
            for j, signals in self._steps(number, at, rows, given, kept):
                found = _whole(way.to_inputs.rows(signals), rows, signals.first, flipped)
                before = below[j - 1]
                below[j - 1] = found if before is nothing else plus(before, found)
        return below

    def _steps(
        self, number: int, at: str, rows: slice, given: Given | None, kept: Mapping[str, _Square]
    ) -> Iterator[tuple[int, Signals]]:
        """The signals of one direction with their steps; those that are kept are written down."""
        way = self._layers[number][at]
        for signals in self._signals(way, rows, given):
            j = self._T + 1 - signals.j if way.reverse else signals.j
            if at in kept:
                kept[at].keep(rows, way.reverse and given is None, j, signals)
            self._tell()
            yield j, signals

    def _signals(self, way: _Way, rows: slice, given: Given | None) -> Iterator[Signals]:
        """The signals of one direction of a layer, in the order in which it read the steps."""
        T, targets = self._T, self._targets[rows]
        if given is None:
            own = T + 1 - targets[::-1] if way.reverse else targets
            return carry_back(way.cell, way.slopes, way.seeds(self._seeds), None, own)

        in_order = given[::-1] if way.reverse else given
        steps = (way.given(step, in_order[step - 1]) for step in range(T, 0, -1))
        return carry_given_back(way.cell, way.slopes, steps, len(targets))

    def _tell(self) -> None:
        self._done += 1
        if self._on_step is not None:
            self._on_step(min(1.0, self._done / self._work))


class _Square:
    """Numbers of one cell's gates, written down as its sweep goes."""

    def __init__(self, n: int, T: int, way: _Way) -> None:
        gates = way.cell.gates(way.slopes)
        self._by_gate = GateNumbers(gates) if are_numbers(gates) else GateNorms(gates)
        # The targets of a step lie next to each other, as they come.
        self._mantissa = np.zeros((len(gates), T, n)).transpose(0, 2, 1)
        # As a rule, one serves all.
        self._exponent = np.zeros((1, T, n), np.int64).transpose(0, 2, 1)

    @property
    def found(self) -> Squares:
        return Squares(self._mantissa, self._exponent)

    def keep(self, rows: slice, flipped: bool, j: int, signals: Signals) -> None:
        """Write down the numbers of step j of the targets in some rows, from the last one on."""
        found, power = self._by_gate.by_gate(signals)
        power = np.atleast_2d(power)
        if len(power) > len(self._exponent):
            self._exponent = np.repeat(self._exponent, len(power), axis=0)
        for kept, new in ((self._mantissa, found), (self._exponent, power)):
            own = kept[:, rows, j - 1]
            own = own[:, ::-1] if flipped else own
            own[:, signals.first :] = new


def _whole(found: SharedRows, rows: slice, first: int, flipped: bool) -> SharedRows:
    """Rows of all targets of a block, of those that have entered."""
    n = rows.stop - rows.start
    mantissa, exponent, apart, low = found
    places = apart.places + first
    if first:
        mantissa = np.concatenate([np.zeros((first, mantissa.shape[1])), mantissa])
        exponent = np.concatenate([np.full(first, ZERO_EXPONENT), exponent])
    if flipped:
        mantissa, exponent, places = mantissa[::-1], exponent[::-1], n - 1 - places
    return SharedRows(mantissa, exponent, apart._replace(places=places), low)
