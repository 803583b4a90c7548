"""`survey`: read sequences as they come, and hand them out to whatever works on them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from numbers import Number
from operator import add
from typing import Any

from gradflow.cells.base import Cell
from gradflow.flow.arguments import check_kind
from gradflow.losses import Loss, Readout
from gradflow.numerics.validation import optional_callable, shown, whole_number
from gradflow.surveys.one_sequence import failed, none, survey_of_one
from gradflow.surveys.record import Survey
from gradflow.surveys.sample import Sample, samples_of
from gradflow.surveys.settings import LENGTHS, SurveySettings
from gradflow.weights.model import Model


@dataclass(frozen=True, eq=False)
class Work:
    """Some sequences, and all that it takes to survey them: what goes to a worker."""

    settings: SurveySettings
    model: Cell | Model
    readout: Readout | None
    samples: tuple[Sample, ...]

    def done(self) -> Survey:
        """The survey of these sequences; those that fail are named in it."""
        return reduce(add, map(self._one, self.samples), none(self.settings))

    def failed(self, why: str) -> Survey:
        """The survey where all was lost on the way."""
        lost = (failed(self.settings, str(sample.name), why) for sample in self.samples)
        return reduce(add, lost, none(self.settings))

    def _one(self, sample: Sample) -> Survey:
        # A sequence may hold anything, and no single one may end the survey of the others.
        try:
            return survey_of_one(self.settings, self.model, self.readout, sample)
        except Exception as error:
            return failed(self.settings, str(sample.name), _said(error))


def survey(
    model: Cell | Model,
    sequences: Iterable[Any],
    loss: Loss | None = None,
    targets: Any = None,
    mask: Any = None,
    *,
    readout: Readout | None = None,
    lengths: Sequence[int] = LENGTHS,
    executor: Executor | None = None,
    on_progress: Callable[[int], None] | None = None,
    batch: int = 8,
    in_flight: int | None = None,
) -> Survey:
    """What the sequences of a data set say of a model, in one record that does not grow with them.

    Sequences are read as they come. At any time `batch` times `in_flight` of them are held.

    Parameters
    ----------
    model : RNN, LSTM, ProjectedLSTM, GRU or Stack, or Model
        The cell, layers of cells, or what `load` and `from_state_dict` return.
    sequences : iterable
        Arrays of shape (T,) or (T, D), or each a `Sample` that brings its own loss, targets, mask
        or weights. A list, an array of shape (N, T, D), or a generator that never holds them all.
    loss : loss, optional
        As for `gradient_flow`, of sequences that bring none.
    targets : None, "last" or sequence of int
        The steps that the loss counts, as for `gradient_flow`: all, the last, or these.
    mask : bool array of shape (T,), optional
        Steps that count, as for `gradient_flow`.
    readout : Readout, optional
        As for `gradient_flow`.
    lengths : sequence of int
        Lags after which gradients are cut, ascending: windows, chunks, and what lies beyond. The
        powers of 2 up to 512 unless given.
    executor : concurrent.futures.Executor, optional
        What works on them: a process pool, or Dask's `Client.get_executor()`. This process unless
        given. The record is the same to the last bit, whatever works.
    on_progress : callable, optional
        Called with the number of sequences that are done. What it raises ends the survey.
    batch : int
        Sequences that a worker gets at a time.
    in_flight : int, optional
        How many such batches are on the way at a time: two for each processor of this machine
        unless given, which for a larger cluster is too few.

    Returns
    -------
    Survey
        Sequences that fail are counted and named in it, and end nothing.

    Raises
    ------
    ValueError
        If there is no sequence, or an argument is not such: so for one sequence outside a list.
    concurrent.futures.BrokenExecutor
        If the executor itself broke down.

    See Also
    --------
    Survey : What it returns.
    training_gradient : The gradient whose mean is taken.

    Examples
    --------
    >>> import numpy as np
    >>> import gradflow as gf
    >>> generator = np.random.default_rng(0)
    >>> noises = (gf.sequences.noise(T, generator) for T in (20, 40, 30))
    >>> seen = gf.survey(gf.LSTM.scalar(0.5, 0.5), noises, gf.UnitLoss(), targets="last")
    >>> seen
    Survey(LSTM(H=1, D=1), 3 sequences, 0 failed)
    >>> seen.distribution("horizon", 0.01).values.tolist()
    [19.0, 29.0, 30.0]
    """
    cell = model.cell if isinstance(model, Model) else model
    check_kind("model", cell, Cell, "a cell, such as RNN or LSTM, or a Model")
    settings = SurveySettings.of(cell, lengths)
    size = whole_number("batch", batch, 1)
    most = whole_number("in_flight", _twice_the_processors() if in_flight is None else in_flight, 1)
    optional_callable("on_progress", on_progress)
    _check_given(sequences, executor)
    samples = samples_of(sequences, loss, targets, mask)
    pieces = (Work(settings, model, readout, tuple(some)) for some in _batches(samples, size))
    total = none(settings)
    for part in _done(pieces, executor, most):
        total += part
        if on_progress is not None:
            on_progress(total.count + total.failed)
    if not total.count + total.failed:
        raise ValueError("sequences must hold at least one. Got none.")
    return total


def _check_given(sequences: Any, executor: Any) -> None:
    if _is_one(sequences) or not _is_iterable(sequences):
        raise ValueError(
            "sequences must be an iterable of sequences, such as [x] for one alone. "
            f"Got {shown(sequences)}."
        )
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ValueError(
            "executor must be a concurrent.futures.Executor, such as a process pool. "
            f"Got {shown(executor)}."
        )


def _is_one(sequences: Any) -> bool:
    """Whether it is text, or numbers; of what can be read only once, nothing is read."""
    if isinstance(sequences, str | bytes):
        return True
    # An array of objects may hold sequences of unlike lengths.
    is_flat = getattr(sequences, "ndim", None) == 1
    of_objects = is_flat and getattr(getattr(sequences, "dtype", None), "kind", "") == "O"
    if of_objects or isinstance(sequences, list | tuple | range):
        return len(sequences) > 0 and all(isinstance(one, Number) for one in sequences)
    return is_flat


def _is_iterable(sequences: Any) -> bool:
    try:
        iter(sequences)
    except TypeError:
        return False
    return True


def _batches(samples: Iterator[Sample], size: int) -> Iterator[list[Sample]]:
    while some := list(islice(samples, size)):
        yield some


def _done(pieces: Iterator[Work], executor: Executor | None, most: int) -> Iterator[Survey]:
    """The surveys of the pieces in their order, so that sums do not depend on who is faster."""
    if executor is None:
        yield from map(Work.done, pieces)
        return
    waiting: deque[tuple[Work, Future[Survey]]] = deque()
    try:
        for piece in pieces:
            if len(waiting) == most:
                yield _result(*waiting.popleft())
            waiting.append((piece, executor.submit(Work.done, piece)))
        while waiting:
            yield _result(*waiting.popleft())
    finally:
        for _, future in waiting:
            future.cancel()


def _result(piece: Work, future: Future[Survey]) -> Survey:
    try:
        return future.result()
    except BrokenExecutor:
        raise
    # Not a sequence failed but what worked on it, again and again: as on a machine out of memory.
    except Exception as error:
        return piece.failed(_said(error))


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _twice_the_processors() -> int:
    return 2 * (os.cpu_count() or 1)
