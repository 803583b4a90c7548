"""The pulse: the gradient of one target on its way back through both networks, as a film."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

import gradflow as gf
from gradflow.figures.builders.cell_levels import (
    NOTHING,
    colour_table,
    shown_levels,
    signed_levels,
)
from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.heatmap_cells import shown_cells
from gradflow.figures.builders.panel import (
    Panel,
    doubtful_units,
    in_doubtful_rows,
    row_units,
)
from gradflow.figures.builders.pooling import block_size
from gradflow.numerics.scaled import Array
from gradflow.ui.comparison import film_words as words
from gradflow.ui.component.film import Film, FilmPanel, Lane, even_columns, film_bar
from gradflow.ui.shared import panels
from gradflow.ui.shared.doubtful_terms import few_digits, few_digits_of_classes
from gradflow.ui.shared.experiment import Experiment, explained_parameter
from gradflow.ui.shared.settings import Settings

# Pictures at most, cells a side at most, and how long it plays: a step back is to be seen.
_MOST_PICTURES = 120
_MOST_CELLS = 200
_SECONDS = 5.0
_SLOWEST, _FASTEST = 4.0, 30.0


@dataclass(frozen=True, eq=False)
class Arrivals:
    """What reaches each step of a network, of one target.

    Attributes
    ----------
    names : tuple of str
        The ways, one a row of the arrays.
    log10, sign : arrays of shape (ways, t)
        Lag k in column k - 1. The ways add up to all that reaches a step.
    whole : array of shape (t,)
        log10 of all together.
    few : bool array of shape (ways, t)
        What has too few digits.
    whole_few : bool array of shape (t,)
        The same of all together.
    """

    names: tuple[str, ...]
    log10: Array
    sign: Array
    whole: Array
    few: Array
    whole_few: Array


def arrivals_by_way(experiment: Experiment, gate: str, t: int) -> tuple[Arrivals, Arrivals]:
    """What reaches each step: dL_t/dz_j of the RNN, and of one gate of the LSTM by its ways.

    Parameters
    ----------
    experiment : Experiment
        Both networks.
    gate : str
        The gate, one of i, f, c and o.
    t : int
        Target step.
    """
    rnn, lstm = (_of_target(flow, t) for flow in (experiment.rnn, experiment.lstm))
    name = f"b_{gate}"
    ways = lstm.by_detours(name, classes=2)
    assert ways.sign is not None
    one, both = rnn.log10("b")[:, :t], lstm.log10(name)[0, :t]
    one_few, both_few = _few(rnn, "b"), _few(lstm, name)
    few = few_digits_of_classes(lstm, name, ways, both_few) if both_few.any() else both_few[None]
    return (
        Arrivals((words.STATE,), one, rnn.sign("b")[:, :t], one[0], one_few[:, :t], one_few[0, :t]),
        Arrivals(
            (words.CELL_LINE, words.DETOURS),
            ways.log10[:, 0, :t],
            ways.sign[:, 0, :t],
            both,
            np.broadcast_to(few, ways.log10.shape)[:, 0, :t],
            both_few[0, :t],
        ),
    )


def _few(flow: gf.GradientFlow, name: str) -> Array:
    """The terms with too few digits, (1, T)."""
    found = few_digits(flow, name)
    return np.zeros((1, flow.T), bool) if found is None else found


def _of_target(flow: gf.GradientFlow, t: int) -> gf.GradientFlow:
    """The same flow, of one target alone."""
    given = (flow.cell, flow.x, flow.readout, flow.loss, flow.initial_state)
    return gf.gradient_flow(*given, targets=[t])


def pulse_of(settings: Settings, experiment: Experiment) -> Film:
    """The pictures: in each the gradient has gone back some steps further.

    Of the LSTM they show one gate, with signs: the one chosen, or the one that is explained where
    several are shown together.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    experiment : Experiment
        What they make.
    """
    t = settings.target_step(experiment.T)
    gate = explained_parameter(experiment.lstm, settings)[-1]
    shown = replace(settings, gate=gate, clipping=False)
    both = panels.both_panels(shown, experiment, shares=False)
    arrivals = arrivals_by_way(experiment, gate, t)
    view = _view(shown, both, arrivals)
    block = max(block_size(experiment.T), math.ceil(experiment.T / _MOST_CELLS))
    n = math.ceil(experiment.T / block)
    reached = _reached(math.ceil(t / block))
    sides = [
        _panel(panel, arriving, _PulseTarget(view, block, n, t), reached)
        for panel, arriving in zip(both, arrivals, strict=True)
    ]
    return Film(
        words.pulse_title(t),
        sides,
        colour_table(both[0], view),
        film_bar(sides, both[0], view),
        view.axis,
        T=experiment.T,
        cells=n,
        labels=[words.reached(t, min(cells * block, t)) for cells in reached],
        counted=words.REACHED,
        start=len(reached) - 1,
        rate=min(max(len(reached) / _SECONDS, _SLOWEST), _FASTEST),
        heads=[_head(_PulseTarget(view, block, n, t), cells) for cells in reached],
    )


@dataclass(frozen=True)
class _PulseTarget:
    """Where the row of the target lies in the heatmap.

    Attributes
    ----------
    view : View
        How the heatmaps are shown.
    block, n, t : int
        Steps of a cell, cells a side, target step.
    """

    view: View
    block: int
    n: int
    t: int

    @property
    def row(self) -> int:
        """From 0 on."""
        return (self.t - 1) // self.block

    def column(self, cells: int) -> int:
        """Of the cell that is so many cells back, from 1 on."""
        return self.row + 1 - cells if self.view.axis == "source" else cells - 1


def _view(
    settings: Settings, both: tuple[Panel, Panel], arrivals: tuple[Arrivals, Arrivals]
) -> View:
    """The heatmaps' own view, whose scale has room for what reaches a step by each way."""
    view = replace(panels.view(settings, both), signs=True)
    largest = max(float(_shown(arriving, view).max(initial=-math.inf)) for arriving in arrivals)
    high = math.ceil(largest - 1e-9) if math.isfinite(largest) else 0
    return replace(view, high=max(view.high, float(high)))


def _shown(arriving: Arrivals, view: View) -> Array:
    """log10 of what goes each way, divided as the heatmap's row is, (ways, t)."""
    unit = row_units(arriving.whole[None])[0] if view.relative else 0.0
    return np.asarray(arriving.log10 - unit)


def _few_shown(arriving: Arrivals, view: View) -> Array:
    """What of that has too few digits, (ways, t)."""
    if not view.relative:
        return arriving.few
    unit = doubtful_units(arriving.whole[None], arriving.whole_few[None])
    return in_doubtful_rows(arriving.log10, arriving.few, np.repeat(unit, len(arriving.log10)))


def _reached(cells: int) -> list[int]:
    """How many cells the gradient has gone through in each picture: none at first, all at last."""
    each = math.ceil(cells / _MOST_PICTURES)
    return [*range(0, cells, each), cells]


def _head(place: _PulseTarget, cells: int) -> tuple[int, int]:
    """The cell that is reached."""
    return place.row, place.column(cells) if cells else -1


def _panel(panel: Panel, arriving: Arrivals, place: _PulseTarget, reached: list[int]) -> FilmPanel:
    n, row = place.n, place.row
    levels = shown_levels(shown_cells(panel, even_columns(place.view), place.block), place.view)
    lanes = _lanes(arriving, place)
    triangles, strips = [], []
    for cells in reached:
        seen = np.zeros(n, dtype=bool)
        seen[[place.column(cell) for cell in range(1, cells + 1)]] = True
        square = levels.copy()
        square[row] = np.where(seen, levels[row], NOTHING)
        triangles.append(square[np.tril_indices(n)])
        strips.append(np.where(seen, lanes, NOTHING))
    named = [Lane(name, words.lane(panel.title, name)) for name in arriving.names]
    return FilmPanel(
        panel.title,
        panel.quantity,
        np.stack(triangles),
        named,
        np.stack(strips).astype(np.uint8),
        [_said(panel, arriving, min(cells * place.block, place.t)) for cells in reached],
    )


def _lanes(arriving: Arrivals, place: _PulseTarget) -> Array:
    """Colours of the strips' cells, uint8 (ways, n); of a block the largest step's."""
    shown, block, t = _shown(arriving, place.view), place.block, place.t
    marks = _few_shown(arriving, place.view)
    lanes = np.full((len(shown), place.n), NOTHING, dtype=np.uint8)
    for cell in range(1, math.ceil(t / block) + 1):
        lags = slice((cell - 1) * block, min(cell * block, t))
        largest = shown[:, lags].argmax(axis=1)[:, None]
        sizes = np.take_along_axis(shown[:, lags], largest, axis=1)
        signs, few = (
            np.take_along_axis(array[:, lags], largest, axis=1) for array in (arriving.sign, marks)
        )
        lanes[:, place.column(cell)] = signed_levels(sizes, signs, place.view, few)[:, 0]
    return lanes


def _said(panel: Panel, arriving: Arrivals, k: int) -> str:
    """What has reached the step at lag k."""
    if not k:
        return words.BEFORE
    if arriving.whole_few[[0, k - 1]].any():
        return words.unsure(len(arriving.whole) + 1 - k)
    own = arriving.whole[0]
    share = float(arriving.whole[k - 1] - own) if np.isfinite(own) else math.nan
    return words.arrived(len(arriving.whole) + 1 - k, share)
