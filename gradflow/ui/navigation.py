"""The pages, with the title and the icon that the browser shows."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from gradflow import ui
from gradflow.ui import shared
from gradflow.ui.comparison.page import comparison_page
from gradflow.ui.component.symbol_tooltip import explain_symbols

_ICON = Path(ui.__file__).with_name("icon.svg")
_STYLE = Path(shared.__file__).with_name("style.css")


def navigate() -> None:
    """Draw the page that the visitor has chosen."""
    page = st.navigation(
        [
            st.Page(comparison_page, title="Compare", default=True),
            st.Page(_paths, title="Paths", url_path="paths"),
            st.Page(_derivation, title="Derivation", url_path="derivation"),
            st.Page(_model, title="Your model", url_path="model"),
            st.Page(_learning, title="Learning", url_path="learning"),
        ],
        position="top",
    )
    st.set_page_config(f"{page.title} · gradflow", str(_ICON), layout="wide")
    st.html(_STYLE)
    page.run()
    explain_symbols()


# The pages that few open first are imported when they are opened: nobody waits for the others.


def _paths() -> None:
    from gradflow.ui.paths.page import paths_page

    paths_page()


def _derivation() -> None:
    from gradflow.ui.derivation.page import derivation_page

    derivation_page()


def _model() -> None:
    from gradflow.ui.model.page import model_page

    model_page()


def _learning() -> None:
    from gradflow.ui.learning.page import learning_page

    learning_page()
