"""What two surveys must have in common to be added up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from gradflow.analysis.truncation import ascending
from gradflow.cells.base import Cell
from gradflow.engine.parameter_names import layers_of
from gradflow.numerics.falls_and_tails import LEVELS
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import one_of, shown

# Lags after which a gradient is cut, unless others are given.
LENGTHS = tuple(2**power for power in range(10))

VERDICTS = ("vanishing", "stable", "exploding")

# Measures that are counted in steps; their bins are the numbers themselves.
_WHOLE = ("steps", "fall_steps", "horizon", "verdict")


@dataclass(frozen=True)
class SurveySettings:
    """The model of a survey, and what is asked of each sequence.

    Attributes
    ----------
    lengths : tuple of int
        Lags after which a gradient is cut.
    layers : tuple of str
        The layers, that next to the input first.
    weights : tuple of pairs
        The name and the shape of every array of the cell's weights.
    digest : str
        What tells these weights from others.
    """

    lengths: tuple[int, ...]
    layers: tuple[str, ...]
    weights: tuple[tuple[str, tuple[int, ...]], ...]
    digest: str

    @classmethod
    def of(cls, cell: Cell, lengths: Sequence[int]) -> SurveySettings:
        """The settings of a survey of a cell.

        Raises
        ------
        ValueError
            If the lengths are not whole numbers from 1 on, in ascending order.
        """
        digest = hashlib.sha256()
        for name, array in cell.weights.items():
            digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return cls(
            tuple(ascending("lengths", lengths, 1)),
            tuple(repr(layer) for layer in layers_of(cell)),
            tuple((name, array.shape) for name, array in cell.weights.items()),
            digest.hexdigest()[:16],
        )

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures; a measure's key is its place here."""
        return (
            *("verdict", "steps", "first", "fall", "fall_steps"),
            *("tail_decay", "tail_half_life", "left"),
            *(measure_name("horizon", level) for level in LEVELS),
            *(measure_name("share_beyond", length) for length in self.lengths),
        )

    def measure_asked(self, measure: Any, at: Any) -> str:
        """The name of a measure that a distribution is asked of.

        Raises
        ------
        ValueError
            If there is no such measure, or it is not counted at `at`.
        """
        names = [name for name in self.measures if name != "verdict"]
        if at is None and isinstance(measure, str) and measure in names:
            return measure
        one_of("measure", measure, dict.fromkeys(name.partition("(")[0] for name in names))
        counted_at = {"horizon": LEVELS, "share_beyond": self.lengths}.get(measure)
        if counted_at is None:
            raise ValueError(f"at must be None for {measure!r}. Got {shown(at)}.")
        name = measure_name(measure, at) if isinstance(at, Real) else ""
        if name not in names:
            choices = shown(list(counted_at))
            raise ValueError(f"at must be one of {choices} for {measure!r}. Got {shown(at)}.")
        return name

    @property
    def size(self) -> int:
        """How many numbers the cell's weights are."""
        return sum(int(np.prod(shape)) for _, shape in self.weights)

    def flat(self, gradients: Mapping[str, Array]) -> Array:
        """A gradient of all weights as one vector, (size,)."""
        return np.concatenate([gradients[name].ravel() for name, _ in self.weights])

    def by_weight(self, vector: Array) -> dict[str, Array]:
        """The reverse of `flat`."""
        ends = np.cumsum([int(np.prod(shape)) for _, shape in self.weights])
        parts = np.split(vector, ends[:-1])
        return {
            name: part.reshape(shape)
            for (name, shape), part in zip(self.weights, parts, strict=True)
        }


def measure_name(name: str, at: Any = None) -> str:
    """A measure as it is asked for: "fall", "horizon(0.01)", "share_beyond(64)"."""
    return name if at is None else f"{name}({at:g})"


def is_whole(measure: str) -> bool:
    """Whether a measure is counted in steps."""
    return measure.partition("(")[0] in _WHOLE
