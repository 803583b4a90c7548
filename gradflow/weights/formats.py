"""Which format a file is in, and what is said of a format that is not read."""

from __future__ import annotations

from pathlib import PurePath

from gradflow.weights.contents import Contents
from gradflow.weights.conversions import KERAS_LINES, NUMPY_LINES, ONNX_LINES, PYTORCH_LINES
from gradflow.weights.keras_files import KerasFileError, MissingLibraryError, read_keras
from gradflow.weights.npz import looks_like_zip, member_names, read_npz
from gradflow.weights.onnx_files import (
    ExternalDataError,
    OnnxFileError,
    OnnxMissingError,
    looks_like_onnx,
    read_onnx,
)
from gradflow.weights.pickle_stream import Name, UnknownNameError
from gradflow.weights.refusals import check_size, check_whole
from gradflow.weights.safetensors import looks_like_safetensors, read_safetensors
from gradflow.weights.tensors import Tensor, shown
from gradflow.weights.torch_files import TorchFileError, read_torch

PICKLED = (".pt", ".jit", ".pth", ".bin", ".pkl", ".pickle", ".ckpt", ".joblib")
KERAS = (".keras", ".h5", ".hdf5")
# How files in other formats begin; a FlatBuffer has its name after four bytes.
OTHERS = {
    b"TFL3": "a model of TensorFlow Lite",
    b"ORTM": "a model in the format of ONNX Runtime",
    b"lmgg": "a model in the ggml format",
    b"GGUF": "a model in the GGUF format",
    b"ggjt": "a model in the ggml format",
    b"tjgg": "a model in the ggml format",
}
# What Keras' archives begin with.
KERAS_MEMBERS = (b"metadata.json", b"config.json", b"model.weights.h5")
HDF5 = b"\x89HDF\r\n\x1a\n"


def read_contents(data: bytes, name: str, limit: int) -> Contents:
    """What a file holds, whose format is told by its content.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name, which an error shows, and which tells the format where the content does not.
    limit : int
        Bytes that it may have, packed or unpacked.

    Raises
    ------
    ValueError
        If the file is too long, in another format, or damaged.
    """
    check_size(len(data), name, limit)
    check_whole(name)
    suffix = PurePath(name).suffix.lower()
    try:
        if suffix == ".pb":
            raise _OtherFormatError(
                "is a graph of TensorFlow, which is not read. "
                f"Two lines of Keras write an .npz:\n{KERAS_LINES}"
            )
        if suffix == ".onnx" or looks_like_onnx(data):
            return _from_onnx(data)
        if suffix in KERAS or data[:8] == HDF5 or _is_keras_archive(data):
            return _from_keras(data, limit)
        return Contents.of(_read(data, name, suffix, limit))
    except _OtherFormatError as error:
        raise ValueError(f"{shown(name)} {error}") from None


def _from_onnx(data: bytes) -> Contents:
    try:
        return read_onnx(data)
    except OnnxMissingError as error:
        raise _OtherFormatError(
            "is in the format ONNX, which needs its library, the extra [onnx]: "
            'pip install "onnx>=1.16".'
        ) from error
    except ExternalDataError as error:
        raise _OtherFormatError(
            f"keeps {shown(str(error))} in another file, which is not opened. "
            f"Two lines put all in one:\n{ONNX_LINES}"
        ) from error
    except OnnxFileError as error:
        raise _OtherFormatError(str(error)) from error


class _OtherFormatError(Exception):
    """What is said of a file in a format that is not read, after its name."""


def _read(data: bytes, name: str, suffix: str, limit: int) -> dict[str, Tensor]:
    # A header of 640 bytes and more begins with the bytes of a pickle: what follows tells.
    if looks_like_safetensors(data) and not looks_like_zip(data):
        return read_safetensors(data)
    if _looks_pickled(data):
        return _from_pickle(data, limit)
    if looks_like_zip(data) or suffix == ".npz":
        return _from_zip(data, limit)
    if suffix == ".safetensors":
        return read_safetensors(data)
    known = next((words for start, words in OTHERS.items() if data[4:8] == start), None)
    known = known or next((words for start, words in OTHERS.items() if data[:4] == start), None)
    if known is not None:
        raise _OtherFormatError(f"is {known}, which is not read.")
    if suffix == ".json" and ".bin.index" in name:
        raise _OtherFormatError(
            "is an index of files of PyTorch, which are not read in parts. "
            f"Two lines of PyTorch write one .safetensors:\n{PYTORCH_LINES}"
        )
    if suffix == ".json":
        raise _OtherFormatError(
            "must be a file of weights. It is text: of an index.json, load the path of the file "
            "or of its folder, with all parts beside it."
        )
    if suffix in PICKLED:
        raise _OtherFormatError(
            "must be a file of PyTorch, as torch.save writes it, and is none that can be told. "
            f"Two lines of PyTorch write a .safetensors:\n{PYTORCH_LINES}"
        )
    raise _OtherFormatError(
        "must be a .safetensors, an .npz or a file of PyTorch, Keras or ONNX, and is none of these."
    )


def _from_pickle(data: bytes, limit: int) -> dict[str, Tensor]:
    try:
        return read_torch(data, limit)
    except UnknownNameError as error:
        raise _pickled(error.name) from error
    except TorchFileError as error:
        raise _OtherFormatError(str(error)) from error


def _from_zip(data: bytes, limit: int) -> dict[str, Tensor]:
    members = member_names(data)
    if any(PurePath(member).name == "data.pkl" for member in members):
        return _from_pickle(data, limit)
    return read_npz(data, limit)


def _looks_pickled(data: bytes) -> bool:
    """Whether the bytes begin as a pickle of protocol 2 to 5 does, or as PyTorch's archive of one.

    The archive is known by its first member, so that one that is cut short is known as well.
    """
    return (data[:1] == b"\x80" and data[1:2] in (b"\2", b"\3", b"\4", b"\5")) or (
        looks_like_zip(data) and b"/data.pkl" in data[:256]
    )


def _pickled(name: Name) -> _OtherFormatError:
    """What is said of a pickle that calls something which is never called here."""
    package = name.module.split(".")[0]
    refused = f"calls {shown(str(name))} when it is opened, and nothing in a file is ever run"
    if package == "numpy":
        return _OtherFormatError(
            f"is a pickle of NumPy: it {refused}. Two lines write an .npz:\n{NUMPY_LINES}"
        )
    if package in ("torch", "__main__", "collections", "builtins") or not name.module:
        return _OtherFormatError(
            f"is a pickled file that {refused}. "
            f"Two lines of PyTorch write a .safetensors:\n{PYTORCH_LINES}"
        )
    return _OtherFormatError(
        f"is a pickle that {refused}. Where {shown(package)} holds a model of PyTorch, two lines "
        f"write a .safetensors:\n{PYTORCH_LINES}"
    )


def _is_keras_archive(data: bytes) -> bool:
    """Whether the bytes begin as an archive does whose first member is Keras' own."""
    return looks_like_zip(data) and any(name in data[:256] for name in KERAS_MEMBERS)


def _from_keras(data: bytes, limit: int) -> Contents:
    try:
        return read_keras(data, limit)
    except MissingLibraryError as error:
        raise _OtherFormatError(
            "is in a format of Keras, which needs h5py, the extra [keras]: "
            'pip install "h5py>=3.10". '
            f"Without it, two lines write an .npz:\n{KERAS_LINES}"
        ) from error
    except KerasFileError as error:
        raise _OtherFormatError(str(error)) from error
