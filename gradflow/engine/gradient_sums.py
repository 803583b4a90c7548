"""Gradients of the weights as sums over steps, from the signals of every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradflow.cells.base import Cell, Tree, each
from gradflow.cells.stack import Stack
from gradflow.engine.parameter_names import layers_of, parts_of
from gradflow.numerics.scaled import Array, plain_numbers


class GradientSums:
    """What the signals of the steps make of the gradients of a cell's weights.

    Names are full names, as `parameter_names.full_name` has them. Signals are arrays of shape
    (n, H): complete, and those of the first n steps.
    """

    def __init__(self, cell: Cell, trace: Any, slopes: Tree) -> None:
        self._cell = cell
        self._trace = trace
        self._gates = cell.gates(each(plain_numbers, slopes))
        self._every_source = {name: cell.source(name, trace) for name in cell.parameters}

    def gradients(self, signals: tuple[Array, ...]) -> dict[str, Array]:
        """The gradient of every array of weights, in its shape."""
        deltas = [self._delta(gate, signals) for gate in range(len(self._gates))]
        return {
            name: np.stack(
                [deltas[gate].T @ source for gate, source in self._parts(name, signals)]
            ).reshape(weight.shape)
            for name, weight in self._cell.weights.items()
        }

    def by_source(self, signals: tuple[Array, ...], name: str) -> Array:
        """What each step adds to the gradient of one parameter, (n, *shape)."""
        steps = [
            self._delta(gate, signals)[:, :, None] * source[:, None]
            for gate, source in self._parts(name, signals)
        ]
        return np.stack(steps, axis=1).reshape(-1, *self._shape(name))

    def source_norms(self, signals: tuple[Array, ...], name: str) -> Array:
        """The norms of what each step adds, without making it, (n,)."""
        squares = [
            (self._delta(gate, signals) ** 2).sum(axis=1) * (source**2).sum(axis=1)
            for gate, source in self._parts(name, signals)
        ]
        return np.sqrt(np.sum(squares, axis=0))

    def _delta(self, gate: int, signals: tuple[Array, ...]) -> Array:
        """dL/dz of a gate, (n, H)."""
        signal, slope = self._gates[gate]
        return signals[signal] * slope[: len(signals[signal])]

    def _parts(self, name: str, signals: tuple[Array, ...]) -> list[tuple[int, Array]]:
        """The gates that a name stands for, and what their weights multiplied, (n, D)."""
        return [
            (self._cell.parameters[part].gate, self._every_source[part][: len(signals[0])])
            for part in parts_of(self._cell, name)
        ]

    def _shape(self, name: str) -> tuple[int, ...]:
        weights, groups = self._cell.weights, self._cell.groups
        if name in weights:
            return weights[name].shape
        return weights[next(g for g, names in groups.items() if name in names)].shape[1:]


def state_signals(cell: Cell, slopes: Tree) -> dict[str, int]:
    """Which signal is that on a state, by the names of the carried states."""
    layers = layers_of(cell)[::-1]  # as a stack's slopes and signals stand
    trees = slopes if isinstance(cell, Stack) else (slopes,)
    places: list[int] = []
    signals = 0
    for layer, own in zip(layers, trees, strict=True):
        places += range(signals, signals + len(layer.states))
        signals += 1 + max(gate.signal for gate in layer.gates(own))
    # A state that is only read, before all others, has no signal of its own.
    return dict(zip(cell.states[-len(places) :], places, strict=True))
