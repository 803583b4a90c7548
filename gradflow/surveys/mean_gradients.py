"""Gradients of the weights added up over sequences, whole and truncated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gradflow.analysis.likeness import likenesses, squares
from gradflow.analysis.loss_gradient import TrainingGradient
from gradflow.analysis.truncation import TruncationCurve
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen
from gradflow.surveys.settings import SurveySettings


@dataclass(frozen=True, eq=False, repr=False)
class SummedGradients:
    """Sums over sequences; P numbers are the cell's weights, and n the lengths of the settings.

    Attributes
    ----------
    whole : array of shape (P,)
        The gradients themselves.
    windows, chunks : arrays of shape (n, P)
        What sliding windows and detached chunks leave out of them.
    """

    whole: Array
    windows: Array
    chunks: Array

    @classmethod
    def none(cls, settings: SurveySettings) -> SummedGradients:
        """The sums of no sequence."""
        lost = np.zeros((2, len(settings.lengths), settings.size))
        return cls(frozen(np.zeros(settings.size)), *map(frozen, lost))

    @classmethod
    def of(cls, settings: SurveySettings, gradient: TrainingGradient) -> SummedGradients:
        """The sums of one sequence."""
        lost = (
            frozen(np.array([settings.flat(part) for part in parts]))
            for parts in (
                gradient.lost_to_windows(settings.lengths),
                gradient.lost_to_chunks(settings.lengths),
            )
        )
        return cls(frozen(settings.flat(gradient.gradients)), *lost)

    def __add__(self, other: SummedGradients) -> SummedGradients:
        return SummedGradients(
            frozen(self.whole + other.whole),
            frozen(self.windows + other.windows),
            frozen(self.chunks + other.chunks),
        )

    def mean(self, settings: SurveySettings, count: int) -> Mapping[str, Array]:
        """The mean gradient of every array of weights."""
        parts = settings.by_weight(self.whole / count)
        return MappingProxyType({name: frozen(part) for name, part in parts.items()})

    def curve(self, settings: SurveySettings, kind: str) -> TruncationCurve:
        """How like the mean of truncated gradients is to the mean gradient."""
        whole = settings.by_weight(self.whole)
        found = [
            {name: squares(whole[name] - part, whole[name], part) for name, part in lost.items()}
            for lost in map(settings.by_weight, self.windows if kind == "window" else self.chunks)
        ]
        return TruncationCurve(kind, frozen(np.array(settings.lengths)), *likenesses(found, whole))
