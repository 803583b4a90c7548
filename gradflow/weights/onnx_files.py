"""A reader of ONNX files, with the library of ONNX.

References
----------
The format: https://onnx.ai/onnx/intro/concepts.html. A model is a message of protocol buffers that
has a graph of nodes, and the constants that they use.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.contents import Contents
from gradflow.weights.onnx_graph import OnnxGraph, read_graph
from gradflow.weights.onnx_layers import onnx_modules, other_tensors
from gradflow.weights.tensors import Tensor, shown

# Parts of a message: each takes far more memory than its two bytes in the file.
PART_LIMIT = 150_000
DIMENSIONS = 64  # numpy's limit

# How a version begins, and what may come after it.
BEGINNING = re.compile(rb"\x08[\x01-\x40][\x12\x1a\x22\x2a\x32\x3a\x42]", re.DOTALL)

# Names and bytes of a number, by the codes of onnx.TensorProto.
TYPES = {
    1: ("float32", 4), 2: ("uint8", 1), 3: ("int8", 1), 6: ("int32", 4), 7: ("int64", 8),
    10: ("float16", 2), 11: ("float64", 8), 16: ("bfloat16", 2),
}  # fmt: skip
EXTERNAL = 1  # where a tensor's numbers lie: in another file


class OnnxFileError(ValueError):
    """What is said of a file, after its name."""


class OnnxMissingError(Exception):
    """The library onnx is not installed."""


class ExternalDataError(Exception):
    """The file keeps numbers in other files."""


def looks_like_onnx(data: bytes) -> bool:
    """Whether the bytes begin as a model of ONNX does."""
    return BEGINNING.match(data) is not None


def read_onnx(data: bytes) -> Contents:
    """What a file holds.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    OnnxMissingError
        If the library is not installed.
    ExternalDataError
        If numbers lie in other files, which are never opened.
    OnnxFileError
        If it is damaged or too long.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise OnnxMissingError from error
    _check_parts(data, onnx.ModelProto.DESCRIPTOR)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError) as error:
        raise OnnxFileError("is damaged: it cannot be read as ONNX.") from error
    if not model.graph.node:
        raise OnnxFileError("must be a model of ONNX with a graph. It has none.")
    graph = read_graph(model.graph, partial(_tensor, onnx))
    return _contents(graph)


def _contents(graph: OnnxGraph) -> Contents:
    return Contents(
        dict(other_tensors(graph)),
        modules=tuple(onnx_modules(graph)),
        feeds=graph.feeds(),
        sources=graph.sources(),
    )


def _check_parts(data: bytes, descriptor: Any) -> None:
    """Raise OnnxFileError if a message is cut short or has more parts than a model has."""
    waiting = [(0, len(data), descriptor)]
    parts = 0
    while waiting:
        start, end, kind = waiting.pop()
        while start < end:
            tag, start = _varint(data, start, end)
            wire, field = tag & 7, kind.fields_by_number.get(tag >> 3)
            length = 0
            if wire == 0:
                _, start = _varint(data, start, end)
            elif wire in (1, 5):
                length = 8 if wire == 1 else 4
            elif wire == 2:
                length, start = _varint(data, start, end)
                if field is not None and field.message_type is not None:
                    waiting.append((start, start + length, field.message_type))
                elif field is not None and field.name == "int64_data":
                    parts += length // 4
            else:
                raise OnnxFileError("is damaged: it cannot be read as ONNX.")
            start += length
            parts += 1
            if start > end:
                raise OnnxFileError("is damaged: it is shorter than it says.")
            if parts > PART_LIMIT or len(waiting) > PART_LIMIT:
                raise OnnxFileError(f"must have at most {PART_LIMIT} parts.")


def _varint(data: bytes, start: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = 0
    for place in range(start, min(end, start + 10)):
        value |= (data[place] & 0x7F) << 7 * (place - start)
        if data[place] < 0x80:
            return value, place + 1
    raise OnnxFileError("is damaged: it is shorter than it says.")


def _tensor(onnx: Any, name: str, proto: Any) -> Tensor:
    """A constant, whose size is that of its numbers."""
    if proto.data_location == EXTERNAL or proto.external_data:
        raise ExternalDataError(name)
    shape = tuple(int(size) for size in proto.dims)
    if len(shape) > DIMENSIONS or any(size < 0 for size in shape):
        raise OnnxFileError(f"is damaged: {shown(name)} has no shape of whole numbers.")
    if proto.data_type not in TYPES:
        return Tensor(name, f"type {proto.data_type}", shape, partial(_refused, name))
    dtype, size = TYPES[proto.data_type]
    fields = (proto.float_data, proto.double_data, proto.int32_data, proto.int64_data)
    held = len(proto.raw_data) / size if proto.raw_data else sum(map(len, _sized(fields)))
    if held != math.prod(shape):
        raise OnnxFileError(
            f"is damaged: {shown(name)} must have as many numbers as its shape {shown(str(shape))} "
            f"needs. Got {held:g}."
        )
    return Tensor(name, dtype, shape, partial(_numbers, onnx, name, proto))


def _sized(fields: Iterable[Any]) -> Iterable[Any]:
    return (field for field in fields if len(field))


def _refused(name: str) -> Array:
    raise ValueError(f"{shown(name)} must hold numbers.")


def _numbers(onnx: Any, name: str, proto: Any) -> Array:
    try:
        array = np.asarray(onnx.numpy_helper.to_array(proto))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{shown(name)} cannot be read: the file is damaged.") from error
    # A bfloat16 of the library is a type of its own, which numpy turns into no other by itself.
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
