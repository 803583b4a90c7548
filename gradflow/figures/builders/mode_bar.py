"""The bar of buttons above a chart."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

# Plotly's own configuration has a button that would send the chart to a server outside.
# To select points does nothing here.
BAR = MappingProxyType(
    {
        "displaylogo": False,
        "showSendToCloud": False,
        "modeBarButtonsToRemove": ("select2d", "lasso2d"),
    }
)


def bar(name: str, camera: str) -> dict[str, Any]:
    """Plotly's configuration of one chart.

    Parameters
    ----------
    name : str
        Name of the picture's file, without its ending.
    camera : str
        Its format: "png" or "svg".
    """
    return {**BAR, "toImageButtonOptions": {"format": camera, "filename": name}}
