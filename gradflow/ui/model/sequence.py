"""The sequence a model reads: symbols, noise, or numbers from a file or a text field."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_array, frozen
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.shared.settings import LONGEST

# Characters of a text of numbers: 2000 steps of 512 numbers of 15 digits.
LONGEST_TEXT = 16_000_000

_HEADER_LIMIT = 10_000


@dataclass(frozen=True, eq=False)
class Sequence:
    """What a model reads.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs.
    words : tuple of T str, or None
        The symbols, where it is made of them.
    left_out : int
        Steps beyond the longest sequence of the page.
    own : bool
        Whether it is the user's own numbers.
    """

    x: Array
    words: tuple[str, ...] | None = None
    left_out: int = 0
    own: bool = False


def noise(T: int, D: int, seed: int) -> Sequence:
    """Independent standard normal numbers."""
    return Sequence(frozen(np.random.default_rng(seed).standard_normal((T, D))))


def of_symbols(text: str, symbols: str) -> Sequence:
    """A text as ones at the places of its symbols.

    Parameters
    ----------
    text : str
        Letters in the other case stand for the symbols, and what is no symbol for a space, if that
        is one.
    symbols : str
        Input d is 1 where the text has symbol d.

    Raises
    ------
    ValueError
        If the text is empty or holds what is no symbol.
    """
    if not text:
        raise ValueError("The text must have at least one character. Got none.")
    found = [_symbol(character, symbols) for character in text[:LONGEST]]
    x = np.eye(len(symbols))[[symbols.index(symbol) for symbol in found]]
    words = tuple("␣" if symbol == " " else symbol for symbol in found)
    return Sequence(frozen(x), words, len(text) - len(found))


def of_numbers(numbers: Array) -> Sequence:
    """Numbers as they were read, of shape (T, D), up to the page's longest sequence."""
    return Sequence(numbers[:LONGEST], None, max(0, len(numbers) - LONGEST), own=True)


def chosen(
    settings: ModelSettings,
    shipped: Shipped | None,
    D: int,
    text: str,
    numbers: Array | None,
) -> Sequence:
    """The sequence that the settings choose.

    In the place of a text that is not there it is the example, and of numbers, noise.

    Parameters
    ----------
    settings : ModelSettings
        The page's settings.
    shipped : Shipped or None
        The model, if it is one of those that ship; another has no symbols.
    D : int
        Its input size.
    text : str
        The user's own text.
    numbers : array of shape (T, D') or None
        The user's own numbers.

    Raises
    ------
    ValueError
        If the text holds what is no symbol of the model.
    """
    if shipped is not None and settings.sequence in ("example", "text"):
        own = text if settings.sequence == "text" else ""
        return of_symbols(own or shipped.example, shipped.symbols)
    if settings.sequence == "own" and numbers is not None and numbers.shape[1] == D:
        return of_numbers(numbers)
    return noise(settings.T, D, settings.seed)


def read_numbers(text: str, D: int) -> Array:
    """A table of numbers, one row a step; for D = 1 the numbers may stand in any layout.

    Parameters
    ----------
    text : str
        Separated by commas, semicolons, tabs or blanks. A first line of words is skipped.
    D : int
        Numbers in each row.

    Returns
    -------
    array of shape (T, D)

    Raises
    ------
    ValueError
        If it is too long, empty, or a row holds another count of numbers or none at all.
    """
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"The numbers must fit in {LONGEST_TEXT:,} characters. Got {len(text):,}.")
    lines = [line.strip().strip(",;") for line in text.lstrip("\ufeff").splitlines()]
    rows = [re.split(r"\s*[,;\t]\s*|\s+", line) for line in lines if line]
    if rows and not any(_is_number(field) for field in rows[0]):
        rows = rows[1:]
    if not rows:
        raise ValueError("The sequence must hold at least one number. Got none.")
    if D == 1 and len(rows) == 1:
        rows = [[field] for field in rows[0]]
    for number, row in enumerate(rows, start=1):
        for field in row:
            if not _is_number(field):
                raise ValueError(
                    "The sequence must hold finite numbers alone. "
                    f"Got {field[:40]!r} in row {number}."
                )
        if len(row) != D:
            raise ValueError(
                f"The sequence must have D = {D} numbers in every row, one row a step, to match "
                f"the model. Got {len(row)} in row {number}."
            )
    return frozen(np.array(rows, dtype=np.float64))


def read_npy(data: bytes, D: int) -> Array:
    """The array of a .npy file, which is never unpickled.

    Parameters
    ----------
    data : bytes
        The whole file.
    D : int
        Numbers in each step.

    Returns
    -------
    array of shape (T, D)

    Raises
    ------
    ValueError
        If the file is damaged, holds anything but real numbers, or its shape does not match D.
    """
    if data[:6] != b"\x93NUMPY":
        raise ValueError("The file must be a .npy, as numpy.save writes it. It is none.")
    try:
        stream = io.BytesIO(data)
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, column_major, dtype = read(stream, max_header_size=_HEADER_LIMIT)
    except (ValueError, KeyError, TypeError, SyntaxError, RecursionError) as error:
        raise ValueError("The .npy file's header cannot be read: it is damaged.") from error
    if dtype.kind not in "iuf":
        raise ValueError(f"The .npy file must hold real numbers, never objects. Got {dtype}.")
    needed, held = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if needed != held or any(size < 0 for size in shape):
        raise ValueError(
            f"The .npy file must have the {needed} bytes that its shape {shape} needs. Got {held}."
        )
    flat = np.frombuffer(data, dtype, offset=stream.tell())
    return _fitting(flat.reshape(shape, order="F" if column_major else "C"), D)


def _fitting(array: Array, D: int) -> Array:
    """An array of shape (T, D), checked."""
    table = array[:, None] if array.ndim == 1 and D == 1 else array
    if table.ndim != 2 or table.shape[1] != D or not len(table):
        raise ValueError(
            f"The sequence must have shape (T, D) with D = {D} to match the model. "
            f"Got {array.shape}."
        )
    return finite_array("The sequence", table)


def _symbol(character: str, symbols: str) -> str:
    for candidate in (character, character.lower(), character.upper(), " "):
        if candidate in symbols and len(candidate) == 1:
            return candidate
    raise ValueError(
        f"The text must be made of the model's symbols, {' '.join(symbols)}. Got {character!r}."
    )


def _is_number(field: str) -> bool:
    try:
        return math.isfinite(float(field)) and field.isascii() and "_" not in field
    except ValueError:
        return False
