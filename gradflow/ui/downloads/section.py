"""The frame of a section of downloads: the expander, and what can be copied from it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

# Python of more lines scrolls.
_HEIGHT = 260


def opened_downloads(key: str, label: str) -> DeltaGenerator | None:
    """A place for the contents once the section is open; None while it is not.

    Parameters
    ----------
    key : str
        Key that holds whether it is open.
    label : str
        What it is called.
    """
    section = st.expander(label, icon=":material/download:", key=key, on_change="rerun")
    return section if section.open else None


def copies(code: str, link: str | None = None) -> None:
    """Draw Python and a link to copy."""
    st.code(code, language="python", height=_HEIGHT)
    if link is not None:
        st.code(link, language=None, wrap_lines=True)
