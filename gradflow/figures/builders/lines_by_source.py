"""The profile of layers that read in both directions: one target against the source steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradflow.figures.builders.lag_profile import Line, Profile
from gradflow.numerics.scaled import Array

_COLOURS = {"forward": "LSTM", "reverse": "RNN", "inputs": "LSTM"}


def direction_line(direction: str, log10: Array, doubtful: Array | None = None) -> Line:
    """The terms of one target in one direction as a curve.

    Parameters
    ----------
    direction : {"forward", "reverse", "inputs"}
        "inputs" for the terms of the inputs, which have no direction.
    log10 : array of shape (T,)
        log10 of the terms by source step; nan where there is none.
    doubtful : bool array of shape (T,), optional
        Terms that have too few digits.
    """
    return Line(direction, log10, _COLOURS[direction], doubtful=doubtful)


def source_profile(t: int, quantity: str, lines: Sequence[Line], relative: bool) -> Profile:
    """A profile's content.

    Parameters
    ----------
    t : int
        Target step.
    quantity : str
        What the terms are of.
    lines : sequence of Line
        As `direction_line` makes them, of one length T.
    relative : bool
        Whether sizes are divided by the largest of all lines.
    """
    shown = _over_largest(lines) if relative else tuple(lines)
    steps = np.arange(1, len(shown[0].log10) + 1)
    return Profile(t, steps, shown, quantity=quantity, relative=relative, by_source=True)


def _over_largest(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines over the largest of their terms; where that has too few digits, so have all."""
    log10 = np.array([line.log10 for line in lines])
    sizes = np.where(np.isfinite(log10), log10, -np.inf)
    number, place = map(int, np.unravel_index(sizes.argmax(), sizes.shape))
    if np.isneginf(sizes[number, place]):
        return tuple(lines)
    doubtful = lines[number].doubtful
    is_doubtful = doubtful is not None and bool(doubtful[place])
    return tuple(
        line._replace(
            log10=line.log10 - sizes[number, place],
            doubtful=np.isfinite(line.log10) if is_doubtful else line.doubtful,
        )
        for line in lines
    )
