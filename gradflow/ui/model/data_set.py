"""Many sequences that a user brings, from one file or many; the session alone keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import streamlit as st

from gradflow import sequences
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_array
from gradflow.surveys.data_files import samples_of_arrays
from gradflow.ui.shared.markdown_text import natural_order, printable
from gradflow.ui.shared.setting_fields import LONGEST
from gradflow.weights.npy import MAGIC, read_npy
from gradflow.weights.npz import looks_like_zip, read_npz

# Megabytes of one file, sequences, and numbers in all.
LARGEST_FILE, MOST, MOST_NUMBERS = 32, 1000, 4_000_000

FILES = "model_many_files"
_HELD, _ERRORS, _COUNT = "model_many", "model_many_errors", "model_many_count"


@dataclass(frozen=True, eq=False)
class DataSet:
    """Sequences that were read.

    Attributes
    ----------
    sequences : tuple of arrays of shape (T, D)
        Each with a T of its own.
    targets : tuple of arrays of shape (T,), or of None
        The target of each step, of sequences that have them.
    names : tuple of str
        What each is called.
    ident : int
        What no other data set of this session has.
    """

    sequences: tuple[Array, ...]
    targets: tuple[Array | None, ...]
    names: tuple[str, ...]
    ident: int

    @property
    def D(self) -> int:
        """Numbers of a step."""
        return int(self.sequences[0].shape[1])

    def place(self, number: int) -> int:
        """Where the sequence of a number is, counted from 0; the last one beyond the end."""
        return min(number, len(self.sequences)) - 1


class FileSequence(NamedTuple):
    """One sequence of a file: its name, its inputs (T, D), and the target of each step (T,)."""

    name: str
    x: Array
    target: Array | None


def held() -> DataSet | None:
    """The sequences read last, if there are any."""
    found: DataSet | None = st.session_state.get(_HELD)
    return found


def errors() -> tuple[str, ...]:
    """What is wrong with each file that could not be read, as plain text."""
    found: tuple[str, ...] = st.session_state.get(_ERRORS, ())
    return found


def read(D: int) -> None:
    """Read the files in the uploader, for sequences of D numbers a step; a callback.

    Where none can be read, the old sequences stay.
    """
    read_well: list[FileSequence] = []
    bad: list[str] = []
    for file in sorted(st.session_state[FILES], key=lambda file: natural_order(file.name)):
        name = printable(file.name)
        try:
            found = list(sequences_in(name, file.getvalue(), D))
            _check_room([*read_well, *found])
        except ValueError as rule:
            bad.append(f"{name}: {rule}")
        else:
            read_well += found
    st.session_state[_ERRORS] = tuple(bad)
    if read_well:
        names, arrays, targets = zip(*read_well, strict=True)
        st.session_state[_COUNT] = ident = st.session_state.get(_COUNT, 0) + 1
        st.session_state[_HELD] = DataSet(arrays, targets, names, ident)


def sequences_in(name: str, data: bytes, D: int) -> Iterator[FileSequence]:
    """The sequences of a file, without the steps that its mask leaves out.

    Raises
    ------
    ValueError
        If the file is none of numbers, or of another number a step.
    """
    if not (data.startswith(MAGIC) or looks_like_zip(data)):
        yield FileSequence(name, _from_text(data, D), None)
        return
    if looks_like_zip(data):
        tensors = read_npz(data, MOST_NUMBERS * 8)
        arrays = {key: tensor.read() for key, tensor in tensors.items()}
    else:
        arrays = {"x": read_npy(data)}
    x = arrays.get("x")
    if x is not None and x.ndim == 2 and D > 1:
        yield FileSequence(name, _checked(x, D), None)
        return
    for number, sample in enumerate(samples_of_arrays(arrays, "The file")):
        x = _checked(sample.x, D)
        target = _targets(arrays["y"][number], len(x)) if "y" in arrays else None
        counts = np.ones(len(x), bool) if sample.mask is None else sample.mask
        if not counts.any():
            raise ValueError(f"mask must leave a step of each sequence. Got none of {number + 1}.")
        target = None if target is None else target[counts]
        yield FileSequence(f"{name}, {number + 1}", x[counts], target)


def _targets(y: Array, T: int) -> Array:
    """The target of each step of a sequence, (T,), of which y holds one or one a step."""
    found = finite_array("y", y)
    if found.ndim > 1:
        raise ValueError(f"y must have shape (N,) or (N, T). Got {found.ndim + 1} axes.")
    return np.broadcast_to(found, T) if not found.ndim else found[:T]


def _from_text(data: bytes, D: int) -> Array:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(
            "The file must be text in UTF-8, a .npy or an .npz. It holds other bytes."
        ) from None
    return _checked(sequences.parse_numbers(text, D, most_rows=100 * LONGEST), D)


def _checked(x: Array, D: int) -> Array:
    table = x[:, None] if x.ndim == 1 else x
    if table.ndim != 2 or table.shape[1] != D or not len(table):
        raise ValueError(
            f"Each sequence must have shape (T, D) with D = {D}, a row a step. Got {x.shape}."
        )
    return finite_array("The sequence", table)


def _check_room(read_so_far: list[FileSequence]) -> None:
    count, numbers = len(read_so_far), sum(one.x.size for one in read_so_far)
    if count > MOST or numbers > MOST_NUMBERS:
        raise ValueError(
            f"All sequences together must be at most {MOST:,}, of {MOST_NUMBERS:,} numbers. "
            f"Got {count:,} of {numbers:,}."
        )
