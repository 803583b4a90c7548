"""A run that the visitor brings: kept in the session alone, and gone with it."""

from __future__ import annotations

from gradflow.training import TrainingRun
from gradflow.training.run_files import run_from
from gradflow.ui.learning import live_words, session_runs
from gradflow.ui.shared.file_upload import draw_upload

_FILE = "learning_file"
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
    draw_upload(live_words.OPEN, _FILE, _read, _MEGABYTES, live_words.OPEN_HELP)


def _read(data: bytes | None) -> str:
    """Show the run of the file that was chosen."""
    if data is None:
        session_runs.forget()
    else:
        session_runs.open_run(run_of(data))
    return ""
