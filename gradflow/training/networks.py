"""A network of one recurrent layer and a readout: where it starts, and its gradient on a batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradflow.cells import GRU, LSTM, RNN
from gradflow.engine.sweep_of_batch import batch_gradients, batch_trace
from gradflow.losses import Readout
from gradflow.numerics.scaled import Array
from gradflow.training.tasks import Task

Layer = RNN | LSTM | GRU


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """One recurrent layer, and the readout of its last state.

    Attributes
    ----------
    cell : RNN, LSTM or GRU
    readout : Readout
        With w_o of shape (O, H).
    """

    cell: Layer
    readout: Readout

    def __repr__(self) -> str:
        return f"Network({self.cell!r}, O={len(self.readout.w_o)})"

    @property
    def weights(self) -> dict[str, Array]:
        """Every array that is trained, by name: the cell's, "readout.w_o" and "readout.b_o"."""
        readout = {"readout.w_o": self.readout.w_o, "readout.b_o": self.readout.b_o}
        return {**self.cell.weights, **readout}

    def with_weights(self, weights: Mapping[str, Array]) -> Network:
        """The same network with other weights.

        Raises
        ------
        ValueError
            If one of them is not finite.
        """
        own: dict[str, Any] = {name: weights[name] for name in self.cell.weights}
        return Network(
            dataclasses.replace(self.cell, **own),
            Readout(weights["readout.w_o"], weights["readout.b_o"]),
        )

    def outputs(self, x: Array) -> Array:
        """o at the last step, (n, O), of sequences (T, n, D)."""
        return self.readout.outputs(batch_trace(self.cell, x).hidden[-1])


def loss_and_gradients(
    network: Network, task: Task, x: Array, answers: Array, first: int = 1
) -> tuple[float, dict[str, Array]]:
    """The mean loss of a batch and its gradient.

    Parameters
    ----------
    network : Network
    task : Task
        What the loss is.
    x : array of shape (T, n, D)
        Inputs.
    answers : array of shape (n,)
        Targets at the last step.
    first : int
        The first step that the gradient comes to: the graph is cut before it.

    Returns
    -------
    loss : float
        Mean over the sequences.
    gradients : dict
        That of every array of `network.weights`, in its shape.
    """
    cell, readout = network.cell, network.readout
    trace = batch_trace(cell, x)
    last = trace.hidden[-1]  # (n, H)
    o = readout.outputs(last)
    slope = task.loss_slope(o, answers)  # (n, O)
    seeds = [None] * (task.T - 1) + [slope @ readout.w_o]
    gradients = batch_gradients(cell, trace, seeds, first)
    gradients["readout.w_o"] = slope.T @ last
    gradients["readout.b_o"] = slope.sum(axis=0)
    return task.mean_loss(o, answers), gradients
