"""`watch`: the flow of a network's recurrent layers every so many updates of its training."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import torch

from gradflow.numerics.validation import shown, true_or_false, whole_number
from gradflow.torch.probe_pass import bare_network, probed_modules
from gradflow.torch.recurrent_parts import parts_of_network
from gradflow.watching import LayerMeasures, WatchRecord, Writer
from gradflow.watching.measuring_process import MeasuringProcess, measured_pass
from gradflow.watching.watch_record import record_of

_Measured = dict[str, LayerMeasures]


@dataclass(frozen=True, eq=False)
class Probe:
    """A fixed batch and its loss, the same at every pass.

    Parameters
    ----------
    inputs : tuple
        What the network is called with.
    loss : callable
        From what the network returns to one number, as in training.
    lengths : sequence of int, optional
        Steps of each sequence before its padding, where the recurrent layers read padded batches.
        The target of a sequence is then not in its padding. Packed sequences know their lengths.

    Examples
    --------
    >>> import torch
    >>> from gradflow.torch import Probe
    >>> x, y = torch.zeros(4, 30, 3), torch.zeros(4, dtype=torch.long)
    >>> probe = Probe((x,), lambda o: torch.nn.functional.cross_entropy(o, y), [30, 30, 20, 10])
    """

    inputs: tuple[Any, ...]
    loss: Callable[[Any], Any]
    lengths: Any = None

    def __call__(self, network: torch.nn.Module) -> Any:
        """The loss of a network."""
        return self.loss(network(*self.inputs))


def watch(
    model: torch.nn.Module,
    probe: Probe | Callable[[torch.nn.Module], Any],
    every: int = 1000,
    *,
    chunk: int = 20,
    worker: bool = True,
    writers: Sequence[Writer] = (),
) -> Watch:
    """Watch the recurrent layers of a network while it is trained.

    Parameters
    ----------
    model : torch.nn.Module
        A network with an `RNN`, `LSTM` or `GRU` of PyTorch somewhere in it; compiled, or wrapped
        for data parallelism, or plain. The same object that is trained.
    probe : Probe or callable
        A fixed batch and its loss; or a callable from the network to the loss.
    every : int
        Updates from pass to pass. The first pass is made at once.
    chunk : int
        Steps after which training cuts the graph: `share_beyond_chunk` looks beyond them.
    worker : bool
        Whether a process of its own measures. A pass that comes while it is busy is left out.
    writers : sequence of Writer
        What takes the scalars as they are measured, such as `gradflow.watching.CSVWriter`.

    Returns
    -------
    Watch
        Whose `step()` is called after each update.

    Raises
    ------
    ValueError
        If an argument is not such, or no recurrent module is supported.

    See Also
    --------
    gradflow.from_module : A network as it stands, once.

    Examples
    --------
    >>> import torch
    >>> import gradflow.torch
    >>> lstm = torch.nn.LSTM(3, 5)
    >>> x = torch.ones(20, 2, 3)
    >>> probe = gradflow.torch.Probe((x,), lambda made: made[0][-1].sum())
    >>> with gradflow.torch.watch(lstm, probe, worker=False) as watch:
    ...     watch.step()  # after every update
    ...     watch.record
    WatchRecord(1 layer, 1 pass)
    >>> sorted(watch.log)[1]
    'gradflow/lstm/dc_dc'
    """
    if not isinstance(model, torch.nn.Module):
        raise ValueError(f"model must be a torch.nn.Module. Got {shown(model)}.")
    if not callable(probe):
        raise ValueError(f"probe must be a Probe, or a callable to the loss. Got {shown(probe)}.")
    whole_number("every", every, 1)
    whole_number("chunk", chunk, 0)
    true_or_false("worker", worker)
    return Watch(model, probe, every, chunk, worker, writers)


class Watch:
    """A network under watch. Made by `watch`.

    Attributes
    ----------
    updates : int
        Updates so far.
    layers : tuple of str
        Names of the layers that are watched.
    left_out : mapping
        Names of recurrent modules that are not supported, and why.
    skipped : int
        Passes that were left out because the process was busy.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        probe: Any,
        every: int,
        chunk: int,
        worker: bool,
        writers: Sequence[Writer],
    ) -> None:
        self._network = bare_network(model)
        _check_whole(self._network)
        self._parts, self.left_out = parts_of_network(self._network)
        if not self._parts:
            reasons = "".join(f" {name}: {why}" for name, why in self.left_out.items())
            raise ValueError(
                f"model must hold a torch.nn.RNN, LSTM or GRU that is supported. "
                f"Got {type(self._network).__name__}.{reasons}"
            )
        self.layers = tuple(name for part in self._parts for name in part.layers)
        self.updates = self.skipped = 0
        self._probe, self._lengths = probe, _lengths_of(probe)
        self._every, self._chunk, self._writers = every, chunk, tuple(writers)
        self._passes: list[tuple[int, _Measured]] = []
        self._pending: tuple[int, Future[_Measured]] | None = None
        self._process: MeasuringProcess | None = None
        self._is_watching = _is_first_rank()
        if self._is_watching:
            self._process = MeasuringProcess() if worker else None
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
        if not self._is_watching:
            return
        self._take(wait=False)
        if self.updates % self._every:
            return
        if self._pending is not None:
            self.skipped += 1
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
        import gradflow

        self._take(wait=True)
        return gradflow.figures.plot_watch(self.record)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the record, with all passes that have begun, to an .npz file.

        `gradflow.watching.load_watch` and the page "Learning" read it.
        """
        self._take(wait=True)
        self.record.save(path)

    def close(self) -> None:
        """Wait for the pass that has begun, and end the process. The record stays."""
        self._is_watching = False
        try:
            self._take(wait=True)
        finally:
            process, self._process = self._process, None
            if process is not None:
                process.end()

    def _begin_pass(self) -> None:
        modules = probed_modules(self._network, self._parts, self._probe, self._lengths)
        if self._process is None:
            self._keep(self.updates, measured_pass(modules, self._chunk))
        else:
            self._pending = (self.updates, self._process.submit(modules, self._chunk))

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


def _lengths_of(probe: Any) -> list[int] | None:
    given = getattr(probe, "lengths", None)
    if given is None:
        return None
    return [whole_number("lengths", int(length), 1) for length in given]


def _is_first_rank() -> bool:
    distributed = torch.distributed
    if not distributed.is_available() or not distributed.is_initialized():
        return True
    return distributed.get_rank() == 0


def _check_whole(network: torch.nn.Module) -> None:
    """Raise ValueError where a rank has a part of each parameter alone."""
    for name, parameter in network.named_parameters():
        if type(parameter.data).__name__ == "DTensor":
            raise ValueError(
                "model must have whole parameters on each rank: a pass on one rank alone cannot "
                f"gather those that are sharded. Got {name}, a DTensor."
            )
