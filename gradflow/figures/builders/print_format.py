"""How a figure for print is laid out: its width, its letters, and where each plot stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Width = Literal["column", "columns", "slide"]

# Plotly's pixels are 1/96 inch, and a point is 1/72.
_PIXELS_PER_POINT = 96.0 / 72.0

LEAST_POINTS = 7.0

# Pixels of 85 and 178 mm, and of a slide of 13.33 inches; plots in a row; a plot's largest side.
_WIDTHS: dict[str, tuple[int, int, int]] = {
    "column": (321, 1, 420),
    "columns": (673, 2, 420),
    "slide": (1280, 3, 460),
}

# Room around a plot, in sizes of a letter: ticks and title of the axes, and the heading.
LEFT, RIGHT, TOP, BOTTOM = 4.6, 1.0, 1.9, 3.3
_BAR = 4.0
_LEGEND_LINE = 1.6
LETTER = 0.6  # mean width of a letter


@dataclass(frozen=True)
class PrintFormat:
    """The form of a figure for print.

    Attributes
    ----------
    width : "column", "columns" or "slide"
        One column of a journal (85 mm), two (178 mm), or a slide (13.33 inches).
    points : float
        Size of all letters at that width, at least 7.
    dark : bool
        Light letters on dark paper.
    zoom : tuple of four floats, optional
        First and last place across, then down, where the heatmaps show a part of their cells.

    Raises
    ------
    ValueError
        If the width is unknown, or the letters are below 7 points.
    """

    width: Width = "columns"
    points: float = 8.0
    dark: bool = False
    zoom: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.width not in _WIDTHS:
            raise ValueError(f"width must be one of {', '.join(_WIDTHS)}. Got {self.width!r}.")
        if not self.points >= LEAST_POINTS:
            raise ValueError(f"points must be at least {LEAST_POINTS:g}. Got {self.points}.")

    @property
    def pixels(self) -> int:
        """Its width."""
        return _WIDTHS[self.width][0]

    @property
    def letter(self) -> float:
        """Size of a letter in pixels."""
        return self.points * _PIXELS_PER_POINT

    def characters(self, pixels: float) -> int:
        """Letters that fit in a line."""
        return max(1, int(pixels / (LETTER * self.letter)))


class Place(NamedTuple):
    """Where something stands, in pixels from the left and the top."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Placed:
    """The places of a figure's plots.

    Attributes
    ----------
    heatmaps : tuple of Place
        The heatmaps' plots, without what stands around them.
    bars : tuple of Place
        The colour bars: one for all, or one for each heatmap.
    profile : Place or None
        The profile's plot.
    bottom : float
        Where the plots end, with what stands around them.
    """

    heatmaps: tuple[Place, ...]
    bars: tuple[Place, ...]
    profile: Place | None
    bottom: float


def placed(
    form: PrintFormat,
    heatmaps: int,
    with_profile: bool,
    legend_lines: int,
    one_bar: bool = True,
    words: float = 0.0,
) -> Placed:
    """Where the plots of a figure stand: heatmaps in rows, the profile beside or below them.

    Parameters
    ----------
    form : PrintFormat
        The figure's form.
    heatmaps : int
        How many.
    with_profile : bool
        Whether there is a profile.
    legend_lines : int
        Lines of its legend.
    one_bar : bool
        Whether one colour bar is enough for all heatmaps.
    words : float
        Pixels that words need at the axes, more than numbers do.
    """
    total, most, largest = _WIDTHS[form.width]
    letter = form.letter
    in_row = max(1, min(most, heatmaps + with_profile))
    cell = total / in_row
    beside = letter * (LEFT + RIGHT)
    side = min(cell - beside - words, largest)
    plots, bars, top = [], [], 0.0
    for first in range(0, heatmaps, in_row):
        count = min(in_row, heatmaps - first)
        row = [
            Place(n * cell + letter * LEFT + words, top + letter * TOP, side, side)
            for n in range(count)
        ]
        plots += row
        top = row[0].top + side + letter * BOTTOM + words
        if not one_bar:
            bars += [Place(place.left, top, side, letter) for place in row]
            top += letter * _BAR
    if one_bar and heatmaps:
        start, end = plots[0].left, max(place.left for place in plots) + side
        width = min(end - start, 36.0 * letter)
        bars.append(Place(0.5 * (start + end - width), top, width, letter))
        top += letter * _BAR
    profile = None
    if with_profile:
        above = letter * (TOP + _LEGEND_LINE * legend_lines)
        beside_them = heatmaps % in_row
        if beside_them:  # there is room beside the last heatmaps
            left, head = beside_them * cell + letter * LEFT, plots[-1].top - letter * TOP + above
            profile = Place(left, head, total - left - letter * RIGHT, plots[-1].top + side - head)
        else:
            wide = total - beside
            height = min(max(0.42 * wide, 14.0 * letter), 320.0)
            profile = Place(letter * LEFT, top + above, wide, height)
            top = profile.top + height + letter * BOTTOM
    return Placed(tuple(plots), tuple(bars), profile, top)
