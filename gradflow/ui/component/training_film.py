"""The component of a film: its slider moves in the browser, and tells where it came to rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from gradflow.ui.component import assets, plotly_js
from gradflow.ui.component.packing import packed
from gradflow.ui.shared.plain_charts import plain_chart

_mount = assets.declared_component("training_film", "chart_component")


def draw_film(
    parts: dict[str, Any],
    key: str,
    name: str,
    place: int,
    config: dict[str, Any],
    on_rest: Callable[[Any], None],
) -> None:
    """Show a figure with frames.

    Parameters
    ----------
    parts : mapping
        Its "data", "layout" and "frames", as Plotly's plain mappings; the slider has a step for
        each frame, whose value is a number.
    key : str
        Streamlit key.
    name : str
        Tells it from other films: one that is shown already is left where it is.
    place : int
        The frame it opens at, from 0 on.
    config : mapping
        Plotly's.
    on_rest : callable
        Called, as callbacks of widgets are, with the number of the step at which the slider rests.
    """
    if not assets.available():
        plain_chart(go.Figure(parts), f"{key}_plain", config)
        return
    chart = parts | {"key": key, "config": config, "film": name, "place": place}

    def moved() -> None:
        held = st.session_state.get(key)  # none where a browser sent a state that is no JSON
        on_rest(held.get("moved") if isinstance(held, dict) else None)

    _mount(
        key=key,
        data=packed({"plotly": plotly_js.address(), "chart": chart}),
        on_moved_change=moved,
        on_failed_change=assets.give_up,
    )
