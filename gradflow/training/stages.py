"""Training from one checkpoint to the next, each time from all that it goes on from."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np

from gradflow.training.checkpoints import Checkpoint, checkpoint
from gradflow.training.networks import Network, loss_and_gradients
from gradflow.training.optimisers import Adam, Momentum, Optimiser, clipped
from gradflow.training.settings import TrainingSettings
from gradflow.training.starts import start
from gradflow.training.tasks import Task


@dataclass(frozen=True)
class Divergence:
    """Where training gave out.

    Attributes
    ----------
    update : int
        The update that could not be made, or after which the states left the range of losses.
    gradient_norm : float
        The norm of its gradient: infinity or nan, or a number whose update left float64.
    """

    update: int
    gradient_norm: float


@dataclass(frozen=True, eq=False)
class Stage:
    """A checkpoint and all that training goes on from.

    Attributes
    ----------
    checkpoint : Checkpoint
    optimiser : Optimiser
    generator : numpy.random.Generator
        Where the next batches come from; `next_stage` leaves it as it is.
    """

    checkpoint: Checkpoint
    optimiser: Optimiser
    generator: np.random.Generator

    def __repr__(self) -> str:
        return f"Stage({self.checkpoint!r})"


def first_stage(settings: TrainingSettings) -> Stage:
    """The start of a run."""
    generator = np.random.default_rng(settings.seed)
    task = settings.task_made()
    network = start(settings, task, generator)
    return Stage(checkpoint(network, task, 0, np.nan, np.nan), _optimiser(settings), generator)


def next_stage(settings: TrainingSettings, stage: Stage) -> Stage | Divergence:
    """What comes of a stage after `settings.every` updates, or after those that are left.

    Parameters
    ----------
    settings : TrainingSettings
    stage : Stage
        One that is not the last.

    Returns
    -------
    Stage or Divergence

    Examples
    --------
    >>> from gradflow.training import TrainingSettings
    >>> from gradflow.training.stages import first_stage, next_stage
    >>> settings = TrainingSettings(delay=5, hidden=4, updates=25, every=10)
    >>> next_stage(settings, first_stage(settings)).checkpoint.update
    10
    """
    task, generator = settings.task_made(), copy.deepcopy(stage.generator)
    network, optimiser = stage.checkpoint.network, stage.optimiser
    begun = stage.checkpoint.update
    end = min(begun + settings.every, settings.updates)
    norms: list[float] = []
    clips: list[bool] = []
    for update in range(begun + 1, end + 1):
        found = _updated(network, optimiser, settings, task, generator)
        if isinstance(found, float):
            return Divergence(update, found)
        network, optimiser, norm, was_clipped = found
        norms.append(norm)
        clips.append(was_clipped)
    try:
        measured = checkpoint(network, task, end, float(np.mean(norms)), float(np.mean(clips)))
    except ValueError:  # finite weights whose states are too large for a loss
        return Divergence(end, norms[-1])
    return Stage(measured, optimiser, generator)


def _updated(
    network: Network,
    optimiser: Optimiser,
    settings: TrainingSettings,
    task: Task,
    generator: np.random.Generator,
) -> tuple[Network, Optimiser, float, bool] | float:
    """The network after an update, the optimiser, the gradient's norm and whether it was clipped.

    Only the norm where an update gives no finite weights.
    """
    x, answers = task.batch(generator, settings.batch)
    first = 1 if settings.chunk is None else task.T - settings.chunk + 1
    with np.errstate(over="ignore", invalid="ignore"):
        _, gradients = loss_and_gradients(network, task, x, answers, first)
        bounded, norm, was_clipped = clipped(gradients, settings.clip_norm, settings.clip_value)
        weights, optimiser = optimiser.updated(network.weights, bounded)
    if not all(np.isfinite(array).all() for array in weights.values()):
        return norm
    return network.with_weights(weights), optimiser, norm, was_clipped


def _optimiser(settings: TrainingSettings) -> Optimiser:
    if settings.optimiser == "adam":
        return Adam(settings.rate)
    return Momentum(settings.rate, settings.momentum)
