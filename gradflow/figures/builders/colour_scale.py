"""The colour scale that several heatmaps share, and its bar."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradflow.figures.builders.colours import (
    DOUBTFUL,
    GROWN,
    NEGATIVE_GROWN,
    NEGATIVE_SHRUNK,
    POSITIVE_GROWN,
    POSITIVE_SHRUNK,
    SHRUNK,
    ZERO,
)
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.text import power_of_ten
from gradflow.figures.builders.tick_labels import power_ticks

FONT = 12
AXES = ("lag", "source", "log")
Axis = Literal["lag", "source", "log"]
UNDER_TITLE = "<br><span style='font-size:3px'> </span>"  # keeps the title off the colour bar


@dataclass(frozen=True)
class View:
    """How panels are shown; one view serves them all, so that their colours compare.

    Attributes
    ----------
    relative : bool
        Relative to the k = 1 term of each row.
    floor : float
        log10 of the magnitude below which all colours are alike.
    signs : bool
        Colour by sign too, where a panel has signs.
    axis : "lag", "source" or "log"
        What the horizontal axis counts: lags, source steps, or lags on a log scale.
    low, high : float
        log10 of the magnitudes at the ends of the colour scale.
    dark : bool or None
        Colour of the text: for a dark page, a light one, or None to leave it to the page's theme.

    Raises
    ------
    ValueError
        If low is not below high, or the axis is unknown.
    """

    relative: bool = True
    floor: float = -12.0
    signs: bool = False
    axis: Axis = "lag"
    low: float = -12.0
    high: float = 0.0
    dark: bool | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low must be below high. Got {self.low} and {self.high}.")
        if self.axis not in AXES:
            raise ValueError(f"axis must be 'lag', 'source' or 'log'. Got {self.axis!r}.")


def colour_range(panels: Sequence[Panel], relative: bool, floor: float) -> tuple[float, float]:
    """Ends of the colour scale that several panels share.

    Parameters
    ----------
    panels : sequence of Panel
        The panels.
    relative : bool
        Whether they are shown relative to the k = 1 term.
    floor : float
        log10 of the lowest magnitude told apart.

    Returns
    -------
    tuple of two floats
        low is the floor; high the largest log10, rounded up to a whole number, at least 0, so that
        the scale has the colour of 1, and always above low.
    """
    high = 0.0
    for panel in panels:
        shown = panel.relative if relative else panel.log10
        largest = np.fmax.reduce(shown, axis=None, initial=-np.inf)
        if np.isfinite(largest):
            high = max(high, math.ceil(float(largest) - 1e-9))
    return float(floor), float(max(high, math.floor(floor) + 1))


def colour_bar(
    panel: Panel, view: View, beside: Sequence[Panel] = (), **place: Any
) -> dict[str, Any]:
    """The colour bar, thin and flat under the plot.

    Parameters
    ----------
    panel : Panel
        A panel that has the bar's colours.
    view : View
        How panels are shown.
    beside : sequence of Panel
        Others that the bar is of too.
    **place
        Fields that place it elsewhere.

    Returns
    -------
    dict
    """
    every = (panel, *beside)
    zeros, doubtful = (any(one.has_zeros for one in every), any(one.has_doubtful for one in every))
    return flat_bar(ticks(panel, view), bar_title(view), zeros, doubtful) | place


def flat_bar(
    labels: Mapping[float, str], title: str, zeros: bool, doubtful: bool = False
) -> dict[str, Any]:
    """A colour bar under the plot.

    Parameters
    ----------
    labels : mapping of float to str
        What stands at each position.
    title : str
        What the colours mean.
    zeros : bool
        Whether to say which colour is that of exact zeros.
    doubtful : bool
        Whether to say which is that of terms with too few digits.
    """
    zero = f"   <span style='color:{ZERO}'>▦</span> exactly zero" if zeros else ""
    few = f"   <span style='color:{DOUBTFUL}'>▦</span> too few digits" if doubtful else ""
    text = f"{title}{zero}{few}{UNDER_TITLE}"
    return {
        "orientation": "h",
        "thickness": 10,
        "len": 1.0,
        "x": 0.5,
        "xanchor": "center",
        "yref": "container",
        "y": 0.0,
        "yanchor": "bottom",
        "ypad": 2,
        "xpad": 0,
        "outlinewidth": 0,
        "tickvals": list(labels),
        "ticktext": list(labels.values()),
        "tickfont": {"size": FONT},
        "ticks": "outside",
        "ticklen": 3,
        "ticklabeloverflow": "allow",
        "title": {"text": text, "side": "top", "font": {"size": FONT}},
    }


def by_sign(panel: Panel, view: View) -> bool:
    """Whether a panel is coloured by sign: only one that has signs, and on request."""
    return view.signs and panel.sign is not None


def barred(panels: Sequence[Panel], view: View) -> Sequence[Panel]:
    """The panels that need a colour bar of their own: one for all where their colours agree."""
    return panels[:1] if len({by_sign(panel, view) for panel in panels}) == 1 else panels


def bar_title(view: View) -> str:
    """What the colours are."""
    return "size relative to its row's k = 1 term" if view.relative else "size of the term"


def ends_and_colours(panel: Panel, view: View) -> tuple[float, float, Any]:
    """Lowest and highest position on the colour scale, and the scale."""
    if not by_sign(panel, view):
        return view.low, view.high, size_colours(view)
    negative = _stops(view.low, view.high, NEGATIVE_SHRUNK, NEGATIVE_GROWN)
    positive = _stops(view.low, view.high, POSITIVE_SHRUNK, POSITIVE_GROWN)
    both = [(0.5 - 0.5 * at, colour) for at, colour in negative[:0:-1]]
    both += [(0.5 + 0.5 * at, colour) for at, colour in positive]
    return view.low - view.high, view.high - view.low, tuple(both)


def size_colours(view: View) -> tuple[tuple[float, str], ...]:
    """The scale of sizes without a sign."""
    return _stops(view.low, view.high, SHRUNK, GROWN)


def _stops(
    low: float, high: float, shrunk: Sequence[str], grown: Sequence[str]
) -> tuple[tuple[float, str], ...]:
    """Colours by position, 0 at log10 = low and 1 at high; that of log10 = 0 is fixed."""
    one = min(max(-low / (high - low), 0.0), 1.0)
    below = [one * n / (len(shrunk) - 1) for n in range(len(shrunk))] if one > 0.0 else []
    above = [one + (1.0 - one) * n / (len(grown) - 1) for n in range(len(grown))]
    if one == 1.0:
        above = []
    return (
        *zip(below, shrunk, strict=False),
        *zip(above[1:] if below else above, grown[1:] if below else grown, strict=False),
    )


def ticks(panel: Panel, view: View) -> dict[float, str]:
    """Labels of the colour bar by position."""
    return signed_ticks(view) if by_sign(panel, view) else size_ticks(view)


def size_ticks(view: View) -> dict[float, str]:
    """Labels of an unsigned colour bar by position."""
    exponents = power_ticks(view.low, view.high, 5)
    crowded = (view.high - view.low) / 6.0
    ticks = {float(e): power_of_ten(e) for e in exponents if e - view.low > crowded}
    at_floor = "≤ " if view.low == view.floor else ""
    return {view.low: at_floor + _power(view.low), **ticks}


def signed_ticks(view: View) -> dict[float, str]:
    """Labels of a signed colour bar by position: 0 is the floor, either sign outward."""
    exponents = power_ticks(view.low, view.high, 3)
    crowded = (view.high - view.low) / 4.0
    ticks = {e - view.low: power_of_ten(e) for e in exponents if e - view.low > crowded}
    negative = {-position: "−" + label for position, label in ticks.items()}
    positive = {position: "+" + label for position, label in ticks.items()}
    middle = {0.0: f"≤ {_power(view.low)}"}
    return dict(sorted({**negative, **middle, **positive}.items()))


def _power(log10: float) -> str:
    if float(log10).is_integer():
        return power_of_ten(int(log10))
    return f"{10.0 ** (log10 - math.floor(log10)):.1f}·{power_of_ten(math.floor(log10))}"
