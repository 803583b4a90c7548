"""Figures: records in, `plotly.graph_objects.Figure` out, one module per plot."""

from gradflow.figures.heatmap import heatmap
from gradflow.figures.panel import Panel, relative_to_first
from gradflow.figures.profile import Line, Profile, profile
from gradflow.figures.scale import View, colour_range
from gradflow.figures.sheet import sheet

__all__ = [
    "Line",
    "Panel",
    "Profile",
    "View",
    "colour_range",
    "heatmap",
    "profile",
    "relative_to_first",
    "sheet",
]
