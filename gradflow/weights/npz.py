"""A reader of NumPy's .npz that takes nothing in the archive on trust, and unpickles nothing."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import partial

from gradflow.numerics.scaled import Array
from gradflow.weights.npy import Head, header_text, parsed_head
from gradflow.weights.tensors import Tensor, shown

# Bytes of a zip's own list of members: room for ten thousand arrays.
DIRECTORY_LIMIT = 1 << 20

END = b"PK\x05\x06"  # begins the last record of a zip, of 22 bytes where there is no comment
WIDE_END = b"PK\x06\x07"  # begins the 20 bytes before it, in an archive beyond 4 GB
WIDE_RECORD = b"PK\x06\x06"  # begins the 56 bytes before those
ENCRYPTED = 1  # a flag of a member

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
    return archive_of(data, wide=True).namelist()


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
    archive = archive_of(data)
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
        head = _head(archive, member, name)
        tensors[name] = Tensor(
            name, head.dtype.name, head.shape, partial(_numbers, archive, member, name, head)
        )
    return tensors


def archive_of(data: bytes, wide: bool = False) -> zipfile.ZipFile:
    """The archive, once its own list of members is known to be of a bearable size.

    Parameters
    ----------
    data : bytes
        The whole file.
    wide : bool
        Whether it may be one that could be beyond 4 GB, as PyTorch writes all of its own.

    Raises
    ------
    ValueError
        If it is not whole.
    """
    end = data[-22:]
    whole = len(end) == 22 and end[:4] == END and end[20:] == b"\0\0"
    is_wide = data[-42:-38] == WIDE_END
    if not whole or (is_wide and not (wide and data[-98:-94] == WIDE_RECORD)):
        raise ValueError(
            "The zip archive must be whole, and end with its list of members. "
            f"Got {len(data)} bytes that end otherwise."
        )
    # In a wide archive the record before the last two has 8 bytes for it.
    size = data[-58:-50] if is_wide else end[12:16]
    directory = int.from_bytes(size, "little")
    if directory > DIRECTORY_LIMIT:
        raise ValueError(
            f"The zip archive must have a list of members of at most {DIRECTORY_LIMIT} bytes. "
            f"Got {directory}."
        )
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except DAMAGED as error:
        raise ValueError("The zip archive's list of members cannot be read.") from error


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Head:
    """The head of one array, checked against the size of the member."""
    said = f"{shown(name)} in the .npz"
    try:
        with archive.open(member) as file:
            text, start = header_text(file)
    except DAMAGED as error:
        raise ValueError(f"{said} cannot be read: it is damaged.") from error
    return parsed_head(text, start, member.file_size, said)


def _numbers(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, head: Head) -> Array:
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
    return head.array(content)
