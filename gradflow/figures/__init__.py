"""Figures: records in, `plotly.graph_objects.Figure` out, one module per plot."""

from gradflow.figures.classes import Shares, shares
from gradflow.figures.graph import Edge, Graph, Node, graph
from gradflow.figures.heatmap import heatmap
from gradflow.figures.outline import Outline, outlined
from gradflow.figures.panel import Panel, relative_to_first
from gradflow.figures.profile import Line, Profile, profile
from gradflow.figures.scale import View, colour_range
from gradflow.figures.sheet import sheet

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
