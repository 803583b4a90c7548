"""What the plots and the page draw by: records in, Plotly's data and layout out.

A `plot_*` function makes these records from a flow; a page makes its own, with panels and views
that the plots do not need. Imports plotly and the core, and nothing of the plots.
"""
