"""A reader of Keras' own files: .keras, .h5 of Keras 1 to 3, and .weights.h5.

References
----------
Keras' documentation of Model.save and Model.save_weights. Up to Keras 2 a file lists its weights by
name; Keras 1 has one for each gate. Keras 3 files them by class and number, as
layers/lstm_1/cell/vars/0, and newer versions write the name of the layer beside them.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.contents import Contents
from gradflow.weights.folding import folded
from gradflow.weights.keras_graph import LayerGraph, graph_of
from gradflow.weights.npz import DAMAGED, archive_of
from gradflow.weights.tensors import Tensor, shown

OBJECT_LIMIT = 10_000
DEPTH_LIMIT = 30

# What h5py raises of a file that is damaged.
BROKEN = (*DAMAGED, AttributeError, KeyError, IndexError, TypeError, OverflowError, MemoryError)

VARIABLES = re.compile(r"(?P<path>.+)/vars/(?P<number>\d{1,3})")
ROLES = ("kernel", "recurrent_kernel", "bias")
KERAS_1 = re.compile(r"(?P<layer>.+)_(?P<part>[WUb])(?:_(?P<gate>[ifcozrh]))?(?::0)?")
KERAS_1_ROLES = {"W": "kernel", "U": "recurrent_kernel", "b": "bias"}
KERAS_1_GATES = ({"i", "f", "c", "o"}, "ifco"), ({"z", "r", "h"}, "zrh")


class KerasFileError(ValueError):
    """What is said of a file, after its name."""


class MissingLibraryError(Exception):
    """h5py is not installed."""


@dataclass
class _Found:
    """Datasets by their paths, and the names that groups have as attributes."""

    datasets: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    objects: int = 0


def read_keras(data: bytes, limit: int) -> Contents:
    """What a file holds.

    Parameters
    ----------
    data : bytes
        The whole file, a .keras archive or HDF5.
    limit : int
        Bytes that its arrays may have in all.

    Raises
    ------
    MissingLibraryError
        If h5py is not installed.
    KerasFileError
        If it is damaged or too long.
    """
    if data[:4] != b"PK\x03\x04":
        return _of_hdf5(data, limit, None)
    archive = archive_of(data, wide=True)
    members = {member.filename: member for member in archive.infolist()}
    parts = {}
    for name in ("config.json", "metadata.json", "model.weights.h5"):
        if name not in members:
            raise KerasFileError(f"is in a format of Keras and damaged: it has no {name}.")
        if members[name].file_size > limit:
            raise KerasFileError(f"must unpack to at most {limit} bytes.")
        try:
            with archive.open(members[name]) as file:
                parts[name] = file.read(members[name].file_size)
        except DAMAGED as error:
            raise KerasFileError(
                f"is in a format of Keras and damaged: {name} cannot be read."
            ) from error
    graph = graph_of(parts["config.json"], _version(parts["metadata.json"]))
    return _of_hdf5(parts["model.weights.h5"], limit, graph)


def _version(metadata: bytes) -> str | None:
    try:
        return str(json.loads(metadata)["keras_version"])
    except (KeyError, RecursionError, TypeError, ValueError):
        return None


def _of_hdf5(data: bytes, limit: int, graph: LayerGraph | None) -> Contents:
    try:
        import h5py
    except ImportError as error:
        raise MissingLibraryError from error
    try:
        file = h5py.File(io.BytesIO(data), "r")
        found = _Found()
        _walk(h5py, file, "", found, 0)
        config, version = (_text(file.attrs, name) for name in ("model_config", "keras_version"))
    except KerasFileError:
        raise
    except BROKEN as error:
        raise KerasFileError("is in a format of Keras and damaged: it cannot be read.") from error
    if sum(_size(dataset) for dataset in found.datasets.values()) > limit:
        raise KerasFileError(f"must have arrays of at most {limit} bytes in all.")
    if config is not None:
        graph = graph_of(config, version)
    tensors = dict(_named(found, graph))
    return Contents(folded(_of_keras_1(tensors)), graph)


def _walk(h5py: Any, group: Any, path: str, found: _Found, depth: int) -> None:
    """Take down everything that lies in the file itself; links out of it are not followed."""
    if path.endswith("vars"):
        name = _text(group.attrs, "name")
        if name is not None:
            found.names[path] = name
    for key in group:
        found.objects += 1
        if found.objects > OBJECT_LIMIT or depth > DEPTH_LIMIT:
            raise KerasFileError(f"must have at most {OBJECT_LIMIT} parts, {DEPTH_LIMIT} deep.")
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise KerasFileError(f"must hold its weights itself. Got a link, {shown(key)}.")
        one = group[key]
        inner = f"{path}/{key}" if path else key
        if isinstance(one, h5py.Group):
            _walk(h5py, one, inner, found, depth + 1)
        elif isinstance(one, h5py.Dataset):
            if one.external or one.is_virtual:
                raise KerasFileError(f"must hold its weights itself. Got {shown(inner)}, a link.")
            if one.shape is not None:
                found.datasets[inner] = one


def _text(attributes: Any, name: str) -> str | None:
    value = attributes.get(name)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return value if isinstance(value, str) else None


def _size(dataset: Any) -> int:
    return math.prod(dataset.shape) * int(dataset.dtype.itemsize)


def _named(found: _Found, graph: LayerGraph | None) -> Iterator[tuple[str, Tensor]]:
    """The tensors by Keras' names of weights."""
    base = "model_weights/" if any(n.startswith("model_weights/") for n in found.datasets) else ""
    for path, dataset in found.datasets.items():
        if not path.startswith(base) or path.startswith("optimizer"):
            continue
        variable = VARIABLES.fullmatch(path)
        if variable:
            name = _filed_name(variable["path"], int(variable["number"]), found, graph)
        else:
            # The folder of a layer, then the whole name of the weight.
            layer, _, rest = path.removeprefix(base).partition("/")
            name = rest if "/" in rest or KERAS_1.fullmatch(rest) else f"{layer}/{rest}"
        yield name, Tensor(name, _dtype(dataset), dataset.shape, partial(_values, name, dataset))


def _filed_name(path: str, number: int, found: _Found, graph: LayerGraph | None) -> str:
    """The name of a weight that Keras 3 filed under a path and a number."""
    folders = path.split("/")
    places = [place for place, folder in enumerate(folders) if folder == "layers"]
    if not places or places[-1] + 1 >= len(folders):
        return f"{path}/{number}"
    place = places[-1] + 1
    filed = "/".join(folders[start + 1] for start in places if start + 1 < len(folders))
    own = found.names.get("/".join([*folders[: place + 1], "vars"]))
    layer = own or (graph.filed.get(filed) if graph is not None else None) or folders[place]
    rest = folders[place + 1 :]
    if rest in ([], ["layer"]):  # a layer, or what TimeDistributed has in it
        return f"{layer}/{('kernel', 'bias')[number] if number < 2 else number}"
    if "seed_generator" in rest:
        return f"{layer}/seed_generator/seed_generator_state"
    if (rest[-1] != "cell" and "cells" not in rest) or number > 2:
        return f"{layer}/{'/'.join(rest)}/{number}"
    kind = re.match(r"lstm|gru|simple_rnn", rest[-1] if "cells" in rest else folders[place])
    cell = found.names.get(f"{path}/vars") or (f"{kind[0]}_cell" if kind else "cell")
    middle = [folder for folder in rest[:-1] if folder not in ("cell", "cells")]
    return "/".join([layer, *middle, cell, ROLES[number]])


def _dtype(dataset: Any) -> str:
    return str(dataset.dtype.name)


def _values(name: str, dataset: Any) -> Array:
    try:
        return np.asarray(dataset[()])
    except BROKEN as error:
        raise ValueError(f"{shown(name)} cannot be read: the file is damaged.") from error


def _of_keras_1(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, with the gates that Keras 1 has one by one put side by side."""
    parts: dict[tuple[str, str], dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        match = KERAS_1.fullmatch(name)
        if match and "/" not in name:
            parts.setdefault((match["layer"], match["part"]), {})[match["gate"] or ""] = tensor
    found = dict(tensors)
    for (layer, part), by_gate in parts.items():
        name = f"{layer}/{KERAS_1_ROLES[part]}"
        letters = next((order for gates, order in KERAS_1_GATES if gates == set(by_gate)), "")
        if (not letters and set(by_gate) != {""}) or name in found:
            continue
        pieces = [by_gate[gate] for gate in letters or [""]]
        shapes = {piece.shape for piece in pieces}
        if len(shapes) != 1 or len(pieces[0].shape) not in (1, 2):
            continue
        for piece in pieces:
            del found[piece.name]
        *rows, wide = pieces[0].shape
        shape = (*rows, wide * len(pieces))
        names = tuple(piece.name for piece in pieces)
        found[name] = Tensor(name, pieces[0].dtype, shape, partial(_joined, pieces), names)
    return found


def _joined(pieces: list[Tensor]) -> Array:
    return np.concatenate([piece.values() for piece in pieces], axis=-1)
