"""One tensor of a file: what its header declares, and its values once they are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen

FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class Tensor:
    """A tensor that is read only when its values are asked for.

    Attributes
    ----------
    name : str
        Its name in the file.
    dtype : str
        How it is stored: one of FLOATS, or another format's name, which cannot be a weight.
    shape : tuple of int
        Its shape.
    read : callable
        What returns the stored numbers as an array of that shape.
    parts : tuple of str
        Names of the file's tensors that it is put together from; none where it is one of them.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    read: Callable[[], Array]
    parts: tuple[str, ...] = ()

    def values(self) -> Array:
        """The numbers as read-only float64.

        Raises
        ------
        ValueError
            If they are not stored as floating point, or one is NaN or infinite.
        """
        if self.dtype not in FLOATS:
            raise ValueError(
                f"{shown(self.name)} must be stored as {listed(FLOATS, 'or')}. Got {self.dtype}."
            )
        array = self.read().astype(np.float64)
        finite = np.isfinite(array)
        if not finite.all():
            place = tuple(int(index) for index in np.argwhere(~finite)[0])
            raise ValueError(f"{shown(self.name)} must be finite. Got {array[place]} at {place}.")
        return frozen(array)


def by_prefix(
    tensors: Mapping[str, Tensor], pattern: re.Pattern[str]
) -> dict[str, dict[str, Tensor]]:
    """Tensors by how their names begin, and then by the rest of their names.

    Parameters
    ----------
    tensors : mapping
        All tensors of a file.
    pattern : re.Pattern
        What a whole name must be, with the groups "prefix" and "name"; others are left out.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if found := pattern.fullmatch(name):
            groups.setdefault(found["prefix"], {})[found["name"]] = tensor
    return groups


class ChoiceError(ValueError):
    """An argument that a file leaves open, with what it can be.

    Attributes
    ----------
    argument : {"prefix", "cell", "activation", "recurrent_activation", "gates", "direction"}
        The argument of `load` that must be given.
    choices : tuple of str
        Its values, one of which must be given.
    """

    def __init__(self, message: str, argument: str, choices: Iterable[str]) -> None:
        super().__init__(message)
        self.argument = argument
        self.choices = tuple(choices)


def shown(name: str) -> str:
    """A name from a file, fit for a sentence: short, and without control characters."""
    text = name if name.isprintable() and name.strip() else repr(name)
    return text if len(text) <= 60 else f"{text[:40]}...{text[-17:]}"


def listed(names: Iterable[str], joint: str = "and", most: int = 8) -> str:
    """Names as "a, b and c", at most `most` of them."""
    parts = [shown(name) for name in names]
    if len(parts) > most:
        parts = [*parts[:most], f"{len(parts) - most} more"]
    return f" {joint} ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
