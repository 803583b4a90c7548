"""The component of one chart that keeps its node when it changes."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from gradflow.ui.component import assets, plotly_js
from gradflow.ui.component.packing import packed
from gradflow.ui.shared.plain_charts import plain_chart

_mount = assets.declared_component("chart", "chart_component")


def chart(parts: dict[str, Any], key: str) -> None:
    """Show a figure for reading, without buttons and zoom.

    Parameters
    ----------
    parts : mapping
        Its "data" and "layout", as Plotly's plain mappings.
    key : str
        Streamlit key.
    """
    config = {"displayModeBar": False}
    if not assets.available():
        plain_chart(go.Figure(parts), f"{key}_plain", config)
        return
    content = {"plotly": plotly_js.address(), "chart": {"key": key, "config": config, **parts}}
    _mount(key=key, data=packed(content), on_failed_change=assets.give_up)
