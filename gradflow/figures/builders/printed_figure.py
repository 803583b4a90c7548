"""A figure for print: chosen plots at a chosen width, with letters that are read at that width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colour_scale import UNDER_TITLE, View, barred, colour_bar
from gradflow.figures.builders.colours import INK, PAPER
from gradflow.figures.builders.heatmap_cells import shown_cells
from gradflow.figures.builders.lag_profile import (
    Profile,
    legend,
    notes,
    profile_axes,
    profile_traces,
)
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.print_format import (
    LEFT,
    LETTER,
    TOP,
    Place,
    Placed,
    PrintFormat,
    placed,
)
from gradflow.figures.builders.term_heatmap import (
    STRIP,
    heatmap_annotations,
    heatmap_axes,
    heatmap_traces,
    strip_axis,
    x_label_depth,
)
from gradflow.figures.builders.text import escaped, wrapped
from gradflow.figures.builders.tick_labels import tick_step

_CAPTION_LINE = 1.35
_LEGEND_MARK = 5.0  # a legend's line and gap, in sizes of a letter
_TICKS = 5
_ACROSS = {
    "lag": "lag k (k = 1: step t itself)",
    "source": "source step j",
    "log": "lag k, log scale (k = 1: step t itself)",
}


def figure_for_print(
    panels: Sequence[Panel],
    view: View,
    profile: Profile | None,
    caption: Sequence[str],
    form: PrintFormat,
    block: int = 1,
) -> go.Figure:
    """Some heatmaps, the profile or both, with a caption below.

    Parameters
    ----------
    panels : sequence of Panel
        The heatmaps.
    view : View
        How to show them.
    profile : Profile or None
        The profile.
    caption : sequence of str
        Plain text, a paragraph each; what the profile's marks mean is added.
    form : PrintFormat
        Width, letters, paper and zoom.
    block : int
        Terms along each side of a cell of the heatmaps.

    Returns
    -------
    plotly.graph_objects.Figure
        As wide as its form says, and as high as it needs.
    """
    letter = form.letter
    said = [*caption, *([] if profile is None else notes(profile))]
    lines = [line for text in said for line in wrapped(text, form.characters(form.pixels - letter))]
    legend_lines = 0 if profile is None else _legend_lines(profile, form, len(panels))
    bars = barred(panels, view) if panels else ()
    words = max((x_label_depth(panel, view) for panel in panels), default=0) * letter / 12.0
    one_bar = len(bars) < 2
    places = placed(form, len(panels), profile is not None, legend_lines, one_bar, words)
    height = places.bottom + letter * (0.6 + _CAPTION_LINE * len(lines))
    sheet = _Sheet(form, height)
    for index, panel in enumerate(panels):
        bar_index = {0: 0} if one_bar else {n: n for n in range(len(panels))}
        bar = places.bars[bar_index[index]] if index in bar_index else None
        drawn = None if bar is None else sheet.bar(panel, view, bar, panels if one_bar else ())
        sheet.add_heatmap(panel, view, places.heatmaps[index], drawn, block)
    if profile is not None and places.profile is not None:
        sheet.add_profile(profile, view, places.profile, legend_lines)
    return sheet.figure(lines, places)


class _Sheet:
    """A figure that plots are put on, by their places in pixels."""

    def __init__(self, form: PrintFormat, height: float) -> None:
        self._form, self._height = form, height
        self._traces: list[dict[str, Any]] = []
        self._layout: dict[str, Any] = {}
        self._annotations: list[dict[str, Any]] = []
        self._axes = 0

    def add_heatmap(
        self, panel: Panel, view: View, place: Place, bar: dict[str, Any] | None, block: int
    ) -> None:
        x, y = self._new_axes()
        strip, _ = self._new_axes()
        side, letter = place.width, self._form.letter
        room = 1.5 * STRIP * side if panel.clip is not None else 0.0
        x_axis, y_axis = heatmap_axes(panel, view)
        x_axis["title"]["text"], y_axis["title"]["text"] = _axis_titles(view)
        self._zoom(x_axis, y_axis)
        slanted = x_label_depth(panel, view) / 12.0
        self._put(
            x,
            y,
            x_axis,
            y_axis,
            place._replace(width=side - room),
            LEFT - 1.5 + slanted,
            1.7 + slanted,
        )
        if panel.clip is not None:
            right = Place(place.left + side * (1.0 - STRIP), place.top, side * STRIP, place.height)
            self._layout[_key(strip)] = strip_axis() | {"domain": self._across(right), "anchor": y}
        cells = shown_cells(panel, view, block)
        self._traces += heatmap_traces(panel, view, cells, bar, None, (x, y, strip))
        fits = self._form.zoom is None and side > 32.0 * LETTER * letter + 3 * letter
        self._annotations += heatmap_annotations(panel, view, (x, y, strip), block, fits)

    def add_profile(self, profile: Profile, view: View, place: Place, legend_lines: int) -> None:
        x, y = self._new_axes()
        x_axis, y_axis = profile_axes(profile, view.floor)
        x_axis["title"]["text"] = f"lag k from t = {profile.t}"
        self._put(x, y, x_axis, y_axis, place, LEFT - 1.5)
        letters = place.width, place.height, self._form.letter
        self._traces += profile_traces(profile, (x, y), letters)
        across, up = self._across(place), self._up(place)
        flat = legend_lines == 1
        self._layout["legend"] = legend(
            x=across[0],
            y=up[1],
            xref="container",
            yref="container",
            orientation="h" if flat else "v",
            tracegroupgap=0,
        )

    def figure(self, lines: Sequence[str], places: Placed) -> go.Figure:
        ink = INK[self._form.dark]
        below = {
            "text": "<br>".join(map(escaped, lines)),
            "xref": "paper",
            "yref": "paper",
            "x": 0.0,
            "y": 1.0 - places.bottom / self._height,
            "xanchor": "left",
            "yanchor": "top",
            "xshift": 0.5 * self._form.letter,
            "align": "left",
            "showarrow": False,
            "font": {},
        }
        layout = {
            "template": {},
            "width": self._form.pixels,
            "height": round(self._height),
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0, "autoexpand": False},
            "paper_bgcolor": PAPER[self._form.dark],
            "plot_bgcolor": PAPER[self._form.dark],
            "font": {"color": ink},
            "showlegend": "legend" in self._layout,
            "annotations": [*self._annotations, below],
            **self._layout,
        }
        whole: dict[str, Any] = _lettered(
            {"data": self._traces, "layout": layout}, self._form.letter
        )
        return go.Figure(whole)

    def _new_axes(self) -> tuple[str, str]:
        self._axes += 1
        number = "" if self._axes == 1 else str(self._axes)
        return f"x{number}", f"y{number}"

    def _put(
        self,
        x: str,
        y: str,
        x_axis: dict[str, Any],
        y_axis: dict[str, Any],
        place: Place,
        left: float,
        down: float = 1.7,
    ) -> None:
        """Put axes at a place, with their titles so many letters to the left and below."""
        across, up = self._across(place), self._up(place)
        titles = x_axis.pop("title")["text"], y_axis.pop("title")["text"]
        self._layout[_key(x)] = {**x_axis, "domain": across, "anchor": y}
        self._layout[_key(y)] = {**y_axis, "domain": up, "anchor": x, "automargin": False}
        # Plotly keeps an axis's own title within margins, and here there are none.
        middle = {"x": sum(across) / 2.0, "y": sum(up) / 2.0}
        plain = {"xref": "paper", "yref": "paper", "showarrow": False, "font": {}}
        below = {"y": up[0], "yanchor": "top", "yshift": -down * self._form.letter}
        beside = {"x": across[0], "xanchor": "right", "xshift": -left * self._form.letter}
        self._annotations += [
            plain | middle | below | {"text": titles[0]},
            plain | middle | beside | {"text": titles[1], "textangle": -90},
        ]

    def _zoom(self, x_axis: dict[str, Any], y_axis: dict[str, Any]) -> None:
        if self._form.zoom is None:
            return
        left, right, top, bottom = self._form.zoom
        for axis, ends in ((x_axis, [left, right]), (y_axis, [bottom, top])):
            is_log = axis.get("type") == "log"
            axis["range"] = np.log10(ends).tolist() if is_log else ends
            if "ticktext" not in axis and not is_log:
                step = tick_step(abs(ends[1] - ends[0]), _TICKS)
                axis |= {"tickmode": "linear", "tick0": 0, "dtick": step}

    def bar(
        self, panel: Panel, view: View, place: Place, beside: Sequence[Panel]
    ) -> dict[str, Any]:
        left, right = self._across(place)
        bar = colour_bar(panel, view, beside, len=right - left, x=0.5 * (left + right))
        bar |= {"xref": "container", "y": self._up(place)[1], "yanchor": "top"}
        bar["title"]["text"] = bar["title"]["text"].removesuffix(UNDER_TITLE)
        return bar | {"thickness": 0.7 * self._form.letter}

    def _across(self, place: Place) -> list[float]:
        width = self._form.pixels
        return [place.left / width, (place.left + place.width) / width]

    def _up(self, place: Place) -> list[float]:
        bottom = place.top + place.height
        return [1.0 - bottom / self._height, 1.0 - place.top / self._height]


def _key(axis: str) -> str:
    return f"{axis[0]}axis{axis[1:]}"


def _axis_titles(view: View) -> tuple[str, str]:
    return _ACROSS[view.axis], "target step t"


def _legend_lines(profile: Profile, form: PrintFormat, heatmaps: int) -> int:
    """Lines of the profile's legend: one if its entries fit beside each other."""
    names = [line.name for line in profile.lines]
    count = len(names) + (profile.reference is not None)
    letters = sum(map(len, names)) * LETTER + count * _LEGEND_MARK
    alone = not heatmaps or form.width == "columns"
    room = form.pixels / form.letter - LEFT - TOP if alone else 0.0
    return 1 if letters <= room else count


def _lettered(value: Any, size: float) -> Any:
    """The same mapping with every letter of one size."""
    if isinstance(value, dict):
        fonts = ("font", "tickfont", "textfont")
        return {
            name: {**inner, "size": size} if name in fonts else _lettered(inner, size)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_lettered(inner, size) for inner in value]
    return value
