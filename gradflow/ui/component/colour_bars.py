"""The colour bars under heatmaps: one for all that have the same colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradflow.figures.builders.colour_scale import (
    View,
    bar_title,
    barred,
    ends_and_colours,
    ticks,
)
from gradflow.figures.builders.panel import Panel
from gradflow.ui.component import assets
from gradflow.ui.component.packing import packed

_mount = assets.declared_component("colour_bars", "bars_component")


def bar_content(panel: Panel, view: View) -> dict[str, Any]:
    """The colour bar of one panel, or of several: its places are shares of its length."""
    low, high, colours = ends_and_colours(panel, view)
    return {
        "title": bar_title(view),
        "colours": colours,
        "ticks": [((at - low) / (high - low), text) for at, text in ticks(panel, view).items()],
    }


def bars_content(panels: Sequence[Panel], view: View) -> list[dict[str, Any]]:
    """The bars that panels need, with what marks of theirs are to be explained."""
    few = any(panel.has_doubtful for panel in panels)
    return [bar_content(panel, view) | {"few": few} for panel in barred(panels, view)]


def draw_bars(panels: Sequence[Panel], view: View, key: str) -> None:
    """Draw the bars of heatmaps that are drawn without, where `assets.available`."""
    if assets.available():
        _mount(key=key, data=packed(bars_content(panels, view)))
