"""Sentences on a training that the visitor began."""

from __future__ import annotations

import math

from gradflow.training import TrainingRun
from gradflow.ui.learning.live_run import LiveRun
from gradflow.ui.workers.waiting_words import about

CONTROLS = "Train an RNN and an LSTM yourself"
READING = (
    "Both train on the task above, on the same batches, in a process of their own. Each checkpoint "
    "is shown as it is made; the same settings give the same run. Between two checkpoints runs of "
    "other visitors have their turn; where too many of them wait, yours stops, and can go on later."
)
STOPPED = "Stopped."
FULL = "As many runs of other visitors wait as may, so this training goes no further by itself."
LOST = "The worker that trained was ended from outside, as when memory runs out."
TOO_LARGE = "There is not enough free memory for this training just now."

OPEN = "Or open a run (.npz)"
OPEN_HELP = "One that `training.save_run` wrote, or that was downloaded here."

TRAIN = "Train both networks"
GO_ON = "Go on"
BACK = "Back to the runs that ship"
STOP = "Stop"


def going_on(live: LiveRun, place: int, waiting: int) -> str:
    """What stands on the bar."""
    updates = next(iter(live.settings.values())).updates
    said = f"{live.updates} of {updates} updates"
    if place:
        return f"{said}; place {place} of {waiting} in the queue"
    left = live.seconds * (1.0 - live.share)
    return f"{said}, {about(left)} left"


def recorded(live: LiveRun) -> str:
    """What there is of a training that was stopped."""
    if not live.runs:
        return "Nothing is recorded yet."
    return f"What was recorded up to update {live.updates} stays."


def diverged(name: str, run: TrainingRun) -> str:
    """Where a network gave out."""
    found = run.divergence
    assert found is not None
    norm = (
        "was not finite"
        if not math.isfinite(found.gradient_norm)
        else (f"was {found.gradient_norm:.3g}")
    )
    return (
        f"The {name} diverged at update {found.update}: the norm of its gradient {norm}. What was "
        f"recorded up to update {run.checkpoints[-1].update} stays."
    )


def too_many_cells(most: int, found: int) -> str:
    """Why a run cannot be opened."""
    return f"A run must have at most {most:,} terms in all its heatmaps. Got {found:,}."
