"""A reader of NumPy's .npy that takes nothing in the file on trust, and unpickles nothing."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from typing import IO

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.tensors import shown

MAGIC = b"\x93NUMPY"
HEADER_LIMIT = 10_000

# What numpy writes at the head of an array: a dict of these three, in this order.
HEADER = re.compile(
    r"\{'descr': '([<>|=]?)([A-Za-z])(\d{0,9})', 'fortran_order': (True|False), "
    r"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\),? ?\} *\n?"
)
KINDS = "biufcSUV"  # the letters of numbers, texts and raw bytes


@dataclass(frozen=True)
class Head:
    """What the head of a .npy says of the array, and where its numbers begin.

    Attributes
    ----------
    dtype, shape
        Those of the array.
    column_major : bool
        Whether the first axis runs fastest in the file.
    start : int
        Bytes before the first number.
    """

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    column_major: bool
    start: int

    def array(self, content: bytes) -> Array:
        """The array in the bytes of the whole file."""
        flat = np.frombuffer(content, self.dtype, offset=self.start)
        return flat.reshape(self.shape, order="F" if self.column_major else "C")


def read_npy(data: bytes) -> Array:
    """The array of a .npy file.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    ValueError
        If it is none, is damaged, or holds Python objects.
    """
    if not data.startswith(MAGIC):
        raise ValueError("The file must be a .npy, as numpy.save writes it. It is none.")
    try:
        text, start = header_text(io.BytesIO(data))
    except ValueError as error:
        raise ValueError("The .npy file cannot be read: it is damaged.") from error
    return parsed_head(text, start, len(data), "The .npy file").array(data)


def header_text(file: IO[bytes]) -> tuple[str, int]:
    """The text of a .npy's header, and where the numbers begin.

    Raises
    ------
    ValueError
        If the header is not whole.
    """
    magic = file.read(8)
    if magic[:6] != MAGIC or magic[6:] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError("not a .npy")
    width = 2 if magic[6] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    if length > HEADER_LIMIT:
        raise ValueError("header too long")
    text = file.read(length)
    if len(text) != length:
        raise ValueError("header cut short")
    return text.decode("latin-1"), 8 + width + length


def parsed_head(text: str, start: int, size: int, name: str) -> Head:
    """What the text of a header says, checked against the size of the file.

    Parameters
    ----------
    text, start
        As `header_text` gives them.
    size : int
        Bytes of the whole file.
    name : str
        What a message calls the array.

    Raises
    ------
    ValueError
        If the array is not one of plain numbers or texts, or the size is not what its shape needs.
    """
    found = HEADER.fullmatch(text)
    if found is None:
        raise ValueError(f"{name} must be a plain array. Got {shown(text)}.")
    order, kind, digits, column_major, sizes = found.groups()
    if kind == "O":
        raise ValueError(
            f"{name} is an array of pickled Python objects, and pickled content is never unpickled."
        )
    try:
        dtype = np.dtype(f"{order}{kind}{digits}") if kind in KINDS else None
    except (TypeError, ValueError):
        dtype = None
    if dtype is None:
        raise ValueError(f"{name} must hold numbers. Got the type {kind}{digits}.")
    shape = tuple(int(size) for size in sizes.replace(",", " ").split())
    needed = math.prod(shape) * dtype.itemsize
    if needed != size - start:
        raise ValueError(
            f"{name} must have the {needed} bytes that its shape {shown(str(shape))} needs. "
            f"Got {size - start}."
        )
    return Head(dtype, shape, column_major == "True", start)
