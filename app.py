"""gradflow: streamlit run app.py."""

from pathlib import Path

import streamlit as st

from gradflow import ui
from gradflow.ui.page import comparison_page

_ICON = Path(ui.__file__).with_name("icon.svg")

st.set_page_config(page_title="gradflow", page_icon=str(_ICON), layout="wide")
comparison_page()
