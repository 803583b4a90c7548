"""Checks of how a plot is to be shown: each says the argument, the rule and the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.figures.builders.colour_scale import AXES
from gradflow.flow import GradientFlow
from gradflow.flow.arguments import check_kind
from gradflow.numerics.validation import finite_number, one_of, shown, true_or_false


def check_display(**choices: Any) -> None:
    """Raise ValueError unless all of these arguments of a plot are what they must be.

    Parameters
    ----------
    **choices
        Values of "axis", "dark", "floor", "relative", "signs", "title" and "words", those that the
        plot has.
    """
    for name, value in choices.items():
        _CHECKS[name](name, value)


def check_one_way(flow: Any, direction: Any) -> None:
    """Raise ValueError unless this is a flow of layers in one direction, and no other is asked."""
    check_kind("flow", flow, GradientFlow, "what gradient_flow returns")
    if direction is not None:
        raise ValueError(
            f"direction must be left out where layers run in one direction. Got {shown(direction)}."
        )


def _check_axis(name: str, value: Any) -> None:
    one_of(name, value, AXES)


def _check_dark(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True, False or None. Got {shown(value)}.")


def _check_floor(name: str, value: Any) -> None:
    if finite_number(name, value) >= 0.0:
        raise ValueError(f"{name} must be below 0. Got {shown(value)}.")


def _check_title(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a str. Got {shown(value)}.")


def _check_words(name: str, value: Any) -> None:
    listed = isinstance(value, Sequence | np.ndarray) and np.ndim(value) < 2
    if value is not None and not (listed and all(isinstance(word, str) for word in value)):
        raise ValueError(f"{name} must be a str for each step. Got {shown(value)}.")


_CHECKS: Mapping[str, Callable[[str, Any], object]] = MappingProxyType(
    {
        "axis": _check_axis,
        "dark": _check_dark,
        "floor": _check_floor,
        "relative": true_or_false,
        "signs": true_or_false,
        "title": _check_title,
        "words": _check_words,
    }
)
