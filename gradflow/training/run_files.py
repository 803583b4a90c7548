"""Runs as .npz files: written whole, and read without taking anything in them on trust."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen, shown
from gradflow.training.checkpoints import MEASURES, Checkpoint
from gradflow.training.runs import TrainingRun
from gradflow.training.settings import TrainingSettings
from gradflow.training.stages import Divergence
from gradflow.training.starts import start
from gradflow.weights.npz_records import check_holds, record_arrays

LIMIT = 64 << 20  # bytes that a file may unpack to

_WEIGHTS = "weights."
_WHOLE = ("update", "horizon")


def save_run(run: TrainingRun, path: str | os.PathLike[str]) -> None:
    """Write a run to an .npz file, which `load_run` reads.

    Parameters
    ----------
    run : TrainingRun
    path : path
        Where to. NumPy reads it too: an array for each measure with an entry a checkpoint, one for
        each array of weights as "weights.w_x", and the settings as JSON.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from gradflow import training
    >>> run = training.train(training.TrainingSettings(delay=5, hidden=4, updates=2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     training.save_run(run, Path(folder) / "run.npz")
    ...     training.load_run(Path(folder) / "run.npz")
    TrainingRun(recall, lstm, 2 updates, 2 checkpoints)
    """
    Path(path).write_bytes(run_bytes(run))


def run_bytes(run: TrainingRun) -> bytes:
    """A run as the bytes of an .npz file."""
    arrays: dict[str, Any] = {"settings": json.dumps(dataclasses.asdict(run.settings))}
    arrays |= {name: run.measures(name) for name in MEASURES}
    if run.divergence is not None:
        arrays["divergence"] = [run.divergence.update, run.divergence.gradient_norm]
    networks = [checkpoint.network.weights for checkpoint in run.checkpoints]
    arrays |= {
        _WEIGHTS + name: np.stack([weights[name] for weights in networks]) for name in networks[0]
    }
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def load_run(path: str | os.PathLike[str]) -> TrainingRun:
    """Read a run that `save_run` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    TrainingRun

    Raises
    ------
    ValueError
        If the file is not such, or is damaged.
    OSError
        If it cannot be read.
    """
    return run_from(Path(path).read_bytes())


def run_from(data: bytes) -> TrainingRun:
    """The run in the bytes of a file.

    Raises
    ------
    ValueError
        If they are not those of a run.
    """
    arrays = record_arrays("A run", data, LIMIT)
    settings = settings_from(arrays)
    names = set(start(settings, settings.task_made(), np.random.default_rng(0)).weights)
    expected = {*MEASURES, *(_WEIGHTS + name for name in names)}
    check_holds("A run", arrays, expected)
    number = _checkpoints(arrays, expected)
    return TrainingRun(
        settings,
        tuple(_checkpoint(settings, arrays, names, place) for place in range(number)),
        _divergence(arrays),
    )


def settings_from(arrays: dict[str, Array]) -> TrainingSettings:
    """The settings in the arrays of a file.

    Raises
    ------
    ValueError
        If there are none.
    """
    try:
        given = json.loads(str(arrays["settings"]))
        return TrainingSettings(**given)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError("A run must hold its settings as JSON.") from error


def _checkpoints(arrays: dict[str, Array], expected: set[str]) -> int:
    """How many checkpoints every array has an entry for."""
    lengths = {arrays[name].shape[:1] for name in expected}
    if len(lengths) != 1 or lengths in ({()}, {(0,)}):
        raise ValueError(
            f"A run must have an entry for every checkpoint in each array. Got {shown(lengths)}."
        )
    for name in expected:
        if arrays[name].dtype.kind not in "iuf":
            raise ValueError(f"{name} of a run must hold numbers. Got {arrays[name].dtype}.")
    return int(lengths.pop()[0])


def _checkpoint(
    settings: TrainingSettings, arrays: dict[str, Array], names: set[str], place: int
) -> Checkpoint:
    network = start(settings, settings.task_made(), np.random.default_rng(0))
    weights = {}
    for name in names:
        array = frozen(np.array(arrays[_WEIGHTS + name][place], np.float64))
        if array.shape != network.weights[name].shape:
            raise ValueError(
                f"{name} of a run must have shape {network.weights[name].shape}. Got {array.shape}."
            )
        weights[name] = array
    measures = {name: arrays[name][place].item() for name in MEASURES}
    measures |= {name: int(measures[name]) for name in _WHOLE}
    return Checkpoint(**measures, network=network.with_weights(weights))


def _divergence(arrays: dict[str, Array]) -> Divergence | None:
    if "divergence" not in arrays:
        return None
    given = arrays["divergence"]
    if given.shape != (2,) or given.dtype.kind != "f" or not np.isfinite(given[0]):
        raise ValueError(f"divergence of a run must be an update and a norm. Got {shown(given)}.")
    return Divergence(int(given[0]), float(given[1]))
