"""A model in several safetensors files: a folder of them, or the index that says which has what.

References
----------
Hugging Face's documentation of sharded checkpoints: model.safetensors.index.json has a weight_map
from the names of tensors to those of files in the same folder.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePath

from gradflow.weights.refusals import check_size
from gradflow.weights.safetensors import read_safetensors
from gradflow.weights.tensors import Tensor, listed, shown

INDEX = ".safetensors.index.json"
INDEX_LIMIT = 4 << 20  # bytes
FILE_LIMIT = 1000


def index_of(path: Path) -> Path:
    """The path itself, or the index in the folder that it names.

    Raises
    ------
    ValueError
        If the folder has no index, or several.
    """
    if not path.is_dir():
        return path
    found = sorted(path.glob(f"*{INDEX}"))
    if len(found) != 1:
        files = len(list(path.glob("*.safetensors")))
        several = f"{files} .safetensors files and {len(found)} indexes"
        kind = several if files or found else "neither"
        raise ValueError(
            f"path must name a file, or a folder with one .safetensors file or one *{INDEX}. "
            f"Got the folder {shown(str(path))}, which has {kind}."
        )
    return found[0]


def whole_file_of(path: Path) -> Path | None:
    """The one safetensors file of a folder; None where it has none or several."""
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else []
    return files[0] if len(files) == 1 else None


def read_shards(index: Path, limit: int) -> dict[str, Tensor]:
    """The tensors of all files that an index names.

    Parameters
    ----------
    index : path
        The index; the files lie beside it.
    limit : int
        Bytes that the files may have in all.

    Raises
    ------
    ValueError
        If the index cannot be read or names other places, a file is missing or damaged, or a
        tensor is not where the index has it.
    OSError
        If a file cannot be opened.
    """
    check_size(index.stat().st_size, index.name, INDEX_LIMIT)
    places = _weight_map(index.read_bytes(), index.name)
    files = sorted(set(places.values()))
    paths = [index.parent / name for name in files]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise ValueError(
            f"All files that {shown(index.name)} names must lie beside it. "
            f"Got no {listed(missing, 'and')}."
        )
    check_size(sum(path.stat().st_size for path in paths), index.name, limit)
    tensors: dict[str, Tensor] = {}
    for path in paths:
        inside = read_safetensors(path.read_bytes())
        wrong = next((name for name in inside if places.get(name) != path.name), None)
        if wrong is not None:
            raise ValueError(
                f"{shown(index.name)} must say where each tensor is. "
                f"Got {shown(wrong)} in {shown(path.name)}."
            )
        tensors |= inside
    absent = next((name for name in places if name not in tensors), None)
    if absent is not None:
        raise ValueError(f"{shown(absent)} must be in {shown(places[absent])}, as the index says.")
    return tensors


def _weight_map(data: bytes, name: str) -> dict[str, str]:
    try:
        places = json.loads(data)["weight_map"]
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"{shown(name)} must be an index with a weight_map. It is none."
        ) from error
    plain = isinstance(places, dict) and all(_is_plain(file) for file in places.values())
    if not plain or not places or len(set(places.values())) > FILE_LIMIT:
        raise ValueError(f"{shown(name)} must name safetensors files that lie beside it.")
    return places


def _is_plain(file: object) -> bool:
    """Whether this is the name of a file in the same folder."""
    return (
        isinstance(file, str)
        and file.endswith(".safetensors")
        and file == PurePath(file).name
        and not set(file) & set("/\\:\0")
    )
