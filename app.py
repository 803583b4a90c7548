"""gradflow: streamlit run app.py."""

from pathlib import Path

import streamlit as st

from gradflow import ui
from gradflow.ui import server
from gradflow.ui.pages.comparison import comparison_page
from gradflow.ui.pages.derivation import derivation_page
from gradflow.ui.pages.model import model_page
from gradflow.ui.pages.paths import paths_page

server.prepare()

_ICON = Path(ui.__file__).with_name("icon.svg")

st.set_page_config(page_title="gradflow", page_icon=str(_ICON), layout="wide")
st.navigation(
    [
        st.Page(comparison_page, title="Compare", default=True),
        st.Page(paths_page, title="Paths", url_path="paths"),
        st.Page(derivation_page, title="Derivation", url_path="derivation"),
        st.Page(model_page, title="Your model", url_path="model"),
    ],
    position="top",
).run()
