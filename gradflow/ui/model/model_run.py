"""`Run`: what the page asks of a run of a model, wherever the work is done."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import gradflow as gf
from gradflow.engine.memory_estimate import bytes_of_terms, needed_bytes
from gradflow.engine.time_estimate import needed_seconds
from gradflow.losses import Loss
from gradflow.numerics.scaled import Array
from gradflow.ui import server
from gradflow.ui.model import questions
from gradflow.ui.model.long_runs import PACE, Progress, StoppedError, computed, has, owner, stop
from gradflow.ui.workers import waiting_words
from gradflow.ui.workers.pool import FullQueueError, LostWorkerError, process_pool
from gradflow.ui.workers.reservations import TooLargeError
from gradflow.ui.workers.worker import Job

# Seconds of work from which on a run is a worker's.
HEAVY = 0.5

# Seconds that the measures of one target take.
_TARGET = 5e-4

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, eq=False)
class Run:
    """One run of a model on a sequence.

    A light one is computed here, and the session keeps its flow. A heavy one is a worker's, which
    keeps the flow for the next question while there is room.

    Attributes
    ----------
    name : str
        Its flow is kept under it until the flow of another key replaces it.
    title : str
        Which run of the page it is: "as read", "b_f + 2".
    label : str
        What is computed, as Markdown.
    model : Model
        The model.
    x : array of shape (T, D)
        What it reads.
    loss : loss
        What its gradient is of.
    key : tuple
        Tells it from all other runs.
    targets : tuple of int or None
        Its target steps; None for every step.
    """

    name: str
    title: str
    label: str
    model: gf.Model
    x: Array
    loss: Loss
    key: tuple[Hashable, ...]
    targets: tuple[int, ...] | None = None

    @property
    def _count(self) -> int | None:
        """How many targets there are, if they are not all."""
        return None if self.targets is None else len(self.targets)

    @cached_property
    def seconds(self) -> float:
        """About how long it takes."""
        T, count = len(self.x), self._count
        return needed_seconds(self.model.cell, T, count) + _TARGET * (count or T)

    @cached_property
    def size(self) -> int:
        """About how many bytes it takes at most."""
        return needed_bytes(self.model.cell, len(self.x), self._count)

    @property
    def is_heavy(self) -> bool:
        """Whether it is a worker's."""
        return self.seconds > HEAVY

    def knows(self, name: str, question: Callable[..., Any], *arguments: Hashable) -> bool:
        """Whether the answer to a question is kept, or takes no time to find."""
        key = (*self.key, question.__name__, *arguments)
        return not self.is_heavy or has(name, key)

    def ask(
        self,
        name: str,
        label: str,
        question: Callable[..., _Answer],
        *arguments: Hashable,
        runs_again: bool = False,
    ) -> _Answer:
        """The answer to a question, with a bar and a button to cancel where it takes long.

        Parameters
        ----------
        name : str
            The answer is kept under it until another replaces it.
        label : str
            What is computed, as Markdown.
        question : callable
            A function of `questions`, or of another module that a worker can import: it takes the
            flow, the arguments and `on_step`, and its answer is no larger than what is shown.
        arguments : hashable
            Its further arguments.
        runs_again : bool
            Whether it takes as much as the flow itself once more.

        Raises
        ------
        StoppedError
            If the user has cancelled it, or its worker was killed.
        ValueError
            If it does not fit in memory, or the forward pass leaves the range of float64.
        """
        key = (*self.key, question.__name__, *arguments)

        def answer(progress: Progress) -> _Answer:
            if not self.is_heavy:
                return question(self._flow(), *arguments, on_step=progress)
            try:
                return answer_of(self._job(question, arguments, runs_again), key, progress)
            except TooLargeError:
                raise self._too_large() from None

        return computed(name, key, label, answer)

    @property
    def _parts(self) -> tuple[gf.Model, Array, Loss, tuple[int, ...] | None]:
        """What its flow is made of."""
        return self.model, self.x, self.loss, self.targets

    def _flow(self) -> gf.GradientFlow:
        def flow(progress: Progress) -> gf.GradientFlow:
            try:
                with process_pool().memory.held(self.size):
                    return questions.flow(*self._parts, on_step=progress)
            except TooLargeError:
                raise self._too_large() from None

        return computed(self.name, self.key, self.label, flow)

    def _job(
        self, question: Callable[..., Any], arguments: tuple[Hashable, ...], runs_again: bool
    ) -> Job:
        more = self.size if runs_again else 0
        return Job(
            self.key,
            questions.flow,
            self._parts,
            question,
            arguments,
            self.size + more,
            bytes_of_terms(len(self.x), self._count) + more,
            self.seconds * (1 + runs_again),
        )

    def _too_large(self) -> ValueError:
        free = process_pool().memory.free()
        return ValueError(waiting_words.too_large(self.size, free, len(self.x)))


def answer_of(job: Job, key: Hashable, progress: Progress) -> Any:
    """What a worker answers, with a bar and a button to cancel.

    Raises
    ------
    StoppedError
        If the user has cancelled it, its worker was killed, or the queue is full.
    TooLargeError
        If it does not fit in memory.
    """
    with server.runs.outside():
        try:
            going = process_pool().ask(owner(), key, job)
        except FullQueueError:
            stop(key, waiting_words.FULL)
            raise StoppedError(waiting_words.FULL) from None
        while not going.wait(PACE):
            progress.follow(going)
    try:
        return going.result()
    except CancelledError:
        raise StoppedError(waiting_words.CANCELLED) from None
    except LostWorkerError:
        stop(key, waiting_words.LOST)
        raise StoppedError(waiting_words.LOST) from None
