"""Plain mappings with arrays in them as one block of bytes, for a script to read."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen

# Every array begins at a multiple of its own size, as typed arrays must.
_ALIGNED = 8

# Whole numbers as a script has them: there are typed arrays of 64 bits, but not of numbers.
_SENT_AS = {"i": "<i4", "b": "|u1"}


@dataclass(frozen=True, eq=False)
class Triangle:
    """A square array with nothing above its diagonal, which is then not sent.

    Attributes
    ----------
    square : array of shape (n, n)
        nan above the diagonal, or 0 where it has whole numbers.
    """

    square: Array


def packed(content: Any) -> bytes:
    """Content as JSON, and after it the bytes of the arrays in it.

    The length of the JSON stands first, in 8 bytes, low byte first. An array stands in the JSON as
    {"array": its dtype, "shape": .., "at": the byte it begins at, counted from the end of the JSON
    rounded up to a multiple of 8}. A `Triangle` has "triangle": true beside these, and of each row
    the bytes up to the diagonal.

    Parameters
    ----------
    content : mappings, sequences, text, numbers, arrays and Triangles
        Arrays of whole numbers must fit in 32 bits, unless they are int8 or uint8.

    Raises
    ------
    ValueError
        If a number outside of the arrays is not finite.
    """
    parts: list[bytes] = []
    end = 0

    def described(given: Array | Triangle) -> dict[str, Any]:
        nonlocal end
        place: dict[str, Any] = {"at": end}
        if isinstance(given, Triangle):
            place["triangle"], given = True, given.square
        sent = given if given.itemsize == 1 and given.dtype.kind != "b" else _sendable(given)
        place |= {"array": sent.dtype.str[1:], "shape": sent.shape}
        cells = sent[_below_diagonal(len(sent))] if "triangle" in place else sent
        part = _padded(np.ascontiguousarray(cells).tobytes())
        parts.append(part)
        end += len(part)
        return place

    header = json.dumps(content, default=described, allow_nan=False, separators=(",", ":")).encode()
    length = len(header).to_bytes(_ALIGNED, "little")
    return b"".join((length, _padded(header), *parts))


@functools.lru_cache(maxsize=2)
def _below_diagonal(n: int) -> Array:
    """Where the column is not above the row, (n, n)."""
    return frozen(np.tri(n, dtype=bool))


def _sendable(array: Array) -> Array:
    kind = _SENT_AS.get(array.dtype.kind)
    return array if kind is None else array.astype(kind)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % _ALIGNED)
