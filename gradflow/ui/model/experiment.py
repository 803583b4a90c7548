"""From what is chosen to the runs of the model: as read, and with another forget bias."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import gradflow as gf
from gradflow.analysis import memory
from gradflow.analysis.forget_bias import keeping_gate, with_forget_bias
from gradflow.analysis.unit_signal import UnitSignals, unit_signals
from gradflow.engine.memory_estimate import needed_bytes
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.scaled import Array
from gradflow.ui.model import running, uploads, words
from gradflow.ui.model.panels import Seen, changed_title
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import OWN, ModelSettings
from gradflow.ui.model.shipped import SHIPPED, Shipped, shipped_model
from gradflow.ui.model.uploads import Upload

# The share of the k = 1 term below which a lag counts as forgotten.
LEAST_SHARE = 0.01

Key = tuple[object, ...]

_Result = TypeVar("_Result")


class TooLargeError(ValueError):
    """A run does not fit in memory."""


class StoppedError(Exception):
    """The user has cancelled what would be computed."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The model that is shown: where it is from, and keys for it and for what is made of it."""

    model: gf.Model
    source: Shipped | Upload
    weights: Key

    @property
    def key(self) -> Key:
        return (*self.weights, self.model.readout_layer)

    @property
    def shipped(self) -> Shipped | None:
        return self.source if isinstance(self.source, Shipped) else None

    @property
    def name(self) -> str:
        """What it is called in titles and the names of files."""
        return self.source.name

    def with_readout(self, readout: str | None) -> Chosen:
        """The same weights, read out otherwise."""
        if readout == self.model.readout_layer:
            return self
        if isinstance(self.source, Shipped):
            model = shipped_model(self.source.name, readout)
            return Chosen(model, self.source, self.weights)
        uploads.read_out_with(readout)
        return chosen(OWN)


def chosen(name: str) -> Chosen:
    """The model of a name; for one's own, while there is none, the first that ships."""
    own = uploads.uploaded()
    if name == OWN and own is not None:
        return Chosen(own.model, own.upload, (OWN, own.number))
    shipped = SHIPPED.get(name) or next(iter(SHIPPED.values()))
    readout = shipped_model(shipped.name, None).linear_layers[0]
    return Chosen(shipped_model(shipped.name, readout), shipped, (shipped.name,))


@dataclass(frozen=True, eq=False)
class Run:
    """The terms of one run, what it is called, and a key for what is made of it."""

    title: str
    flow: gf.GradientFlow
    key: Key


def runs(of: Chosen, given: Sequence, settings: ModelSettings) -> tuple[Run, ...]:
    """The model on the sequence, and with the forget bias added where that is something else.

    Raises
    ------
    TooLargeError
        If they do not fit in memory.
    StoppedError
        If the user has cancelled them.
    ValueError
        If the forward pass leaves the range of float64.
    """
    cell = of.model.cell
    compared = settings.added != 0.0 and any(map(keeping_gate, layers_of(cell)))
    key = (*of.key, hashlib.sha256(given.x.tobytes()).hexdigest(), given.x.shape)
    changed_key = (*key, settings.added)
    missing = [not running.has("run", key), compared and not running.has("changed", changed_key)]
    if missing[0]:
        for name in ("run", "changed"):  # what goes first makes room
            running.forget(name)
    refused = running.too_large(needed_bytes(cell, len(given.x)) * sum(missing), len(given.x))
    if refused is not None:
        raise TooLargeError(refused)
    flow = _computed("run", key, "The model as read", _flow(of.model, given))
    first = Run(words.AS_READ, flow, key)
    if not compared:
        return (first,)
    changed = replace(of.model, cell=with_forget_bias(cell, settings.added))
    title = changed_title(cell, settings.added)
    flow = _computed("changed", changed_key, f"The same with {title}", _flow(changed, given))
    return first, Run(title, flow, changed_key)


def seen(
    both: tuple[Run, ...], settings: ModelSettings, parameter: str, layer: int
) -> tuple[Seen, ...]:
    """What the page shows of each run."""
    return tuple(
        Seen(
            run.title,
            _terms(place, run, parameter, layer),
            _reach(place, run, settings.window, layer),
        )
        for place, run in enumerate(both)
    )


def carriers(run: Run, t: int, layer: int) -> UnitSignals:
    """Which units carry the signal of one target.

    Raises
    ------
    StoppedError
        If the user has cancelled it.
    """
    return _computed(
        "units",
        (*run.key, t, layer),
        "The hidden units",
        lambda on_step: unit_signals(run.flow, t, layer, on_step),
    )


def _terms(place: int, run: Run, parameter: str, layer: int) -> Array:
    def make(on_step: running.Progress) -> Array:
        if parameter == "x":
            run.flow.sweep_inputs(on_step)
            return run.flow.log10("x")
        return run.flow.log10(parameter, layer=layer)

    return _computed(
        f"terms_{place}", (*run.key, parameter, layer), f"The terms, {run.title}", make
    )


def _reach(place: int, run: Run, window: int, layer: int) -> tuple[memory.Reach, ...]:
    return running.kept(
        f"reach_{place}",
        (*run.key, layer, window),
        lambda: memory.over_targets(run.flow, layer, eps=LEAST_SHARE, window=window),
    )


def _flow(model: gf.Model, given: Sequence) -> Callable[[running.Progress], gf.GradientFlow]:
    return lambda on_step: gf.gradient_flow(model, given.x, on_step=on_step)


def _computed(
    name: str, key: Key, label: str, make: Callable[[running.Progress], _Result]
) -> _Result:
    """What is kept under a name, or computed with a bar and a button to cancel."""
    if running.stopped(key):
        raise StoppedError

    def computed() -> _Result:
        progress = running.Progress(name, label, key)
        made = make(progress)
        progress.done()
        return made

    return running.kept(name, key, computed)
