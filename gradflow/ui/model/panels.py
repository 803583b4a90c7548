"""From the runs of a model to what the figures draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

import gradflow as gf
from gradflow.analysis import memory
from gradflow.analysis.forget_bias import keeping_gate
from gradflow.cells import Cell
from gradflow.engine.parameter_names import layers_of
from gradflow.figures.builders.colour_scale import View, colour_range
from gradflow.figures.builders.lag_profile import Line, Profile
from gradflow.figures.builders.panel import Panel, relative_to_first
from gradflow.figures.builders.target_curves import Measure
from gradflow.numerics.scaled import Array
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import ModelSettings

_COLOURS = ("LSTM", "RNN")


@dataclass(frozen=True, eq=False)
class Seen:
    """One run as the page shows it.

    Attributes
    ----------
    title : str
        Which of the two it is: "as read", "b_f + 2".
    log10 : array of shape (T, T)
        Those of the chosen parameter.
    reach : tuple of T Reach
        The measures of every target, of the chosen layer.
    """

    title: str
    log10: Array
    reach: tuple[memory.Reach, ...]


def layer_number(settings: ModelSettings, layers: int) -> int:
    """The layer chosen, or the last one where there are fewer."""
    return min(settings.layer, layers - 1)


def target_step(settings: ModelSettings, T: int) -> int:
    """The target step chosen, or the last one where the sequence is shorter."""
    return T if settings.last else min(settings.t, T)


def gates_of(layer: Cell) -> tuple[str, ...]:
    """The letters of a layer's gates; none where it has one weight alone."""
    return tuple(name.removeprefix("b_") for name in layer.groups.get("b", ()))


def parameter_name(settings: ModelSettings, layer: Cell) -> str:
    """The name of the chosen parameter in a layer."""
    name = settings.parameter
    if name == "x":
        return name
    if settings.gate in gates_of(layer):
        return f"b_{settings.gate}" if name == "b" else f"{name}{settings.gate}"
    return "w_s" if name == "w_h" and isinstance(layer, gf.RNN) else name


def changed_title(cell: Cell, added: float) -> str:
    """What the run with another forget bias is called."""
    biases = dict.fromkeys(filter(None, map(keeping_gate, layers_of(cell))))
    return f"{', '.join(biases)} {'+' if added > 0 else '−'} {abs(added):g}"


def panels(seen: tuple[Seen, ...], quantity: str, sequence: Sequence) -> tuple[Panel, ...]:
    """The heatmaps' contents."""
    sizes = np.linalg.norm(sequence.x, axis=1)
    return tuple(
        Panel(one.title, f"dL_t/d{quantity}", one.log10, None, None, sizes, sequence.words)
        for one in seen
    )


def view(settings: ModelSettings, shown: tuple[Panel, ...]) -> View:
    """How all heatmaps are shown, on one colour scale."""
    low, high = colour_range(shown, settings.relative, settings.floor)
    axis: Literal["lag", "source"] = "source" if settings.axis == "source" else "lag"
    return View(settings.relative, settings.floor, False, axis, low, high)


def profile(settings: ModelSettings, seen: tuple[Seen, ...], quantity: str, t: int) -> Profile:
    """The rows of the chosen target."""
    lines, zero_lags = [], {}
    for one, colour in zip(seen, _COLOURS, strict=False):
        row = one.log10[t - 1 : t, :t]
        zero_lags[one.title] = memory.rounds_to_zero(row[0])
        shown = (relative_to_first(row) if settings.relative else row)[0]
        lines.append(Line(one.title, shown, colour))
    return Profile(
        t,
        np.arange(1, t + 1),
        tuple(lines),
        None,
        zero_lags,
        f"dL_t/d{quantity}",
        settings.relative,
    )


def measures(seen: tuple[Seen, ...]) -> list[Measure]:
    """Horizon and half-life of every target, of each run."""
    return [
        Measure(
            f"{name}, {one.title}", np.array([getattr(reach, of) for reach in one.reach]), *look
        )
        for one, colour in zip(seen, _COLOURS, strict=False)
        for name, of, look in (
            ("horizon", "horizon", (colour, "solid")),
            ("half-life", "half_life", (colour, "dot")),
        )
    ]
