"""A run that the visitor brings: kept in the session alone, and gone with it."""

from __future__ import annotations

import streamlit as st

from gradflow.training import TrainingRun
from gradflow.training.run_files import run_from
from gradflow.ui.learning import live_words, session_runs
from gradflow.ui.shared.text import escaped

_FILE, _ERROR = "learning_file", "learning_error"
_MEGABYTES = 16

# Cells of all heatmaps of a film.
MOST_CELLS = 1_000_000


def run_of(data: bytes) -> TrainingRun:
    """The run in the bytes of a file.

    Raises
    ------
    ValueError
        If they are not those of a run, or its film would be too large for the page.
    """
    run = run_from(data)
    cells = len(run.checkpoints) * run.settings.task_made().T ** 2
    if cells > MOST_CELLS:
        raise ValueError(live_words.too_many_cells(MOST_CELLS, cells))
    return run


def draw_uploader() -> None:
    """Draw the uploader, and why its file could not be read."""
    st.file_uploader(
        live_words.OPEN,
        key=_FILE,
        on_change=_read,
        max_upload_size=_MEGABYTES,
        help=live_words.OPEN_HELP,
    )
    error = st.session_state.get(_ERROR)
    if error:
        st.error(escaped(error))


def _read() -> None:
    """Show the run of the file that was chosen; a callback."""
    st.session_state[_ERROR] = None
    file = st.session_state.get(_FILE)
    if file is None:
        session_runs.forget()
        return
    try:
        session_runs.open_run(run_of(file.getvalue()))
    except ValueError as error:
        st.session_state[_ERROR] = str(error)
