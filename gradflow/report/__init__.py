"""`gradflow report`: what a data set says of a model, in one file. Imports figures and the core.

Plotly is imported where a page is written, so that numpy is enough for JSON and for conditions.
"""
