"""What is measured of a network at a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradflow.analysis import memory
from gradflow.analysis.state_derivative import state_jacobian
from gradflow.cells import LSTM
from gradflow.flow import GradientFlow, gradient_flow
from gradflow.losses import SoftmaxCrossEntropy, SquaredError
from gradflow.training.networks import Network
from gradflow.training.tasks import Task


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint:
    """A network on its way, measured on what it never trains on.

    The flow is that of the first held-out sequence, and its target the last step. Terms are those
    of `b`, the signal itself.

    Attributes
    ----------
    update : int
        Updates so far.
    loss, accuracy : float
        Over all held-out sequences.
    gradient_norm : float
        Mean norm of the gradient over the updates since the checkpoint before, not clipped; nan at
        the start.
    share_clipped : float
        Share of these updates whose gradient was clipped; nan at the start.
    forget_gate : float
        Mean of the forget gates of an LSTM over units and steps; nan for other cells.
    cell_radius : float
        Median over the steps of the spectral radius of dc_t/dc_(t-1); nan for other cells.
    state_radius : float
        Median over the steps of the spectral radius of d(state)_t/d(state)_(t-1).
    tail_decay, tail_half_life : float
        See `gradflow.analysis.memory.fall_and_tail`.
    horizon : int
        The last lag whose term is at least 1% of that at k = 1.
    log10_left : float
        log10 of the term of the step that decides, in adding of step 1, as a part of that at k = 1;
        minus infinity where it is exactly zero, and nan where both are.
    network : Network
    """

    update: int
    loss: float
    accuracy: float
    gradient_norm: float
    share_clipped: float
    forget_gate: float
    cell_radius: float
    state_radius: float
    tail_decay: float
    tail_half_life: float
    horizon: int
    log10_left: float
    network: Network

    def __repr__(self) -> str:
        return (
            f"Checkpoint(update={self.update}, loss={self.loss:.4g}, accuracy={self.accuracy:.3g})"
        )


# What a checkpoint holds beside the network, in order.
MEASURES = tuple(name for name in Checkpoint.__annotations__ if name != "network")


def probe(network: Network, task: Task, sequence: int = 0) -> GradientFlow:
    """The flow of one held-out sequence through a network.

    Parameters
    ----------
    network : Network
    task : Task
    sequence : int
        Which of the held-out sequences, from 0 on.

    Returns
    -------
    GradientFlow
    """
    x, answers = task.held_out()
    answer = answers[sequence].item()
    loss = SoftmaxCrossEntropy(answer) if task.has_classes else SquaredError(answer)
    return gradient_flow(network.cell, x[:, sequence], network.readout, loss)


def checkpoint(
    network: Network, task: Task, update: int, gradient_norm: float, share_clipped: float
) -> Checkpoint:
    """Measure a network; the arguments are attributes of `Checkpoint`."""
    x, answers = task.held_out()
    o = network.outputs(x)
    flow = probe(network, task)
    T = flow.T
    jacobian = state_jacobian(flow, T)
    of_cell = jacobian.of_cell_state() if isinstance(network.cell, LSTM) else None
    row = flow.log10_row("b", T)
    tail = memory.fall_and_tail(flow, T)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        left = row[task.delay] - row[0]
    return Checkpoint(
        update,
        task.mean_loss(o, answers),
        task.accuracy(o, answers),
        gradient_norm,
        share_clipped,
        np.nan if of_cell is None else float(flow.trace.gates[:, 1].mean()),
        np.nan if of_cell is None else float(np.median(of_cell.spectral_radius)),
        float(np.median(jacobian.spectral_radius)),
        tail.tail_decay,
        tail.tail_half_life,
        memory.horizon(flow, T),
        float(left),
        network,
    )
