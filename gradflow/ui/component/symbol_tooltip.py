"""The component that tells what a formula's symbols are."""

from __future__ import annotations

import streamlit as st

from gradflow.ui.component import assets
from gradflow.ui.shared.symbol_words import SYMBOLS

_mount = st.components.v2.component(
    "gradflow_symbols",
    html=assets.file_text("symbols.html"),
    js=assets.script("symbols_component"),
    isolate_styles=False,
)


def explain_symbols() -> None:
    """Tell what each symbol of the page's formulas is, under the pointer or with the focus."""
    _mount(key="symbols", data=SYMBOLS)
