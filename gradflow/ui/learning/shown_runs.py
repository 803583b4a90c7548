"""The runs that the page shows, and their film, each made once."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gradflow.figures import plot_training_film
from gradflow.training import TrainingRun, shipped
from gradflow.ui import server
from gradflow.ui.component.training_film import film_parts
from gradflow.ui.learning.live_run import LiveRun

_FILM, _OPENED = "learning_film", "learning_film_opened"


@dataclass(frozen=True, eq=False)
class ShownRuns:
    """Runs side by side.

    Attributes
    ----------
    name : str
        Tells them from all others.
    ships : bool
        Whether they came with gradflow.
    runs : mapping of str to TrainingRun
        By the networks' names.
    film : mapping
        The film's figure, as `film_parts` has it.
    """

    name: str
    ships: bool
    runs: dict[str, TrainingRun]
    film: dict[str, Any]

    def opens_at(self, update: int) -> int:
        """The frame at which the film was opened in this session, or opens now.

        It stays: what is sent to the browser again must be what it has.
        """
        if st.session_state.get(_OPENED, ("",))[0] != self.name:
            longest = max(self.runs.values(), key=lambda run: len(run.checkpoints))
            before = [c for c in longest.checkpoints if c.update <= update]
            st.session_state[_OPENED] = (self.name, len(before) - 1)
        return int(st.session_state[_OPENED][1])


@functools.lru_cache(maxsize=len(shipped.SETTINGS))
def as_shipped(task: str) -> ShownRuns:
    """The runs of a task that ship."""
    runs = shipped.runs_of(task)
    return ShownRuns(f"shipped {task}", True, runs, film_parts(plot_training_film(runs, dark=None)))


def as_trained(live: LiveRun) -> ShownRuns:
    """What a training of this session has recorded."""
    return _own(f"{tuple(live.settings.values())} {live.updates}", live.runs)


def as_opened(run: TrainingRun) -> ShownRuns:
    """A run from a file, which no other is like."""
    return _own(f"opened {id(run)}", {run.settings.cell.upper(): run})


def _own(name: str, runs: dict[str, TrainingRun]) -> ShownRuns:
    """Runs of this session, which keeps their film."""
    held: ShownRuns | None = st.session_state.get(_FILM)
    if held is None or held.name != name:
        server.runs.between_steps()
        film = film_parts(plot_training_film(runs, dark=None))
        st.session_state[_FILM] = held = ShownRuns(name, False, runs, film)
    return held
