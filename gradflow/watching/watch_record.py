"""The record of a watched training: what was measured, after how many updates."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen, one_of, shown, whole_number
from gradflow.watching.layer_measures import SCALARS, LayerMeasures
from gradflow.weights.npz_records import check_holds, record_arrays

LIMIT = 1 << 30  # bytes that a file may unpack to


@dataclass(frozen=True, eq=False, repr=False)
class WatchRecord:
    """Measures of L layers at n places of a training. Made by `gradflow.torch.watch`.

    Attributes
    ----------
    layers : tuple of str
        Names of the layers.
    chunk : int
        The lag that `share_beyond_chunk` looks beyond.
    updates : int array of shape (n,)
        Updates so far, ascending.
    measures : mapping of str to array of shape (n, L)
        By the names in `SCALARS`; nan where there was nothing to measure.
    log10_left : array of shape (n, L, T)
        log10 of the term of each lag as a part of that at k = 1; see `LayerMeasures`.

    See Also
    --------
    load_watch : Reads it from a file.
    gradflow.figures.plot_watch : Draws it.
    """

    layers: tuple[str, ...]
    chunk: int
    updates: Array
    measures: Mapping[str, Array]
    log10_left: Array

    def __repr__(self) -> str:
        layers, passes = len(self.layers), len(self.updates)
        return (
            f"WatchRecord({layers} layer{'s' * (layers != 1)}, {passes} pass{'es' * (passes != 1)})"
        )

    def measure(self, name: str, layer: str) -> Array:
        """One measure of one layer through the training, (n,).

        Parameters
        ----------
        name : str
            One of `SCALARS`.
        layer : str
            One of `layers`.

        Raises
        ------
        ValueError
            If there is no such measure or layer.
        """
        one_of("name", name, SCALARS)
        one_of("layer", layer, self.layers)
        return self.measures[name][:, self.layers.index(layer)]

    def scalars(self, place: int = -1) -> dict[str, float]:
        """All measures of one pass by the names that a log has: "gradflow/<layer>/<measure>".

        Parameters
        ----------
        place : int
            Which of the n passes, from 0 on; -1 is the last.

        Returns
        -------
        dict
            Without what is nan.

        Raises
        ------
        ValueError
            If there is no such pass.
        """
        n = len(self.updates)
        row = whole_number("place", place, -n, n - 1)
        found = {
            f"gradflow/{layer}/{name}": float(self.measures[name][row, number])
            for number, layer in enumerate(self.layers)
            for name in SCALARS
        }
        return {name: value for name, value in found.items() if not math.isnan(value)}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to an .npz file, which `load_watch` and the page "Learning" read.

        Parameters
        ----------
        path : path
            Where to. NumPy reads it too: an array for each measure, and the layers as JSON.
        """
        arrays = {
            "layers": np.array(json.dumps(self.layers)),
            "chunk": np.array(self.chunk),
            "updates": self.updates,
            "log10_left": self.log10_left,
            **self.measures,
        }
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **arrays)
        Path(path).write_bytes(file.getvalue())


def record_of(
    layers: Sequence[str], chunk: int, passes: Sequence[tuple[int, Mapping[str, LayerMeasures]]]
) -> WatchRecord:
    """The record of passes, each after how many updates and with the layers that it measured."""
    T = max((len(m.log10_left) for _, seen in passes for m in seen.values()), default=0)
    left = np.full((len(passes), len(layers), T), np.nan)
    measures = {name: np.full(left.shape[:2], np.nan) for name in SCALARS}
    for row, (_, seen) in enumerate(passes):
        for layer, measured in seen.items():
            place = (row, layers.index(layer))
            left[place][: len(measured.log10_left)] = measured.log10_left
            for name in SCALARS:
                measures[name][place] = getattr(measured, name)
    updates = np.array([update for update, _ in passes], np.int64)
    return WatchRecord(
        tuple(layers),
        chunk,
        frozen(updates),
        {name: frozen(array) for name, array in measures.items()},
        frozen(left),
    )


def load_watch(path: str | os.PathLike[str]) -> WatchRecord:
    """Read a record that `WatchRecord.save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    WatchRecord

    Raises
    ------
    ValueError
        If the file is not such, or is damaged.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from gradflow import watching
    >>> from gradflow.watching.watch_record import record_of
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     record_of(["lstm"], 20, []).save(Path(folder) / "watch.npz")
    ...     watching.load_watch(Path(folder) / "watch.npz")
    WatchRecord(1 layer, 0 passes)
    """
    return watch_from(Path(path).read_bytes())


def watch_from(data: bytes, limit: int = LIMIT) -> WatchRecord:
    """The record in the bytes of a file, which may unpack to `limit` bytes.

    Raises
    ------
    ValueError
        If they are not those of a record.
    """
    arrays = record_arrays("A watch", data, limit)
    check_holds("A watch", arrays, {"layers", "chunk", "updates", "log10_left", *SCALARS})
    layers = _names(arrays["layers"])
    shape = (len(arrays["updates"].ravel()), len(layers))
    _check_numbers("chunk", arrays["chunk"], "iu", ())
    _check_numbers("updates", arrays["updates"], "iu", shape[:1])
    left = arrays["log10_left"]
    _check_numbers("log10_left", left, "f", (*shape, *left.shape[-1:]))
    for name in SCALARS:
        _check_numbers(name, arrays[name], "f", shape)
    if (np.diff(arrays["updates"]) <= 0).any():
        raise ValueError(f"updates of a watch must ascend. Got {shown(arrays['updates'])}.")
    return WatchRecord(
        layers,
        int(arrays["chunk"]),
        frozen(arrays["updates"]),
        {name: frozen(arrays[name]) for name in SCALARS},
        frozen(left),
    )


def _names(text: Array) -> tuple[str, ...]:
    try:
        names = json.loads(str(text))
    except json.JSONDecodeError:
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise ValueError(f"layers of a watch must be names as JSON. Got {shown(str(text))}.")
    return tuple(names)


def _check_numbers(name: str, array: Array, kinds: str, shape: tuple[int, ...]) -> None:
    if array.dtype.kind not in kinds or array.shape != shape:
        raise ValueError(
            f"{name} of a watch must be numbers of shape {shape}. "
            f"Got {array.dtype} of shape {array.shape}."
        )
