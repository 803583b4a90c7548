"""Figures: records in, `plotly.graph_objects.Figure` out, one module per plot."""

from gradflow.figures._heatmap import heatmap
from gradflow.figures._path_classes import Shares, shares
from gradflow.figures._profile import Line, Profile, profile
from gradflow.figures._sheet import sheet
from gradflow.figures._unrolled_graph import (
    Edge,
    Graph,
    Node,
    graph,
)
from gradflow.figures.colour_scale import View, colour_range
from gradflow.figures.outline import Outline, outlined
from gradflow.figures.panel import Panel, relative_to_first

__all__ = [
    "Edge",
    "Graph",
    "Line",
    "Node",
    "Outline",
    "Panel",
    "Profile",
    "Shares",
    "View",
    "colour_range",
    "graph",
    "heatmap",
    "outlined",
    "profile",
    "relative_to_first",
    "shares",
    "sheet",
]
