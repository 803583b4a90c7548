"""Sentences on a training that the visitor began."""

from __future__ import annotations

import math

from gradflow.training import TrainingRun
from gradflow.ui.learning.live_seeds import LiveSeeds
from gradflow.ui.workers.waiting_words import about

CONTROLS = "Train an RNN and an LSTM yourself"
READING = (
    "Both train on the task above, on the same batches, in a process of their own. Each checkpoint "
    "is shown as it is made; the same settings give the same run. Several seeds train one after "
    "the other and are shown as bands. Between two checkpoints runs of other visitors have their "
    "turn; where too many of them wait, yours stops, and can go on later."
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


def going_on(live: LiveSeeds, place: int, waiting: int) -> str:
    """What stands on the bar."""
    now, number = live.current, len(live.every)
    said = f"{now.updates} of {next(iter(now.settings.values())).updates} updates"
    if number > 1:
        said = f"Seed {live.every.index(now) + 1} of {number}: {said}"
    if place:
        return f"{said}; place {place} of {waiting} in the queue"
    return f"{said}, {about(live.seconds_left)} left"


def recorded(live: LiveSeeds) -> str:
    """What there is of a training that was stopped."""
    now, number = live.current, len(live.every)
    if not live.recorded:
        return "Nothing is recorded yet."
    if number == 1:
        return f"What was recorded up to update {now.updates} stays."
    said = f"Trained to the end: {len(live.done)} of {number} seeds."
    if now.is_done or not now.runs:
        return said
    return f"{said} What was recorded of the next up to update {now.updates} stays too."


def diverged(live: LiveSeeds) -> str:
    """Where networks gave out, a paragraph each; nothing where none did."""
    several = len(live.every) > 1
    return "\n\n".join(
        _diverged(f"{name} from seed {one.seed}" if several else name, run)
        for one in live.every
        for name, run in one.runs.items()
        if run.divergence is not None
    )


def _diverged(name: str, run: TrainingRun) -> str:
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
