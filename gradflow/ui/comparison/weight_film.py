"""A film of both heatmaps while one setting goes from one value to another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradflow.figures.builders.cell_levels import NOTHING, colour_table, shown_levels
from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.heatmap_cells import Cells, shown_cells
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import block_size
from gradflow.numerics.scaled import Array
from gradflow.ui.comparison import film_words as words
from gradflow.ui.comparison.shown_rows import findings, measured
from gradflow.ui.component.film import Film, FilmPanel, even_columns, film_bar
from gradflow.ui.shared import panels
from gradflow.ui.shared.experiment import inputs, run
from gradflow.ui.shared.settings import Settings

# What a film can be of.
CHANGED = ("w_s", "w_h", "b_f", "T")

# Pictures of a film, and how many of them a second: four seconds. From LONG steps on a picture
# takes as long to compute as to look at, and there are fewer.
_PICTURES, _FEWER = 121, 41
_LONG = 500
RATE = 30.0

# Cells a side at most: a session keeps its film.
_MOST_CELLS = 200


@dataclass(frozen=True)
class Change:
    """What changes in a film.

    Attributes
    ----------
    name : str
        The setting, one of `CHANGED`.
    first, last : float
        Its values in the first picture and in the last.
    """

    name: str
    first: float
    last: float

    def values(self, T: int) -> list[float]:
        """Its value in each picture, of networks of T steps."""
        longest = self.last if self.name == "T" else T
        count = _PICTURES if longest <= _LONG else _FEWER
        if self.name == "T":
            steps = np.unique(np.linspace(self.first, self.last, count).round().astype(int))
            return [int(step) for step in steps]
        return [round(float(value), 3) for value in np.linspace(self.first, self.last, count)]


def with_value(settings: Settings, name: str, value: float) -> Settings:
    """The settings with another value of what changes; `w_h` is then no longer the RNN's."""
    if name == "T":
        return replace(settings, T=int(value))
    if name == "w_h":
        return replace(settings, own_w_h=True, w_h=value)
    given: dict[str, Any] = {name: value}
    return replace(settings, **given)


def value_of(settings: Settings, name: str) -> float:
    """The value that the page has of what changes."""
    return float(settings.shared_w_h if name == "w_h" else getattr(settings, name))


def depended_on(settings: Settings, change: Change) -> Settings:
    """The settings with all that makes no difference to a film at its default."""
    plain = Settings()
    unseen = ("lag", "classes", "path", "window", "clipping", "threshold", "camera")
    unmoved: dict[str, Any] = {name: getattr(plain, name) for name in unseen}
    same = replace(settings, **unmoved)
    return with_value(same, change.name, value_of(plain, change.name))


def film_of(
    settings: Settings, own: Array | None, change: Change, on_step: Callable[[float], None]
) -> Film:
    """The pictures.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    own : array of shape (n,) or None
        The user's own numbers.
    change : Change
        What changes.
    on_step : callable
        Called with the share that is done before each picture.

    Raises
    ------
    ValueError
        If a forward pass leaves the range of float64.
    """
    values = change.values(settings.T)
    longest = int(max(values)) if change.name == "T" else len(inputs(settings, own).x)
    block = max(block_size(longest), math.ceil(longest / _MOST_CELLS))
    shots = []
    for number, value in enumerate(values):
        on_step(number / len(values))
        shots.append(_shot(with_value(settings, change.name, value), own, block))
    return _cut(settings, change, values, longest, shots)


@dataclass(frozen=True, eq=False)
class _Shot:
    """One picture, before the scale of all of them is known.

    Attributes
    ----------
    panels : tuple of two Panels
        Both heatmaps, without their terms: one of the first target alone.
    cells : tuple of two Cells
        The cells of both.
    view : View
        As the page shows this picture alone.
    said : tuple of two strings
        What is said of both.
    """

    panels: tuple[Panel, Panel]
    cells: tuple[Cells, Cells]
    view: View
    said: tuple[str, str]


def _shot(settings: Settings, own: Array | None, block: int) -> _Shot:
    experiment = run(settings, own)
    rnn, lstm = panels.both_panels(replace(settings, clipping=False), experiment, shares=False)
    signs = settings.signs and rnn.sign is not None and lstm.sign is not None
    view = replace(panels.view(settings, (rnn, lstm)), signs=signs)
    said = findings(measured(settings, experiment), (rnn, lstm))
    even = even_columns(view)
    return _Shot(
        (_first_target(rnn), _first_target(lstm)),
        (shown_cells(rnn, even, block), shown_cells(lstm, even, block)),
        view,
        (f"{said[0].head} {said[0].facts}", f"{said[1].head} {said[1].facts}"),
    )


def _first_target(panel: Panel) -> Panel:
    """A panel of one term, so that a picture keeps no more than its cells."""
    sign = None if panel.sign is None else panel.sign[:1, :1]
    return Panel(panel.title, panel.quantity, panel.log10[:1, :1], sign, None, panel.inputs[:1])


def _cut(
    settings: Settings,
    change: Change,
    values: Sequence[float],
    longest: int,
    shots: Sequence[_Shot],
) -> Film:
    """The shots on one colour scale, in the square of the largest."""
    view = replace(shots[0].view, high=max(shot.view.high for shot in shots))
    n = max(len(shot.cells[0].log10) for shot in shots)
    both = [
        FilmPanel(
            panel.title,
            panel.quantity,
            np.stack([triangle(shown_levels(shot.cells[side], view), n) for shot in shots]),
            (),
            np.zeros((len(shots), 0, n), np.uint8),
            [shot.said[side] for shot in shots],
        )
        for side, panel in enumerate(shots[0].panels)
    ]
    here = value_of(settings, change.name)
    return Film(
        words.film_title(change.name, values[0], values[-1]),
        both,
        colour_table(shots[0].panels[0], view),
        film_bar(both, shots[0].panels[0], view),
        view.axis,
        T=longest,
        cells=n,
        labels=[words.label(change.name, value) for value in values],
        counted=words.COUNTED[change.name],
        start=int(np.argmin(np.abs(np.array(values) - here))),
        rate=RATE,
    )


def triangle(levels: Array, n: int) -> Array:
    """A picture's cells up to the diagonal, row by row, in a square of n by n."""
    square = np.full((n, n), NOTHING, dtype=np.uint8)
    square[: len(levels), : len(levels)] = levels
    return square[np.tril_indices(n)]
