"""Sequences from .npy and .npz files, of shape (N, T, D) with their lengths."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradflow.losses import Loss
from gradflow.numerics.scaled import Array
from gradflow.surveys.sample import Sample

_KNOWN = ("x", "lengths", "y", "mask")

_DAMAGED = (ValueError, EOFError, zipfile.BadZipFile, zlib.error)


def samples_in(path: Path, loss_with: Callable[[Any], Loss] | None = None) -> Iterator[Sample]:
    """The sequences of a file, one at a time.

    Parameters
    ----------
    path : Path
        An .npy file with an array of shape (N, T) or (N, T, D), or an .npz file with such an array
        "x"; beside it "lengths" (N,), the steps of each sequence; "y", the targets of the loss,
        (N,) or (N, T, ..); and "mask" (N, T), the steps that count.
    loss_with : callable, optional
        Makes the loss of a sequence from its y.

    Raises
    ------
    ValueError
        If the file is no such.
    OSError
        If it cannot be opened.
    """
    return samples_of_arrays(_arrays(path), path.name, loss_with)


def samples_of_arrays(
    arrays: Mapping[str, Array], name: str, loss_with: Callable[[Any], Loss] | None = None
) -> Iterator[Sample]:
    """The sequences of a file's arrays, one at a time.

    Parameters
    ----------
    arrays : mapping of str to array
        As `samples_in` has them.
    name : str
        What a message calls the file.
    loss_with : callable, optional
        As for `samples_in`.

    Raises
    ------
    ValueError
        If they are not such.
    """
    held = _known(arrays, name)
    x = held["x"]
    if x.ndim not in (2, 3):
        raise ValueError(f"x must have shape (N, T) or (N, T, D). Got {x.shape}.")
    _check_fit(held)
    if loss_with is not None and "y" not in held:
        raise ValueError(f"y must be in {name} for this loss. Got {', '.join(held)}.")
    return (_sample(held, n, loss_with) for n in range(len(x)))


def _arrays(path: Path) -> Mapping[str, Array]:
    try:
        # An array by itself stays on the disk until its sequences are asked for.
        held = np.load(path, mmap_mode="r", allow_pickle=False)
        arrays = {"x": held} if isinstance(held, np.ndarray) else dict(held)
    except _DAMAGED as error:
        raise ValueError(f"{path.name} must be a .npy or .npz file of plain arrays.") from error
    return arrays


def _known(arrays: Mapping[str, Array], name: str) -> Mapping[str, Array]:
    """The same with the only array, whatever its name, as x."""
    if "x" not in arrays and len(arrays) == 1:
        arrays = {"x": next(iter(arrays.values()))}
    if "x" not in arrays or not set(arrays) <= set(_KNOWN):
        raise ValueError(
            f"{name} must hold x, and may hold lengths, y and mask. "
            f"Got {', '.join(arrays) or 'nothing'}."
        )
    return arrays


def _check_fit(held: Mapping[str, Array]) -> None:
    N, T = held["x"].shape[:2]
    for name in ("lengths", "y", "mask"):
        if name in held and held[name].shape[:1] != (N,):
            raise ValueError(f"{name} must have N={N} entries. Got {held[name].shape}.")
    if "mask" in held and held["mask"].shape != (N, T):
        raise ValueError(f"mask must have shape {(N, T)}. Got {held['mask'].shape}.")
    if "y" in held and held["y"].shape[1:2] not in ((), (T,)):
        raise ValueError(f"y must have shape {(N,)} or {(N, T)}. Got {held['y'].shape}.")
    lengths = held.get("lengths")
    if lengths is None:
        return
    whole = lengths.shape == (N,) and lengths.dtype.kind in "iu"
    if not whole or (N and not 1 <= lengths.min() <= lengths.max() <= T):
        raise ValueError(f"lengths must be N={N} whole numbers from 1 to T={T}.")


def _sample(held: Mapping[str, Array], n: int, loss_with: Callable[[Any], Loss] | None) -> Sample:
    x = held["x"]
    T = int(held["lengths"][n]) if "lengths" in held else x.shape[1]
    loss = None
    if loss_with is not None:
        y = held["y"][n]
        loss = loss_with(y[:T] if np.ndim(y) else y)
    mask = held["mask"][n][:T].astype(bool) if "mask" in held else None
    return Sample(np.array(x[n, :T]), loss, mask=mask, name=f"sequence {n + 1}")
