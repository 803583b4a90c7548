"""A folded section, whose contents are computed once it is open."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def opened_section(label: str, key: str, icon: str) -> DeltaGenerator | None:
    """A place for the contents of a section; None while it is folded.

    Parameters
    ----------
    label : str
        What it is called.
    key : str
        Key that holds whether it is open.
    icon : str
        Of Google's Material Symbols, by name.
    """
    section = st.expander(label, key=key, on_change="rerun", icon=f":material/{icon}:")
    return section if section.open else None


@st.fragment  # so that to open it runs nothing else of the page
def folded_text(label: str, key: str, text: str) -> None:
    """Draw a section of text with formulas; browsers lay it out once it is open.

    Parameters
    ----------
    label, key
        As in `opened_section`.
    text : str
        Markdown.
    """
    section = opened_section(label, key, "help")
    if section is not None:
        section.markdown(text)
