"""What the components share: script, style, and what is done where they cannot be shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_FAILED = "charts_failed"
_FOLDER = Path(__file__).parent

# The modules that a module imports.
_IMPORTED = re.compile(r'^import\s[^;]*\sfrom\s"\./(\w+)\.js";$', re.MULTILINE)

# What only the modules need: comments on lines of their own, imports, the word export, indents.
_NOT_SENT = re.compile(
    r"""^(?:\s*//.*\n|import\s[^;]*\sfrom\s"\./\w+\.js";\n|export\s(?!default)|[ ]+)""",
    re.MULTILINE,
)


def declared_component(name: str, entry: str, style: str = "charts") -> Callable[..., Any]:
    """A component whose markup is in the file of its name.

    Parameters
    ----------
    name : str
        Of the file, and of the component.
    entry : str
        The script that Streamlit calls.
    style : str
        Of the style's file, beside that of the colour bars.
    """
    return st.components.v2.component(
        f"gradflow_{name}",
        html=file_text(f"{name}.html"),
        css=css(style),
        js=script(entry),
        isolate_styles=False,
    )


def css(style: str) -> str:
    """A style, and that of the colour bars."""
    return file_text("colour_bars.css") + file_text(f"{style}.css")


def script(entry: str) -> str:
    """A script and all that it imports in one text, as short as it travels: with every new value.

    A component's script is one file that finds no others beside it, so that no two modules may have
    a top-level name in common.
    """
    return _NOT_SENT.sub("", "\n".join(file_text(f"scripts/{name}.js") for name in _modules(entry)))


def _modules(entry: str) -> list[str]:
    """A script and all that it imports, what is imported first."""
    found: dict[str, None] = {}
    for name in _IMPORTED.findall(file_text(f"scripts/{entry}.js")):
        found |= dict.fromkeys(_modules(name))
    return [*found, entry]


def file_text(name: str) -> str:
    """What is in a file of the components."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def available() -> bool:
    """Whether components can be shown: the browser has reported no failure."""
    return not st.session_state.get(_FAILED)


def give_up() -> None:
    """Show plain charts from now on; what a component that fails calls."""
    st.session_state[_FAILED] = True
