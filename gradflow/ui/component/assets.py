"""What the components share: script, style, and what is done where they cannot be shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from gradflow.ui.component import plotly_js

_FAILED = "charts_failed"
_FOLDER = Path(__file__).parent

# What only the modules need: comments on lines of their own, imports, and the word export.
_NOT_SENT = re.compile(
    r"""^(?:\s*//.*\n|import\s[^;]*\sfrom\s"\./\w+\.js";\n|export\s(?!default))""", re.MULTILINE
)


def component(name: str) -> Callable[..., Any]:
    """A component whose markup is in the file of its name."""
    return st.components.v2.component(
        f"gradflow_{name}",
        html=_text(f"{name}.html"),
        css=_text("charts.css"),
        js=script(),
        isolate_styles=False,
    )


def script() -> str:
    """The modules of the scripts in one text, as short as it travels: with every new value.

    A component's script is one file that finds no others beside it, so that no two modules may have
    a top-level name in common.
    """
    modules = sorted((_FOLDER / "scripts").glob("*.js"))
    return _NOT_SENT.sub("", "\n".join(_text(module) for module in modules))


def available() -> bool:
    """Whether components can be shown: plotly.js is served, and the browser reported no failure."""
    return not st.session_state.get(_FAILED) and plotly_js.address() is not None


def give_up() -> None:
    """Show plain charts from now on; what a component that fails calls."""
    st.session_state[_FAILED] = True


def _text(name: str | Path) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
