"""The parts of figures that every page builds alike: the view, and one row as curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from gradflow.analysis import memory
from gradflow.figures.builders.colour_scale import Axis, View, colour_range
from gradflow.figures.builders.lag_profile import Line, Profile
from gradflow.figures.builders.panel import (
    Panel,
    doubtful_units,
    in_doubtful_rows,
    relative_to_first,
)
from gradflow.numerics.scaled import Array
from gradflow.ui.shared.view_settings import ViewSettings


def view(settings: ViewSettings, shown: Sequence[Panel], signs: bool = False) -> View:
    """How heatmaps are shown, on one colour scale."""
    low, high = colour_range(shown, settings.relative, settings.floor)
    return View(settings.relative, settings.floor, signs, cast(Axis, settings.axis), low, high)


def profile(
    settings: ViewSettings,
    quantity: str,
    rows: Sequence[Line],
    beside: Sequence[Line] = (),
    powers: Array | None = None,
) -> Profile:
    """The row of one target as curves, one a network.

    Parameters
    ----------
    settings : ViewSettings
        The page's settings.
    quantity : str
        Name of the terms: "dL_t/dw_x".
    rows : sequence of Line
        log10 of a network's terms by lag, (t,).
    beside : sequence of Line
        Curves that are drawn as they are.
    powers : array of shape (t,), optional
        log10 of the powers of the recurrent weight.
    """
    t = len(rows[0].log10)
    lines = [_over_first(row) if settings.relative else row for row in rows]
    zero_lags = {row.name: memory.rounds_to_zero(row.log10) for row in rows}
    every = (*lines, *beside)
    return Profile(
        t,
        np.arange(1, t + 1),
        every,
        powers,
        zero_lags,
        quantity,
        settings.relative,
        settings.log_lags,
    )


def _over_first(row: Line) -> Line:
    """A row over its k = 1 term; where that has too few digits, so has all of it."""
    sizes, doubtful = row.log10[None], row.doubtful
    if doubtful is not None:
        few = doubtful[None]
        doubtful = in_doubtful_rows(sizes, few, doubtful_units(sizes, few))[0]
    return row._replace(log10=relative_to_first(sizes)[0], doubtful=doubtful)
