"""Records of one's own in .npz files: their arrays, and whether all are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import shown
from gradflow.weights.npz import looks_like_zip, read_npz


def record_arrays(kind: str, data: bytes, limit: int) -> dict[str, Array]:
    """The arrays of a record, by name.

    Parameters
    ----------
    kind : str
        What an error calls the record, as "A run".
    data : bytes
        The whole file.
    limit : int
        Bytes that it may unpack to.

    Raises
    ------
    ValueError
        If it is no .npz, or one that `read_npz` refuses.
    """
    if not looks_like_zip(data):
        raise ValueError(f"{kind} must be an .npz file. Got {len(data)} bytes that are none.")
    return {name: tensor.read() for name, tensor in read_npz(data, limit).items()}


def check_holds(kind: str, arrays: Mapping[str, Array], names: Iterable[str]) -> None:
    """Raise ValueError unless a record has all arrays of these names."""
    missing = set(names) - set(arrays)
    if missing:
        raise ValueError(f"{kind} must hold {min(missing)!r}. Got {shown(sorted(arrays))}.")
