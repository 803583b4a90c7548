"""The Streamlit pages, a folder each, and what they share; the only part that imports streamlit.

A page folder holds all of its own and imports none of the others.
"""
