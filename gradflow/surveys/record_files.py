"""The fields of a `Survey` in an .npz file, which holds arrays alone and no code."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen
from gradflow.surveys.counts import Counts
from gradflow.surveys.mean_gradients import SummedGradients
from gradflow.surveys.settings import SurveySettings

# What a file that is no survey makes numpy, the zip and the fields raise.
_DAMAGED = (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)

_COUNTED = ("terms", "signs", "measures")


def arrays_of(fields: Mapping[str, Any]) -> dict[str, Array]:
    """The fields of a survey, by their names, as arrays, of which one is a text."""
    words = {
        **asdict(fields["settings"]),
        **{name: fields[name] for name in ("count", "failed", "failures")},
    }
    arrays = {"words": np.array(json.dumps(words))}
    for name in _COUNTED:
        counts = fields[f"_{name}"]
        arrays |= {f"{name}.keys": counts.keys, f"{name}.counts": counts.counts}
    arrays |= {f"gradients.{name}": array for name, array in vars(fields["_gradients"]).items()}
    return arrays


def write_fields(path: str | os.PathLike[str], fields: Mapping[str, Any]) -> None:
    """Write the fields of a survey, by their names."""
    with Path(path).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays_of(fields))


def read_fields(path: str | os.PathLike[str]) -> tuple[Any, ...]:
    """The fields that `write_fields` has written, in the order of the record.

    Raises
    ------
    ValueError
        If the file is no such.
    OSError
        If it cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as held:
                return fields_of(dict(held))
        except _DAMAGED as error:
            raise ValueError(
                f"path must be a file that Survey.save has written. Got {str(path)!r}."
            ) from error


def fields_of(arrays: Mapping[str, Array]) -> tuple[Any, ...]:
    """The reverse of `arrays_of`, in the order of the record."""
    words = json.loads(str(arrays["words"]))
    settings = SurveySettings(
        tuple(words["lengths"]),
        tuple(words["layers"]),
        tuple((name, tuple(shape)) for name, shape in words["weights"]),
        words["digest"],
    )
    counted = (
        Counts(frozen(arrays[f"{name}.keys"]), frozen(arrays[f"{name}.counts"]))
        for name in _COUNTED
    )
    gradients = (frozen(arrays[f"gradients.{name}"]) for name in ("whole", "windows", "chunks"))
    return (
        settings,
        words["count"],
        words["failed"],
        tuple((name, why) for name, why in words["failures"]),
        *counted,
        SummedGradients(*gradients),
    )
