"""`Watch`: passes over a network every so many updates of its training, and what they measured."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from gradflow.numerics.validation import true_or_false, whole_number
from gradflow.watching.layer_measures import LayerMeasures
from gradflow.watching.measuring_process import MeasuringProcess, measured_pass
from gradflow.watching.probed_module import ProbedModule
from gradflow.watching.watch_record import WatchRecord, record_of
from gradflow.watching.writers import Writer

_Measured = dict[str, LayerMeasures]


@dataclass(frozen=True)
class WatchedLayers:
    """What a watch looks at.

    Attributes
    ----------
    names : tuple of str
        Names of the layers.
    left_out : mapping
        Names of recurrent modules that are not supported, and why.
    probed : callable
        Makes a pass: the modules of these layers as it finds them. Raises ValueError where it
        cannot be made.
    is_first : bool
        Whether passes are made in this process; on several ranks they are in the first alone.
    whole : callable
        What a pass is made in: a context that all ranks enter together.
    """

    names: tuple[str, ...]
    left_out: Mapping[str, str]
    probed: Callable[[], Sequence[ProbedModule]]
    is_first: bool = True
    whole: Callable[[], AbstractContextManager[None]] = nullcontext


class Watch:
    """A network under watch. Made by `gradflow.torch.watch` and `gradflow.keras.watch`.

    Attributes
    ----------
    updates : int
        Updates so far.
    layers : tuple of str
        Names of the layers that are watched.
    left_out : dict
        Names of recurrent modules and layers that are not measured, and why.
    skipped : int
        Passes that were left out because the process was busy.
    """

    def __init__(
        self,
        watched: WatchedLayers,
        every: int,
        chunk: int,
        worker: bool,
        writers: Sequence[Writer],
    ) -> None:
        self._every = whole_number("every", every, 1)
        self._chunk = whole_number("chunk", chunk, 0)
        self._writers = tuple(writers)
        self.layers, self.left_out = watched.names, dict(watched.left_out)
        self.updates = self.skipped = 0
        self._watched = watched
        self._passes: list[tuple[int, _Measured]] = []
        self._pending: tuple[int, Future[_Measured]] | None = None
        self._process: MeasuringProcess | None = None
        self._is_open = True
        has_process = true_or_false("worker", worker)
        if watched.is_first and has_process:
            self._process = MeasuringProcess()
        try:
            self._begin_pass()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def step(self) -> None:
        """Count an update, and make a pass when it is due: call it after each `optimizer.step()`.

        What cannot be measured, such as weights that are no longer finite, is said in a warning and
        ends nothing.
        """
        self.updates += 1
        self._take(wait=False)
        if not self._is_open or self.updates % self._every:
            return
        try:
            self._begin_pass()
        except ValueError as error:
            self._warn(self.updates, error)

    @property
    def log(self) -> dict[str, float]:
        """The scalars of the last pass that is measured, "gradflow/<layer>/<measure>"."""
        self._take(wait=False)
        return self.record.scalars() if self._passes else {}

    @property
    def record(self) -> WatchRecord:
        """All that is measured so far."""
        self._take(wait=False)
        return record_of(self.layers, self._chunk, self._passes)

    def figure(self) -> Any:
        """The record as a Plotly figure, with all passes that have begun.

        See Also
        --------
        gradflow.figures.plot_watch : Draws it.
        """
        self._take(wait=True)
        # By its name when it is needed: figures stand above, and need Plotly.
        return importlib.import_module("gradflow").figures.plot_watch(self.record)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the record, with all passes that have begun, to an .npz file.

        `gradflow.watching.load_watch` and the page "Learning" read it.
        """
        self._take(wait=True)
        self.record.save(path)

    def close(self) -> None:
        """Wait for the pass that has begun, and end the process. The record stays."""
        self._is_open = False
        try:
            self._take(wait=True)
        finally:
            process, self._process = self._process, None
            if process is not None:
                process.end()

    def _begin_pass(self) -> None:
        # Other ranks do not know whether the process is busy: all enter at every pass.
        with self._watched.whole():
            if self._pending is not None:
                self.skipped += 1
            elif self._watched.is_first:
                self._measure(self._followed(self._watched.probed()))

    def _measure(self, modules: Sequence[ProbedModule]) -> None:
        if self._process is None:
            self._keep(self.updates, measured_pass(modules, self._chunk))
        else:
            self._pending = (self.updates, self._process.submit(modules, self._chunk))

    def _followed(self, modules: Sequence[ProbedModule]) -> list[ProbedModule]:
        """Those whose sequences are the network's; the others are left out, and that is said."""
        followed = [module for module in modules if not module.not_followed]
        for module in modules:
            if module.not_followed:
                self.left_out |= dict.fromkeys(module.layers, module.not_followed)
        if modules and not followed:
            raise ValueError(f"{modules[0].layers[0]}: {modules[0].not_followed}")
        return followed

    def _take(self, wait: bool) -> None:
        """Take what the process has measured."""
        if self._pending is None or not (wait or self._pending[1].done()):
            return
        (update, measured), self._pending = self._pending, None
        try:
            self._keep(update, measured.result())
        except ValueError as error:
            self._warn(update, error)

    def _keep(self, update: int, measured: _Measured) -> None:
        self._passes.append((update, measured))
        scalars = self.record.scalars()
        for writer in self._writers:
            writer.write(update, scalars)

    def _warn(self, update: int, error: ValueError) -> None:
        warnings.warn(f"Nothing is measured after {update} updates: {error}", stacklevel=3)
