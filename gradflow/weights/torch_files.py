"""A reader of what torch.save and torch.jit.save write, that needs no PyTorch and runs no code.

References
----------
PyTorch's notes on serialization: an archive has the pickle in data.pkl and the numbers of each
storage in data/, and the older format has both one after the other. A tensor is a view of a
storage, with an offset, a shape and strides.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.npz import DAMAGED, archive_of, looks_like_zip
from gradflow.weights.pickle_stream import (
    DamagedPickleError,
    Machine,
    Name,
    Record,
    UnknownNameError,
)
from gradflow.weights.tensors import Tensor, shown

MAGIC = 0x1950A86A20F9469CFC6C  # begins the older format
DIMENSIONS = 64  # numpy's limit
DEPTH_LIMIT = 40

# How numbers of a storage are kept, by the name of its class.
STORED_AS = {
    "FloatStorage": ("float32", "f4"), "DoubleStorage": ("float64", "f8"),
    "HalfStorage": ("float16", "f2"), "BFloat16Storage": ("bfloat16", "u2"),
    "LongStorage": ("int64", "i8"), "IntStorage": ("int32", "i4"),
    "ShortStorage": ("int16", "i2"), "CharStorage": ("int8", "i1"),
    "ByteStorage": ("uint8", "u1"), "BoolStorage": ("bool", "u1"),
    "ComplexFloatStorage": ("complex64", "c8"), "ComplexDoubleStorage": ("complex128", "c16"),
}  # fmt: skip

# What a checkpoint calls the weights among other things, and what wraps a module's names.
WRAPPERS = re.compile(r"state_?dict|^(ema_?)?(model|net|network|module|weights|params)", re.I)
PREFIXES = ("module.", "_orig_mod.", "model.")
RECURRENT = re.compile(r"(^|[./_])(weight_(ih|hh)|recurrent_kernel|w_(ih|hh)|Wh|hi)")


class TorchFileError(ValueError):
    """What is said of a file, after its name."""


@dataclass(frozen=True)
class _Storage:
    """Numbers that tensors are views of."""

    dtype: str
    code: str
    key: str
    length: int


@dataclass(frozen=True)
class _View:
    """A tensor."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch(data: bytes, limit: int) -> dict[str, Tensor]:
    """The tensors of a file, by name.

    Parameters
    ----------
    data : bytes
        The whole file.
    limit : int
        Bytes that it may have when unpacked.

    Raises
    ------
    UnknownNameError
        If the file calls anything but what builds tensors and containers.
    TorchFileError
        If it is damaged.
    """
    try:
        whole, numbers = _of_archive(data, limit) if looks_like_zip(data) else _of_stream(data)
    except DamagedPickleError as error:
        raise TorchFileError("is a damaged file of PyTorch: it cannot be followed.") from error
    found = _without_wrappers(dict(_named(_weights_in(whole), "", set(), 0)))
    return {name: _tensor(name, view, numbers) for name, view in found.items()}


# The numbers of a storage, as bytes and their order.
Numbers = Callable[[_Storage], tuple[bytes, str]]


def _of_archive(data: bytes, limit: int) -> tuple[Any, Numbers]:
    archive = archive_of(data, wide=True)
    members = {member.filename: member for member in archive.infolist()}
    unpacked = sum(member.file_size for member in members.values())
    if unpacked > limit:
        raise TorchFileError(f"must unpack to at most {limit} bytes. Got {unpacked}.")
    pickles = [name for name in members if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise TorchFileError("must be an archive of PyTorch with one data.pkl.")
    root = pickles[0].removesuffix("data.pkl")
    swapped = f"{root}byteorder" in members and _member(archive, members, f"{root}byteorder")
    order = ">" if swapped == b"big" else "<"
    machine = Machine(CALLS, _storage, lambda name: name.module.startswith("__torch__"))
    stream = io.BytesIO(_member(archive, members, pickles[0]))
    whole = machine.run(stream)

    def numbers(storage: _Storage) -> tuple[bytes, str]:
        return _member(archive, members, f"{root}data/{storage.key}"), order

    return whole, numbers


def _member(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> bytes:
    if name not in members:
        raise TorchFileError(f"is a damaged file of PyTorch: it has no {shown(name)}.")
    try:
        with archive.open(members[name]) as file:
            return file.read(members[name].file_size)
    except DAMAGED as error:
        raise TorchFileError(
            f"is a damaged file of PyTorch: {shown(name)} cannot be read."
        ) from error


def _of_stream(data: bytes) -> tuple[Any, Numbers]:
    """The older format: magic number, version, system, the object, keys of storages, numbers."""
    stream = io.BytesIO(data)
    machine = Machine(CALLS, _storage, lambda name: False)
    if machine.run(stream) != MAGIC:
        raise TorchFileError("is a pickled file, but none that PyTorch wrote.")
    machine.run(stream)
    system = machine.run(stream)
    whole = machine.run(stream)
    keys = machine.run(stream)
    big = isinstance(system, dict) and system.get("little_endian") is False
    starts = _starts(data, stream.tell(), keys, list(_storages(whole)))

    def numbers(storage: _Storage) -> tuple[bytes, str]:
        start = starts[storage.key]
        size = storage.length * np.dtype(storage.code).itemsize
        return data[start : start + size], ">" if big else "<"

    return whole, numbers


def _starts(data: bytes, start: int, keys: Any, storages: list[_Storage]) -> dict[str, int]:
    """Where the numbers of each storage begin; before them stands how many there are."""
    sizes = {one.key: (one.length, np.dtype(one.code).itemsize) for one in storages}
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise DamagedPickleError
    if set(keys) != set(sizes) or len(keys) != len(sizes):
        raise DamagedPickleError
    starts = {}
    for key in keys:
        length, item = sizes[key]
        if int.from_bytes(data[start : start + 8], "little") != length:
            raise DamagedPickleError
        starts[key] = start + 8
        start += 8 + length * item
    if start != len(data):
        raise DamagedPickleError
    return starts


def _storage(given: Any) -> _Storage:
    """A storage, from what a pickle calls it by."""
    if isinstance(given, tuple) and len(given) > 1 and given[0] == "module":
        raise UnknownNameError(given[1] if isinstance(given[1], Name) else Name("", "module"))
    if not isinstance(given, tuple) or len(given) not in (5, 6) or given[0] != "storage":
        raise DamagedPickleError
    _, kind, key, _, length, *view = given
    if not isinstance(kind, Name) or not isinstance(key, str) or view not in ([], [None]):
        raise DamagedPickleError
    if type(length) is not int or not 0 <= length < 1 << 48:
        raise DamagedPickleError
    if kind.module not in ("torch", "torch.storage") or kind.attribute not in STORED_AS:
        raise UnknownNameError(kind)
    return _Storage(*STORED_AS[kind.attribute], key, length)


def _view(arguments: tuple[Any, ...]) -> _View:
    """A tensor, from the arguments of torch._utils._rebuild_tensor_v2."""
    storage, offset, shape, strides, *_ = arguments
    if not isinstance(storage, _Storage) or not _counts((offset,)):
        raise DamagedPickleError
    if not _counts(shape) or not _counts(strides) or len(shape) != len(strides):
        raise DamagedPickleError
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    # No more numbers than the storage has: one repeated along an axis could be of any size.
    count = math.prod(shape)
    if count > storage.length or (count and last >= storage.length):
        raise DamagedPickleError
    return _View(storage, offset, shape, strides)


def _counts(values: Any) -> bool:
    """Whether this is a short tuple of counts that 64 bits hold."""
    return (
        isinstance(values, tuple)
        and len(values) <= DIMENSIONS
        and all(type(value) is int and 0 <= value < 1 << 48 for value in values)
    )


def _first(arguments: tuple[Any, ...]) -> Any:
    return arguments[0]


def _dictionary(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    """A new dictionary; older pickles hand in its items as lists of two."""
    items = arguments[0] if arguments else []
    if not isinstance(items, list):
        return {}
    pairs = [pair for pair in items if isinstance(pair, list | tuple) and len(pair) == 2]
    return {key: value for key, value in pairs if isinstance(key, str)}


def _nothing(arguments: tuple[Any, ...]) -> None:
    """What is no weight and holds none."""


# What stands for the functions and classes that a file may call. None of them is called.
CALLS = {
    "torch._utils._rebuild_tensor": _view,
    "torch._utils._rebuild_tensor_v2": _view,
    "torch._utils._rebuild_parameter": _first,
    "torch.jit._pickle.restore_type_tag": _first,
    "torch.jit._pickle.build_tensorlist": _first,
    "torch.jit._pickle.build_intlist": _first,
    "torch.jit._pickle.build_doublelist": _first,
    "torch.jit._pickle.build_boollist": _first,
    "collections.OrderedDict": _dictionary,
    "collections.defaultdict": lambda arguments: {},
    "collections.Counter": lambda arguments: {},
    "torch.Size": _nothing,
    "torch.device": _nothing,
    "builtins.set": _nothing,
    "__builtin__.set": _nothing,
    "builtins.frozenset": _nothing,
    "__builtin__.frozenset": _nothing,
    "numpy.core.multiarray.scalar": _nothing,
    "numpy._core.multiarray.scalar": _nothing,
    "numpy.dtype": lambda arguments: {},
    "_codecs.encode": _nothing,
}


def _named(given: Any, path: str, seen: set[int], depth: int) -> Iterator[tuple[str, _View]]:
    """All tensors in dictionaries and objects, however deep, by the path to them."""
    inside = given.attributes if isinstance(given, Record) else given
    if not isinstance(inside, dict) or id(inside) in seen or depth > DEPTH_LIMIT:
        return
    seen.add(id(inside))
    for key, value in inside.items():
        if not isinstance(key, str):
            continue
        if isinstance(value, _View):
            yield path + key, value
        else:
            yield from _named(value, f"{path}{key}.", seen, depth + 1)


def _storages(whole: Any) -> Iterator[_Storage]:
    """All storages in an object, each once."""
    waiting, seen, keys = [whole], set[int](), set[str]()
    while waiting:
        given = waiting.pop()
        if isinstance(given, _View) and given.storage.key not in keys:
            keys.add(given.storage.key)
            yield given.storage
        if isinstance(given, dict | list | tuple) and id(given) not in seen:
            seen.add(id(given))
            waiting.extend(given.values() if isinstance(given, dict) else given)


def _weights_in(whole: Any) -> Any:
    """The dictionary of weights in a checkpoint, which holds others too."""
    for _ in range(DEPTH_LIMIT):
        if not isinstance(whole, dict):
            break
        names = [name for name, _ in _named(whole, "", set(), 0) if RECURRENT.search(name)]
        inner = [key for key in whole if any(name.startswith(f"{key}.") for name in names)]
        direct = any(isinstance(whole.get(name), _View) for name in names)
        if direct or len(inner) != 1 or not WRAPPERS.search(str(inner[0])):
            break
        whole = whole[inner[0]]
    return whole


def _without_wrappers(found: dict[str, _View]) -> dict[str, _View]:
    """The tensors without what wrappers of a module put before all names."""
    for prefix in PREFIXES * 2:
        if found and all(name.startswith(prefix) for name in found):
            found = {name.removeprefix(prefix): view for name, view in found.items()}
    return found


def _tensor(name: str, view: _View, numbers: Numbers) -> Tensor:
    return Tensor(name, view.storage.dtype, view.shape, lambda: _values(name, view, numbers))


def _values(name: str, view: _View, numbers: Numbers) -> Array:
    content, order = numbers(view.storage)
    dtype = np.dtype(order + view.storage.code)
    if len(content) != view.storage.length * dtype.itemsize:
        raise ValueError(
            f"{shown(name)} must have {view.storage.length * dtype.itemsize} bytes in its file. "
            f"Got {len(content)}."
        )
    flat = np.frombuffer(content, dtype)[view.offset :]
    strides = [stride * dtype.itemsize for stride in view.strides]
    stored = np.lib.stride_tricks.as_strided(flat, view.shape, strides, writeable=False)
    if view.storage.dtype != "bfloat16":
        return stored
    # A bfloat16 is the upper half of the float32 of the same value.
    return (stored.astype("<u4") << np.uint32(16)).view("<f4")
