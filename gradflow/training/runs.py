"""Training from start to end, with a checkpoint every so many updates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradflow.flow import GradientFlow
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen, one_of, optional_callable, whole_number
from gradflow.training.checkpoints import MEASURES, Checkpoint, checkpoint, probe
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
        The update that could not be made.
    gradient_norm : float
        The norm of its gradient: infinity or nan, or a number whose update left float64.
    """

    update: int
    gradient_norm: float


@dataclass(frozen=True, eq=False, repr=False)
class TrainingRun:
    """A run from start to end. Made by `train`.

    Attributes
    ----------
    settings : TrainingSettings
    checkpoints : tuple of Checkpoint
        The first at the start, the last at the end, or the last before it diverged.
    divergence : Divergence or None
        Where it gave out, if it did.

    Examples
    --------
    >>> from gradflow import training
    >>> settings = training.TrainingSettings(delay=5, hidden=4, updates=20, every=10)
    >>> run = training.train(settings)
    >>> run
    TrainingRun(recall, lstm, 20 updates, 3 checkpoints)
    >>> run.measures("update").tolist()
    [0.0, 10.0, 20.0]
    >>> run.flow(-1)
    GradientFlow(LSTM(H=4, D=6), T=6, vanishing at t=6)
    """

    settings: TrainingSettings
    checkpoints: tuple[Checkpoint, ...]
    divergence: Divergence | None = None

    def __repr__(self) -> str:
        end = "" if self.divergence is None else f", diverged at update {self.divergence.update}"
        return (
            f"TrainingRun({self.settings.task}, {self.settings.cell}, "
            f"{self.checkpoints[-1].update} updates, {len(self.checkpoints)} checkpoints{end})"
        )

    def measures(self, name: str) -> Array:
        """One measure at every checkpoint, (checkpoints,).

        Parameters
        ----------
        name : str
            An attribute of `Checkpoint` that is a number.

        Raises
        ------
        ValueError
            If there is no such measure.
        """
        one_of("name", name, MEASURES)
        return frozen(np.array([float(getattr(c, name)) for c in self.checkpoints]))

    def flow(self, checkpoint: int, sequence: int = 0) -> GradientFlow:
        """The flow of a held-out sequence through the network of a checkpoint.

        Parameters
        ----------
        checkpoint : int
            Its place in `checkpoints`, which may count from the end: -1 is the last.
        sequence : int
            Which of the 512 held-out sequences, from 0 on.

        Raises
        ------
        ValueError
            If there is no such checkpoint or sequence.
        """
        number = len(self.checkpoints)
        place = whole_number("checkpoint", checkpoint, -number, number - 1)
        task = self.settings.task_made()
        whole_number("sequence", sequence, 0, len(task.held_out()[1]) - 1)
        return probe(self.checkpoints[place].network, task, sequence)


def train(
    settings: TrainingSettings, on_checkpoint: Callable[[Checkpoint], None] | None = None
) -> TrainingRun:
    """Train a network on a task.

    Parameters
    ----------
    settings : TrainingSettings
        What the run follows from: the same settings give the same run, on one machine to the last
        bit.
    on_checkpoint : callable, optional
        Called with each checkpoint as it is made. What it raises ends the run.

    Returns
    -------
    TrainingRun
        Where the gradient or the weights leave float64 it ends before that update, and says so.

    Raises
    ------
    ValueError
        If settings are not such.

    See Also
    --------
    gradflow.training_gradient : What one gradient is made of.

    References
    ----------
    Werbos (1990), "Backpropagation through time: what it does and how to do it".

    Examples
    --------
    >>> from gradflow import training
    >>> settings = training.TrainingSettings("agreement", delay=4, updates=60, every=30)
    >>> [round(c.accuracy, 1) for c in training.train(settings).checkpoints]
    [0.5, 1.0, 1.0]
    """
    if not isinstance(settings, TrainingSettings):
        raise ValueError(
            f"settings must be training.TrainingSettings. Got {type(settings).__name__}."
        )
    optional_callable("on_checkpoint", on_checkpoint)
    made: list[Checkpoint] = []
    divergence = None
    for entry in _entries(settings):
        if isinstance(entry, Divergence):
            divergence = entry
            break
        made.append(entry)
        if on_checkpoint is not None:
            on_checkpoint(entry)
    return TrainingRun(settings, tuple(made), divergence)


def _entries(settings: TrainingSettings) -> Iterator[Checkpoint | Divergence]:
    """Checkpoint after checkpoint, and where it diverges, that."""
    generator = np.random.default_rng(settings.seed)
    task = settings.task_made()
    network = start(settings, task, generator)
    optimiser = _optimiser(settings)
    yield checkpoint(network, task, 0, np.nan, np.nan)
    norms: list[float] = []
    clips: list[bool] = []
    for update in range(1, settings.updates + 1):
        found = _updated(network, optimiser, settings, task, generator)
        if isinstance(found, float):
            yield Divergence(update, found)
            return
        network, optimiser, norm, was_clipped = found
        norms.append(norm)
        clips.append(was_clipped)
        if update % settings.every == 0 or update == settings.updates:
            yield checkpoint(network, task, update, float(np.mean(norms)), float(np.mean(clips)))
            norms, clips = [], []


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
