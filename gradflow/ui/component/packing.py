"""Plain mappings with arrays in them as one block of bytes, for a script to read."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from gradflow.scaled import Array

# Every array begins at a multiple of its own size, as typed arrays must.
_ALIGNED = 8

# Whole numbers as a script has them: there are typed arrays of 64 bits, but not of numbers.
_SENT_AS = {"i": "<i4", "b": "|u1"}


def packed(content: Any) -> bytes:
    """Content as JSON, and after it the bytes of the arrays in it.

    The length of the JSON stands first, in 8 bytes, low byte first. An array stands in the JSON as
    {"array": its dtype, "shape": .., "at": the byte it begins at, counted from the end of the JSON
    rounded up to a multiple of 8}.

    Parameters
    ----------
    content : mappings, sequences, text, numbers and arrays
        Arrays of whole numbers must fit in 32 bits, unless they are int8 or uint8.

    Raises
    ------
    ValueError
        If a number outside of the arrays is not finite.
    """
    parts: list[bytes] = []
    end = 0

    def described(array: Array) -> dict[str, Any]:
        nonlocal end
        sent = array if array.itemsize == 1 and array.dtype.kind != "b" else _sendable(array)
        part = _padded(np.ascontiguousarray(sent).tobytes())
        place = {"array": sent.dtype.str[1:], "shape": sent.shape, "at": end}
        parts.append(part)
        end += len(part)
        return place

    header = json.dumps(content, default=described, allow_nan=False, separators=(",", ":")).encode()
    length = len(header).to_bytes(_ALIGNED, "little")
    return b"".join((length, _padded(header), *parts))


def _sendable(array: Array) -> Array:
    kind = _SENT_AS.get(array.dtype.kind)
    return array if kind is None else array.astype(kind)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % _ALIGNED)
