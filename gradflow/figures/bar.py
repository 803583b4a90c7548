"""The bar of buttons above a chart."""

from types import MappingProxyType

# Plotly's own configuration has a button that would send the chart to a server outside.
BAR = MappingProxyType({"displaylogo": False, "showSendToCloud": False})
