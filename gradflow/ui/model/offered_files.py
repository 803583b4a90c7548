"""The files of terms that the page "Your model" offers, whatever directions its layers read in."""

from __future__ import annotations

from collections.abc import Callable

from gradflow.ui.downloads import download_words
from gradflow.ui.downloads.button_row import File, python_file
from gradflow.ui.model import exports
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.settings import ModelSettings


def term_files(
    table: File,
    arrays: Callable[[], bytes],
    aim: Objective,
    settings: ModelSettings,
    code: str,
) -> tuple[File, ...]:
    """A table of terms, the arrays as NPZ, the settings, and the Python that makes them.

    Parameters
    ----------
    table : File
        The CSV.
    arrays : callable
        What makes the NPZ.
    aim : Objective
        The loss, and the sequence.
    settings : ModelSettings
        The page's settings.
    code : str
        The Python.
    """
    return (
        table,
        File("NPZ", arrays, download_words.MODEL_ARRAYS),
        File("JSON", lambda: exports.settings_json(settings, aim), download_words.MODEL_SETTINGS),
        python_file(code),
    )
