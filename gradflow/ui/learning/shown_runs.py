"""The runs that the page shows, and their film, each made once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gradflow.figures.builders.film_frames import FLOOR, film_parts, film_terms
from gradflow.numerics.scaled import Array
from gradflow.training import TrainingRun, shipped
from gradflow.ui import server
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
        The film's figure, as Plotly's plain mappings.
    """

    name: str
    ships: bool
    runs: dict[str, TrainingRun]
    film: dict[str, Any]

    @property
    def task(self) -> str:
        """What they learn, which need not be the task that is chosen."""
        return next(iter(self.runs.values())).settings.task

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
    return ShownRuns(f"shipped {task}", True, runs, _film(runs, _terms(runs)))


def as_trained(live: LiveRun) -> ShownRuns:
    """What a training of this session has recorded."""
    name = f"{tuple(live.settings.values())} {live.updates}"
    return _own(name, live.runs, lambda: live.terms)


def as_opened(run: TrainingRun) -> ShownRuns:
    """A run from a file, which no other is like."""
    runs = {run.settings.cell.upper(): run}
    return _own(f"opened {id(run)}", runs, lambda: _terms(runs))


def _own(
    name: str, runs: dict[str, TrainingRun], terms: Callable[[], Mapping[str, Sequence[Array]]]
) -> ShownRuns:
    """Runs of this session, which keeps their film."""
    held: ShownRuns | None = st.session_state.get(_FILM)
    if held is None or held.name != name:
        server.runs.between_steps()
        st.session_state[_FILM] = held = ShownRuns(name, False, runs, _film(runs, terms()))
    return held


def _terms(runs: Mapping[str, TrainingRun]) -> dict[str, list[Array]]:
    """What the film shows of each run; between two checkpoints other visitors have their turn."""
    found: dict[str, list[Array]] = {name: [] for name in runs}
    for name, run in runs.items():
        for log10 in film_terms(run):
            found[name].append(log10)
            server.runs.between_steps()
    return found


def _film(runs: Mapping[str, TrainingRun], terms: Mapping[str, Sequence[Array]]) -> dict[str, Any]:
    return film_parts(runs, terms, FLOOR, None)
