"""What the weights of a model are like: gates' biases, and the strength of the recurrence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradflow.analysis.forget_bias import keeping_gate
from gradflow.cells import BidirectionalStack, Cell, ProjectedLSTM
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.scaled import Array


@dataclass(frozen=True)
class GateWeights:
    """The weights of one gate of one layer.

    Attributes
    ----------
    layer : str
        Its number, 0 next to the input, and its direction where it reads both ways.
    gate : str
        Its letter; empty for an RNN, which has one.
    bias : float
        Mean of its bias over the units.
    radius : float
        Spectral radius of its recurrent weights.
    """

    layer: str
    gate: str
    bias: float
    radius: float


@dataclass(frozen=True)
class KeepingBias:
    """The bias that keeps the state, "b_f" or "b_z", of one layer: over its units."""

    layer: str
    name: str
    mean: float
    least: float
    most: float


def gate_weights(cell: Cell | BidirectionalStack) -> tuple[GateWeights, ...]:
    """The weights of every gate of every layer."""
    return tuple(
        GateWeights(number, gate, float(bias.mean()), _radius(w_h))
        for number, layer in _numbered(cell)
        for gate, bias, w_h in _gates(layer)
    )


def keeping_biases(cell: Cell | BidirectionalStack) -> tuple[KeepingBias, ...]:
    """The forget bias of each LSTM, and the update gate's of each GRU."""
    return tuple(
        KeepingBias(number, name, *map(float, (bias.mean(), bias.min(), bias.max())))
        for number, layer in _numbered(cell)
        for name in [keeping_gate(layer)]
        if name is not None
        for gate, bias, _ in _gates(layer)
        if name == f"b_{gate}"
    )


def _numbered(cell: Cell | BidirectionalStack) -> list[tuple[str, Cell]]:
    """All cells with their layers, and their directions where there are two."""
    if isinstance(cell, BidirectionalStack):
        return [(at.replace(".", ", "), one) for at, one in cell.cells.items()]
    return [(str(number), one) for number, one in enumerate(layers_of(cell))]


def _gates(layer: Cell) -> list[tuple[str, Array, Array]]:
    """Letter, bias and recurrent weights of each gate; through a projection, where there is one."""
    letters = [name.removeprefix("b_") for name in layer.groups.get("b", ())] or [""]
    bias = layer.weights["b"].reshape(len(letters), -1)
    w_h = layer.weights["w_h" if "w_h" in layer.weights else "w_s"]
    w_h = w_h.reshape(len(letters), -1, layer.H)
    if isinstance(layer, ProjectedLSTM):
        w_h = w_h @ layer.w_p
    return list(zip(letters, bias, w_h, strict=True))


def _radius(w_h: Array) -> float:
    return float(np.abs(np.linalg.eigvals(w_h)).max())
