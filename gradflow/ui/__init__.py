"""The Streamlit page: settings, links, controls, words and downloads."""
