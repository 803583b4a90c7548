"""A training from one seed: what it has recorded so far, and what a worker does of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.training import Divergence, TrainingRun, TrainingSettings
from gradflow.training.checkpoints import probe
from gradflow.training.stages import Stage, first_stage, next_stage
from gradflow.training.tasks import HELD_OUT
from gradflow.ui.workers.worker import Job, Report

# Seconds of a step of both networks in an update: by itself, and for each unit and sequence.
_STEP, _UNIT = 3e-4, 7e-7

# Numbers that a checkpoint keeps of each step, unit and held-out sequence, and the rest in bytes.
_NUMBERS, _REST = 16, 64 << 20

# Where a network stands: not yet begun, at a checkpoint, or given out.
End = Stage | Divergence | None

# Where a network stands after a job, and the terms of the checkpoint that it came to, if it did.
Found = tuple[End, Array | None]


@dataclass(frozen=True, eq=False)
class LiveRun:
    """Networks that are trained side by side, one checkpoint of all after the other.

    Attributes
    ----------
    settings : mapping of str to TrainingSettings
        By the networks' names; their updates and checkpoints are the same.
    runs : mapping of str to TrainingRun
        What is recorded; empty before the start is measured.
    terms : mapping of str to tuple of arrays of shape (T, T)
        What the film shows of each checkpoint, as `film_terms` has it.
    ends : tuple of Stage, Divergence or None
        Where each network stands.
    """

    settings: dict[str, TrainingSettings]
    runs: dict[str, TrainingRun]
    terms: dict[str, tuple[Array, ...]]
    ends: tuple[End, ...]

    @classmethod
    def begun(cls, settings: dict[str, TrainingSettings]) -> LiveRun:
        """Nothing recorded yet."""
        return cls(settings, {}, {}, (None,) * len(settings))

    @property
    def seed(self) -> int:
        """The seed of all networks."""
        return next(iter(self.settings.values())).seed

    @property
    def updates(self) -> int:
        """Updates so far, of the network that has come farthest."""
        return max((run.checkpoints[-1].update for run in self.runs.values()), default=0)

    @property
    def share(self) -> float:
        """How much of it is done."""
        return self.updates / next(iter(self.settings.values())).updates

    @property
    def is_done(self) -> bool:
        """Whether no network goes on."""
        pairs = zip(self.settings.values(), self.ends, strict=True)
        return not any(goes_on(settings, end) for settings, end in pairs)

    @property
    def seconds(self) -> float:
        """About how long all of it takes."""
        one = next(iter(self.settings.values()))
        return one.updates * one.task_made().T * (_STEP + _UNIT * one.batch * one.hidden)

    @property
    def ident(self) -> Hashable:
        """Tells its next job from all others."""
        return tuple(self.settings.values()), self.ends

    @property
    def job(self) -> Job:
        """The work up to the next checkpoint."""
        every = tuple(self.settings.values())
        one = every[0]
        T = one.task_made().T
        size = 8 * T * HELD_OUT * one.hidden * _NUMBERS + _REST
        seconds = self.seconds * one.every / one.updates
        return Job(every, ready, (every,), next_checkpoints, (self.ends,), size, size, seconds)

    def with_next(self, found: tuple[Found, ...]) -> LiveRun:
        """The same with what came of the job."""
        runs, terms = dict(self.runs), dict(self.terms)
        for (name, settings), (end, log10) in zip(self.settings.items(), found, strict=True):
            run = _recorded(runs.get(name), settings, end)
            if run is not None:
                runs[name] = run
            if log10 is not None:
                terms[name] = (*terms.get(name, ()), log10)
        return LiveRun(self.settings, runs, terms, tuple(end for end, _ in found))


def goes_on(settings: TrainingSettings, end: End) -> bool:
    """Whether a network is to be trained further."""
    if isinstance(end, Divergence):
        return False
    return end is None or end.checkpoint.update < settings.updates


def ready(every: tuple[TrainingSettings, ...], on_step: Report) -> tuple[TrainingSettings, ...]:
    """What a worker keeps of a training: its settings. All else travels, so no worker owns it."""
    on_step(1.0)
    return every


def next_checkpoints(
    every: tuple[TrainingSettings, ...], ends: tuple[End, ...], on_step: Report
) -> tuple[Found, ...]:
    """Each network one checkpoint further; done by a worker."""
    found = []
    for done, (settings, end) in enumerate(zip(every, ends, strict=True), start=1):
        found.append(_next(settings, end))
        on_step(done / len(every))
    return tuple(found)


def _next(settings: TrainingSettings, end: End) -> Found:
    if not goes_on(settings, end):
        return end, None
    stage = next_stage(settings, end) if isinstance(end, Stage) else first_stage(settings)
    return stage, _terms(settings, stage)


def _terms(settings: TrainingSettings, stage: Stage | Divergence) -> Array | None:
    """What the film shows of a checkpoint; half of the numbers' digits are enough for colours."""
    if isinstance(stage, Divergence):
        return None
    flow = probe(stage.checkpoint.network, settings.task_made())
    return flow.log10("b").astype(np.float32)


def _recorded(run: TrainingRun | None, settings: TrainingSettings, end: End) -> TrainingRun | None:
    """A run with the checkpoint, or the divergence, at which its network stands."""
    if isinstance(end, Divergence):
        return None if run is None else dataclasses.replace(run, divergence=end)
    if end is None or (run is not None and run.checkpoints[-1].update == end.checkpoint.update):
        return run
    before = () if run is None else run.checkpoints
    return TrainingRun(settings, (*before, end.checkpoint))
