"""The parts of figures that every page builds alike: the view, and one row as curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from gradflow.analysis import memory
from gradflow.figures.builders.colour_scale import View, colour_range
from gradflow.figures.builders.lag_profile import Line, Profile
from gradflow.figures.builders.panel import Panel, relative_to_first
from gradflow.numerics.scaled import Array
from gradflow.ui.shared.view_settings import ViewSettings


def view(settings: ViewSettings, shown: Sequence[Panel], signs: bool = False) -> View:
    """How heatmaps are shown, on one colour scale."""
    low, high = colour_range(shown, settings.relative, settings.floor)
    axis: Literal["lag", "source"] = "source" if settings.axis == "source" else "lag"
    return View(settings.relative, settings.floor, signs, axis, low, high)


def profile(
    settings: ViewSettings,
    quantity: str,
    rows: Sequence[tuple[str, str, Array]],
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
    rows : sequence of (title, colour, log10)
        log10 of a network's terms by lag, (t,).
    beside : sequence of Line
        Curves that are drawn as they are.
    powers : array of shape (t,), optional
        log10 of the powers of the recurrent weight.
    """
    t = len(rows[0][2])
    lines = [
        Line(title, relative_to_first(row[None])[0] if settings.relative else row, colour)
        for title, colour, row in rows
    ]
    zero_lags = {title: memory.rounds_to_zero(row) for title, _, row in rows}
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
