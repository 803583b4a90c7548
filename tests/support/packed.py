"""The reverse of `gradflow.ui.component.packing`, by its description."""

import json
import struct
from typing import Any

import numpy as np


def unpacked(message: bytes) -> Any:
    """Content of a message, its arrays as numpy arrays."""
    (length,) = struct.unpack_from("<Q", message)
    content = json.loads(message[8 : 8 + length])
    start = 8 + length + (-length % 8)
    return _filled(content, message[start:])


def _filled(content: Any, parts: bytes) -> Any:
    if isinstance(content, list):
        return [_filled(inner, parts) for inner in content]
    if not isinstance(content, dict):
        return content
    if "triangle" in content:
        rows, columns = content["shape"]
        dtype = np.dtype(content["array"])
        square = np.full((rows, columns), np.nan if dtype.kind == "f" else 0, dtype)
        at = content["at"]
        for row in range(rows):
            square[row, : row + 1] = np.frombuffer(parts, dtype, row + 1, at)
            at += (row + 1) * dtype.itemsize
        return square
    if "array" in content:
        count = int(np.prod(content["shape"]))
        return np.frombuffer(parts, content["array"], count, content["at"]).reshape(
            content["shape"]
        )
    return {name: _filled(inner, parts) for name, inner in content.items()}
