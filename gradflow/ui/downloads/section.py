"""What can be copied from a section of downloads."""

from __future__ import annotations

import streamlit as st

# Python of more lines scrolls.
_HEIGHT = 260


def copies(code: str, link: str | None = None) -> None:
    """Draw Python and a link to copy."""
    st.code(code, language="python", height=_HEIGHT)
    if link is not None:
        st.code(link, language=None, wrap_lines=True)
