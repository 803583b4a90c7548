"""What the backward sweep of one run leaves, by the names of the parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradflow.cells.base import Cell, Tree
from gradflow.engine.input_gradients import input_terms
from gradflow.engine.kept_signals import signals_of_target
from gradflow.engine.parameter_names import parts_of
from gradflow.engine.stored_terms import Deltas, Recorded
from gradflow.engine.target_rows import checked_target, row_of
from gradflow.engine.term_tables import Terms
from gradflow.numerics.scaled import Array, Scaled


@dataclass(frozen=True, eq=False)
class BackwardPass:
    """What the sweep started from and what it left.

    Names are full names, as `parameter_names.full_name` has them.

    Attributes
    ----------
    cell : Cell
        The cell.
    trace : RNNTrace, LSTMTrace, GRUTrace or StackTrace
        What the forward pass made.
    loss_slope : Scaled array of shape (T,) or (T, O)
        dL_t/do_t.
    seeds : Scaled array of shape (T, H)
        dL_t/dh_t.
    targets : int array of shape (n,)
        Target steps that were carried back, ascending.
    slopes : tree of Scaled arrays of shape (T, H)
        The cell's local derivatives.
    deltas : Deltas
        dL_t/dz of every gate.
    sources : mapping, optional
        By parameters, what their weights multiplied where the trace does not have all its digits.
    underflowed : bool array of shape (T,), optional
        Steps that met, or may have met, a number other than 0 that the trace has as 0 or without
        its digits.
    """

    cell: Cell
    trace: Any
    loss_slope: Scaled
    seeds: Scaled
    targets: Array
    slopes: Tree
    deltas: Deltas
    sources: Mapping[str, Scaled] = field(default_factory=dict)
    underflowed: Array | None = None

    def __repr__(self) -> str:
        return f"BackwardPass({self.cell!r}, T={self.T})"

    @property
    def T(self) -> int:
        """Sequence length."""
        return len(self.seeds.mantissa)

    def target(self, t: Any) -> int:
        """`t` as an int; raises ValueError unless it is one of the targets."""
        return checked_target(self.targets, t, self.T)

    def index_of(self, t: Any) -> int:
        """The row of a target in arrays of n targets."""
        return row_of(self.targets, t, self.T)

    def not_scalar(self, asked: str) -> ValueError:
        """The error where what is asked needs terms that are numbers, and they are norms."""
        return ValueError(
            f"{asked} must be asked of a scalar cell, whose terms are numbers. "
            f"Got a cell with H={self.cell.H}, D={self.cell.D} given as arrays."
        )

    @functools.cached_property
    def inputs(self) -> Terms:
        """dL_t/dx_j, from a sweep of its own."""
        return self._input_terms(None)

    def sweep_inputs(self, on_step: Callable[[float], None] | None) -> None:
        """Find `inputs` now, unless they are there; `on_step` as in `gradient_flow`."""
        if "inputs" not in vars(self):
            vars(self)["inputs"] = self._input_terms(on_step)

    def terms(self, name: str) -> Terms:
        """The terms of one parameter, or of the inputs; their norms in a vector cell."""
        if name == "x":
            return self.inputs
        source = self.source(name)
        size = source[:, 0] if self.cell.signed else source.norm(axis=1)
        return self.deltas.of_gate(self.cell.parameters[name].gate, size)

    def sizes(self, name: str) -> list[Terms]:
        """The parts of a name; the size of its terms is the root of the sum of their squares."""
        if name == "x":
            return [self.inputs]
        return [
            part
            for gates, factor in self._by_source(parts_of(self.cell, name))
            for part in self.deltas.of_gates(gates, factor)
        ]

    def row(self, name: str, t: int) -> Scaled:
        """The terms of one parameter of a scalar cell for one target, (t,).

        The rows of the target asked for last are kept.
        """
        target, deltas, rows = vars(self).get("_last_target", (0, (), {}))
        if target != t:
            deltas, rows = self.deltas.of_target(t), {}
            vars(self)["_last_target"] = (t, deltas, rows)
        if name not in rows:
            gate = self.cell.parameters[name].gate
            rows[name] = deltas[gate] * self.source(name)[:t, 0][::-1]
        return rows[name]

    def signals(self, t: int, on_step: Callable[[float], None] | None = None) -> tuple[Scaled, ...]:
        """The complete signals of one target, (t, H) each, lag k in row k - 1.

        Those of the target asked for last are kept; `on_step` as in `gradient_flow`.
        """
        kept = vars(self).get("_last_signals", self.deltas.signals)
        if kept is None or kept.t != t:
            kept = signals_of_target(self.cell, self.slopes, self.seeds, t, on_step)
            vars(self)["_last_signals"] = kept
        elif on_step is not None:
            on_step(1.0)
        return kept.scaled()

    def source(self, name: str) -> Scaled:
        """What the weight multiplied at each step, (T, D), (T, H) or (T, 1)."""
        known = self.sources.get(name)
        return Scaled.of(self.cell.source(name, self.trace)) if known is None else known

    def _by_source(self, names: tuple[str, ...]) -> list[tuple[tuple[int, ...], Scaled]]:
        """Gates whose weights multiplied the same, and its norm at each step, (T,)."""
        alike: dict[str, list[str]] = {}
        for name in names:
            alike.setdefault(self.cell.parameters[name].source, []).append(name)
        return [
            (
                tuple(self.cell.parameters[name].gate for name in several),
                self.source(several[0]).norm(axis=1),
            )
            for several in alike.values()
        ]

    def _input_terms(self, on_step: Callable[[float], None] | None) -> Terms:
        mantissa, exponent = input_terms(self.cell, self.slopes, self.seeds, self.targets, on_step)
        kept = Recorded(self.targets, mantissa[None], exponent[None])
        return kept.times(0, Scaled.of(np.ones(self.T)))


def source_size(cell: Cell, trace: Any, name: str) -> Scaled:
    """What a weight multiplied at each step as one number, (T,): in a vector cell the norm."""
    source = Scaled.of(cell.source(name, trace))
    return source[:, 0] if cell.signed else source.norm(axis=1)
