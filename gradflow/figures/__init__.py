"""Figures: records in, `plotly.graph_objects.Figure` out, one module per plot."""
