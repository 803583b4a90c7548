"""Where scalars go as they are measured: TensorBoard, CSV, JSON lines."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Writer(Protocol):
    """What takes the scalars of a pass."""

    def write(self, update: int, scalars: Mapping[str, float]) -> None:
        """Take what was measured after so many updates, by the names of `WatchRecord.scalars`."""


class TensorBoardWriter:
    """To TensorBoard, or whatever has an `add_scalar(name, value, step)`.

    Infinity is left out, which TensorBoard cannot draw.

    Parameters
    ----------
    summary_writer : torch.utils.tensorboard.SummaryWriter, or what is like it
        Stays the user's, to be closed by the user.
    """

    def __init__(self, summary_writer: Any) -> None:
        self._summary_writer = summary_writer

    def write(self, update: int, scalars: Mapping[str, float]) -> None:
        for name, value in scalars.items():
            if math.isfinite(value):
                self._summary_writer.add_scalar(name, value, update)


class CSVWriter:
    """To a CSV file with a row a scalar: update, name, value. What is there already is kept.

    Parameters
    ----------
    path : path
        The file; it is open only while a pass is written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def write(self, update: int, scalars: Mapping[str, float]) -> None:
        is_new = not self._path.exists()
        with self._path.open("a", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            if is_new:
                rows.writerow(("update", "name", "value"))
            rows.writerows((update, name, value) for name, value in scalars.items())


class JSONLinesWriter:
    """To a file with a JSON object a pass: "update", and every scalar by its name.

    Infinity, which JSON does not have, is null.

    Parameters
    ----------
    path : path
        The file, which is added to; it is open only while a pass is written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def write(self, update: int, scalars: Mapping[str, float]) -> None:
        finite = {n: value if math.isfinite(value) else None for n, value in scalars.items()}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"update": update, **finite}, allow_nan=False) + "\n")
