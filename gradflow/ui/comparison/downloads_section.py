"""The section of the downloads: a button for each file, Python code and a link to copy."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st

from gradflow.figures.builders.pooling import LONG
from gradflow.numerics.scaled import Array
from gradflow.ui.downloads.button_row import (
    File,
    buttons,
    pictures,
    python_file,
)
from gradflow.ui.shared.experiment import Experiment
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE
from gradflow.ui.shared.settings import Settings

# The key that holds whether the section is open.
SECTION = "open_downloads"


def draw_downloads(
    experiment: Experiment,
    settings: Settings,
    own: Array | None,
    figure_builder: Callable[[bool], go.Figure],
    link: str,
) -> None:
    """Draw the section, and its contents once it is open.

    Parameters
    ----------
    experiment : Experiment
        What the page shows.
    settings : Settings
        What made it.
    own : array of shape (n,) or None
        The user's own numbers.
    figure_builder : callable
        Given whether its cells have labels, returns the figure of all that is shown; called on
        click only.
    link : str
        The address that reopens this view.
    """
    section = st.expander(
        "Downloads, Python and link to copy",
        icon=":material/download:",
        key=SECTION,
        on_change="rerun",
    )
    if section.open:
        # This imports pyarrow. Nobody waits for it before the section is opened.
        from gradflow.ui.comparison import exports

        code = exports.snippet(settings, own)
        files = (
            *pictures(figure_builder, _title(settings, experiment), experiment.T < LONG),
            File(
                "CSV",
                lambda: exports.terms_csv(experiment, settings),
                "The terms of the chosen parameter, one row a term; for the LSTM those of each "
                f"gate. Beyond {LONGEST_WHOLE} steps those of the chosen target.",
                f"_{settings.parameter}",
            ),
            File(
                "NPZ",
                lambda: exports.terms_npz(experiment, settings),
                "For numpy.load: sign and log10 of the terms of every parameter (beyond "
                f"{LONGEST_WHOLE} steps of the chosen one), the product of the forget gates, "
                "the inputs and the settings.",
            ),
            File(
                "JSON",
                lambda: exports.settings_json(settings, own),
                "All settings, with your own numbers where they are used.",
            ),
            python_file(code),
        )
        with section:
            buttons(files, f"gradflow_w_s_{settings.w_s:g}_T_{experiment.T}")
            st.code(code, language="python", height=260)
            st.code(link, language=None, wrap_lines=True)


def _title(settings: Settings, experiment: Experiment) -> str:
    return f"gradflow: w_s = {settings.w_s:g}, T = {experiment.T}, b_f = {settings.b_f:g}"
