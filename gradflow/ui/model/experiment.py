"""The runs of the chosen model: as it was read, and with another forget bias."""

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
from gradflow.ui.model import long_runs, uploads, words
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
    """The user has cancelled a computation."""


@dataclass(frozen=True, eq=False)
class ChosenModel:
    """The model that is shown, its source, and a key of its weights."""

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
        """Its name in titles and file names."""
        return self.source.name

    def with_readout(self, readout: str | None) -> ChosenModel:
        """The same weights with another readout."""
        if readout == self.model.readout_layer:
            return self
        if isinstance(self.source, Shipped):
            model = shipped_model(self.source.name, readout)
            return ChosenModel(model, self.source, self.weights)
        uploads.read_out_with(readout)
        return chosen_model(OWN)


def chosen_model(name: str) -> ChosenModel:
    """The model of a name. While the user has uploaded none, "own" is the first that ships."""
    own = uploads.uploaded()
    if name == OWN and own is not None:
        return ChosenModel(own.model, own.upload, (OWN, own.number))
    shipped = SHIPPED.get(name) or next(iter(SHIPPED.values()))
    readout = shipped_model(shipped.name, None).linear_layers[0]
    return ChosenModel(shipped_model(shipped.name, readout), shipped, (shipped.name,))


@dataclass(frozen=True, eq=False)
class Run:
    """One run of the model: its title, its terms, and a key of its inputs and weights."""

    title: str
    flow: gf.GradientFlow
    key: Key


def runs(chosen: ChosenModel, given: Sequence, settings: ModelSettings) -> tuple[Run, ...]:
    """The run of the model as read and, unless it is the same, with the forget bias added.

    Raises
    ------
    TooLargeError
        If they do not fit in memory.
    StoppedError
        If the user has cancelled them.
    ValueError
        If the forward pass leaves the range of float64.
    """
    cell = chosen.model.cell
    compared = settings.added != 0.0 and any(map(keeping_gate, layers_of(cell)))
    key = (*chosen.key, hashlib.sha256(given.x.tobytes()).hexdigest(), given.x.shape)
    changed_key = (*key, settings.added)
    missing = [
        not long_runs.has("run", key),
        compared and not long_runs.has("changed", changed_key),
    ]
    if missing[0]:
        for name in ("run", "changed"):  # what goes first makes room
            long_runs.forget(name)
    refused = long_runs.too_large(needed_bytes(cell, len(given.x)) * sum(missing), len(given.x))
    if refused is not None:
        raise TooLargeError(refused)
    flow = _computed("run", key, "The model as read", _flow(chosen.model, given))
    first = Run(words.AS_READ, flow, key)
    if not compared:
        return (first,)
    changed = replace(chosen.model, cell=with_forget_bias(cell, settings.added))
    title = changed_title(cell, settings.added)
    flow = _computed("changed", changed_key, f"The same with {title}", _flow(changed, given))
    return first, Run(title, flow, changed_key)


def seen(
    both: tuple[Run, ...], settings: ModelSettings, parameter: str, layer: int
) -> tuple[Seen, ...]:
    """The terms and measures that the page shows of each run."""
    return tuple(
        Seen(
            run.title,
            _terms(place, run, parameter, layer),
            _reach(place, run, settings.window, layer),
        )
        for place, run in enumerate(both)
    )


def carriers(run: Run, t: int, layer: int) -> UnitSignals:
    """The signal of one target, unit by unit.

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
    def make(on_step: long_runs.Progress) -> Array:
        if parameter == "x":
            run.flow.sweep_inputs(on_step)
            return run.flow.log10("x")
        return run.flow.log10(parameter, layer=layer)

    return _computed(
        f"terms_{place}", (*run.key, parameter, layer), f"The terms, {run.title}", make
    )


def _reach(place: int, run: Run, window: int, layer: int) -> tuple[memory.Reach, ...]:
    return long_runs.kept(
        f"reach_{place}",
        (*run.key, layer, window),
        lambda: memory.over_targets(run.flow, layer, eps=LEAST_SHARE, window=window),
    )


def _flow(model: gf.Model, given: Sequence) -> Callable[[long_runs.Progress], gf.GradientFlow]:
    return lambda on_step: gf.gradient_flow(model, given.x, on_step=on_step)


def _computed(
    name: str, key: Key, label: str, make: Callable[[long_runs.Progress], _Result]
) -> _Result:
    """The result kept under a name, or a new one, with a bar and a button to cancel."""
    if long_runs.stopped(key):
        raise StoppedError

    def computed() -> _Result:
        progress = long_runs.Progress(name, label, key)
        made = make(progress)
        progress.done()
        return made

    return long_runs.kept(name, key, computed)
