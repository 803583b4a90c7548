"""Training from start to end, with a checkpoint every so many updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradflow.flow import GradientFlow
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen, one_of, optional_callable, whole_number
from gradflow.training.checkpoints import MEASURES, Checkpoint, probe
from gradflow.training.settings import TrainingSettings
from gradflow.training.stages import Divergence, Stage, first_stage, next_stage


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
        bit where NumPy multiplies matrices in as many threads.
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
    stage: Stage | Divergence = first_stage(settings)
    made: list[Checkpoint] = []
    while isinstance(stage, Stage):
        made.append(stage.checkpoint)
        if on_checkpoint is not None:
            on_checkpoint(stage.checkpoint)
        if stage.checkpoint.update == settings.updates:
            return TrainingRun(settings, tuple(made))
        stage = next_stage(settings, stage)
    return TrainingRun(settings, tuple(made), stage)
