"""A reader of the safetensors format that takes nothing in the header on trust.

References
----------
The format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import partial
from typing import Any, NoReturn

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.tensors import Tensor, listed, shown

# The format allows 100 MB; a megabyte is room for ten thousand tensors.
HEADER_LIMIT = 1 << 20
DIMENSIONS = 64  # numpy's limit

# Bits of one number of each type. Only the four named in FLOATS can be weights; the others are
# known so that the sizes of their tensors can be checked.
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16,
    "C64": 64, "I64": 64, "U64": 64, "I32": 32, "U32": 32, "I16": 16, "U16": 16,
    "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip
FLOAT_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
STORED_AS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
FIELDS = {"dtype", "shape", "data_offsets"}


def looks_like_safetensors(data: bytes) -> bool:
    """Whether a header may begin where the format has it."""
    return data[8:9] == b"{"


def read_safetensors(data: bytes) -> dict[str, Tensor]:
    """The tensors of a file, by name.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    ValueError
        If the file is cut short, its header cannot be read, or the header and the bytes after it
        do not fit.
    """
    header, start = _header(data)
    _check_metadata(header.pop("__metadata__", None))
    spans = {name: _span(name, entry) for name, entry in header.items()}
    _check_cover(spans, len(data) - start)
    return {
        name: _tensor(name, entry, data, start + spans[name][0]) for name, entry in header.items()
    }


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """The header, and where the numbers begin."""
    if len(data) < 8:
        raise ValueError(f"A safetensors file must have at least 8 bytes. Got {len(data)}.")
    length = int.from_bytes(data[:8], "little")
    if length > len(data) - 8:
        raise ValueError(
            "A safetensors file must be as long as its header says. "
            f"Got a header of {length} bytes in a file of {len(data)}."
        )
    if length > HEADER_LIMIT:
        raise ValueError(
            f"A safetensors header must have at most {HEADER_LIMIT} bytes. Got {length}."
        )
    try:
        header = json.loads(
            data[8 : 8 + length].decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_constant=_no_count,
            parse_int=_count,
        )
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        reason = error if isinstance(error, _HeaderError) else "It is not valid JSON"
        raise ValueError(f"The safetensors header cannot be read. {reason}.") from error
    if not isinstance(header, dict):
        raise ValueError(f"The safetensors header must be an object. Got {_short(header)}.")
    return header, 8 + length


class _HeaderError(ValueError):
    """What is wrong with a header that is JSON."""


def _without_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _HeaderError(f"It has the name {shown(name)} twice")
        made[name] = value
    return made


def _count(text: str) -> int:
    return _no_count(text) if text.startswith("-") else int(text)


def _no_count(text: str) -> NoReturn:
    raise _HeaderError(f"It has {text} for a number")


def _check_metadata(metadata: Any) -> None:
    """Raise ValueError unless notes are texts by name, as the format has them."""
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError(
            f"__metadata__ must be texts by name in the safetensors header. Got {_short(metadata)}."
        )


def _span(name: str, entry: Any) -> tuple[int, int]:
    """Where the bytes of a tensor begin and end, which must be as many as its shape needs."""
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        raise ValueError(
            f"{shown(name)} must have {listed(sorted(FIELDS))} in the safetensors header. "
            f"Got {_short(entry)}."
        )
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise ValueError(f"{shown(name)} must have a known dtype. Got {_short(dtype)}.")
    if not _whole_numbers(shape):
        raise ValueError(f"{shown(name)} must have a shape of whole numbers. Got {_short(shape)}.")
    if not _whole_numbers(offsets) or len(offsets) != 2:
        raise ValueError(
            f"{shown(name)} must have two data_offsets, whole numbers. Got {_short(offsets)}."
        )
    begin, end = offsets
    if math.prod(shape) * BITS[dtype] != 8 * (end - begin):
        raise ValueError(
            f"{shown(name)} must have as many bytes as its shape {_short(shape)} of {dtype} needs. "
            f"Got data_offsets {_short(offsets)}."
        )
    return begin, end


def _whole_numbers(values: Any) -> bool:
    """Whether this is a short list of counts that 64 bits hold."""
    return (
        isinstance(values, list)
        and len(values) <= DIMENSIONS
        and all(type(value) is int and 0 <= value < 1 << 63 for value in values)
    )


def _check_cover(spans: dict[str, tuple[int, int]], size: int) -> None:
    """Raise ValueError unless the tensors lie end to end and fill the file."""
    reached = 0
    for name, (begin, end) in sorted(spans.items(), key=lambda item: item[1]):
        if begin != reached:
            raise ValueError(
                "The tensors of a safetensors file must lie end to end. "
                f"Got {shown(name)} at byte {begin} where byte {reached} is next."
            )
        reached = end
    if reached != size:
        raise ValueError(
            "The tensors of a safetensors file must fill it. "
            f"Got tensors of {reached} bytes in all, and {size} bytes after the header."
        )


def _tensor(name: str, entry: dict[str, Any], data: bytes, start: int) -> Tensor:
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    return Tensor(
        name, FLOAT_NAMES.get(dtype, dtype), shape, partial(_numbers, data, dtype, shape, start)
    )


def _numbers(data: bytes, dtype: str, shape: tuple[int, ...], start: int) -> Array:
    stored = np.frombuffer(data, STORED_AS[dtype], math.prod(shape), start).reshape(shape)
    if dtype != "BF16":
        return stored
    # A bfloat16 is the upper half of the float32 of the same value.
    return (stored.astype("<u4") << np.uint32(16)).view("<f4")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
