"""How like a part of a gradient is to the whole: its length, its error and its direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen


@dataclass(frozen=True, eq=False)
class Likeness:
    """Parts of a gradient beside the whole, n of them.

    Attributes
    ----------
    norm : array of shape (n,)
        Length of each part.
    relative_error : array of shape (n,)
        Length of what the part lacks over the length of the whole; nan where the whole is zero.
    cosine : array of shape (n,)
        Of the angle to the whole, -1 to 1; nan where either is zero.
    """

    norm: Array
    relative_error: Array
    cosine: Array


# The square of a part, its product with the whole, and the square of what it lacks.
Squares = tuple[float, float, float]


def squares(part: Array, whole: Array, lacking: Array) -> Squares:
    """What a `Likeness` is made of."""
    part, whole, lacking = part.ravel(), whole.ravel(), lacking.ravel()
    return float(part @ part), float(part @ whole), float(lacking @ lacking)


def _likeness(found: Array, whole: float) -> Likeness:
    """The likeness of n parts, from their `squares`, (n, 3), and the square of the whole."""
    own, product, lacking = found.T
    size = np.sqrt(whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.clip(product / (np.sqrt(own) * size), -1.0, 1.0)
        error = np.sqrt(lacking) / size
    undefined = (own == 0.0) | (whole == 0.0)
    return Likeness(
        frozen(np.sqrt(own)),
        frozen(np.where(whole == 0.0, np.nan, error)),
        frozen(np.where(undefined, np.nan, cosine)),
    )


def likenesses(
    parts: list[dict[str, Squares]], whole: Mapping[str, Array]
) -> tuple[Likeness, Mapping[str, Likeness]]:
    """The likeness of n parts over all weights together, and by the names of the weights."""
    found = {name: np.array([part[name] for part in parts]).reshape(-1, 3) for name in whole}
    wholes = {name: float(np.vdot(array, array)) for name, array in whole.items()}
    together = _likeness(np.sum(list(found.values()), axis=0), sum(wholes.values()))
    return together, MappingProxyType({n: _likeness(found[n], wholes[n]) for n in whole})
