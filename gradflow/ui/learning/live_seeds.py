"""A training from one seed or several, one live run after the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from dataclasses import dataclass

from gradflow.training import SeedCurves, TrainingSettings
from gradflow.training.seeds import seed_curves
from gradflow.ui.learning.live_run import Found, LiveRun
from gradflow.ui.workers.worker import Job

# Seeds that make a band.
_FEWEST = 2


@dataclass(frozen=True, eq=False)
class LiveSeeds:
    """Live runs that differ in their seed alone.

    Attributes
    ----------
    every : tuple of LiveRun
        In the order in which they train; all of one are done before the next begins.
    """

    every: tuple[LiveRun, ...]

    @classmethod
    def begun(cls, settings: dict[str, TrainingSettings], number: int) -> LiveSeeds:
        """Nothing recorded yet, of so many seeds from that of the settings on."""
        return cls(
            tuple(
                LiveRun.begun(
                    {
                        name: dataclasses.replace(one, seed=one.seed + further)
                        for name, one in settings.items()
                    }
                )
                for further in range(number)
            )
        )

    @property
    def done(self) -> tuple[LiveRun, ...]:
        """Those of which no network goes on."""
        return tuple(run for run in self.every if run.is_done)

    @property
    def recorded(self) -> tuple[LiveRun, ...]:
        """Those of which there is something to show."""
        return tuple(run for run in self.every if run.runs)

    @property
    def is_done(self) -> bool:
        """Whether none goes on."""
        return len(self.done) == len(self.every)

    @property
    def current(self) -> LiveRun:
        """The one that goes on; the last once all are done."""
        return self.every[min(len(self.done), len(self.every) - 1)]

    @property
    def share(self) -> float:
        """How much of it is done."""
        return sum(1.0 if run.is_done else run.share for run in self.every) / len(self.every)

    @property
    def seconds_left(self) -> float:
        """About how long the rest takes."""
        return sum(run.seconds for run in self.every) * (1.0 - self.share)

    @property
    def ident(self) -> Hashable:
        """Tells its next job from all others."""
        return self.current.ident

    @property
    def job(self) -> Job:
        """The work up to the next checkpoint."""
        return self.current.job

    def with_next(self, found: tuple[Found, ...]) -> LiveSeeds:
        """The same with what came of the job."""
        before = len(self.done)
        changed = self.current.with_next(found)
        return LiveSeeds((*self.every[:before], changed, *self.every[before + 1 :]))

    def curves(self) -> dict[str, SeedCurves]:
        """The measures of each network from the seeds that are done; nothing of fewer than two."""
        done = self.done
        if len(done) < _FEWEST:
            return {}
        return {name: seed_curves([run.runs[name] for run in done]) for name in done[0].runs}
