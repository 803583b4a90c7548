"""The measures of several files of weights as CSV and NPZ, a row a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from gradflow.analysis.memory import Reach
from gradflow.numerics.scaled import Array

STEM = "gradflow_files"


def measures_by_file(
    names: Sequence[str], reach: Sequence[Reach], few_digits: Array
) -> dict[str, Array]:
    """The columns of the files, whose names hold the units; a row for each file of weights.

    Parameters
    ----------
    names : sequence of str
        What the files are called.
    reach : sequence of Reach
        Their measures, of one target and one window.
    few_digits : bool array
        Files of which a term of the target has too few digits.
    """
    return {
        "model": np.array(names),
        "target_step": np.array([one.t for one in reach]),
        "tail_half_life_in_steps": np.array([one.fall_and_tail.tail_half_life for one in reach]),
        "horizon_in_steps": np.array([one.horizon for one in reach]),
        "window_in_steps": np.array([one.window for one in reach]),
        "share_beyond_window": np.array([one.share_beyond for one in reach]),
        "few_digits": few_digits.astype(np.int8),
    }


def measures_csv(columns: dict[str, Array]) -> bytes:
    """The columns as a CSV in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return text.getvalue().encode()


def measures_npz(columns: dict[str, Array]) -> bytes:
    """The columns as arrays by their names; loads without pickle."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **columns)
    return file.getvalue()
