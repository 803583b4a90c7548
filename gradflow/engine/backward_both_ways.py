"""What the sweep of layers that read in both directions leaves, by the names of the parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from gradflow.cells.base import Cell, Tree
from gradflow.cells.bidirectional import BidirectionalStack, Share, in_order
from gradflow.engine.sweep_both_ways import BothWays, Squares
from gradflow.engine.target_rows import row_of
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import one_of, whole_number

Report = Callable[[float], None]


class CellPlace(NamedTuple):
    """What terms are asked of.

    Attributes
    ----------
    layer : int
        The layer, 0 next to the input.
    direction : str
        "forward" or "reverse".
    name : str
        The name within the cell, of a parameter or of several together.
    """

    layer: int
    direction: str
    name: str

    @property
    def at(self) -> str:
        """Which of the cells, "0.forward"."""
        return f"{self.layer}.{self.direction}"


def place_of(
    stack: BidirectionalStack, parameter: Any, layer: Any, direction: Any, *besides: str
) -> CellPlace:
    """The place that a user's name, layer and direction stand for.

    Parameters
    ----------
    stack : BidirectionalStack
        The layers.
    parameter, layer, direction
        As for `BidirectionalFlow.log10`.
    besides : str
        Names that could have been asked for as well.

    Raises
    ------
    ValueError
        If the name, the layer or the direction is unknown, or one is missing.
    """
    if isinstance(parameter, str) and parameter.count(".") == 2:
        at, parameter = parameter.rsplit(".", 1)
        one_of("parameter", at, stack.cells)
        layer, direction = int(at.split(".")[0]), at.split(".")[1]
    last = len(stack.layers) - 1
    number = 0 if layer is None and not last else whole_number("layer", layer, 0, last)
    cells = stack.directions(number)
    way = next(iter(cells)) if direction is None and len(cells) == 1 else direction
    one_of("direction", way, cells)
    cell = cells[way]
    one_of("parameter", parameter, (*cell.parameters, *cell.groups, *besides))
    return CellPlace(number, way, parameter)


@dataclass(frozen=True, eq=False)
class BackwardBothWays:
    """What the sweep started from and what it left.

    Attributes
    ----------
    cell : BidirectionalStack
        The layers.
    trace : BidirectionalTrace
        What the forward pass made.
    loss_slope : Scaled array of shape (T,) or (T, O)
        dL_t/do_t.
    seeds : Scaled array of shape (T, H)
        dL_t/d(what the last layer hands on)_t.
    targets : int array of shape (n,)
        Target steps that were carried back, ascending.
    slopes : mapping
        The local derivatives of each cell, of the steps as it read them.
    shares : sequence of mappings
        For each layer what each direction has of dL/d(what the layer hands on).
    deltas : mapping
        dL_t/dz of every gate of each cell.
    sources : mapping, optional
        By parameters, what their weights multiplied where the trace does not have all its digits.
    is_unsure : bool
        Whether a step met, or may have met, a number other than 0 that the trace has as 0 or
        without its digits.
    """

    cell: BidirectionalStack
    trace: Any
    loss_slope: Scaled
    seeds: Scaled
    targets: Array
    slopes: Mapping[str, Tree]
    shares: Sequence[Mapping[str, Share]]
    deltas: Mapping[str, Squares]
    sources: Mapping[str, Scaled] = field(default_factory=dict)
    is_unsure: bool = False

    def __repr__(self) -> str:
        return f"BackwardBothWays({self.cell!r}, T={self.T})"

    @property
    def T(self) -> int:
        """Sequence length."""
        return len(self.seeds.mantissa)

    def index_of(self, t: Any) -> int:
        """The row of a target in arrays of n targets."""
        return row_of(self.targets, t, self.T)

    def of_target(self, t: Any) -> BackwardBothWays:
        """The same of one target alone."""
        index = self.index_of(t)
        rows = slice(index, index + 1)
        deltas = {at: square.of_targets(rows) for at, square in self.deltas.items()}
        one = replace(self, targets=self.targets[rows], deltas=deltas)
        if "inputs" in vars(self):
            vars(one)["inputs"] = self.inputs.of_targets(rows)
        return one

    def sweep(self, on_step: Report | None = None) -> BothWays:
        """Another sweep; `on_step` as in `gradient_flow`."""
        return BothWays(self.cell, self.shares, self.slopes, self.seeds, self.targets, on_step)

    @functools.cached_property
    def inputs(self) -> Squares:
        """dL_t/dx_j, from a sweep of its own."""
        return self.sweep().inputs()

    def sweep_inputs(self, on_step: Report | None) -> None:
        """Find `inputs` now, unless they are there; `on_step` as in `gradient_flow`."""
        if "inputs" not in vars(self):
            vars(self)["inputs"] = self.sweep(on_step).inputs()

    def cell_at(self, place: CellPlace) -> Cell:
        """The cell of a place."""
        return self.cell.directions(place.layer)[place.direction]

    def source(self, place: CellPlace, name: str) -> Scaled:
        """What the weight of a parameter multiplied at each step, as its cell read them, (T, D)."""
        found = self.sources.get(f"{place.at}.{name}")
        if found is not None:
            return found
        trace = self.trace.layers[place.layer][place.direction]
        return Scaled.of(self.cell_at(place).source(name, trace))

    def terms(self, place: CellPlace, name: str) -> Scaled:
        """The terms of one parameter of a cell, (n, T); their norms where it is a vector cell."""
        cell, source = self.cell_at(place), self.source(place, name)
        size = source[:, 0] if cell.signed else source.norm(axis=1)
        factor = Scaled(*(in_order(n, place.direction) for n in (size.mantissa, size.exponent)))
        return self.deltas[place.at].of_gate(cell.parameters[name].gate) * factor

    def is_beyond(self, place: CellPlace) -> Array:
        """Where no path leads, (n, T): in the last layer beyond the target."""
        j, targets = np.arange(1, self.T + 1), self.targets[:, None]
        if place.layer < len(self.cell.layers) - 1:
            return np.zeros((len(targets), self.T), bool)
        return j > targets if place.direction == "forward" else j < targets


def swept_both_ways(
    cell: BidirectionalStack,
    trace: Any,
    loss_slope: Scaled,
    seeds: Scaled,
    targets: Array,
    slopes: Mapping[str, Tree],
    on_step: Report | None = None,
) -> BackwardBothWays:
    """Carry the gradient of targets back, and keep dL_t/dz of every gate.

    Parameters
    ----------
    cell, trace, loss_slope, seeds, targets, slopes
        As `BackwardBothWays` has them.
    on_step : callable, optional
        As in `gradient_flow`.
    """
    shares = cell.shares(trace)
    deltas = BothWays(cell, shares, slopes, seeds, targets, on_step).deltas()
    return BackwardBothWays(cell, trace, loss_slope, seeds, targets, slopes, shares, deltas)
