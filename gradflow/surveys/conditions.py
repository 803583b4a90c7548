"""Conditions on a survey, such as "share_beyond(64) > 0.05": read without running any code."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass

from gradflow.numerics.validation import shown
from gradflow.surveys.record import Survey

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_FORM = re.compile(rf"\s*([a-z_]+)\s*(?:\(\s*({_NUMBER})\s*\))?\s*(>=|<=|>|<)\s*({_NUMBER})\s*")
_COMPARED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

# What is asked of the mean gradient, which belongs to all layers together.
_ERRORS = {"window_error": Survey.window_curve, "chunk_error": Survey.chunk_curve}


@dataclass(frozen=True)
class Condition:
    """A number of a survey compared with a limit.

    Attributes
    ----------
    text : str
        As it was given.
    name : str
        A measure, of which the median counts; "window_error" or "chunk_error", of the mean
        gradient; or "failed", how many sequences failed.
    at : float or None
        The lag or the share that the name takes.
    comparison : {"<", "<=", ">", ">="}
    limit : float
    """

    text: str
    name: str
    at: float | None
    comparison: str
    limit: float

    def holds(self, survey: Survey) -> bool:
        """Whether it holds, in any layer.

        Raises
        ------
        ValueError
            If the survey has no such number, or that is undefined.
        """
        values = self.values(survey)
        if any(math.isnan(value) for value in values):
            raise ValueError(f"{self.text!r} must be about a number. It has none in this survey.")
        return any(_COMPARED[self.comparison](value, self.limit) for value in values)

    def values(self, survey: Survey) -> list[float]:
        """The number, of each layer where it belongs to one."""
        if self.name == "failed" and self.at is None:
            return [float(survey.failed)]
        if self.name in _ERRORS:
            if self.at not in survey.lengths:
                lengths = ", ".join(map(str, survey.lengths))
                raise ValueError(f"{self.name} must be asked at one of {lengths}. Got {self.at}.")
            curve = _ERRORS[self.name](survey)
            return [float(curve.together.relative_error[survey.lengths.index(int(self.at))])]
        layers = range(len(survey.layers))
        return [survey.distribution(self.name, self.at, n).quantile(0.5) for n in layers]


def condition_of(text: str) -> Condition:
    """Read a condition.

    Raises
    ------
    ValueError
        If it is not a name, a number in brackets where the name takes one, a comparison, a number.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f'must be such as "share_beyond(64) > 0.05". Got {shown(text)}.')
    name, at, comparison, limit = found.groups()
    return Condition(
        text.strip(), name, None if at is None else float(at), comparison, float(limit)
    )
