"""What the components share: script, style, and what is done where they cannot be shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from gradflow.ui.component import plotly_js

_FAILED = "charts_failed"
_FOLDER = Path(__file__).parent


def component(name: str) -> Callable[..., Any]:
    """A component whose markup is in the file of its name."""
    return st.components.v2.component(
        f"gradflow_{name}",
        html=_text(f"{name}.html"),
        css=_text("charts.css"),
        js=_text("pictures.js") + _text("charts.js"),
        isolate_styles=False,
    )


def available() -> bool:
    """Whether components can be shown: plotly.js is served, and the browser reported no failure."""
    return not st.session_state.get(_FAILED) and plotly_js.address() is not None


def give_up() -> None:
    """Show plain charts from now on; what a component that fails calls."""
    st.session_state[_FAILED] = True


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
