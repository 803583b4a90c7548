"""A line with at most one bend through one row of log10 sizes, which outliers do not draw away."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gradflow.numerics.scaled import Array

# The last part of a line takes at least so many lags, and this share of them.
_LAST_LAGS, _LAST_SHARE = 4, 0.5

# A bend counts where it takes away half of a mean deviation that was at least this.
_WORTH = 0.1

# Places of a bend that are tried side by side; then those between the best and its neighbours.
_TRIED = 16

_ROUNDS, _LAST_ROUNDS = 6, 25

# Deviations below this share of the mean deviation, or of the heights' range, weigh alike.
_LEAST, _LEAST_OF_RANGE = 1e-6, 1e-10


class BentLine(NamedTuple):
    """A line through points (lag k, y), straight or with one bend.

    Attributes
    ----------
    bend : int or None
        The lag of the bend.
    start : float
        Height at k = 1.
    slopes : tuple of two floats
        Before the bend and behind it; the same twice where there is none.
    """

    bend: int | None
    start: float
    slopes: tuple[float, float]

    def at(self, k: Array) -> Array:
        """Heights at lags."""
        before = np.minimum(k, math.inf if self.bend is None else self.bend) - 1.0
        return self.start + self.slopes[0] * before + self.slopes[1] * (k - 1.0 - before)


def bent_line(k: Array, y: Array) -> BentLine:
    """The line of least absolute deviations, with a bend if that is worth it.

    Parameters
    ----------
    k : array of shape (n,)
        Lags, ascending.
    y : array of shape (n,)
        Finite heights.

    Returns
    -------
    BentLine
        A bend lies at a lag from 2 on, with at least four lags and half of them behind it. It
        is there where it takes away half or more of a mean deviation of 0.1 or more, among the
        lags up to it or among those behind it. Start and slopes are nan where there are fewer than
        two points.

    References
    ----------
    Least absolute deviations by weights that are renewed: Schlossmacher (1973), "An iterative
    technique for absolute deviations curve fitting".
    """
    if len(k) < 2:
        return BentLine(None, math.nan, (math.nan, math.nan))
    straight = _fitted(k, y, np.array([math.inf]), _LAST_ROUNDS)[0]
    last = k[-1] - max(_LAST_LAGS, math.ceil(_LAST_SHARE * k[-1]))
    places = k[1:][k[1:] <= last]
    if not len(places) or np.abs(y - straight.at(k)).max() < _WORTH:
        return straight
    few = np.unique(np.geomspace(1, len(places), min(_TRIED, len(places))).round().astype(int)) - 1
    best = _best(k, y, places[few])
    near = few[max(0, best - 1) : best + 2]
    between = np.arange(near[0], near[-1] + 1)
    some = np.unique(np.linspace(near[0], near[-1], min(_TRIED, len(between))).round().astype(int))
    place = places[some][_best(k, y, places[some])]
    bent = _fitted(k, y, np.array([float(place)]), _LAST_ROUNDS)[0]
    return bent if _is_worth_it(k, y, straight, bent) else straight


def _best(k: Array, y: Array, places: Array) -> int:
    """Which of some places of the bend leaves the least."""
    lines = _fitted(k, y, places.astype(np.float64), _ROUNDS)
    return int(np.argmin([np.abs(y - line.at(k)).sum() for line in lines]))


def _fitted(k: Array, y: Array, places: Array, rounds: int) -> list[BentLine]:
    """The lines of least absolute deviations with bends at given places; infinity is none."""
    bent = np.isfinite(places)
    middle = np.where(bent, places, k[-1])
    # The numbers that are looked for: heights at the first lag, at the bend and at the last lag.
    before = np.clip((k - k[0]) / (middle - k[0])[:, None], 0.0, 1.0)  # (places, n)
    behind = np.clip((k - middle[:, None]) / np.where(bent, k[-1] - middle, 1.0)[:, None], 0.0, 1.0)
    basis = np.stack([1.0 - before, before - behind, behind], axis=1)  # (places, 3, n)
    spare = np.zeros((len(places), 3, 3))
    spare[~bent, 2, 2] = 1.0  # without a bend there is no third number
    finest = _LEAST_OF_RANGE * np.ptp(y) + np.finfo(np.float64).tiny
    weights = np.ones((len(places), len(k)))
    heights: Array = np.full((len(places), 3), np.inf)
    for _ in range(rounds):
        weighted = basis * weights[:, None]
        squares = weighted @ basis.transpose(0, 2, 1) + spare
        unit = np.sqrt(np.diagonal(squares, axis1=1, axis2=2))
        even = squares / unit[:, :, None] / unit[:, None]
        last, heights = (
            heights,
            np.linalg.solve(even, (weighted @ y / unit)[..., None])[..., 0] / unit,
        )
        if np.abs(heights - last).max() <= finest:
            break
        deviation = np.abs(y - (heights[:, None] @ basis)[:, 0])
        least = np.maximum(_LEAST * deviation.mean(axis=1), finest)[:, None]
        weights = least / np.maximum(deviation, least)
    return [_line(k, place, height) for place, height in zip(places.tolist(), heights, strict=True)]


def _line(k: Array, place: float, heights: Array) -> BentLine:
    first, middle, last = heights
    if math.isinf(place):
        slope = float((middle - first) / (k[-1] - k[0]))
        return BentLine(None, float(first - slope * (k[0] - 1.0)), (slope, slope))
    slopes = float((middle - first) / (place - k[0])), float((last - middle) / (k[-1] - place))
    return BentLine(int(place), float(first - slopes[0] * (k[0] - 1.0)), slopes)


def _is_worth_it(k: Array, y: Array, straight: BentLine, bent: BentLine) -> bool:
    before = k <= (bent.bend or 0)
    for some in (before, ~before):
        was = float(np.abs(y - straight.at(k))[some].mean())
        if was >= _WORTH and float(np.abs(y - bent.at(k))[some].mean()) <= was / 2.0:
            return True
    return False
