"""A reader of NumPy's .npz that takes nothing in the archive on trust, and unpickles nothing."""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from typing import IO

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.tensors import Tensor, shown

# Bytes of a zip's own list of members: room for ten thousand arrays.
DIRECTORY_LIMIT = 1 << 20
HEADER_LIMIT = 10_000

END = b"PK\x05\x06"  # begins the last record of a zip, of 22 bytes where there is no comment
WIDE_END = b"PK\x06\x07"  # begins the 20 bytes before it, in an archive beyond 4 GB
ENCRYPTED = 1  # a flag of a member

# What numpy writes at the head of an array: a dict of these three, in this order.
NPY_HEADER = re.compile(
    r"\{'descr': '([<>|=]?)([A-Za-z])(\d{0,9})', 'fortran_order': (True|False), "
    r"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\),? ?\} *\n?"
)
KINDS = "biufcSUV"  # the letters of numbers, texts and raw bytes
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy writes

# What reading a damaged archive raises; NotImplementedError is a RuntimeError.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class _Npy:
    """What the head of a .npy says of it, and where its numbers begin."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    column_major: bool
    start: int


def looks_like_zip(data: bytes) -> bool:
    """Whether the bytes begin as a zip does."""
    return data[:4] == b"PK\x03\x04"


def member_names(data: bytes) -> list[str]:
    """The names of a zip's members.

    Raises
    ------
    ValueError
        If the archive is not whole.
    """
    return _archive(data).namelist()


def read_npz(data: bytes, limit: int) -> dict[str, Tensor]:
    """The arrays of an .npz, by name.

    Parameters
    ----------
    data : bytes
        The whole file.
    limit : int
        Bytes that its members may have in all when unpacked.

    Raises
    ------
    ValueError
        If the archive is not whole, would unpack to more than the limit, or holds anything but
        arrays of numbers and of text.
    """
    archive = _archive(data)
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > limit:
        raise ValueError(
            f"An .npz must unpack to at most {limit} bytes. Got {len(data)} bytes that say they "
            f"unpack to {unpacked}."
        )
    tensors: dict[str, Tensor] = {}
    for member in members:
        name = member.filename.removesuffix(".npy")
        plain = member.compress_type in PACKED and not member.flag_bits & ENCRYPTED
        if name == member.filename or not plain:
            raise ValueError(
                f"An .npz must hold plain .npy arrays alone. Got {shown(member.filename)}."
            )
        if name in tensors:
            raise ValueError(f"An .npz must have each name once. Got {shown(name)} twice.")
        npy = _head(archive, member, name)
        tensors[name] = Tensor(
            name, npy.dtype.name, npy.shape, partial(_numbers, archive, member, name, npy)
        )
    return tensors


def _archive(data: bytes) -> zipfile.ZipFile:
    """The archive, once its own list of members is known to be of a bearable size."""
    end = data[-22:]
    whole = len(end) == 22 and end[:4] == END and end[20:] == b"\0\0"
    if not whole or data[-42:-38] == WIDE_END:
        raise ValueError(
            "The zip archive must be whole, and end with its list of members. "
            f"Got {len(data)} bytes that end otherwise."
        )
    directory = int.from_bytes(end[12:16], "little")
    if directory > DIRECTORY_LIMIT:
        raise ValueError(
            f"The zip archive must have a list of members of at most {DIRECTORY_LIMIT} bytes. "
            f"Got {directory}."
        )
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except DAMAGED as error:
        raise ValueError("The zip archive's list of members cannot be read.") from error


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> _Npy:
    """The head of one array, checked against the size of the member."""
    try:
        with archive.open(member) as file:
            text, start = _header_text(file)
    except DAMAGED as error:
        raise ValueError(f"{shown(name)} in the .npz cannot be read: it is damaged.") from error
    found = NPY_HEADER.fullmatch(text)
    if found is None:
        raise ValueError(f"{shown(name)} in the .npz must be a plain array. Got {shown(text)}.")
    order, kind, digits, column_major, sizes = found.groups()
    if kind == "O":
        raise ValueError(
            f"{shown(name)} in the .npz is an array of pickled Python objects, and pickled content "
            "is never unpickled."
        )
    try:
        dtype = np.dtype(f"{order}{kind}{digits}") if kind in KINDS else None
    except (TypeError, ValueError):
        dtype = None
    if dtype is None:
        raise ValueError(
            f"{shown(name)} in the .npz must hold numbers. Got the type {kind}{digits}."
        )
    shape = tuple(int(size) for size in sizes.replace(",", " ").split())
    needed = math.prod(shape) * dtype.itemsize
    if needed != member.file_size - start:
        raise ValueError(
            f"{shown(name)} in the .npz must have the {needed} bytes that its shape "
            f"{shown(str(shape))} needs. Got {member.file_size - start}."
        )
    return _Npy(dtype, shape, column_major == "True", start)


def _header_text(file: IO[bytes]) -> tuple[str, int]:
    """The text of a .npy's header, and where the numbers begin."""
    magic = file.read(8)
    if magic[:6] != b"\x93NUMPY" or magic[6:] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError("not a .npy")
    width = 2 if magic[6] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    if length > HEADER_LIMIT:
        raise ValueError("header too long")
    text = file.read(length)
    if len(text) != length:
        raise ValueError("header cut short")
    return text.decode("latin-1"), 8 + width + length


def _numbers(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, npy: _Npy) -> Array:
    try:
        # Exactly as many bytes as the member has by its own account: the last one makes zipfile
        # compare the checksum, and a member that unpacks to more is not unpacked further.
        with archive.open(member) as file:
            content = file.read(member.file_size)
    except DAMAGED as error:
        raise ValueError(f"{shown(name)} in the .npz cannot be read: it is damaged.") from error
    if len(content) != member.file_size:
        raise ValueError(
            f"{shown(name)} in the .npz must have {member.file_size} bytes. Got {len(content)}."
        )
    flat = np.frombuffer(content, npy.dtype, offset=npy.start)
    return flat.reshape(npy.shape, order="F" if npy.column_major else "C")
