"""The LSTM by itself, where the RNN of the settings cannot be computed."""

from __future__ import annotations

import streamlit as st

from gradflow.figures.builders.lag_profile import profile
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.ui.comparison.shown_rows import measured_lstm
from gradflow.ui.shared import frame, panels
from gradflow.ui.shared.markdown_text import table
from gradflow.ui.shared.measures import measure_table
from gradflow.ui.shared.row_words import finding
from gradflow.ui.shared.settings import Settings


def lstm_alone(settings: Settings) -> None:
    """Draw the LSTM's heatmap, its row of the chosen target, and its measures."""
    experiment = frame.lstm_network(settings)
    panel, row = panels.lstm_panel(settings, experiment), panels.lstm_row(settings, experiment)
    seen = measured_lstm(settings, experiment)
    st.markdown(finding("LSTM", seen, panel.is_doubtful_at(seen.t)).markdown)
    view = panels.view(settings, (panel,))
    frame.chart(heatmap(panel, view, block_size(panel.T)), "lstm_heatmap")
    frame.chart(profile(row, settings.floor), "profile")
    st.markdown(table(measure_table({"LSTM": seen})))
