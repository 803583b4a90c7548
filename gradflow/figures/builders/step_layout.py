"""The layout of charts whose vertical axis counts steps."""

from __future__ import annotations

from typing import Any

from gradflow.figures.builders.colours import GRID

HEIGHT = 320
FONT = 12


def layout(x: str, y: str) -> dict[str, Any]:
    """The layout, with the titles of its axes."""
    axis = {"zeroline": False, "gridcolor": GRID, "tickfont": {"size": FONT}}
    return {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 62, "r": 10, "t": 10, "b": 50, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": FONT},
        "xaxis": axis | {"title": {"text": x, "font": {"size": FONT + 1}, "standoff": 6}},
        "yaxis": axis
        | {"title": {"text": y, "font": {"size": FONT + 1}, "standoff": 4}, "automargin": True},
        "legend": {"orientation": "h", "x": 0.0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
    }
