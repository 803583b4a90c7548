"""From the runs of a model to what the figures draw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import gradflow as gf
from gradflow.analysis import memory
from gradflow.analysis.forget_bias import keeping_gate
from gradflow.cells import Cell
from gradflow.engine.parameter_names import layers_of
from gradflow.figures.builders.lag_profile import Line, Profile
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.target_curves import Measure
from gradflow.numerics.scaled import Array
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.shared import views
from gradflow.ui.shared.setting_fields import controls_by_name

# Parameters that belong to no gate.
WITHOUT_GATES = ("x", "w_p")

_COLOURS = ("LSTM", "RNN")
_THICK = 4


@dataclass(frozen=True, eq=False)
class Seen:
    """One run as the page shows it.

    Attributes
    ----------
    title : str
        Which of the two it is: "as read", "b_f + 2".
    log10 : array of shape (n, T)
        Those of the chosen parameter, of every target or of the last alone.
    reach : tuple of n Reach
        The measures of these targets, of the same terms.
    doubtful : bool array of shape (n, T), or None
        The terms that have too few digits; None where that is not known.
    """

    title: str
    log10: Array
    reach: tuple[memory.Reach, ...]
    doubtful: Array | None = None

    def row(self, t: int) -> Array:
        """log10 of the terms of a target, (t,)."""
        return np.asarray(self.log10[self._place(t), :t])

    def doubtful_row(self, t: int) -> Array | None:
        """Which of them have too few digits, (t,); None where that is not known."""
        return None if self.doubtful is None else self.doubtful[self._place(t), :t]

    def reach_at(self, t: int) -> memory.Reach:
        """The measures of a target."""
        return self.reach[self._place(t)]

    def _place(self, t: int) -> int:
        n, T = self.log10.shape
        return t - 1 - (T - n)


def layer_number(settings: ModelSettings, layers: int) -> int:
    """The layer chosen, or the last one where there are fewer."""
    return min(settings.layer, layers - 1)


def gate_letters(layer: Cell) -> tuple[str, ...]:
    """The letters of a layer's gates; none for an RNN."""
    return tuple(name.removeprefix("b_") for name in layer.groups.get("b", ()))


def offered_parameters(layer: Cell) -> list[str]:
    """The parameters of a layer among which one is chosen: an LSTM alone may have a projection."""
    names = controls_by_name(ModelSettings)["parameter"].values
    return [name for name in names if name != "w_p" or name in layer.parameters]


def parameter_name(settings: ModelSettings, layer: Cell) -> str:
    """The name of the chosen parameter in a layer."""
    name = settings.parameter
    if name in WITHOUT_GATES:
        return name
    if settings.gate in gate_letters(layer):
        return f"b_{settings.gate}" if name == "b" else f"{name}{settings.gate}"
    return "w_s" if name == "w_h" and isinstance(layer, gf.RNN) else name


def is_changed(cell: Cell, added: float) -> bool:
    """Whether a number added to the forget biases makes another model: an RNN has none."""
    return added != 0.0 and any(map(keeping_gate, layers_of(cell)))


def changed_title(cell: Cell, added: float) -> str:
    """The title of the run with another forget bias."""
    biases = dict.fromkeys(filter(None, map(keeping_gate, layers_of(cell))))
    return f"{', '.join(biases)} {'+' if added > 0 else '−'} {abs(added):g}"


def run_panels(seen: tuple[Seen, ...], quantity: str, sequence: Sequence) -> tuple[Panel, ...]:
    """The heatmaps' contents."""
    sizes = np.linalg.norm(sequence.x, axis=1)
    return tuple(
        Panel(
            one.title,
            f"dL_t/d{quantity}",
            one.log10,
            None,
            None,
            sizes,
            sequence.words,
            doubtful=one.doubtful,
        )
        for one in seen
    )


def row_of_runs(settings: ModelSettings, seen: tuple[Seen, ...], quantity: str, t: int) -> Profile:
    """The rows of the chosen target; that of the model as read lies on top, and is thick."""
    rows = [
        Line(one.title, one.row(t), colour, doubtful=one.doubtful_row(t))
        for one, colour in zip(seen, _COLOURS, strict=False)
    ]
    record = views.profile(settings, f"dL_t/d{quantity}", rows)
    as_read, *others = record.lines
    return replace(record, lines=(*others, as_read._replace(width=_THICK)))


def target_measures(seen: tuple[Seen, ...]) -> list[Measure]:
    """Horizon and half-life of every target, of each run."""
    return [
        Measure(
            f"{name.replace('_', '-')}, {one.title}",
            np.array([getattr(reach, name) for reach in one.reach]),
            colour,
            dash,
        )
        for one, colour in zip(seen, _COLOURS, strict=False)
        for name, dash in (("horizon", "solid"), ("half_life", "dot"))
    ]
