"""gradflow: streamlit run app.py."""

import streamlit as st

from gradflow.ui.page import comparison_page

st.set_page_config(page_title="gradflow", page_icon=":material/grid_on:", layout="wide")
comparison_page()
